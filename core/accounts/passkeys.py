"""Passkeys (WebAuthn Level 2): a device proves who somebody is, without a password or after one."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from core.accounts.audit import record
from core.accounts.challenges import Purpose, new_challenge, of_session, until
from core.accounts.models import Account
from core.accounts.notices import security_changed
from core.accounts.proof_models import Passkey
from core.accounts.proofs import spend
from core.accounts.sessions import must_stand
from core.database import IntegrityError, execute, is_id, now, one_at_a_time, transaction
from core.errors import Conflict, Invalid, NotFound, Unauthenticated
from core.instance import here
from core.lazily import lazily
from core.models import Actor

if TYPE_CHECKING:
    import webauthn
    from webauthn import helpers
    from webauthn.helpers import structs
else:
    webauthn, helpers, structs = lazily("webauthn"), lazily("webauthn.helpers"), lazily("webauthn.helpers.structs")

Credential = Mapping[str, Any]
AT_MOST = 20
NAME_AT_MOST = 100
CREDENTIAL_AT_MOST = 1400
_CREDENTIAL_ID = re.compile(rf"[A-Za-z0-9_-]{{1,{CREDENTIAL_AT_MOST}}}")


class PasskeyRefused(Unauthenticated):
    """A passkey that proves nothing here; why is not told."""

    code = "passkey_refused"
    title = "This passkey was not accepted. Please try again."


def are_possible() -> bool:
    """Whether browsers let this server have passkeys: it needs a name, and https unless the name is localhost."""
    parts = urlsplit(here().base_url)
    try:
        ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return parts.scheme == "https" or parts.hostname == "localhost"
    return False


def host() -> str:
    """The name passkeys of this server are bound to (the RP id)."""
    return urlsplit(here().base_url).hostname or ""


def origin() -> str:
    """Where our own pages are."""
    parts = urlsplit(here().base_url)
    return f"{parts.scheme}://{parts.netloc}"


# -- Showing one ---------------------------------------------------------------
async def options(purpose: Purpose, holder: str, account_id: str | None = None) -> dict[str, Any]:
    """What a browser needs to ask for a passkey: for one of this account, or of whoever it is."""
    of_them = await Passkey.filter(account_id=account_id) if account_id else []
    # In place of a password it must be locked itself; after one, having it is enough.
    verification = (
        structs.UserVerificationRequirement.DISCOURAGED
        if purpose == "second"
        else structs.UserVerificationRequirement.REQUIRED
    )
    found = webauthn.generate_authentication_options(
        rp_id=host(),
        challenge=new_challenge(purpose, holder),
        allow_credentials=[_descriptor(passkey) for passkey in of_them],
        user_verification=verification,
    )
    return helpers.options_to_json_dict(found)


async def prove(
    credential: Credential,
    *,
    purpose: Purpose,
    holder: str,
    account_id: str | None = None,
    address: str = "",
    user_agent: str = "",
) -> Passkey:
    """Which passkey this is the answer of, to a challenge that `holder` was given; it serves once.

    `account_id` is whose it must be, where that is known. Raises PasskeyRefused.
    """
    client_data, challenge = _client_data(credential)
    expires_at = until(challenge, purpose, holder)
    credential_id = str(credential.get("id", ""))
    passkey = await Passkey.get_or_none(credential=credential_id) if _CREDENTIAL_ID.fullmatch(credential_id) else None
    if expires_at is None or passkey is None or passkey.account_id != (account_id or passkey.account_id):
        raise PasskeyRefused()
    if client_data.get("crossOrigin") or not _is_handle_of(passkey.account_id, credential):
        raise PasskeyRefused()
    try:
        verified = webauthn.verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=host(),
            expected_origin=origin(),
            credential_public_key=helpers.base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=0,  # looked at below, for one that goes back is worth a note
            require_user_verification=purpose != "second",
        )
    except Exception:  # whatever the parsers of CBOR, keys and JSON raise on junk
        raise PasskeyRefused() from None
    async with transaction():
        is_fresh = await spend(challenge, expires_at)
        advanced = is_fresh and await execute(
            "UPDATE core_passkey SET sign_count = $1, last_used_at = $2, is_backed_up = $3"
            " WHERE id = $4 AND (sign_count < $1 OR (sign_count = 0 AND $1 = 0))",
            verified.new_sign_count,
            now(),
            verified.credential_backed_up,
            passkey.id,
        )
        if is_fresh and not advanced:  # somebody has a copy of it (WebAuthn, section 6.1.1)
            await record("passkey_refused", account_id=passkey.account_id, address=address, user_agent=user_agent)
    if not advanced:
        raise PasskeyRefused()
    return passkey


# -- Having them ---------------------------------------------------------------
async def new_options(actor: Actor, holder: str) -> dict[str, Any]:
    """What a browser needs to make a passkey for somebody. Raises Conflict where they have too many."""
    known = await Passkey.filter(account_id=actor.id)
    if len(known) >= AT_MOST:
        raise Conflict(f"You have {AT_MOST} passkeys already; remove one first.", code="too_many_passkeys")
    selection = structs.AuthenticatorSelectionCriteria(
        resident_key=structs.ResidentKeyRequirement.REQUIRED,
        user_verification=structs.UserVerificationRequirement.PREFERRED,
    )
    found = webauthn.generate_registration_options(
        rp_id=host(),
        rp_name=here().settings.server.name,
        user_id=UUID(actor.id).bytes,
        user_name=actor.username,
        user_display_name=actor.name or actor.username,
        challenge=new_challenge("add", holder),
        authenticator_selection=selection,
        exclude_credentials=[_descriptor(passkey) for passkey in known],
    )
    return helpers.options_to_json_dict(found)


async def add(
    account_id: str, credential: Credential, name: str, *, session_id: str, address: str = "", user_agent: str = ""
) -> Passkey:
    """Keep a passkey a browser has just made for a challenge of this session.

    Raises Invalid, Unauthenticated where the session ended meanwhile, Conflict where the passkey is known already or
    there are too many.

    What the device says of its maker is not asked for and not looked at: people choose their devices themselves.
    """
    refused = Invalid({"credential": "This passkey was not accepted. Please try again."})
    client_data, challenge = _client_data(credential)
    expires_at = until(challenge, "add", of_session(session_id))
    if expires_at is None or client_data.get("crossOrigin"):
        raise refused
    try:
        made = webauthn.verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=host(),
            expected_origin=origin(),
            require_user_verification=False,
        )
    except Exception:  # whatever the parsers of CBOR, keys and JSON raise on junk
        raise refused from None
    credential_id = helpers.bytes_to_base64url(made.credential_id)
    if len(credential_id) > CREDENTIAL_AT_MOST:
        raise refused
    passkey = Passkey(
        account_id=account_id,
        credential=credential_id,
        public_key=helpers.bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count,
        transports=_transports(credential),
        aaguid=made.aaguid,
        is_backed_up=made.credential_backed_up,
        name=_checked_name(name),
    )
    try:
        async with transaction():
            if not await spend(challenge, expires_at):
                raise refused
            await must_stand(session_id)
            await one_at_a_time(f"passkeys:{account_id}")
            if await Passkey.filter(account_id=account_id).count() >= AT_MOST:
                raise Conflict(f"You have {AT_MOST} passkeys already; remove one first.", code="too_many_passkeys")
            await passkey.save(force_create=True)
            await record("passkey_added", account_id=account_id, address=address, user_agent=user_agent)
            await security_changed(await Account.get(id=account_id), "passkey_on")
    except IntegrityError:
        raise Conflict("This passkey is known here already.", code="passkey_known") from None
    return passkey


async def passkeys_of(account_id: str) -> list[Passkey]:
    """Somebody's passkeys, oldest first."""
    return await Passkey.filter(account_id=account_id).order_by("id")


