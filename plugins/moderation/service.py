"""Reporting people and what they published, and settling reports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core.audience import Viewer, may_see, viewer_of
from core.database import HIGHEST_ID, LOWEST_ID, execute, is_id, new_id, now, rows, transaction, value
from core.entries import Act, visible_entry
from core.errors import Conflict, Invalid, NotFound, RateLimited, Rejected
from core.html import without_controls
from core.instance import here
from core.models import Actor, Entry
from core.people import known_actor, visible_actor
from core.permissions import may, require
from core.reportable import Reportable
from plugins.moderation.models import OPEN, RESOLVED, Report, ReportedEntry

LONGEST = 5000
HOUR = 3600
AN_HOUR = 30  # reports of one person
A_DAY = 200  # reports of one other server
ENTRIES_AT_MOST = 50
ENTRIES = ("post", "comment")


async def report(reporter: Actor, target_type: str, target_id: str, reason: str, *, forward: bool = False) -> Report:
    """Tell those in charge of a person ("user"), of what somebody published ("post", "comment"), or of another thing.

    With `forward` the server of somebody from elsewhere is told too, though not by whom. Raises Invalid, NotFound for
    what the reporter may not see, Conflict where they have said so already, RateLimited.
    """
    reason = _checked(reason)
    entry = thing = None
    if target_type == "user":
        target = await _named(reporter, target_id)
    elif target_type in ENTRIES:
        entry = await visible_entry(viewer_of(reporter), target_id)
        target = await Actor.get(id=entry.author_id)
    else:
        thing = await seen_thing(reporter, target_type, target_id)
        target = await Actor.get(id=thing.owner_id)
    if target.id == reporter.id:
        raise Invalid({"targetId": "You cannot report yourself."})
    if await _is_told(reporter, target, entry, thing):
        raise Conflict("You have reported this already; it is being looked at.", code="already_reported")
    await _count(reporter)
    speaker = await Actor.get_or_none(uri=here().url("/actor"), domain="") if forward and not target.is_local else None
    async with transaction():
        made = await _store(
            reporter, target, [entry] if entry else [], reason, thing=thing, forwarded=speaker is not None
        )
        if speaker is not None:
            details = {"reason": reason, "entry": entry, "thing": thing}
            await here().hooks.outgoing(act=Act("report", speaker, target=target, details=details))
    return made


async def seen_thing(reporter: Actor, kind: str, thing_id: str) -> Reportable:
    """What a plugin has under this id. Raises Invalid for a kind that none has, NotFound for what they may not see."""
    thing: Reportable | None = None
    if kind:
        thing = await here().hooks.reportable(viewer=viewer_of(reporter), kind=kind, name=thing_id)
    if thing is None:
        raise Invalid({"targetType": "Nothing of this kind can be reported here."})
    return thing


async def _named(reporter: Actor, name: str) -> Actor:
    """Who is meant, also where they block the reporter; somebody of another server may have to be looked up."""
    try:
        return await known_actor(name)
    except NotFound:
        return await visible_actor(viewer_of(reporter), name)


def _checked(reason: str) -> str:
    reason = without_controls(reason).strip()
    if not reason:
        raise Invalid({"reason": "Say what is wrong with it."})
    if len(reason) > LONGEST:
        raise Invalid({"reason": f"This is too long: at most {LONGEST} characters."})
    return reason


async def _is_told(reporter: Actor, target: Actor, entry: Entry | None, thing: Reportable | None) -> bool:
    about = "= $3" if entry else "IS NULL AND $3::uuid IS NULL"
    return bool(
        await value(
            "SELECT 1 FROM moderation_report r LEFT JOIN moderation_reported_entry x ON x.report_id = r.id"
            f" WHERE r.reporter_id = $1 AND r.target_id = $2 AND r.state = 'open' AND x.entry_id {about}"
            " AND r.thing_id = $4 LIMIT 1",
            reporter.id,
            target.id,
            entry.id if entry else None,
            thing.id if thing else "",
        )
    )


async def _count(reporter: Actor) -> None:
    if not here().settings.rate_limits.enabled:
        return
    verdict = await here().limiter.take(f"report:{reporter.id}", AN_HOUR, HOUR)
    if not verdict.allowed:
        raise RateLimited(verdict.retry_after, "You have reported much within the hour.")


async def receive(
    reporter: Actor, uri: str, target: Actor, entries: Sequence[Entry], reason: str, *, thing: Reportable | None = None
) -> Report:
    """Store what another server reports of somebody here. Raises Conflict for what is known, Rejected for floods."""
    if await Report.exists(uri=uri):
        raise Conflict("This report is known already.")
    since = new_id(now() - timedelta(days=1))
    number = await value(
        "SELECT COUNT(*) FROM moderation_report r JOIN core_actor a ON a.id = r.reporter_id"
        " WHERE a.domain = $1 AND r.id > $2",
        reporter.domain,
        since,
    )
    if number >= A_DAY:
        raise Rejected("That server has reported very much within a day.")
    host = Viewer(host=reporter.domain)
    seen = [entry for entry in entries[:ENTRIES_AT_MOST] if entry.author_id == target.id and await may_see(host, entry)]
    async with transaction():
        return await _store(reporter, target, seen, without_controls(reason).strip()[:LONGEST], thing=thing, uri=uri)


async def _store(
    reporter: Actor,
    target: Actor,
    entries: Sequence[Entry],
    reason: str,
    *,
    thing: Reportable | None = None,
    uri: str | None = None,
    forwarded: bool = False,
) -> Report:
    made = await Report.create(
        reporter_id=reporter.id,
        target_id=target.id,
        reason=reason,
        uri=uri,
        forwarded=forwarded,
        thing_kind=thing.kind if thing else "",
        thing_id=thing.id if thing else "",
        thing_name=thing.name[:200] if thing else "",
        thing_path=thing.path if thing else "",
    )
    if entries:
        await ReportedEntry.bulk_create([ReportedEntry(report_id=made.id, entry_id=entry.id) for entry in entries])
    return made


# -- For those in charge -------------------------------------------------------
async def listed(actor: Actor, state: str, before: str | None, limit: int) -> list[dict[str, Any]]:
    """One more than `limit` of the reports in a state, newest first, but for those of which others judge.

    Raises Forbidden.
    """
    require(actor, "reports.manage")
    return await rows(
        "SELECT r.*, r.id AS position FROM moderation_report r WHERE r.state = $1 AND r.id < $2 AND r.target_id <> $4"
        " ORDER BY r.id DESC LIMIT $3",
        state,
        before or HIGHEST_ID,
        limit + 1,
        LOWEST_ID if _judges_all(actor) else actor.id,
    )


def _judges_all(actor: Actor) -> bool:
    """Whether somebody sees who reported them, and may settle it."""
    return may(actor, "reports.own")


async def one(actor: Actor, report_id: str) -> dict[str, Any]:
    """One report. Raises Forbidden, NotFound."""
    require(actor, "reports.manage")
    found = await rows("SELECT r.* FROM moderation_report r WHERE r.id = $1", report_id) if is_id(report_id) else []
    if not found or (found[0]["target_id"] == actor.id and not _judges_all(actor)):
        raise NotFound("There is no such report.")
    return found[0]


async def resolve(actor: Actor, report_id: str, note: str = "") -> None:
    """Have looked at a report. Raises Forbidden, NotFound, Conflict where somebody was faster, Invalid."""
    await one(actor, report_id)
    note = without_controls(note).strip()
    if len(note) > LONGEST:
        raise Invalid({"note": f"This is too long: at most {LONGEST} characters."})
    if not await execute(
        "UPDATE moderation_report SET state = $1, note = $2, resolved_by_id = $3, resolved_at = $4"
        " WHERE id = $5 AND state = 'open'",
        RESOLVED,
        note,
        actor.id,
        now(),
        report_id,
    ):
        raise Conflict("This is settled already.")


async def reopen(actor: Actor, report_id: str) -> None:
    """Look at a report again. Raises Forbidden, NotFound, Conflict where it is open."""
    await one(actor, report_id)
    if not await execute(
        "UPDATE moderation_report SET state = $1, resolved_by_id = NULL, resolved_at = NULL"
        " WHERE id = $2 AND state = 'resolved'",
        OPEN,
        report_id,
    ):
        raise Conflict("This is open already.")


async def count_open() -> int:
    """How many reports wait to be looked at."""
    return int(await value("SELECT COUNT(*) FROM moderation_report WHERE state = 'open'"))


# -- What is stored about people -----------------------------------------------
async def made_by(actor_id: str) -> list[dict[str, Any]]:
    """What somebody has reported, to take along."""
    found = await rows(
        "SELECT r.reason, r.created_at, a.uri FROM moderation_report r JOIN core_actor a ON a.id = r.target_id"
        " WHERE r.reporter_id = $1 ORDER BY r.id",
        actor_id,
    )
    return [{"about": one["uri"], "reason": one["reason"], "createdAt": str(one["created_at"])} for one in found]


async def erase(actor_id: str) -> None:
    """Forget what was reported of somebody, and of what they reported who it was and what they wrote of it."""
    await execute(
        "DELETE FROM moderation_reported_entry WHERE report_id IN"
        " (SELECT r.id FROM moderation_report r WHERE r.target_id = $1)",
        actor_id,
    )
    await execute("DELETE FROM moderation_report WHERE target_id = $1", actor_id)
    await execute("UPDATE moderation_report SET reporter_id = NULL, reason = '' WHERE reporter_id = $1", actor_id)
    await execute("UPDATE moderation_report SET resolved_by_id = NULL WHERE resolved_by_id = $1", actor_id)
