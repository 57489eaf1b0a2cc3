"""The JSON API of what goes by mail: proving an address, a forgotten password, changing either."""

from __future__ import annotations

from pydantic import Field

from core.accounts import changing_email, passwords, verification
from core.api import Api, Ask
from core.api.forms import Form, Nothing
from core.errors import Unauthenticated

api = Api("recovery", __name__)


class Token(Form):
    token: str = Field(max_length=200)


class Email(Form):
    email: str = Field(max_length=320)


class NewPassword(Form):
    token: str = Field(max_length=200)
    new_password: str = Field(max_length=1000)


class PasswordChange(Form):
    current_password: str = Field(max_length=1000)
    new_password: str = Field(max_length=1000)


class EmailState(Form):
    email_changed: bool = Field(description="False while the other of the two addresses has not confirmed yet.")


@api.post("/auth/verify-email", body=Token, answer=Nothing, signed_out=True, secret=True)
async def verify_email(ask: Ask[Token, None]) -> object:
    """Show by a mailed token that an address is yours."""
    await verification.verify(ask.body.token, address=ask.address, user_agent=ask.user_agent)
    return {}


@api.post("/auth/resend-verification", body=Email, answer=Nothing, signed_out=True, secret=True)
async def resend_verification(ask: Ask[Email, None]) -> object:
    """Have the mail to confirm an address sent again; the answer is the same for an address nobody has."""
    await verification.resend(ask.body.email, ask.address)
    return {}


@api.post("/auth/forgot-password", body=Email, answer=Nothing, signed_out=True, secret=True)
async def forgot_password(ask: Ask[Email, None]) -> object:
    """Have a link to choose another password mailed; the answer is the same for an address nobody has."""
    await passwords.forgot(ask.body.email, ask.address)
    return {}


@api.post("/auth/reset-password", body=NewPassword, answer=Nothing, signed_out=True, secret=True)
async def reset_password(ask: Ask[NewPassword, None]) -> object:
    """Choose another password by a mailed token; every session ends."""
    await passwords.reset(ask.body.token, ask.body.new_password, address=ask.address, user_agent=ask.user_agent)
    return {}


@api.post("/auth/change-password", body=PasswordChange, answer=Nothing, secret=True)
async def change_password(ask: Ask[PasswordChange, None]) -> object:
    """Change your password; every other session ends."""
    if ask.identity is None:
        raise Unauthenticated()
    await passwords.change(
        ask.identity.account,
        ask.body.current_password,
        ask.body.new_password,
        session_id=ask.identity.session_id,
        address=ask.address,
        user_agent=ask.user_agent,
    )
    return {}


@api.post("/auth/confirm-email", body=Token, answer=EmailState, signed_out=True, secret=True)
async def confirm_email(ask: Ask[Token, None]) -> object:
    """Say by a mailed token that an account may have another address; it has when the old and the new one said so."""
    changed = await changing_email.confirm(ask.body.token, address=ask.address, user_agent=ask.user_agent)
    return {"emailChanged": changed}


@api.post("/auth/stop-email-change", body=Token, answer=Nothing, signed_out=True, secret=True)
async def stop_email_change(ask: Ask[Token, None]) -> object:
    """Say by the token mailed to the old address that it was not you who wants another one; every session ends."""
    await changing_email.stop(ask.body.token, address=ask.address, user_agent=ask.user_agent)
    return {}
