"""Before something dangerous: is it really still them? A session that has just proved it is not asked again."""

from __future__ import annotations

from datetime import timedelta

from core.accounts import passkeys, sessions, signing_in
from core.accounts.challenges import of_session
from core.accounts.models import Account
from core.accounts.own_password import must_be_own
from core.accounts.passkeys import Credential, PasskeyRefused
from core.accounts.sessions import Identity
from core.accounts.signing_in import Client
from core.errors import Forbidden, Invalid

FRESH = timedelta(minutes=10)


class ProofRequired(Forbidden):
    """Somebody signed in has to prove once more who they are."""

    code = "proof_required"
    title = "Please confirm first that it is you."


async def require(
    identity: Identity,
    *,
    password: str | None = None,
    otp: str | None = None,
    passkey: Credential | None = None,
    address: str = "",
    user_agent: str = "",
) -> None:
    """Make sure that whoever does something dangerous is who they say they are; call it first, outside transactions.

    In an API route: `await fresh.require(ask.identity, password=ask.body.password, address=ask.address)`. What is
    offered must be right, even in a session that is fresh: a wrong password never passes. Where nothing is offered
    (None or empty) the session must have proved itself within ten minutes, by signing in or here. One proof is enough:
    the password, a code of the app or of recovery, or a passkey's answer to a challenge for `confirm` of this session.

    On a page: `if asked := await confirm_page.unless_fresh(identity, back_to): return asked` sends people to a page
    that asks, and back.

    Raises ProofRequired (403, `proof_required`), Invalid naming `password`, `otp` or `passkey`, RateLimited.
    """
    account = await Account.get(id=identity.account.id)
    client = Client(user_agent, address)
    if password:
        await must_be_own(account, password)
    elif otp:
        if not await signing_in.check_code(account, otp, client):
            raise Invalid({"otp": "This code is wrong, or has been used already."})
    elif passkey is not None:
        await _check_passkey(identity, passkey, client)
    elif await is_fresh(identity):
        return
    else:
        raise ProofRequired()
    await sessions.prove(identity.session_id)


async def is_fresh(identity: Identity) -> bool:
    """Whether this session proved within ten minutes whose it is."""
    return bool(identity.session_id) and await sessions.proved_within(identity.session_id, FRESH)


async def _check_passkey(identity: Identity, credential: Credential, client: Client) -> None:
    try:
        await passkeys.prove(
            credential,
            purpose="confirm",
            holder=of_session(identity.session_id),
            account_id=identity.account.id,
            address=client.address,
            user_agent=client.user_agent,
        )
    except PasskeyRefused as error:
        raise Invalid({"passkey": error.sentence}) from None
