"""Signing up and signing in."""

from __future__ import annotations

import re

from core.accounts.models import Account
from core.accounts.sessions import Grant, begin
from core.api.limits import neighbourhood
from core.database import IntegrityError, after_commit, new_id, now, transaction
from core.errors import Conflict, Forbidden, Invalid, RateLimited, Unauthenticated
from core.instance import here
from core.models import Actor

# ActivityPub servers agree on this much of a name (federation.md, section 2); ours have no dots or dashes at the ends.
_USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s\"<>(),:;\\]+@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.[a-z0-9-]*[a-z0-9]", re.IGNORECASE)
USERNAME_AT_MOST = 30
NAME_AT_MOST = 100
ROLES = ("user", "moderator", "admin")
RESERVED = frozenset(
    "about abuse account accounts actor actors admin administrator api auth blocks bookmarks compose everyone explore"
    " feed followers following friends global groups help home host-meta images inbox info instance kith local login"
    " logout lookup media me messages metrics moderator mutes nodeinfo notifications objects outbox posts postmaster"
    " privacy profile root rules search security settings setup signup static status stream support system tags"
    " timeline users webfinger webmaster well-known".split()
)


def check_username(username: str) -> str | None:
    """What is wrong with a name, or None."""
    if not username:
        return "Choose a name."
    if len(username) > USERNAME_AT_MOST:
        return f"This is too long: at most {USERNAME_AT_MOST} characters."
    if not _USERNAME.fullmatch(username):
        return "Use letters from a to z, digits and underscores; dots and dashes only between them."
    if username.lower() in RESERVED:
        return "This name is kept for the server itself."
    return None


def check_email(email: str) -> str | None:
    """What is wrong with an address, or None."""
    if len(email) > 254 or not _EMAIL.fullmatch(email) or ".." in email:
        return "This is not an e-mail address."
    return None


async def register(
    username: str,
    email: str,
    password: str,
    *,
    full_name: str = "",
    role: str = "user",
    verified: bool = False,
) -> tuple[Account, Actor]:
    """Make an account and its actor. Raises Invalid naming every wrong field, Conflict where one is taken."""
    errors = {
        "username": check_username(username),
        "email": check_email(email),
        "password": here().passwords.weakness(password, username=username, email=email),
        "fullName": f"This is too long: at most {NAME_AT_MOST} characters." if len(full_name) > NAME_AT_MOST else None,
        "role": None if role in ROLES else f"One of {', '.join(ROLES)}.",
    }
    if faults := {field: message for field, message in errors.items() if message}:
        raise Invalid(faults)
    await _must_be_free(username, email)
    password_hash = await here().passwords.hash_password(password)
    actor = new_actor(username, full_name=full_name, role=role)
    account = Account(
        id=actor.id,
        actor_id=actor.id,
        email=email,
        email_key=email.lower(),
        email_verified_at=now() if verified else None,
        password_hash=password_hash,
    )
    try:
        async with transaction():
            await actor.save(force_create=True)
            await account.save(force_create=True)
            after_commit(lambda: here().hooks.actor_registered(actor=actor))
    except IntegrityError:  # somebody was faster by a moment
        raise Conflict("This name or address is taken.", code="taken") from None
    return account, actor


async def _must_be_free(username: str, email: str) -> None:
    if await Actor.exists(username_key=username.lower(), domain=""):
        raise Conflict("This name is taken.", code="username_taken")
    if await Account.exists(email_key=email.lower()):
        raise Conflict("There is an account with this address.", code="email_taken")


def new_actor(username: str, *, full_name: str = "", role: str = "user", type: str = "person") -> Actor:
    """An actor of this server, not yet stored. Its identity is made of its id, so that a name may change."""
    instance, actor_id = here(), new_id()
    uri = instance.url(f"/actors/{actor_id}")
    return Actor(
        id=actor_id,
        uri=uri,
        type=type,
        username=username,
        username_key=username.lower(),
        name=full_name.strip() or username,
        url=instance.url(f"/@{username}"),
        role=role,
        inbox_url=f"{uri}/inbox",
        shared_inbox_url=instance.url("/inbox"),
        outbox_url=f"{uri}/outbox",
        followers_url=f"{uri}/followers",
        following_url=f"{uri}/following",
        featured_url=f"{uri}/featured",
    )


