"""Quotes that wait for the word of an author here: who asks, and what comes of it (FEP-044f)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import present, quotes
from core.apart import on_blocked_server
from core.audience import OPEN, may_see, viewer_of
from core.database import HIGHEST_ID, LOWEST_ID, is_id, rows, transaction
from core.entries import Act
from core.errors import NotFound
from core.fields import moment_of
from core.instance import here
from core.models import Actor, Entry
from core.person_forms import SHORT_COLUMNS, stamp, user_short

_ASKERS = ", ".join(f"a.{column} AS {column}" for column in SHORT_COLUMNS if column != "id")
_NOT_APART = (
    "NOT EXISTS (SELECT 1 FROM core_block b WHERE (b.actor_id = $1 AND b.target_id = a.id)"
    " OR (b.actor_id = a.id AND b.target_id = $1))"
    f" AND NOT {on_blocked_server('$1', 'a.domain')}"
)


async def waiting(author: Actor, before: str | None, limit: int) -> list[dict[str, Any]]:
    """Who asks to quote something of somebody here, the latest first, one more than `limit`."""
    return await rows(
        f"SELECT t.id AS position, t.id AS request_id, t.quoted_id, t.entry_id, t.quoting_uri, a.id AS id, {_ASKERS}"
        " FROM core_quote_asked t JOIN core_actor a ON a.id = t.actor_id AND a.suspended_at IS NULL"
        f" AND a.removed_at IS NULL WHERE t.author_id = $1 AND t.id < $2 AND {_NOT_APART}"
        " ORDER BY t.id DESC LIMIT $3",
        author.id,
        before or HIGHEST_ID,
        limit + 1,
    )


async def forms(found: Sequence[dict[str, Any]], author: Actor) -> list[dict[str, Any]]:
    """The API forms of rows of `waiting`; what is to quote is shown where the author may see it."""
    entry_ids = [one[key] for one in found for key in ("entry_id", "quoted_id") if one[key]]
    shown = await present.visible_posts(entry_ids, author)
    return [
        {
            "requestId": one["request_id"],
            "user": user_short(one),
            "uri": one["quoting_uri"],
            "post": shown.get(one["entry_id"]),
            "quoted": shown.get(one["quoted_id"]),
            "createdAt": stamp(moment_of(one["request_id"])),
        }
        for one in found
    ]


async def answer(author: Actor, request_id: str, *, agrees: bool) -> None:
    """Let somebody quote what they asked for, or do not. Raises NotFound for what does not wait for this author.

    Who may not see it any more is told no.
    """
    async with transaction():
        found = await rows(
            "DELETE FROM core_quote_asked WHERE id = $1 AND author_id = $2"
            " RETURNING quoted_id, actor_id, entry_id, quoting_uri, uri",
            request_id if is_id(request_id) else LOWEST_ID,
            author.id,
        )
        quoted = await Entry.get_or_none(id=found[0]["quoted_id"], deleted_at=None) if found else None
        if quoted is None:
            raise NotFound("Nobody waits for this answer any more.")
        asked = found[0]
        asker = await Actor.get(id=asked["actor_id"])
        agrees = agrees and quoted.visibility in OPEN and await may_see(viewer_of(asker), quoted)
        if asker.is_local:
            quoting = await Entry.get(id=asked["entry_id"])
            await (quotes.agree if agrees else quotes.refuse)(quoting, quoted)
            return
        verb = "quote_accept" if agrees else "quote_reject"
        about = {"uri": asked["uri"]}
        await here().hooks.outgoing(
            act=Act(verb, author, entry=quoted, target=asker, uri=asked["quoting_uri"], details=about)
        )
