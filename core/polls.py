"""Polls: asking and choosing, the tallies as they move, and their end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from core import live_feed, poll_forms, poll_rows, prepared
from core.audience import may_see, viewer_of
from core.database import after_commit, execute, many, new_id, now, one_of, row, rows, transaction, value, when
from core.entries import Act
from core.errors import Conflict, Forbidden, Invalid, NotFound
from core.instance import here
from core.models import Actor, Entry
from core.poll_rows import PollDraft
from core.tasks import task
from core.text import shown_name

SHORTEST, LONGEST, USUAL = timedelta(minutes=5), timedelta(days=365), timedelta(days=1)
BATCH = 200
TOLD_EVERY = timedelta(minutes=3)  # so often at most other servers hear of tallies that move


def drafted(
    options: Sequence[str], *, multiple: bool = False, expires_at: datetime | None = None, opens_at: datetime
) -> PollDraft:
    """The poll somebody here wants to ask, open for a day unless told. Raises Invalid naming the parts of `poll`."""
    limits, errors = here().settings.limits, {}
    titles = [shown_name(option, "") for option in options]
    if not 2 <= len(titles) <= limits.poll_options:
        errors["poll.options"] = f"A poll has 2 to {limits.poll_options} answers to choose from."
    elif not all(titles):
        errors["poll.options"] = "An answer needs some words."
    elif len({title.casefold() for title in titles}) < len(titles):
        errors["poll.options"] = "Two answers are the same."
    elif any(len(title) > limits.poll_option_characters for title in titles):
        errors["poll.options"] = f"An answer is too long: at most {limits.poll_option_characters} characters."
    ends_at = expires_at or opens_at + USUAL
    if not SHORTEST <= ends_at - opens_at + timedelta(seconds=5) or ends_at - opens_at > LONGEST:
        errors["poll.expiresAt"] = "A poll is open for at least five minutes, and for a year at most."
    if errors:
        raise Invalid(errors)
    return PollDraft(titles, multiple, ends_at)


# -- Choosing ------------------------------------------------------------------
async def vote(actor: Actor, entry: Entry, choices: Sequence[int]) -> None:
    """Choose options by their place, once for all.

    Raises NotFound where there is no poll or the actor may not see it, Forbidden for one's own, Conflict where it is
    over or the actor voted already, Invalid naming "choices".
    """
    await _may_vote(actor, entry)
    wanted = list(dict.fromkeys(choices))
    async with transaction():
        poll = await _locked(entry)
        titles = await poll_rows.titles(entry.id)  # which an edit may just have changed
        if not wanted or any(not 0 <= choice < len(titles) for choice in wanted):
            raise Invalid({"choices": f"Choose from the answers there are, by their place: 0 to {len(titles) - 1}."})
        if len(wanted) > 1 and not poll["multiple"]:
            raise Invalid({"choices": "Only one answer can be chosen here."})
        if await _chosen(actor, entry):
            raise Conflict("You have voted here already.", code="already_voted")
        await _choose(actor, entry, wanted)
        if actor.is_local and not entry.is_local:
            for choice in wanted:
                vote_uri = f"{actor.uri}#votes/{new_id()}"
                act = Act("vote", actor, entry=entry, uri=vote_uri, details={"name": titles[choice]})
                await here().hooks.outgoing(act=act)


async def receive_vote(actor: Actor, entry: Entry, title: str) -> None:
    """Count what somebody elsewhere chose in a poll of ours; of several they come one by one. Raises as `vote`."""
    await _may_vote(actor, entry)
    async with transaction():
        poll = await _locked(entry)
        titles = await poll_rows.titles(entry.id)
        if title not in titles:
            raise NotFound("This poll has no such answer.")
        chosen = await _chosen(actor, entry)
        position = titles.index(title)
        if position in chosen or (chosen and not poll["multiple"]):
            raise Conflict("They have voted here already.", code="already_voted")
        await _choose(actor, entry, [position], is_new=not chosen)


async def _may_vote(actor: Actor, entry: Entry) -> None:
    if not await may_see(viewer_of(actor), entry):
        raise NotFound("There is no such post.")
    if not await value("SELECT 1 FROM core_poll WHERE entry_id = $1", entry.id):
        raise NotFound("There is no poll in this post.")
    if entry.author_id == actor.id:
        raise Forbidden("You cannot vote in your own poll.")


async def _locked(entry: Entry) -> dict[str, Any]:
    """The poll, from now on ours: whoever else votes, edits or deletes waits. Raises Conflict where it is over."""
    found = await rows(
        "UPDATE core_poll SET multiple = multiple WHERE entry_id = $1"
        " AND (expires_at IS NULL OR expires_at > $2) RETURNING multiple",
        entry.id,
        now(),
    )
    if not found:
        raise Conflict("This poll is over.", code="poll_over")
    return found[0]


async def _chosen(actor: Actor, entry: Entry) -> set[int]:
    found = await rows("SELECT position FROM core_poll_vote WHERE entry_id = $1 AND actor_id = $2", entry.id, actor.id)
    return {each["position"] for each in found}


async def _choose(actor: Actor, entry: Entry, positions: Sequence[int], *, is_new: bool = True) -> None:
    if is_new:
        await execute("UPDATE core_poll SET voters_count = voters_count + 1 WHERE entry_id = $1", entry.id)
    await many(
        "INSERT INTO core_poll_vote (id, entry_id, actor_id, position) VALUES ($1, $2, $3, $4)",
        [(new_id(), entry.id, actor.id, position) for position in positions],
    )
    await many(
        "UPDATE core_poll_option SET votes_count = votes_count + 1 WHERE entry_id = $1 AND position = $2",
        [(entry.id, position) for position in sorted(positions)],
    )
    await moved(entry)


async def receive_tallies(entry: Entry, draft: PollDraft) -> bool:
    """Take over how a poll elsewhere stands, which is no edit; whether any of it is news."""
    async with transaction():
        if not await poll_rows.retally(entry.id, draft):
            return False
        await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1", entry.id)
        await end_later(entry, draft)
        await moved(entry)
    return True


async def take_back_votes(actor: Actor) -> bool:
    """Forget a batch of the votes of somebody who left, whether there were any; in polls of ours they do not count."""
    async with transaction():
        gone = await rows(
            "DELETE FROM core_poll_vote WHERE id IN (SELECT v.id FROM core_poll_vote v WHERE v.actor_id = $1"
            f" LIMIT {BATCH}) RETURNING entry_id, position",
            actor.id,
        )
        voted_in = sorted({one["entry_id"] for one in gone})
        await execute(
            f"UPDATE core_poll SET voters_count = voters_count - 1 WHERE entry_id {one_of(1)} AND voters_count > 0"
            " AND EXISTS (SELECT 1 FROM core_entry e WHERE e.id = core_poll.entry_id AND e.is_local)"
            " AND NOT EXISTS (SELECT 1 FROM core_poll_vote v WHERE v.entry_id = core_poll.entry_id"
            " AND v.actor_id = $2)",
            voted_in,
            actor.id,
        )
        await many(
            "UPDATE core_poll_option SET votes_count = votes_count - 1 WHERE entry_id = $1 AND position = $2"
            " AND votes_count > 0 AND EXISTS (SELECT 1 FROM core_entry e WHERE e.id = $1 AND e.is_local)",
            sorted((one["entry_id"], one["position"]) for one in gone),
        )
        prepared.forget(*map(prepared.of_entry, voted_in))
    return bool(gone)


# -- Telling -------------------------------------------------------------------
async def moved(entry: Entry) -> None:
    """The tallies have changed: open pages learn of it at once, other servers now and then."""
    prepared.changed(entry)
    after_commit(lambda: announce(entry.id))
    if entry.is_local:
        told_at = when(await value("SELECT told_at FROM core_poll WHERE entry_id = $1", entry.id))
        wait = max((told_at + TOLD_EVERY - now()).total_seconds(), 0) if told_at else 0
        # Once told, it is another job: one that is just running may not know of this vote.
        await tell.later(key=f"poll:{entry.id}:{told_at}", delay=wait, entry_id=entry.id)


async def announce(entry_id: str) -> None:
    """Send the tallies to the open pages that show this poll."""
    channel = live_feed.of_entry(entry_id)
    if here().live.is_watched(channel):
        form = await poll_forms.of_stranger(entry_id)
        if form is not None:
            here().live.publish(channel, {"type": "poll", "data": {"postId": entry_id, "poll": form}}, replay=False)


@task(lane=7)
async def tell(entry_id: str) -> None:
    """Tell other servers how a poll of ours stands."""
    async with transaction():
        if await execute("UPDATE core_poll SET told_at = $1 WHERE entry_id = $2", now(), entry_id):
            entry = await Entry.get(id=entry_id)
            await here().hooks.outgoing(act=Act("tally", await Actor.get(id=entry.author_id), entry=entry))


async def end_later(entry: Entry, draft: PollDraft | None) -> None:
    """Have a poll end in time, in the transaction that begins it; nothing happens where there is none."""
    if draft is not None and draft.options and draft.expires_at is not None and draft.expires_at > now():
        at = int(draft.expires_at.timestamp())
        wait = (draft.expires_at - now()).total_seconds() + 1
        await end.later(key=f"poll-end:{entry.id}:{at}", delay=wait, entry_id=entry.id)


@task
async def end(entry_id: str) -> None:
    """A poll may be over: its pages show what came of it, and other servers get the last tallies."""
    poll = await row("SELECT expires_at FROM core_poll WHERE entry_id = $1 AND expires_at <= $2", entry_id, now())
    entry = await Entry.get_or_none(id=entry_id, deleted_at__isnull=True) if poll else None
    if entry is None:
        return
    async with transaction():
        prepared.changed(entry)
        after_commit(lambda: announce(entry.id))
        if entry.is_local:
            await tell(entry_id=entry.id)