async def sign_up(
    username: str, email: str, password: str, *, full_name: str, user_agent: str, address: str
) -> Grant:
    """Register by one's own wish, as the instance allows it. Raises as `register`; Forbidden where it is closed."""
    instance = here()
    accounts = instance.settings.accounts
    if accounts.registration != "open" or accounts.require_verified_email:
        raise Forbidden("This server does not take new members by itself.", code="registration_closed")
    if instance.settings.rate_limits.enabled:
        per_hour = instance.settings.rate_limits.register_per_hour
        verdict = await instance.limiter.take(f"register:{neighbourhood(address)}", per_hour, 3600)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)
    account, actor = await register(username, email, password, full_name=full_name)
    return await begin(account, actor, user_agent=user_agent, address=address)


async def sign_in(name: str, password: str, *, user_agent: str, address: str) -> Grant:
    """Sign in by user name or e-mail address. The answer and its time are the same for whatever is wrong.

    Raises Unauthenticated, RateLimited after too many failures.
    """
    account = await Account.get_or_none(email_key=name.lower()) if "@" in name.lstrip("@") else None
    actor = (
        await Actor.get_or_none(id=account.actor_id)
        if account
        else await Actor.get_or_none(username_key=name.lower().removeprefix("@"), domain="")
    )
    account = account or (await Account.get_or_none(actor_id=actor.id) if actor else None)
    guesses = _Guesses(name, account, address)
    may_guess = await guesses.begin()
    if account is None or actor is None or not may_guess:
        await here().passwords.dummy_verify()
        matches = False
    else:
        matches = await here().passwords.verify_password(account.password_hash, password) and actor.is_here
    if not matches or account is None or actor is None:
        raise Unauthenticated("The name or the password is wrong.", code="bad_credentials")
    await guesses.right()
    if here().passwords.needs_rehash(account.password_hash):
        await Account.filter(id=account.id).update(password_hash=await here().passwords.hash_password(password))
    return await begin(account, actor, user_agent=user_agent, address=address)


WINDOW_SECONDS = 15 * 60


class _Guesses:
    """Failed tries to sign in: counted for the name and for the account behind it, each from this address, and for
    the address."""

    def __init__(self, name: str, account: Account | None, address: str) -> None:
        settings, limiter, place = here().settings.rate_limits, here().limiter, neighbourhood(address)
        self.enabled = settings.enabled
        self.name = f"login:{name.lower().removeprefix('@')}:{place}"
        self.account = f"login:{account.id}:{place}" if account else self.name
        self.place = f"login:{place}"
        self.of_account = limiter.failures(settings.login_failures_per_account, WINDOW_SECONDS)
        self.of_place = limiter.failures(settings.login_failures_per_address, WINDOW_SECONDS)

    async def begin(self) -> bool:
        """Book a try, which counts as failed until it proves right. Raises RateLimited.

        False where only other names of the same account were tried too often: that must look like any wrong guess, or
        it would tell which address belongs to which name.
        """
        if not self.enabled:
            return True
        for failures, key in ((self.of_account, self.name), (self.of_place, self.place)):
            verdict = await failures.begin(key)
            if not verdict.allowed:
                raise RateLimited(verdict.retry_after, "Too many failed tries. Please wait a little.")
        return self.account == self.name or (await self.of_account.begin(self.account)).allowed

    async def right(self) -> None:
        """The try was right: this account's failures are forgotten, and the address is not blamed for it."""
        if self.enabled:
            await self.of_account.clear(self.name)
            await self.of_account.clear(self.account)
            await self.of_place.succeeded(self.place)


async def has_admin() -> bool:
    """Whether somebody runs this place already."""
    return await Actor.exists(role="admin", domain="", removed_at__isnull=True)
