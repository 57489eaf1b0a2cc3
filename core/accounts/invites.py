"""Invites: links by which somebody may join, made by those whom the server lets invite."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core.accounts.audit import record
from core.accounts.models import Invite
from core.api.limits import neighbourhood
from core.database import HIGHEST_ID, execute, new_id, now, one_of, row, rows, transaction, value, when
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from core.instance import here
from core.models import Actor
from core.permissions import may

CODE_BYTES = 16
NOTE_AT_MOST = 200
DAYS_AT_MOST, USES_AT_MOST = 90, 20  # of a member's invite; those who look after invites are not bound
WRONG_CODES, WRONG_SECONDS = 10, 900
Row = dict[str, Any]

_STANDS = (
    "v.revoked_at IS NULL AND (v.expires_at IS NULL OR v.expires_at > {now})"
    " AND (v.uses_at_most IS NULL OR v.uses < v.uses_at_most)"
)
# What somebody made who was sent away since is good for nothing.
_MAKER_IS_HERE = (
    "(v.account_id IS NULL OR EXISTS (SELECT 1 FROM core_actor m WHERE m.id = v.account_id"
    " AND m.suspended_at IS NULL AND m.removed_at IS NULL))"
)


def may_invite(actor: Actor) -> bool:
    """Whether the server lets somebody make invites."""
    accounts = here().settings.accounts
    if accounts.registration == "closed" or accounts.invites_by == "nobody":
        return False
    if accounts.invites_by == "user":
        return True
    return may(actor, "invites.create" if accounts.invites_by == "moderator" else "settings.manage")


async def make(actor: Actor | None, *, note: str = "", uses: int | None = 1, days: int | None = 7) -> Row:
    """An invite for so many people within so many days; None: without end. Nobody (None) is whoever runs the server.

    Raises Forbidden for those who may not invite, Invalid, Conflict for a member who has too many open ones.
    """
    is_bound = actor is not None and not may(actor, "invites.manage")
    _check(note, uses, days, is_bound)
    if actor and not may_invite(actor):
        raise Forbidden("You may not invite people here.", code="may_not_invite")
    async with transaction():
        if actor and is_bound:
            # Of two made at once, the second waits here until the first one can be counted.
            await execute("UPDATE core_account SET stage = stage WHERE id = $1", actor.id)
            at_most = here().settings.accounts.open_invites_at_most
            if await count_open(actor) >= at_most:
                sentence = f"You have {at_most} open invites. Revoke one, or wait until somebody has used it."
                raise Conflict(sentence, code="too_many_invites")
        invite = await Invite.create(
            id=new_id(),
            account_id=actor.id if actor else None,
            code=secrets.token_urlsafe(CODE_BYTES),
            note=note.strip(),
            uses_at_most=uses,
            expires_at=now() + timedelta(days=days) if days else None,
        )
        await record("invite_made", account_id=actor.id if actor else None, invite=invite.id)
    return await _read(invite.id)


def _check(note: str, uses: int | None, days: int | None, is_bound: bool) -> None:
    errors: dict[str, str] = {}
    if len(note) > NOTE_AT_MOST:
        errors["note"] = f"This is too long: at most {NOTE_AT_MOST} characters."
    most_uses, most_days = (USES_AT_MOST, DAYS_AT_MOST) if is_bound else (10_000, 3650)
    for name, number, most in (("uses", uses, most_uses), ("days", days, most_days)):
        if (number is None and is_bound) or (number is not None and not 1 <= number <= most):
            errors[name] = f"A number from 1 to {most}."
    if errors:
        raise Invalid(errors)


async def revoke(actor: Actor | None, invite_id: str) -> None:
    """Make an invite good for nothing: one's own, or anybody's for those who look after invites.

    Raises NotFound, also for others' and for one that is revoked already.
    """
    all_of_them = actor is None or may(actor, "invites.manage")
    async with transaction():
        invite = await Invite.get_or_none(id=invite_id, revoked_at__isnull=True)
        if invite is None or not (all_of_them or (actor and invite.account_id == actor.id)):
            raise NotFound("There is no such invite.")
        await Invite.filter(id=invite.id).update(revoked_at=now())
        await record(
            "invite_revoked", account_id=invite.account_id, by_id=actor.id if actor else None, invite=invite.id
        )


async def id_of(code: str) -> str:
    """The id of the invite with this code. Raises NotFound."""
    invite = await Invite.get_or_none(code=code)
    if invite is None:
        raise NotFound("There is no such invite.")
    return str(invite.id)


# -- Using one -----------------------------------------------------------------
def code_of(typed: str) -> str:
    """The code in what somebody typed: a code, or the whole link."""
    return typed.strip().rstrip("/").rpartition("/")[2]


async def look_at(code: str, address: str) -> Row:
    """The invite of a code, with `inviter`, where it is good.

    Raises NotFound, and tells nothing of why; RateLimited for an address that has tried too many wrong ones.
    """
    wrong = here().limiter.failures(WRONG_CODES, WRONG_SECONDS)
    key = f"invite:{neighbourhood(address)}"
    if here().settings.rate_limits.enabled:
        verdict = await wrong.begin(key)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)
    found = await row(
        f"SELECT v.id, v.code, v.account_id FROM core_invite v"
        f" WHERE v.code = $1 AND {_STANDS.format(now='$2')} AND {_MAKER_IS_HERE}",
        code[:64],
        now(),
    )
    if found is None:
        raise NotFound("This invite is not good, or not any more. Ask whoever sent it for another.")
    if here().settings.rate_limits.enabled:
        await wrong.succeeded(key)
    inviter = await Actor.get_or_none(id=found["account_id"]) if found["account_id"] else None
    return {**found, "inviter": inviter}


async def use(invite_id: str) -> bool:
    """Count one who joins, in the transaction that makes their account; False where there is no room any more.

    Whoever comes at the same moment waits for that transaction, and is counted after it.
    """
    used = await execute(
        f"UPDATE core_invite AS v SET uses = uses + 1 WHERE v.id = $1 AND {_STANDS.format(now='$2')}", invite_id, now()
    )
    return bool(used)


# -- Reading them --------------------------------------------------------------
_COLUMNS = (
    "SELECT v.id, v.id AS position, v.account_id, v.code, v.note, v.uses, v.uses_at_most, v.expires_at, v.revoked_at,"
    " v.created_at, a.username AS made_by FROM core_invite v LEFT JOIN core_actor a ON a.id = v.account_id"
)


async def count_open(actor: Actor) -> int:
    """How many invites of somebody can still be used."""
    stands = _STANDS.format(now="$2")
    return int(await value(f"SELECT COUNT(*) FROM core_invite v WHERE v.account_id = $1 AND {stands}", actor.id, now()))


async def made_by(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of somebody's invites, newest first, each with who `joined` by it."""
    found = await rows(
        f"{_COLUMNS} WHERE v.account_id = $1 AND v.id < $2 ORDER BY v.id DESC LIMIT $3",
        actor.id,
        before or HIGHEST_ID,
        limit + 1,
    )
    return await _with_joined(found)


