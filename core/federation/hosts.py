"""How other servers are doing: which ones are left in peace for a while, and which signature each wants to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.database import after_commit, execute, many, now, one_of, rows, transaction, when
from core.federation.signatures import Style
from core.instance import here

FAILURES = 5  # within WINDOW close a host
WINDOW = timedelta(minutes=10)
PROBE = timedelta(minutes=30)
DEAD_AFTER = timedelta(days=7)
KNOCK_KEPT = timedelta(days=30)
HELD_AT_MOST = timedelta(days=1)  # whatever a host asks for with Retry-After
_CLOSED = "federation:closed-hosts"
_CLOSED_SECONDS = 30
_TRIED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing is sent to a host until then: it fails, or it asked for that. A dead one has failed for a week."""

    until: datetime
    is_failing: bool
    is_dead: bool


async def closed_hosts() -> Mapping[str, Closed]:
    """The hosts that are left in peace now, as of some seconds ago."""
    found: Mapping[str, Closed] = await here().cache.remember(_CLOSED, _CLOSED_SECONDS, _load_closed)
    return found


async def _load_closed() -> Mapping[str, Closed]:
    long_ago = now() - DEAD_AFTER
    closed = {}
    for host in await rows(
        "SELECT name, closed_until, failures, first_failure_at FROM federation_host"
        " WHERE closed_until > $1 OR failures >= $2",
        now(),
        FAILURES,
    ):
        is_failing, since = host["failures"] >= FAILURES, when(host["first_failure_at"])
        is_dead = is_failing and since is not None and since < long_ago
        closed[host["name"]] = Closed(when(host["closed_until"]) or now(), is_failing, is_dead)
    return closed


async def heard_from(host: str) -> None:
    """Note that a host is alive, as a good signature of its people shows: one of what waits for it is tried now.

    If that is taken, the rest goes out. Costs nothing for hosts that are not closed, and a failing host that says much
    is tried once in a while only, so this may be called for every request.
    """
    closed, tried = (await closed_hosts()).get(host), f"federation:heard-from:{host}"
    if closed is None or not closed.is_failing or closed.until <= now() or here().cache.get(tried):
        return
    here().cache.put(tried, True, _TRIED_SECONDS)
    async with transaction():
        await execute("UPDATE federation_host SET closed_until = NULL WHERE name = $1", host)
        await _let_go(host)


async def try_now(names: list[str]) -> None:
    """Let hosts that are left in peace for having failed be knocked at; not those that asked for it. In a transaction.

    If what is tried is taken, the rest goes out.
    """
    await execute(
        f"UPDATE federation_host SET closed_until = NULL WHERE failures >= $1 AND name {one_of(2, 'text')}",
        FAILURES,
        names,
    )
    after_commit(lambda: here().cache.drop(_CLOSED))


async def reopen(names: list[str]) -> None:
    """Forget the failures of hosts, and what they asked for, and let what waits for them go; inside a transaction."""
    for name in sorted(names):
        await execute(
            "UPDATE federation_host SET failures = 0, first_failure_at = NULL, closed_until = NULL WHERE name = $1",
            name,
        )
        await _let_go(name)


async def _let_go(name: str) -> None:
    await execute(
        "UPDATE federation_delivery SET due_at = $1 WHERE host = $2 AND state = 'waiting' AND due_at > $1", now(), name
    )
    after_commit(lambda: here().cache.drop(_CLOSED))
    after_commit(lambda: here().jobs.wake("deliveries"))


async def succeeded(names: list[str]) -> None:
    """Note that hosts took something; those that were closed are open again. Inside a transaction."""
    await many(
        "INSERT INTO federation_host (name, policy, note, reacts, knock, failures, last_success_at, created_at)"
        " VALUES ($1, '', '', '', 'cavage', 0, $2, $2) ON CONFLICT (name) DO UPDATE SET last_success_at = $2",
        [(name, now()) for name in sorted(names)],
    )
    closed = [
        host["name"]
        for host in await rows(
            f"SELECT name FROM federation_host WHERE failures >= $1 AND name {one_of(2, 'text')}", FAILURES, names
        )
    ]
    await execute(
        "UPDATE federation_host SET failures = 0, first_failure_at = NULL"
        f" WHERE failures > 0 AND failures < $1 AND name {one_of(2, 'text')}",
        FAILURES,
        names,
    )
    if closed:
        await reopen(closed)


async def failed(names: list[str]) -> dict[str, datetime]:
    """Count a failure of each host, and close those with too many: until when, by name. Inside a transaction.

    A closed one stays so for another half hour with each probe that fails.
    """
    closed: dict[str, datetime] = {}
    for name in sorted(names):
        counted = await rows(
            "INSERT INTO federation_host AS h"
            " (name, policy, note, reacts, knock, failures, first_failure_at, created_at)"
            " VALUES ($1, '', '', '', 'cavage', 1, $2, $2) ON CONFLICT (name) DO UPDATE SET"
            f" failures = CASE WHEN {_BEGINS_ANEW} THEN 1 ELSE h.failures + 1 END,"
            f" first_failure_at = CASE WHEN {_BEGINS_ANEW} THEN $2 ELSE h.first_failure_at END RETURNING failures",
            name,
            now(),
            now() - WINDOW,
        )
        if counted[0]["failures"] >= FAILURES:
            closed[name] = now() + PROBE
            await hold(name, closed[name])
    return closed


_BEGINS_ANEW = f"h.first_failure_at IS NULL OR (h.failures < {FAILURES} AND h.first_failure_at < $3)"


async def hold(name: str, until: datetime) -> None:
    """Send nothing to a host until then; inside a transaction."""
    until = min(until, now() + HELD_AT_MOST)
    await execute(
        "INSERT INTO federation_host AS h (name, policy, note, reacts, knock, failures, closed_until, created_at)"
        " VALUES ($1, '', '', '', 'cavage', 0, $2, $3) ON CONFLICT (name) DO UPDATE SET"
        " closed_until = CASE WHEN h.closed_until > $2 THEN h.closed_until ELSE $2 END",
        name,
        until,
        now(),
    )
    await execute(
        "UPDATE federation_delivery SET due_at = $1 WHERE host = $2 AND state = 'waiting' AND due_at < $1", until, name
    )
    after_commit(lambda: here().cache.drop(_CLOSED))


async def remember_knock(name: str, style: Style) -> None:
    """Sign so for a host from now on: the style it took, where it had not taken the other."""
    await execute(
        "INSERT INTO federation_host (name, policy, note, reacts, knock, knock_until, failures, created_at)"
        " VALUES ($1, '', '', '', $2, $3, 0, $4) ON CONFLICT (name) DO UPDATE SET knock = $2, knock_until = $3",
        name,
        style,
        now() + KNOCK_KEPT,
        now(),
    )
