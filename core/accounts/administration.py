"""What those who run a server do with accounts: suspend, change the role, set a password, delete."""

from __future__ import annotations

import secrets

import structlog

from core.accounts import changing_email, notices, sessions, verification
from core.accounts.audit import Doer, record, record_act
from core.accounts.erasing import erase
from core.accounts.leaving import CHANGE_OF_MIND, is_leaving
from core.accounts.letting_go import let_go
from core.accounts.models import Account
from core.accounts.profile_pictures import drop_pictures
from core.accounts.proof_models import Passkey, RecoveryCode
from core.accounts.service import OUTSIDE
from core.database import after_commit, now, transaction
from core.email_addresses import email_fault
from core.entries import Act
from core.errors import Conflict, Invalid, KithError, NotFound
from core.instance import here
from core.models import Actor
from core.permissions import ROLES, keep_an_admin, require_allowed, require_may_give
from core.replies import come_back
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
_SYLLABLES = [first + second for first in "bdfghjklmnprstvz" for second in "aeiou"]


async def suspend(actor: Actor, *, by: Doer | None = None) -> None:
    """Make an actor, here or elsewhere, vanish until `unsuspend`; their sessions and sockets end.

    Raises Forbidden, Conflict where they are suspended or removed already or are the last admin.
    """
    await _must_be_allowed(by, "suspend", actor)
    if not actor.is_here and not await _leaves(actor):
        raise Conflict("They are suspended or removed already.", code="already_suspended")
    async with transaction():
        await keep_an_admin(actor)
        actor.suspended_at = now()
        await _changed(actor, "suspended_at", ends="suspended")
        await record_act("suspended", actor.id, by)


async def unsuspend(actor: Actor, *, by: Doer | None = None) -> None:
    """Let a suspended actor be there again, but for who asked to be deleted.

    Raises Forbidden, Conflict where they are not suspended.
    """
    await _must_be_allowed(by, "unsuspend", actor)
    account = await Account.get_or_none(actor_id=actor.id)
    is_out_of_sight = account is not None and (account.stage == OUTSIDE or is_leaving(account, actor))
    if actor.suspended_at is None or actor.removed_at or is_out_of_sight:
        raise Conflict("They are not suspended.", code="not_suspended")
    async with transaction():
        leaves_at = account.leaves_at if account else None
        actor.suspended_at = leaves_at - CHANGE_OF_MIND if leaves_at else None
        await _changed(actor, "suspended_at")
        await come_back(actor)
        await record_act("unsuspended", actor.id, by)


async def set_role(actor: Actor, role: str, *, by: Doer | None = None) -> None:
    """Make somebody a user, moderator or admin.

    Raises Forbidden, Invalid, NotFound for those who have no account here, Conflict for the last admin.
    """
    await _must_be_allowed(by, "set_role", actor)
    if role not in ROLES:
        raise Invalid({"role": f"One of {', '.join(ROLES)}."})
    if by:
        require_may_give(by.actor, role)
    await account_of(actor)
    before = actor.role
    if role == before:
        return
    async with transaction():
        await keep_an_admin(actor)
        actor.role = role
        await _changed(actor, "role")
        await record_act("role_changed", actor.id, by, before=before, role=role)


async def reset_second_factor(actor: Actor, *, by: Doer | None = None) -> None:
    """Take away what somebody needs beside their password and has lost: codes of an app, recovery codes, passkeys.

    Raises Forbidden, NotFound for those who have no account here, Conflict where they have nothing of it.
    """
    await _must_be_allowed(by, "reset_second_factor", actor)
    account = await account_of(actor)
    async with transaction():
        taken = await RecoveryCode.filter(account_id=account.id).delete()
        taken += await Passkey.filter(account_id=account.id).delete()
        taken += (
            await Account.filter(id=account.id)
            .exclude(totp_secret="")
            .update(totp_secret="", totp_confirmed_at=None, totp_step=0)
        )
        if not taken:
            raise Conflict("They sign in with nothing but their password.", code="no_second_factor")
        await record_act("second_factor_removed", actor.id, by)
        await notices.security_changed(account, "app_off" if account.totp_confirmed_at else "passkey_off")
        await let_go(actor, "")


async def reset_password(actor: Actor, password: str, *, by: Doer | None = None) -> None:
    """Give an account another password and end its sessions. Raises Invalid, NotFound."""
    account = await account_of(actor)
    weakness = here().passwords.weakness(password, username=actor.username, email=account.email)
    if weakness:
        raise Invalid({"password": weakness})
    hashed = await here().passwords.hash_password(password)
    async with transaction():
        await Account.filter(id=account.id).update(password_hash=hashed, password_changed_at=now())
        await sessions.end_all(account.id)
        await record_act("password_replaced", actor.id, by)
        await notices.security_changed(account, "password")
        await let_go(actor, "signed out")


