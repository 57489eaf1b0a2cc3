"""What becomes known to other servers of what somebody here publishes, and when."""

from __future__ import annotations

from core import prepared
from core.acts import Act
from core.consent import wait_for_answer
from core.database import execute, rows
from core.instance import here
from core.models import Actor, Entry
from core.quote_models import AGREED, GONE, PENDING, ReplyRequest


async def go_out(entry: Entry, author: Actor, quoted: Entry | None) -> None:
    """Tell other servers of an entry of somebody here, and ask whom it wants to quote, where that is somebody else."""
    await here().hooks.outgoing(act=Act("create", author, entry=entry))
    if quoted and not entry.quote_id:
        await _ask_to_quote(entry, author, quoted)


async def ask_to_reply(entry: Entry, author: Actor, parent: Entry, visibility: str) -> None:
    """Ask whom an answer that waits answers; their server is shown it as it will be, and nobody else is."""
    target, wanted = await Actor.get(id=parent.author_id), entry.clone(pk=entry.id)
    wanted.visibility = visibility
    await here().hooks.outgoing(act=Act("reply_request", author, entry=wanted, target=target, uri=parent.uri))


async def _ask_to_quote(entry: Entry, author: Actor, quoted: Entry) -> None:
    if quoted.is_local:
        await wait_for_answer(quoted, author, entry.uri, entry)
        return
    target = await Actor.get(id=quoted.author_id)
    await here().hooks.outgoing(act=Act("quote_request", author, entry=entry, target=target, uri=quoted.uri))


async def end_waiting(parent: Entry) -> None:
    """Tell those whose answers wait that what they were to answer is gone: nobody agrees to them any more."""
    ended = await rows(
        "UPDATE core_reply_request SET state = $1 WHERE parent_id = $2 AND state IN ($3, $4) RETURNING entry_id",
        GONE,
        parent.id,
        PENDING,
        AGREED,
    )
    for one in ended:
        await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1", one["entry_id"])
        prepared.forget(prepared.of_entry(one["entry_id"]))


async def withdraw_answer(entry: Entry, author: Actor) -> None:
    """Tell whom an answer that waits was to answer that it is gone: they alone know of it."""
    asked = await ReplyRequest.get_or_none(entry_id=entry.id, state__in=(PENDING, AGREED)).select_related("parent")
    if asked:
        target = await Actor.get(id=asked.parent.author_id)
        await here().hooks.outgoing(act=Act("reply_withdrawn", author, target=target, uri=entry.uri))
