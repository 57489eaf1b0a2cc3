"""Answers that wait for the word of an author here: which, and what comes of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import present, replies
from core.acts import Act
from core.audience import READABLE, may_see, viewer_of, visible_sql
from core.database import HIGHEST_ID, LOWEST_ID, is_id, row, rows, transaction
from core.errors import NotFound
from core.fields import moment_of
from core.instance import here
from core.models import Actor, Entry
from core.person_forms import stamp
from core.quote_models import PENDING

_WAITS = f"t.author_id = $1 AND t.state = '{PENDING}'"


async def waiting(author: Actor, before: str | None, limit: int) -> list[dict[str, Any]]:
    """Whose answers wait for somebody here, the latest first, one more than `limit`."""
    return await rows(
        "SELECT t.id AS position, t.parent_id, t.entry_id FROM core_reply_request t"
        " JOIN core_entry e ON e.id = t.entry_id JOIN core_actor a ON a.id = e.author_id"
        f" WHERE {_WAITS} AND t.id < $2 AND {visible_sql(viewer_of(author), 1, rule=READABLE)}"
        " ORDER BY t.id DESC LIMIT $3",
        author.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def forms(found: Sequence[dict[str, Any]], author: Actor) -> list[dict[str, Any]]:
    """The API forms of rows of `waiting`."""
    entry_ids = [one[key] for one in found for key in ("entry_id", "parent_id")]
    shown = await present.visible_posts(entry_ids, author, rule=READABLE)
    return [
        {
            "requestId": one["position"],
            "user": shown[one["entry_id"]]["user"],
            "post": shown[one["entry_id"]],
            "answered": shown.get(one["parent_id"]),
            "createdAt": stamp(moment_of(one["position"])),
        }
        for one in found
        if one["entry_id"] in shown  # or it was taken away just now
    ]


async def answer(author: Actor, request_id: str, *, agrees: bool) -> None:
    """Let an answer stand below what it answers, or not. Raises NotFound for what does not wait for this author.

    Who may not see what they answered any more is told no.
    """
    async with transaction():
        asked = await _asked(author, request_id)
        entry = await Entry.get(id=asked["entry_id"])
        # The entry before its request, as everywhere: whoever answers just now as well, waits or was first.
        if not await replies.hold(entry):
            raise NotFound(_NOBODY)
        asked = await _asked(author, request_id)
        parent, asker = await Entry.get(id=asked["parent_id"]), await Actor.get(id=entry.author_id)
        agrees = agrees and await may_see(viewer_of(asker), parent)
        if agrees:
            await replies.agree(entry)
        else:
            await replies.refuse(entry, parent)
        if not asker.is_local:
            verb = "reply_accept" if agrees else "reply_reject"
            about = {"uri": asked["uri"], "visibility": asked["visibility"]}
            act = Act(verb, author, entry=parent, target=asker, uri=entry.uri, details=about)
            await here().hooks.outgoing(act=act)


async def _asked(author: Actor, request_id: str) -> dict[str, Any]:
    found = await row(
        f"SELECT t.entry_id, t.parent_id, t.uri, t.visibility FROM core_reply_request t WHERE {_WAITS} AND t.id = $2",
        author.id,
        request_id if is_id(request_id) else LOWEST_ID,
    )
    if found is None:
        raise NotFound(_NOBODY)
    return found


_NOBODY = "Nobody waits for this answer any more."