async def set_email(actor: Actor, email: str, *, verified: bool = True) -> None:
    """Give an account another address without asking at either; where it is not known to be theirs, they are mailed a
    link to show it. Raises Invalid, Conflict where another account has it, NotFound."""
    account = await account_of(actor)
    if fault := email_fault(email):
        raise Invalid({"email": fault})
    async with transaction():
        await changing_email.forget(account)
        await changing_email.put(account, email, verified=verified)
        await verification.ask_to_verify(account)
        await let_go(actor, "")


async def verify_email(actor: Actor) -> None:
    """Believe that the address of an account is theirs. Raises NotFound, Conflict where another account has it."""
    account = await account_of(actor)
    if account.is_in_vain:
        raise Conflict("There is another account with this address.", code="address_taken")
    async with transaction():
        await verification.believe(account)
        await let_go(actor, "")


async def remove(actor: Actor, *, by: Doer | None = None) -> None:
    """Delete somebody's account: its actor vanishes at once and for good, and a job erases everything else of it.

    The name stays taken, so that nobody can pose as who bore it. Who leaves by themselves does so in
    core/accounts/leaving.py. Raises Forbidden, NotFound where there is no account, Conflict for the last admin.
    """
    await _must_be_allowed(by, "delete", actor)
    async with transaction():
        await record_act("account_deleted", actor.id, by)
        await _vanish(actor)


async def finish_leaving(actor: Actor) -> None:
    """Delete an account as `remove` does, because who it is of wants it so. Raises NotFound, Conflict."""
    async with transaction():
        await record("account_deleted", account_id=actor.id)
        await _vanish(actor)


async def _vanish(actor: Actor) -> None:
    account = await account_of(actor)
    await keep_an_admin(actor)
    await here().hooks.outgoing(act=Act("delete_actor", actor))
    actor.removed_at, actor.name, actor.role = now(), actor.username, "user"
    actor.summary = actor.summary_source = actor.avatar_url = actor.cover_url = ""
    actor.profile_fields, actor.also_known_as = [], []
    actor.version += 1
    await actor.save()
    await here().hooks.actor_stored(actor=actor)
    await drop_pictures(actor.id)
    await let_go(actor, "deleted")  # first, so that open sockets are told why
    await sessions.end_all(account.id)
    await erase.later(actor_id=actor.id, key=f"erase:{actor.id}")
    after_commit(lambda: here().hooks.actor_removed(actor=actor))


async def _must_be_allowed(by: Doer | None, action: str, actor: Actor) -> None:
    """A command of whoever runs the server (None) may do everything but leave it without an admin."""
    if by:
        await require_allowed(by.actor, action, actor)


@periodic(seconds=3600)
@task(lane=9, seconds=3600)
async def remove_those_who_left() -> None:
    """Remove the accounts of those who asked for it a week ago and have not changed their mind.

    One that cannot be removed, such as the last admin's, holds up no other.
    """
    gone = Account.filter(leaves_at__lte=now(), actor__removed_at__isnull=True)
    for account in await gone.select_related("actor"):
        try:
            await finish_leaving(account.actor)
        except KithError as error:
            log.warning("account_not_removed", account=account.id, code=error.code)


async def _leaves(actor: Actor) -> bool:
    """Whether somebody is hidden for no other reason than that they asked to be deleted."""
    account = await Account.get_or_none(actor_id=actor.id) if actor.is_local else None
    return account is not None and is_leaving(account, actor)


async def account_of(actor: Actor) -> Account:
    """The account of an actor; NotFound for those elsewhere, and for those whose account was deleted."""
    account = await Account.get_or_none(actor_id=actor.id) if actor.is_local and not actor.removed_at else None
    if account is None:
        raise NotFound("They have no account here.")
    return account


def new_password() -> str:
    """A password that can be read out: about 70 bits in syllables and a number."""
    words = ["".join(secrets.choice(_SYLLABLES) for _ in range(3)) for _ in range(3)]
    return "-".join((*words, f"{secrets.randbelow(10_000):04}"))


async def _changed(actor: Actor, *fields: str, ends: str = "") -> None:
    """Store what is new about an actor, and let everybody know who keeps something of them."""
    actor.version += 1
    async with transaction():
        await actor.save(update_fields=[*fields, "version"])
        if actor.is_local:
            await here().hooks.outgoing(act=Act("update_actor", actor))
        await let_go(actor, ends)  # first, so that open sockets are told why
        if ends:
            await sessions.end_all(actor.id)
        after_commit(lambda: here().hooks.actor_updated(actor=actor))
