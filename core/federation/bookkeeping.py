"""Writes down what came of deliveries, many at once: what is done goes, what failed waits, hosts are judged."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from core.database import execute, many, new_id, now, one_of, rows, transaction
from core.federation import hosts, reach
from core.federation.domains import is_refused
from core.federation.fetching import NotThere
from core.federation.recipients import write_deliveries
from core.federation.remote_actors import fetch_actor
from core.federation.sending import Outcome, next_attempt
from core.fetch import Refused
from core.instance import here
from core.metrics import deliveries
from core.models import Actor
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
ASKED_AFTER = 20  # actors of one inbox that is not there any more


async def record(outcomes: Sequence[Outcome]) -> None:
    """Store what came of these deliveries, in one transaction."""
    again = [outcome for outcome in outcomes if outcome.result == "again"]
    done = [outcome.delivery.id for outcome in outcomes if outcome.result != "again"]
    async with transaction():
        given_up = await _put_off(again) if again else []
        done += given_up
        if done:
            await execute(f"DELETE FROM federation_delivery WHERE id {one_of(1)}", done)
        await _note_hosts(outcomes)
        await reach.note(outcomes, given_up)
        for outcome in outcomes:
            if outcome.result == "moved":
                await _ask_after(outcome)
    for outcome in outcomes:
        deliveries.labels(outcome.result).inc()
        if outcome.result in ("refused", "moved"):
            delivery = outcome.delivery
            log.info("delivery_refused", host=delivery.host, verb=delivery.verb, reason=outcome.error)


async def _put_off(outcomes: Sequence[Outcome]) -> list[str]:
    """Have those tried again later; the ids of those that were tried often or long enough.

    An attempt at a host that was closed before is not counted: it was the host that was tried.
    """
    closed = await hosts.failed(sorted({one.delivery.host for one in outcomes if one.host_failed}))
    most, given_up, later = here().settings.federation.delivery_attempts, list[str](), []
    for outcome in outcomes:
        delivery = outcome.delivery
        is_probe = outcome.host_failed and delivery.failures >= hosts.FAILURES
        attempts = delivery.attempts - is_probe
        if attempts >= most or now() - delivery.written_at > hosts.DEAD_AFTER:
            given_up.append(delivery.id)
            deliveries.labels("given_up").inc()
            log.info("delivery_given_up", host=delivery.host, verb=delivery.verb, reason=outcome.error)
            continue
        due_at = max(_wanted(outcome, next_attempt(attempts)), closed.get(delivery.host, now()))
        later.append((due_at, attempts, outcome.error[:255], delivery.id))
    await many(
        "UPDATE federation_delivery SET state = 'waiting', due_at = $1, attempts = $2, error = $3 WHERE id = $4", later
    )
    return given_up


def _wanted(outcome: Outcome, due_at: datetime) -> datetime:
    """Not before the host wants it, within reason."""
    return max(due_at, min(outcome.not_before or due_at, now() + hosts.HELD_AT_MOST))


async def _note_hosts(outcomes: Sequence[Outcome]) -> None:
    """Whoever answers sensibly is alive, whatever the answer; that is written only where it is news."""
    failing = {one.delivery.host for one in outcomes if one.host_failed}
    news = {one.delivery.host for one in outcomes if one.host_lives and one.delivery.is_news_that_it_lives}
    if news - failing:
        await hosts.succeeded(sorted(news - failing))
    for host, style in {one.delivery.host: one.style for one in outcomes if one.style}.items():
        await hosts.remember_knock(host, style)
    for host, moment in {one.delivery.host: one.not_before for one in outcomes if one.not_before}.items():
        await hosts.hold(host, moment)


async def _ask_after(outcome: Outcome) -> None:
    delivery = outcome.delivery
    name = hashlib.blake2b(delivery.inbox.encode(), digest_size=12).hexdigest()
    await inbox_is_gone.later(
        key=f"inbox:{name}:{delivery.outgoing_id}", inbox=delivery.inbox, outgoing_id=delivery.outgoing_id
    )


@task(lane=7, attempts=3)
async def inbox_is_gone(inbox: str, outgoing_id: str) -> None:
    """Look again at those whose inbox is not there any more: they left, or get their mail elsewhere now.

    What they missed is sent to their new inbox.
    """
    found = await rows(
        "SELECT id, uri, domain FROM core_actor WHERE domain <> '' AND removed_at IS NULL"
        f" AND (inbox_url = $1 OR shared_inbox_url = $1) LIMIT {ASKED_AFTER}",
        inbox,
    )
    moved_to = set()
    for one in found:
        if is_refused(one["domain"]):
            continue
        with suppress(NotThere, Refused):
            actor: Actor = await fetch_actor(one["uri"])
            moved_to.add(actor.shared_inbox_url or actor.inbox_url)
    outgoing = await rows("SELECT sender_id FROM federation_outgoing WHERE id = $1", outgoing_id)
    if outgoing:
        async with transaction():
            await write_deliveries(outgoing_id, outgoing[0]["sender_id"], _LATE_LANE, sorted(moved_to - {inbox, ""}))


_LATE_LANE = 5


@periodic(seconds=3600)
@task(lane=9, attempts=1)
async def forget_outgoing() -> None:
    """Give up what has waited for a week, and forget activities as old as received ones are when they are forgotten."""
    async with transaction():
        given_up = await rows(
            "DELETE FROM federation_delivery WHERE outgoing_id < $1 RETURNING outgoing_id, inbox, host, error",
            new_id(now() - hosts.DEAD_AFTER),
        )
        await reach.note_given_up(given_up)
    if given_up:
        log.info("deliveries_given_up", number=len(given_up))
    await execute(
        "DELETE FROM federation_outgoing WHERE created_at < $1"
        " AND NOT EXISTS (SELECT 1 FROM federation_delivery d WHERE d.outgoing_id = federation_outgoing.id)",
        now() - timedelta(days=here().settings.retention.received_activity_days),
    )
