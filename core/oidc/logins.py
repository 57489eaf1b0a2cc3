"""Which account somebody means whom the provider knows: found, linked, made, and let go again."""

from __future__ import annotations

import hashlib
import time

from core.accounts import fresh, notices, sessions, signing_in
from core.accounts.audit import record
from core.accounts.models import Account
from core.accounts.proof_models import ForeignLogin, Passkey
from core.accounts.requests import withdraw
from core.accounts.sessions import Grant, Identity
from core.accounts.signing_in import Client
from core.database import IntegrityError, now, transaction
from core.email_addresses import email_key
from core.errors import Conflict, NotFound
from core.instance import here
from core.oidc.provider import Foreigner, ForeignLoginRefused, Provider

TAKEN = "Somebody signs in here with this already."


def provider() -> Provider:
    """The provider of this server. Raises NotFound where it has none."""
    found = here().oidc
    if found is None:
        raise NotFound()
    return found


def key() -> str:
    """How the provider is named in the database: by its issuer, for a subject means something there alone."""
    return hashlib.sha256(provider().settings.issuer.encode()).hexdigest()


async def sign_in(foreigner: Foreigner, client: Client) -> Grant | str | None:
    """Sign in whoever this is here: a session, or a token for the second step where that is on; None for nobody.

    An address proves nothing unless the server is set up to believe it, the provider has verified it, and so have we:
    whoever signed up with somebody else's address would else be handed their sign-in. Raises as
    `signing_in.sign_in_by_another_service`.
    """
    login = await ForeignLogin.get_or_none(provider=key(), subject=foreigner.subject)
    if login:
        await ForeignLogin.filter(id=login.id).update(last_used_at=now())
        return await signing_in.sign_in_by_another_service(await Account.get(id=login.account_id), client)
    if not (provider().settings.link_by_verified_email and foreigner.email_verified and foreigner.email):
        return None
    account = await Account.get_or_none(email_key=email_key(foreigner.email), email_verified_at__isnull=False)
    if account is None:
        return None
    await link(account, foreigner.subject, address=client.address, user_agent=client.user_agent)
    return await signing_in.sign_in_by_another_service(account, client)


async def link(account: Account, subject: str, *, address: str, user_agent: str, session_id: str = "") -> None:
    """Let whom the provider knows by this subject sign in as this account. Raises Conflict where they have another,
    Unauthenticated where the session in which they link it ended meanwhile."""
    known = await ForeignLogin.get_or_none(provider=key(), subject=subject).select_related("account")
    if known and known.account_id == account.id:
        return
    if known and known.account.is_in_vain:  # they tried to join anew, and have been told that they have an account
        await withdraw(known.account_id)
    try:
        async with transaction():
            if session_id:
                await sessions.must_stand(session_id)
            await ForeignLogin.create(account_id=account.id, provider=key(), subject=subject)
            await record("foreign_login_linked", account_id=account.id, address=address, user_agent=user_agent)
            await notices.security_changed(account, "login_on")
    except IntegrityError:
        raise Conflict(TAKEN, code="foreign_login_taken") from None


async def confirm(identity: Identity, foreigner: Foreigner) -> None:
    """Take it as a fresh proof that somebody signed in once more at the provider. Raises ForeignLoginRefused.

    The provider must say that this was just now: else it may only have looked at who was signed in there anyway.
    """
    own = await ForeignLogin.exists(provider=key(), subject=foreigner.subject, account_id=identity.account.id)
    if not own or not foreigner.signed_in_at or time.time() - foreigner.signed_in_at > fresh.FRESH.total_seconds():
        raise ForeignLoginRefused()
    await sessions.prove(identity.session_id)


async def linked(account_id: str) -> list[ForeignLogin]:
    """How an account is linked with the provider, oldest first."""
    return await ForeignLogin.filter(account_id=account_id, provider=key()).order_by("id")


async def unlink(account: Account, login_id: str, *, address: str, user_agent: str) -> None:
    """Sign in by the provider no longer. Raises NotFound, Conflict where there would be no way in any more."""
    async with transaction():
        account = await Account.get(id=account.id)
        own = ForeignLogin.filter(account_id=account.id)
        if not await own.filter(id=login_id).exists():
            raise NotFound("This is linked no longer.")
        ways = bool(account.password_hash) + await own.count() + await Passkey.filter(account_id=account.id).count()
        if ways < 2:
            raise Conflict("This is your only way in. Choose a password first.", code="only_way_in")
        await own.filter(id=login_id).delete()
        await record("foreign_login_removed", account_id=account.id, address=address, user_agent=user_agent)
        await notices.security_changed(account, "login_off")
