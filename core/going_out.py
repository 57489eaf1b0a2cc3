"""What becomes known to other servers of what somebody here publishes, and when."""

from __future__ import annotations

from collections.abc import Sequence

from core import prepared
from core.acts import Act
from core.consent import wait_for_answer
from core.database import after_commit, execute, many, one_of, rows, transaction
from core.instance import here
from core.models import Actor, Entry
from core.quote_models import AGREED, GONE, PENDING, REFUSED, ReplyRequest


async def go_out(entry: Entry, author: Actor, quoted: Entry | None) -> None:
    """Tell other servers of an entry of somebody here, and ask whom it wants to quote, where that is somebody else."""
    await here().hooks.outgoing(act=Act("create", author, entry=entry))
    if quoted and not entry.quote_id:
        await _ask_to_quote(entry, author, quoted)


async def ask_to_reply(entry: Entry, author: Actor, parent: Entry, visibility: str) -> None:
    """Ask whom an answer that waits answers; their server is shown it as it will be, and nobody else is.

    Whoever is here finds it among their requests.
    """
    if parent.is_local:
        return
    target, wanted = await Actor.get(id=parent.author_id), entry.clone(pk=entry.id)
    wanted.visibility = visibility
    await here().hooks.outgoing(act=Act("reply_request", author, entry=wanted, target=target, uri=parent.uri))


async def _ask_to_quote(entry: Entry, author: Actor, quoted: Entry) -> None:
    if quoted.is_local:
        await wait_for_answer(quoted, author, entry.uri, entry)
        return
    target = await Actor.get(id=quoted.author_id)
    await here().hooks.outgoing(act=Act("quote_request", author, entry=entry, target=target, uri=quoted.uri))


async def end_waiting(parent_ids: Sequence[str]) -> None:
    """Tell those whose answers wait that what they were to answer is gone: nobody agrees to them any more.

    It comes before what is to go is changed: whoever agrees holds the answer first, and then what it answers.
    """
    await _end(f"parent_id {one_of(1)} AND state IN ($2, $3)", [list(parent_ids), PENDING, AGREED], GONE)


async def refuse_between(one: Actor, other: Actor) -> None:
    """Refuse the answers of each to the other that wait here: they have nothing to do with each other any more."""
    of_them = "EXISTS (SELECT 1 FROM core_entry e WHERE e.id = entry_id AND e.author_id = {})"
    await _end(
        "state = $1"
        f" AND ((author_id = $2 AND {of_them.format('$3')}) OR (author_id = $3 AND {of_them.format('$2')}))",
        [PENDING, one.id, other.id],
        REFUSED,
    )


async def refuse_from(author: Actor, domain: str) -> None:
    """Refuse the answers from a server that wait for somebody here: they block it."""
    await _end(
        "state = $1 AND author_id = $2 AND EXISTS (SELECT 1"
        " FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.id = entry_id AND a.domain = $3)",
        [PENDING, author.id, domain],
        REFUSED,
    )


async def _end(which: str, arguments: Sequence[object], state: str) -> None:
    """Have these requests wait no longer; whoever was asked about what is gone is forgotten.

    `which` says which, its parameters counted from 1. Those of answers that were being written meanwhile are there when
    the transaction is over, and end then.
    """
    await _end_now(which, arguments, state)

    async def end_late() -> None:
        async with transaction():
            await _end_now(which, arguments, state)

    after_commit(end_late)


async def _end_now(which: str, arguments: Sequence[object], state: str) -> None:
    found = await rows(f"SELECT entry_id FROM core_reply_request WHERE {which}", *arguments)
    if not found:
        return
    # The entries before their requests, as everywhere, and in the order of their ids: whoever answers one waits.
    entry_ids = sorted(one["entry_id"] for one in found)
    await many("UPDATE core_entry SET version = version + 1 WHERE id = $1", [(entry_id,) for entry_id in entry_ids])
    place = len(arguments) + 1
    await execute(
        f"UPDATE core_reply_request SET state = ${place}{', author_id = NULL' if state == GONE else ''}"
        f" WHERE {which} AND entry_id {one_of(place + 1)}",
        *arguments,
        state,
        entry_ids,
    )
    prepared.forget(*map(prepared.of_entry, entry_ids))


async def withdraw_answer(entry: Entry, author: Actor) -> None:
    """Tell whom an answer that waits was to answer elsewhere that it is gone: they alone know of it."""
    asked = await ReplyRequest.get_or_none(entry_id=entry.id, state__in=(PENDING, AGREED)).select_related("parent")
    if asked and not asked.parent.is_local:
        target = await Actor.get(id=asked.parent.author_id)
        await here().hooks.outgoing(act=Act("reply_withdrawn", author, target=target, uri=entry.uri))
