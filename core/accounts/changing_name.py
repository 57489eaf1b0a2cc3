"""Another user name, once in a while; the old one goes on leading to whoever bore it, so that nobody poses as them."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.accounts import notices
from core.accounts.audit import record
from core.accounts.models import Account
from core.accounts.names import check_free, check_username, claim, look_key
from core.database import IntegrityError, after_commit, execute, new_id, now, transaction
from core.entries import Act
from core.errors import Conflict, Invalid
from core.instance import here
from core.models import Actor, FormerName

EVERY = timedelta(days=30)


def may_rename_at(account: Account) -> datetime | None:
    """When somebody may change their name again; None where they may now."""
    if account.renamed_at is None or account.renamed_at + EVERY <= now():
        return None
    return account.renamed_at + EVERY


async def rename(
    account: Account, username: str, *, at_any_time: bool = False, address: str = "", user_agent: str = ""
) -> Actor:
    """Give an account another name, here and on other servers, which know it by its id. The same name is no change.

    Raises Invalid naming `username`, also where the last change is less than 30 days ago and it must not be
    `at_any_time`; Conflict where the name is taken.
    """
    account, actor = await Account.get(id=account.id), await Actor.get(id=account.actor_id)
    if username == actor.username:
        return actor
    again_at = None if at_any_time else may_rename_at(account)
    fault = f"You can change your name again on {again_at:%Y-%m-%d}." if again_at else check_username(username)
    if fault:
        raise Invalid({"username": fault})
    await check_free(username, of=actor.id)
    before = actor.username
    try:
        async with transaction():
            await claim(username, of=actor.id)
            await _store(actor, username, before)
            await execute(
                "UPDATE core_account SET renamed_at = $1, look_key = $2 WHERE id = $3",
                now(),
                look_key(username),
                account.id,
            )
            await here().hooks.actor_stored(actor=actor)
            await here().hooks.outgoing(act=Act("update_actor", actor))
            await record(
                "username_changed", account_id=account.id, address=address, user_agent=user_agent,
                before=before, after=username,
            )  # fmt: skip
            await notices.security_changed(account, "username")
            for tag in (f"actor:{actor.id}", f"account:{account.id}"):
                after_commit(lambda tag=tag: here().cache.drop_tag(tag))  # type: ignore[misc]
            after_commit(lambda: here().hooks.actor_updated(actor=actor))
    except IntegrityError:  # somebody was faster by a moment
        raise Conflict("This name is taken.", code="username_taken") from None
    return actor


async def _store(actor: Actor, username: str, before: str) -> None:
    """The new name, and the old one among those that nobody else can have; a name of one's own from before comes back.

    Writing the actor first makes a second change at the same moment wait.
    """
    actor.name = username if actor.name == before else actor.name
    actor.username, actor.username_key = username, username.lower()
    actor.url = here().url(f"/@{username}")
    actor.version += 1
    await actor.save(update_fields=["name", "username", "username_key", "url", "version"])
    await FormerName.filter(actor_id=actor.id, username_key=actor.username_key).delete()
    if before.lower() != actor.username_key:
        await FormerName.create(id=new_id(), actor_id=actor.id, username_key=before.lower())
