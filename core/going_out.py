"""What becomes known to other servers of what somebody here publishes, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core import prepared
from core.acts import Act
from core.consent import wait_for_answer
from core.database import execute, one_of, rows
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
    """Tell those whose answers wait that what they were to answer is gone: nobody agrees to them any more."""
    ended = await rows(
        "UPDATE core_reply_request SET state = $1, author_id = NULL"
        f" WHERE parent_id {one_of(2)} AND state IN ($3, $4) RETURNING entry_id",
        GONE,
        list(parent_ids),
        PENDING,
        AGREED,
    )
    await _changed(ended)


async def refuse_between(one: Actor, other: Actor) -> None:
    """Refuse the answers of each to the other that wait here: they have nothing to do with each other any more."""
    of_them = "EXISTS (SELECT 1 FROM core_entry e WHERE e.id = entry_id AND e.author_id = {})"
    ended = await rows(
        "UPDATE core_reply_request SET state = $1 WHERE state = $2"
        f" AND ((author_id = $3 AND {of_them.format('$4')}) OR (author_id = $4 AND {of_them.format('$3')}))"
        " RETURNING entry_id",
        REFUSED,
        PENDING,
        one.id,
        other.id,
    )
    await _changed(ended)


async def refuse_from(author: Actor, domain: str) -> None:
    """Refuse the answers from a server that wait for somebody here: they block it."""
    ended = await rows(
        "UPDATE core_reply_request SET state = $1 WHERE state = $2 AND author_id = $3 AND EXISTS (SELECT 1"
        " FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.id = entry_id AND a.domain = $4)"
        " RETURNING entry_id",
        REFUSED,
        PENDING,
        author.id,
        domain,
    )
    await _changed(ended)


async def _changed(ended: Sequence[Mapping[str, str]]) -> None:
    for one in ended:
        await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1", one["entry_id"])
        prepared.forget(prepared.of_entry(one["entry_id"]))


async def withdraw_answer(entry: Entry, author: Actor) -> None:
    """Tell whom an answer that waits was to answer elsewhere that it is gone: they alone know of it."""
    asked = await ReplyRequest.get_or_none(entry_id=entry.id, state__in=(PENDING, AGREED)).select_related("parent")
    if asked and not asked.parent.is_local:
        target = await Actor.get(id=asked.parent.author_id)
        await here().hooks.outgoing(act=Act("reply_withdrawn", author, target=target, uri=entry.uri))