async def own(account_id: str, passkey_id: str) -> Passkey:
    """A passkey of this account. Raises NotFound, also for other people's."""
    found = await Passkey.get_or_none(id=passkey_id, account_id=account_id) if is_id(passkey_id) else None
    if found is None:
        raise NotFound("There is no such passkey.")
    return found


async def rename(account_id: str, passkey_id: str, name: str) -> Passkey:
    """Call a passkey otherwise. Raises NotFound, Invalid."""
    passkey = await own(account_id, passkey_id)
    passkey.name = _checked_name(name)
    await passkey.save(update_fields=["name"])
    return passkey


async def remove(account_id: str, passkey_id: str, *, address: str = "", user_agent: str = "") -> None:
    """Forget a passkey. Raises NotFound; Conflict for the last one of somebody who has no password."""
    passkey = await own(account_id, passkey_id)
    async with transaction():
        removed = await execute(
            "DELETE FROM core_passkey WHERE id = $1 AND account_id = $2 AND ("
            " EXISTS (SELECT 1 FROM core_account WHERE id = $2 AND password_hash <> '')"
            " OR EXISTS (SELECT 1 FROM core_passkey WHERE account_id = $2 AND id <> $1)"
            " OR EXISTS (SELECT 1 FROM core_foreign_login WHERE account_id = $2))",
            passkey.id,
            account_id,
        )
        if not removed:
            raise Conflict("You could not sign in any more. Set a password first.", code="last_way_in")
        await record("passkey_removed", account_id=account_id, address=address, user_agent=user_agent)
        await security_changed(await Account.get(id=account_id), "passkey_off")


def from_form(text: str) -> Credential:
    """A passkey's answer as a page sends it, in a field. Raises PasskeyRefused."""
    try:
        credential = json.loads(text)
    except ValueError:
        raise PasskeyRefused() from None
    if not isinstance(credential, dict):
        raise PasskeyRefused()
    return credential


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid({"name": "Give it a name by which you know it again."})
    if len(name) > NAME_AT_MOST:
        raise Invalid({"name": f"This is too long: at most {NAME_AT_MOST} characters."})
    return name


def _client_data(credential: Credential) -> tuple[Mapping[str, Any], bytes]:
    """What the browser says it signed, and the challenge in it; nothing and none where that cannot be read."""
    try:
        raw = helpers.base64url_to_bytes(credential["response"]["clientDataJSON"])
        return json.loads(raw), helpers.parse_client_data_json(raw).challenge
    except Exception:  # whatever is raised on junk
        return {}, b""


def _is_handle_of(account_id: str, credential: Credential) -> bool:
    """Whether the device says it is this account's, or nothing about that."""
    response = credential.get("response")
    handle = response.get("userHandle") if isinstance(response, Mapping) else None
    return not handle or handle == helpers.bytes_to_base64url(UUID(account_id).bytes)


def _descriptor(passkey: Passkey) -> structs.PublicKeyCredentialDescriptor:
    transports = [structs.AuthenticatorTransport(name) for name in passkey.transports if name in _known_transports()]
    return structs.PublicKeyCredentialDescriptor(
        id=helpers.base64url_to_bytes(passkey.credential), transports=transports or None
    )


def _known_transports() -> frozenset[str]:
    return frozenset(transport.value for transport in structs.AuthenticatorTransport)


def _transports(credential: Credential) -> list[str]:
    said = credential["response"].get("transports")
    return [name for name in said if name in _known_transports()] if isinstance(said, list) else []
