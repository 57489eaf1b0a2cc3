"""The audit trail: what happened to the safety of an account, and what those in charge did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from core.accounts.proof_models import SecurityEvent
from core.database import after_commit, execute, now
from core.instance import here
from core.models import Actor
from core.tasks import periodic, task

FAILURES_PER_HOUR = 10  # of one account that are worth a line each; the rest of the hour says nothing new
SWEPT_AT_ONCE = 1000
COMMAND_LINE = "command_line"
FAILED_SIGN_IN = "sign_in_failed"
_by_command_line: ContextVar[bool] = ContextVar("by_command_line", default=False)


async def record(
    name: str,
    *,
    account_id: str | None = None,
    by_id: str | None = None,
    address: str = "",
    user_agent: str = "",
    **details: Any,
) -> None:
    """Add a line, in the transaction of what it tells of, where there is one.

    `name` is a snake_case word in the past tense ("signed_in", "sign_in_failed", "role_changed") that has its words in
    core/accounts/audit_words.py. `account_id` is whom it concerns, `by_id` the account that did it where that is
    somebody else; `address` and `user_agent` are of whoever did it. `details` is small plain JSON and never holds a
    password, token, code, secret or text that somebody wrote. What a command does is marked as done by it.
    """
    by_command_line = by_id is None and _by_command_line.get()
    await SecurityEvent.create(
        account_id=account_id,
        by_id=None if by_command_line else by_id or account_id,
        name=name,
        address=address,
        user_agent=user_agent[:500],
        details=details | ({"via": COMMAND_LINE} if by_command_line else {}),
    )


@dataclass(frozen=True)
class Doer:
    """Somebody in charge who does something to others, and where they are."""

    actor: Actor
    address: str = ""
    user_agent: str = ""


async def record_act(name: str, account_id: str, by: Doer | None, **details: Any) -> None:
    """Add a line about what was done to somebody: by one in charge, or (None) by a command of whoever runs it all."""
    if by:
        where = {"address": by.address, "user_agent": by.user_agent}
        await record(name, account_id=account_id, by_id=by.actor.id, **where, **details)
    else:
        with done_by_command_line():
            await record(name, account_id=account_id, **details)


@contextmanager
def done_by_command_line() -> Iterator[None]:
    """What is recorded in this block was done by a command of whoever runs the server, where nobody else did it."""
    token = _by_command_line.set(True)
    try:
        yield
    finally:
        _by_command_line.reset(token)


def record_failed_sign_in(account_id: str, *, address: str, user_agent: str, **details: Any) -> None:
    """Note that somebody failed to sign in to an account: a few times an hour, and without holding up the answer,
    whose time would tell that there is such an account."""
    event = SecurityEvent(
        name=FAILED_SIGN_IN, account_id=account_id, address=address, user_agent=user_agent[:500], details=details
    )  # by nobody: who it was is just what is not known
    after_commit(lambda: _note_failure(event))


async def _note_failure(event: SecurityEvent) -> None:
    verdict = await here().limiter.take(f"{FAILED_SIGN_IN}:{event.account_id}", FAILURES_PER_HOUR, 3600)
    if verdict.allowed:
        await event.save(force_create=True)


async def events_of(account_id: str, before: str | None = None, limit: int = 20) -> list[SecurityEvent]:
    """One more than `limit` of what concerns an account, latest first, from the one `before` on."""
    found = SecurityEvent.filter(account_id=account_id)
    if before:
        found = found.filter(id__lt=before)
    return await found.order_by("-id").limit(limit + 1)


async def all_events(
    before: str | None = None,
    limit: int = 20,
    *,
    name: str = "",
    person_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[SecurityEvent]:
    """One more than `limit` of all there is, latest first: of one name, about or by one person, from a time to another.

    `since` is part of what is asked for, `until` is not.
    """
    found = SecurityEvent.all()
    if name:
        found = found.filter(name=name)
    if person_id:
        found = found.filter(Q(account_id=person_id) | Q(by_id=person_id))
    if since:
        found = found.filter(created_at__gte=since)
    if until:
        found = found.filter(created_at__lt=until)
    if before:
        found = found.filter(id__lt=before)
    return await found.order_by("-id").limit(limit + 1)


@periodic(seconds=86_400)
@task(seconds=3600)
async def forget_old_events() -> None:
    """Forget from where people came sooner, and what happened later; a part at a time, so that nobody waits long."""
    retention = here().settings.retention
    if retention.security_address_days:
        old = now() - timedelta(days=retention.security_address_days)
        await _sweep("UPDATE core_security_event SET address = '', user_agent = ''", f"{_WITH_PLACE} AND", old)
    if retention.security_event_days:
        await _sweep("DELETE FROM core_security_event", "", now() - timedelta(days=retention.security_event_days))


_WITH_PLACE = "(address <> '' OR user_agent <> '')"


async def _sweep(act: str, condition: str, before: datetime) -> None:
    oldest = f"SELECT id FROM core_security_event WHERE {condition} created_at < $1 ORDER BY created_at LIMIT $2"
    while await execute(f"{act} WHERE id IN ({oldest})", before, SWEPT_AT_ONCE) == SWEPT_AT_ONCE:
        pass
