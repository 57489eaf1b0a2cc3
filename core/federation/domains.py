"""What the admins decided about other servers: block, silence or allow a domain and everything under it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from weakref import WeakKeyDictionary

from core.addresses import Refused, domain_of, parse_url
from core.database import Database, after_commit, execute, many, now, rows, spawn, transaction, when
from core.errors import Invalid
from core.federation.addresses import host_in_sql
from core.federation.removal import sever_server
from core.instance import here
from core.tasks import task

Policy = Literal["", "block", "silence", "allow"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
_STRICTNESS: tuple[Policy, ...] = ("block", "silence", "allow", "")
NOTE_AT_MOST = 2000
RELOAD_SECONDS = 15.0  # what another process decided is heeded here after this long


@dataclass(frozen=True, slots=True)
class Decision:
    """A policy, and since when it stands: the mark by which those it suspended are known when it is lifted."""

    policy: Policy
    since: datetime
    note: str = ""


_decisions: WeakKeyDictionary[Database, Mapping[str, Decision]] = WeakKeyDictionary()


def decision_on(host: str) -> Decision | None:
    """What was decided about a host or the nearest domain above it; None where nothing was. Never waits."""
    known = _decisions.get(here().database)
    return _nearest(host, known) if known else None


def is_refused(host: str) -> bool:
    """Whether this server has nothing to do with a host: blocked, or not among those allowed. Never waits."""
    decision = decision_on(host)
    if here().settings.federation.mode == "allowlist":
        return decision is None or decision.policy != "allow"
    return decision is not None and decision.policy == "block"


def is_blocked(host: str) -> bool:
    """Whether an admin has blocked a host or a domain above it. Never waits."""
    decision = decision_on(host)
    return decision is not None and decision.policy == "block"


def silenced_since(*hosts: str) -> datetime | None:
    """Since when people of a host are kept out of public lists, None where they are not. Never waits.

    Whose name is of one host and whose id of another is of both.
    """
    decision = _strictest(_decisions.get(here().database) or {}, *hosts)
    return decision.since if decision and decision.policy == "silence" else None


def _nearest(host: str, known: Mapping[str, Decision]) -> Decision | None:
    return next((known[name] for name in _above(host) if name in known), None)


def _strictest(known: Mapping[str, Decision], *hosts: str) -> Decision | None:
    """What holds for somebody of several hosts: the strictest of what was decided about each, the oldest of such."""
    found = [decision for host in hosts if (decision := _nearest(host, known))]
    return min(found, key=lambda one: (_STRICTNESS.index(one.policy), one.since), default=None)


def _above(host: str) -> Iterator[str]:
    """A host as it is, without its port, and every domain above it."""
    name = host.lower()
    yield name
    bare, colon, port = name.rpartition(":")
    if colon and port.isdigit():
        name = bare
        yield name
    while "." in name:
        name = name.partition(".")[2]
        yield name


async def decisions() -> dict[str, Decision]:
    """Every decision by domain, as the database has it."""
    found = await rows("SELECT name, policy, note, created_at FROM federation_host WHERE policy <> '' ORDER BY name")
    return {one["name"]: Decision(one["policy"], _moment(one["created_at"]), one["note"]) for one in found}


def _moment(column: datetime | str) -> datetime:
    moment = when(column)
    assert moment is not None
    return moment


async def load_policies() -> None:
    """Have what the database says hold in this process; until this was done once, nothing is refused."""
    found = await decisions()
    before = _decisions.get(here().database)
    _decisions[here().database] = found
    if before is not None and before != found:  # whatever was prepared may show whom it must not show now
        here().cache.drop_prefix("")


async def _keep_loaded() -> None:
    while True:
        await asyncio.sleep(RELOAD_SECONDS)
        await load_policies()


_watchers: WeakKeyDictionary[Database, asyncio.Task[None]] = WeakKeyDictionary()


async def watch_policies() -> None:
    """Load the decisions, and load them again from time to time, for another process may decide."""
    stop_watching()
    await load_policies()
    _watchers[here().database] = spawn(_keep_loaded(), name="domain_policies")


def stop_watching() -> None:
    """Watch no longer."""
    watcher = _watchers.pop(here().database, None)
    if watcher is not None:
        watcher.cancel()


def checked_domain(text: str) -> str:
    """A domain as it is stored: lower case, A-labels, without a leading `*.`. Raises Invalid naming `domain`."""
    try:
        host = domain_of(text.strip().removeprefix("*."))
    except Refused:
        raise Invalid({"domain": "This is not a domain such as kith.example."}) from None
    if any(host in _above(own) for own in (parse_url(here().base_url).authority, here().domain.lower())):
        raise Invalid({"domain": "This is this server's own domain, or one above it."})
    return host


async def decide(domain: str, policy: Policy, note: str | None = None) -> None:
    """Block, silence or allow a domain and everything under it, or lift what was decided with an empty policy.

    People of a blocked domain are suspended here and follows end; those of a silenced one are kept out of public
    lists. Raises Invalid naming `domain`, `policy` or `note`.
    """
    if policy not in POLICIES:
        raise Invalid({"policy": "One of block, silence, allow, or nothing."})
    if note is not None and len(note) > NOTE_AT_MOST:
        raise Invalid({"note": f"This is too long: at most {NOTE_AT_MOST} characters."})
    await decide_all({checked_domain(domain): (policy, note)})


async def decide_all(wanted: Mapping[str, tuple[Policy, str | None]]) -> None:
    """Decide about many checked domains at once; a note that is None stays as it is."""
    async with transaction():
        before, since = await decisions(), now()
        kept = {name: before[name].note if name in before else "" for name in wanted}
        await many(
            "INSERT INTO federation_host (name, policy, note, reacts, knock, failures, created_at)"
            " VALUES ($1, $2, $3, '', 'cavage', 0, $4) ON CONFLICT (name) DO UPDATE SET policy = excluded.policy,"
            " note = excluded.note, created_at = excluded.created_at",
            [(name, policy, kept[name] if note is None else note, since) for name, (policy, note) in wanted.items()],
        )
        await _mark(before, await decisions())
        if any(policy == "block" for policy, _ in wanted.values()):
            await sever_blocked.later()
        after_commit(load_policies)


_COLUMNS = {"block": "suspended_at", "silence": "silenced_at"}


async def _mark(before: Mapping[str, Decision], after: Mapping[str, Decision]) -> None:
    """Lift what earlier decisions did to people of other servers, and have those do it that stand now.

    Names may be of another host than ids: whoever is of a blocked one in either way is blocked.
    """
    host = host_in_sql("uri")
    for found in await rows(f"SELECT DISTINCT domain, {host} AS host FROM core_actor WHERE domain <> ''"):
        old, new = (_strictest(known, found["domain"], found["host"]) for known in (before, after))
        if old == new:
            continue
        if old and (column := _COLUMNS.get(old.policy)):
            await execute(
                f"UPDATE core_actor SET {column} = NULL, version = version + 1 WHERE domain = $1 AND domain <> ''"
                f" AND {column} = $2 AND {host} = $3",
                found["domain"],
                old.since,
                found["host"],
            )
        if new and (column := _COLUMNS.get(new.policy)):
            await execute(
                f"UPDATE core_actor SET {column} = $1, version = version + 1 WHERE domain = $2 AND domain <> ''"
                f" AND {column} IS NULL AND {host} = $3",
                new.since,
                found["domain"],
                found["host"],
            )


@task(lane=3)
async def sever_blocked() -> None:
    """End the follows between people here and those of blocked domains."""
    known = await decisions()
    for found in await rows(
        f"SELECT DISTINCT a.domain, {host_in_sql('a.uri')} AS host FROM core_follow f"
        " JOIN core_actor a ON a.id IN (f.follower_id, f.target_id) WHERE a.domain <> ''"
    ):
        decision = _strictest(known, found["domain"], found["host"])
        if decision and decision.policy == "block":
            await sever_server(found["domain"], found["host"])
