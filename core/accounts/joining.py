"""Joining by one's own wish, as the server allows it: at once, by a request somebody answers, or with an invite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.accounts import invites, requests, service
from core.accounts.asking import may_mail
from core.accounts.audit import record
from core.accounts.models import Account
from core.accounts.proof_models import ForeignLogin
from core.accounts.service import NEW, OUTSIDE
from core.accounts.sessions import Grant, begin
from core.accounts.standing import NextStep, must_wait
from core.accounts.verification import ask_to_verify
from core.api.limits import neighbourhood
from core.database import transaction
from core.email_addresses import email_key
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from core.instance import here
from core.mail.outgoing import send

REASON_AT_MOST = 1000
HOUR = 3600


@dataclass(frozen=True)
class ForeignIdentity:
    """Who somebody is to another service by which they sign in."""

    provider: str
    subject: str


@dataclass(frozen=True)
class Joined:
    """Somebody has an account now: with a session, or with what has to happen before they get one."""

    account_id: str
    grant: Grant | None = None
    next_step: NextStep | None = None


async def sign_up(
    username: str,
    email: str,
    password: str | None,
    *,
    full_name: str = "",
    reason: str = "",
    invite_code: str = "",
    also_wrong: Mapping[str, str | None] | None = None,
    verified: bool = False,
    foreign_login: ForeignIdentity | None = None,
    user_agent: str,
    address: str,
) -> Joined:
    """Make an account for oneself. `reason` is for those who let people in, where they are asked; `also_wrong` is what
    is wrong with further fields of a form, to be told with the rest.

    Where an address has to be proved, nobody learns here whether it has an account: whoever tries is told the same as
    everybody, and whoever reads the address that it has one. What they made is kept, in vain, until it is erased.

    Whoever comes by another service has no password (None) and signs in by that `foreign_login`; `verified` says that
    the service has seen to it that the address is theirs.

    Raises Invalid naming every wrong field, Conflict where name or address is taken, Forbidden where the server takes
    nobody, RateLimited for an address that has made too many.
    """
    mode = here().settings.accounts.registration
    if mode == "closed":
        raise Forbidden("This server does not take new members.", code="registration_closed")
    place = f"register:{neighbourhood(address)}"
    await _count(place)
    must_prove = here().settings.accounts.require_verified_email and not verified
    try:
        invite_id, wrong_code = await _invite(invite_code, address)
        asks = mode == "approval" and invite_id is None
        password_hash = await service.checked(
            username,
            email,
            password,
            full_name=full_name,
            quiet=must_prove,
            more={"inviteCode": wrong_code, "reason": _wrong_reason(reason) if asks else None, **(also_wrong or {})},
        )
    except Invalid:
        await _uncount(place)  # nothing was asked of the database: a slip of the finger costs nothing
        raise
    async with transaction():
        owner = await _owner_of(email) if must_prove else None
        if invite_id and not await invites.use(invite_id):  # somebody was faster by a moment
            raise Invalid({"inviteCode": _NO_GOOD})
        account, actor = await service.store(
            username,
            email,
            password_hash,
            full_name=full_name,
            verified=verified,
            stage=OUTSIDE if asks or must_prove else NEW,
            is_waiting=asks,
            join_reason=reason.strip() if asks else "",
            invite_id=invite_id,
            in_vain=owner is not None,
        )
        if foreign_login:
            await _sign_in_by(foreign_login, account)
        await record("joined", account_id=account.id, address=address, user_agent=user_agent)
        await (_tell_owner(owner) if owner else ask_to_verify(account))
        await requests.tell_of(account)
    step = must_wait(account)
    if step:
        return Joined(account.id, next_step=step)
    return Joined(account.id, await begin(account, actor, user_agent=user_agent, address=address))


async def _owner_of(email: str) -> Account | None:
    """Who has this address, with their actor."""
    return await Account.get_or_none(email_key=email_key(email)).select_related("actor")


async def _tell_owner(owner: Account) -> None:
    """Tell whoever has the address that somebody wanted to join with it, a few times an hour at most."""
    if await may_mail("joined again", owner.email_key):
        await send(
            owner.email,
            "joined_again",
            account_id=owner.id,
            username=owner.actor.username,
            login=here().url("/login"),
            forgot=here().url("/forgot"),
        )


async def _sign_in_by(login: ForeignIdentity, account: Account) -> None:
    if await ForeignLogin.exists(provider=login.provider, subject=login.subject):
        raise Conflict("Somebody signs in here with this already.", code="foreign_login_taken")
    await ForeignLogin.create(account_id=account.id, provider=login.provider, subject=login.subject)


_NO_GOOD = "This invite is not good, or not any more. Ask whoever sent it for another."


async def _invite(typed: str, address: str) -> tuple[str | None, str | None]:
    """The invite somebody comes with, and what is wrong with it."""
    if not typed.strip():
        needed = here().settings.accounts.registration == "invite"
        return None, "You need an invite to join: ask somebody who is here." if needed else None
    try:
        return (await invites.look_at(invites.code_of(typed), address))["id"], None
    except NotFound:
        return None, _NO_GOOD


def _wrong_reason(reason: str) -> str | None:
    if not reason.strip():
        return "Say in a sentence or two why you would like to join."
    return f"This is too long: at most {REASON_AT_MOST} characters." if len(reason) > REASON_AT_MOST else None


async def _count(place: str) -> None:
    limits = here().settings.rate_limits
    if limits.enabled:
        verdict = await here().limiter.take(place, limits.register_per_hour, HOUR)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)


async def _uncount(place: str) -> None:
    limits = here().settings.rate_limits
    if limits.enabled:
        await here().limiter.give_back(place, limits.register_per_hour, HOUR)