async def everybodys(before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of all invites, newest first."""
    found = await rows(f"{_COLUMNS} WHERE v.id < $1 ORDER BY v.id DESC LIMIT $2", before or HIGHEST_ID, limit + 1)
    return await _with_joined(found)


async def inviter_of(actor: Actor) -> Actor | None:
    """Who invited somebody, if anybody did who is still here."""
    return await Actor.get_or_none(
        id=await value(
            "SELECT v.account_id FROM core_account c JOIN core_invite v ON v.id = c.invite_id WHERE c.id = $1", actor.id
        ),
        removed_at__isnull=True,
    )


async def _read(invite_id: str) -> Row:
    return (await _with_joined(await rows(f"{_COLUMNS} WHERE v.id = $1", invite_id)))[0]


async def _with_joined(found: Sequence[Row]) -> list[Row]:
    joined: dict[str, list[str]] = {invite["id"]: [] for invite in found}
    if joined:
        for each in await rows(
            "SELECT c.invite_id, a.username FROM core_account c JOIN core_actor a ON a.id = c.actor_id"
            f" WHERE c.invite_id {one_of(1)} AND a.removed_at IS NULL ORDER BY c.id",
            list(joined),
        ):
            joined[each["invite_id"]].append(each["username"])
    return [{**invite, "joined": joined[invite["id"]], "state": _state(invite)} for invite in found]


def _state(invite: Row) -> str:
    if invite["revoked_at"]:
        return "revoked"
    if invite["uses_at_most"] is not None and invite["uses"] >= invite["uses_at_most"]:
        return "used"
    expires = when(invite["expires_at"])
    return "expired" if expires and expires <= now() else "open"
