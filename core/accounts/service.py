"""Making accounts."""

from __future__ import annotations

from collections.abc import Mapping

from core import emoji
from core.accounts.models import Account, key_in_vain
from core.accounts.names import check_free, check_username, claim, look_key
from core.database import IntegrityError, after_commit, new_id, now, transaction
from core.email_addresses import email_fault, email_key
from core.errors import Conflict, Invalid
from core.instance import here
from core.models import Actor
from core.permissions import ROLES
from core.text import shown_name

NAME_AT_MOST = 100
OUTSIDE, NEW = "outside", "new"  # stages of an account: nobody sees them yet; they are in, but were not welcomed yet


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
    password_hash = await checked(username, email, password, full_name=full_name, role=role)
    return await store(username, email, password_hash, full_name=full_name, role=role, verified=verified)


async def checked(
    username: str,
    email: str,
    password: str | None,
    *,
    full_name: str = "",
    role: str = "user",
    more: Mapping[str, str | None] | None = None,
    quiet: bool = False,
) -> str:
    """The hash of the password of an account that may be made; empty for an account without one (None).

    `more` is what else is wrong, by field; `quiet` does not tell whether the address has an account. Raises Invalid
    naming every wrong field, Conflict where name or address is taken.
    """
    weakness = here().passwords.weakness
    errors = {
        "username": check_username(username),
        "email": email_fault(email),
        "password": None if password is None else weakness(password, username=username, email=email),
        "fullName": f"This is too long: at most {NAME_AT_MOST} characters." if len(full_name) > NAME_AT_MOST else None,
        "role": None if role in ROLES else f"One of {', '.join(ROLES)}.",
        **(more or {}),
    }
    if faults := {field: message for field, message in errors.items() if message}:
        raise Invalid(faults)
    await check_free(username)
    if not quiet and await Account.exists(email_key=email_key(email)):
        raise Conflict("There is an account with this address.", code="email_taken")
    return "" if password is None else await here().passwords.hash_password(password)


async def store(
    username: str,
    email: str,
    password_hash: str,
    *,
    full_name: str = "",
    role: str = "user",
    verified: bool = False,
    stage: str = "",
    is_waiting: bool = False,
    join_reason: str = "",
    invite_id: str | None = None,
    in_vain: bool = False,
) -> tuple[Account, Actor]:
    """Store an account that was `checked`, and its actor, which nobody sees while its stage is OUTSIDE.

    `in_vain` for an address that has another account: see there. Raises Conflict where somebody was faster by a moment.
    """
    actor = new_actor(username, full_name=full_name, role=role)
    actor.suspended_at = now() if stage == OUTSIDE else None
    account = Account(
        id=actor.id,
        actor_id=actor.id,
        email=email,
        email_key=key_in_vain() if in_vain else email_key(email),
        email_verified_at=now() if verified else None,
        password_hash=password_hash,
        look_key=look_key(username),
        stage=stage,
        is_waiting=is_waiting,
        join_reason=join_reason,
        invite_id=invite_id,
    )
    try:
        async with transaction():
            await claim(username)
            await emoji.repack(actor)
            await actor.save(force_create=True)
            await account.save(force_create=True)
            await here().hooks.actor_stored(actor=actor)
            if stage != OUTSIDE:
                after_commit(lambda: here().hooks.actor_registered(actor=actor))
    except IntegrityError:
        raise Conflict("This name or address is taken.", code="taken") from None
    return account, actor


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
        name=shown_name(full_name, username),
        url=instance.url(f"/@{username}"),
        role=role,
        inbox_url=f"{uri}/inbox",
        shared_inbox_url=instance.url("/inbox"),
        outbox_url=f"{uri}/outbox",
        followers_url=f"{uri}/followers",
        following_url=f"{uri}/following",
        featured_url=f"{uri}/featured",
    )


async def has_admin() -> bool:
    """Whether somebody runs this place already."""
    return await Actor.exists(role="admin", domain="", removed_at__isnull=True)
