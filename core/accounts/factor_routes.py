"""The JSON API of what proves somebody beside their password: codes of an app, recovery codes, passkeys."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from quart import request
from werkzeug.http import dump_cookie

from core import present
from core.accounts import fresh, passkeys, recovery_codes, signing_in, totp
from core.accounts.challenges import of_browser, of_session
from core.accounts.models import Account
from core.accounts.proof_models import Passkey
from core.accounts.routes import Tokens, client_of, tokens
from core.accounts.sessions import Identity
from core.api import Answer, Api, Ask
from core.api.forms import Form, Nothing
from core.errors import Invalid, Unauthenticated
from core.instance import here
from core.web.csrf import GUEST_COOKIE, new_guest

api = Api("factors", __name__)
_GUEST_SECONDS = 86_400


class Proof(Form):
    """That it is really you. Without it the session must have proved that within ten minutes."""

    password: str | None = Field(None, max_length=1000)
    otp: str | None = Field(None, max_length=100)
    passkey: dict[str, Any] | None = Field(None, description="The answer to a challenge for `confirm`.")


class TotpState(Form):
    is_on: bool
    recovery_codes_left: int


class TotpSetup(Form):
    secret: str = Field(description="In base32.")
    otpauth_uri: str
    recovery_codes: list[str] = Field(description="Shown this once; each serves once, in place of a code.")


class Otp(Form):
    otp: str = Field(max_length=100)


class RecoveryCodes(Form):
    recovery_codes: list[str]


class PasskeyForm(Form):
    passkey_id: str
    name: str
    is_backed_up: bool = Field(description="Whether it is kept by a service that brings it to one's other devices.")
    created_at: str
    last_used_at: str | None


class Passkeys(Form):
    passkeys: list[PasskeyForm]


class ChallengeWish(Form):
    purpose: Literal["login", "second", "add", "confirm"] = Field(
        description="Signing in with it alone; after a password; adding one (`options` are then for `create`, else for "
        "`get`); proving that it is you."
    )


class Challenge(Form):
    options: dict[str, Any] = Field(description="What `navigator.credentials` takes as JSON, under `publicKey`.")


class NewPasskey(Proof):
    credential: dict[str, Any]
    name: str = ""


class PasskeyName(Form):
    name: str


class PasskeyAnswer(Form):
    credential: dict[str, Any]


def _identity(ask: Ask[Any, Any]) -> Identity:
    if ask.identity is None:
        raise Unauthenticated()
    return ask.identity


async def _prove(ask: Ask[Any, Any]) -> Identity:
    """Who asks, who has proved that it is really them."""
    identity, proof = _identity(ask), ask.body or Proof(password=None, otp=None, passkey=None)
    await fresh.require(
        identity,
        password=proof.password,
        otp=proof.otp,
        passkey=proof.passkey,
        address=ask.address,
        user_agent=ask.user_agent,
    )
    return identity


@api.post("/auth/confirm", body=Proof, answer=Nothing, secret=True)
async def confirm(ask: Ask[Proof, None]) -> object:
    """Prove that it is you: for ten minutes this session may do what asks for it."""
    if not (ask.body.password or ask.body.otp or ask.body.passkey):
        raise Invalid({"password": "A password, a code or a passkey is needed."})
    await _prove(ask)
    return {}


# -- Codes ---------------------------------------------------------------------
@api.get("/auth/totp", answer=TotpState)
async def read_totp(ask: Ask[None, None]) -> object:
    """Whether signing in asks you for a code, and how many recovery codes are left."""
    account = await Account.get(id=ask.actor.id)
    return {"isOn": totp.is_on(account), "recoveryCodesLeft": await recovery_codes.left(account.id)}


@api.post("/auth/totp", body=Proof, body_optional=True, answer=TotpSetup, secret=True)
async def begin_totp(ask: Ask[Proof | None, None]) -> object:
    """Begin to sign in with codes of an app. It is in force once a code has come back by `PUT`."""
    await _prove(ask)
    setup = await totp.begin(ask.actor.id)
    codes = await recovery_codes.make(ask.actor.id, address=ask.address, user_agent=ask.user_agent)
    return {"secret": setup.secret, "otpauthUri": setup.uri, "recoveryCodes": codes}


@api.put("/auth/totp", body=Otp, answer=TotpState)
async def confirm_totp(ask: Ask[Otp, None]) -> object:
    """Show by a code that your app has the secret: from now on signing in asks for one."""
    await totp.confirm(ask.actor.id, ask.body.otp, address=ask.address, user_agent=ask.user_agent)
    return {"isOn": True, "recoveryCodesLeft": await recovery_codes.left(ask.actor.id)}


@api.delete("/auth/totp", body=Proof, body_optional=True, answer=Nothing)
async def end_totp(ask: Ask[Proof | None, None]) -> object:
    """Sign in with the password alone again; recovery codes are forgotten."""
    await _prove(ask)
    await totp.end(ask.actor.id, address=ask.address, user_agent=ask.user_agent)
    return {}


@api.post("/auth/recovery-codes", body=Proof, body_optional=True, answer=RecoveryCodes, secret=True)
async def make_recovery_codes(ask: Ask[Proof | None, None]) -> object:
    """Ten new recovery codes; the old ones are good for nothing."""
    await _prove(ask)
    codes = await recovery_codes.make(ask.actor.id, address=ask.address, user_agent=ask.user_agent, tells=True)
    return {"recoveryCodes": codes}


# -- Passkeys ------------------------------------------------------------------
def _form(passkey: Passkey) -> dict[str, object]:
    return {
        "passkeyId": passkey.id,
        "name": passkey.name,
        "isBackedUp": passkey.is_backed_up,
        "createdAt": present.stamp(passkey.created_at),
        "lastUsedAt": present.stamp(passkey.last_used_at) if passkey.last_used_at else None,
    }


@api.get("/auth/passkeys", answer=Passkeys)
async def read_passkeys(ask: Ask[None, None]) -> object:
    """Your passkeys, oldest first."""
    return {"passkeys": [_form(passkey) for passkey in await passkeys.passkeys_of(ask.actor.id)]}


@api.post("/auth/passkeys/challenge", body=ChallengeWish, answer=Challenge, signed_out=True, secret=True)
async def challenge(ask: Ask[ChallengeWish, None]) -> object:
    """What a passkey is to sign: good for ten minutes, once.

    It is bound to your session, or before you are signed in to the cookie that comes with the answer.
    """
    purpose = ask.body.purpose
    if purpose in ("login", "second"):
        browser = request.cookies.get(GUEST_COOKIE) or new_guest()
        cookie = dump_cookie(
            GUEST_COOKIE,
            browser,
            max_age=_GUEST_SECONDS,
            httponly=True,
            secure=here().base_url.startswith("https://"),
            samesite="Lax",
        )
        options = await passkeys.options(purpose, of_browser(browser))
        return Answer({"options": options}, headers={"Set-Cookie": cookie})
    identity = _identity(ask)
    holder = of_session(identity.session_id)
    if purpose == "add":
        return {"options": await passkeys.new_options(identity.actor, holder)}
    return {"options": await passkeys.options("confirm", holder, identity.account.id)}


@api.post("/auth/passkeys", body=NewPasskey, answer=PasskeyForm, status=201, secret=True)
async def add_passkey(ask: Ask[NewPasskey, None]) -> object:
    """Keep a passkey that was made for a challenge to `add` one."""
    identity = await _prove(ask)
    passkey = await passkeys.add(
        identity.account.id,
        ask.body.credential,
        ask.body.name,
        session_id=identity.session_id,
        address=ask.address,
        user_agent=ask.user_agent,
    )
    return Answer(_form(passkey), 201, location="/api/v1/auth/passkeys")


@api.put("/auth/passkeys/<passkey_id>", body=PasskeyName, answer=PasskeyForm)
async def rename_passkey(ask: Ask[PasskeyName, None], passkey_id: str) -> object:
    """Call one of your passkeys otherwise."""
    return _form(await passkeys.rename(ask.actor.id, passkey_id, ask.body.name))


@api.delete("/auth/passkeys/<passkey_id>", body=Proof, body_optional=True, answer=Nothing)
async def remove_passkey(ask: Ask[Proof | None, None], passkey_id: str) -> object:
    """Remove one of your passkeys."""
    await passkeys.own(ask.actor.id, passkey_id)
    await _prove(ask)
    await passkeys.remove(ask.actor.id, passkey_id, address=ask.address, user_agent=ask.user_agent)
    return {}


@api.post("/auth/passkeys/login", body=PasskeyAnswer, answer=Tokens, signed_out=True, secret=True)
async def login_with_passkey(ask: Ask[PasskeyAnswer, None]) -> object:
    """Sign in with a passkey alone, by its answer to a challenge for `login`."""
    return tokens(await signing_in.sign_in_with_passkey(ask.body.credential, client_of(ask)))
