"""The JSON API of signing up, signing in and sessions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field, model_validator
from quart import request

from core import present
from core.accounts import joining, rotation, sessions, signing_in
from core.accounts.sessions import Grant
from core.accounts.signing_in import Client, SecondStep
from core.api import Answer, Api, Ask
from core.api.forms import Form, Nothing, StreamQuery, stream_of
from core.web.csrf import GUEST_COOKIE

api = Api("auth", __name__)


class Registration(Form):
    username: str
    email: str
    password: str
    full_name: str = ""
    invite_code: str | None = Field(None, max_length=500, description="A code, or the link that holds it.")
    reason: str | None = Field(None, description="Why they would like to join, where those in charge are to decide.")


class Login(Form):
    username: str | None = Field(None, max_length=320)
    email: str | None = Field(None, max_length=320)
    password: str = Field(max_length=1000)
    otp: str | None = Field(None, max_length=100)
    passkey: dict[str, Any] | None = Field(None, description="In place of `otp`: the answer to a challenge.")

    @model_validator(mode="after")
    def _one_name(self) -> Login:
        if not (self.username or self.email):
            raise ValueError("A user name or an e-mail address is needed.")
        return self


class Refresh(Form):
    refresh_token: str


class Tokens(Form):
    user_id: str
    access_token: str
    refresh_token: str
    expires_in: int


class Joined(Form):
    """Tokens, or no tokens and what has to happen before there are some."""

    user_id: str
    access_token: str | None = None
    refresh_token: str | None = None
    expires_in: int | None = None
    next_step: Literal["verify_email", "await_approval"] | None = None


class SessionForm(Form):
    session_id: str
    user_agent: str
    address: str
    created_at: str
    last_used_at: str
    is_current: bool


class Ended(Form):
    ended_count: int


def tokens(grant: Grant) -> dict[str, object]:
    return {
        "userId": grant.account_id,
        "accessToken": grant.access_token,
        "refreshToken": grant.refresh_token,
        "expiresIn": grant.expires_in,
    }


def client_of(ask: Ask[Any, Any]) -> Client:
    """Where a request that may sign somebody in comes from."""
    return Client(ask.user_agent, ask.address, request.cookies.get(GUEST_COOKIE, ""))


@api.post("/auth/register", body=Registration, answer=Joined, status=201, signed_out=True, secret=True)
async def register(ask: Ask[Registration, None]) -> Answer:
    """Make an account and sign in, or wait.

    Where an address must be proved first, or somebody looks at each request, the answer holds no tokens and `nextStep`:
    `verify_email`, or `await_approval`.
    """
    body = ask.body
    joined = await joining.sign_up(
        body.username,
        body.email.strip(),
        body.password,
        full_name=body.full_name,
        invite_code=body.invite_code or "",
        reason=body.reason or "",
        user_agent=ask.user_agent,
        address=ask.address,
    )
    said = tokens(joined.grant) if joined.grant else {"userId": joined.account_id, "nextStep": joined.next_step}
    return Answer(said, 201, location=f"/api/v1/users/{joined.account_id}" if joined.grant else "")


@api.post("/auth/login", body=Login, answer=Tokens, signed_out=True, secret=True)
async def login(ask: Ask[Login, None]) -> object:
    """Sign in with a user name or an e-mail address.

    Where a second step is on, the right password alone is answered with 401 and the code `otp_required`: then ask again
    with `otp` as well, the six digits of the app or a recovery code, or with `passkey`.
    """
    body, second = ask.body, SecondStep(ask.body.otp or "", ask.body.passkey)
    return tokens(await signing_in.sign_in(body.username or body.email or "", body.password, client_of(ask), second))


@api.post("/auth/stay", body=Login, answer=Tokens, signed_out=True, secret=True)
async def stay(ask: Ask[Login, None]) -> object:
    """Keep an account that was about to be deleted, and sign in. What is sent is what `/auth/login` takes."""
    body, second = ask.body, SecondStep(ask.body.otp or "", ask.body.passkey)
    client = replace(client_of(ask), stays=True)
    return tokens(await signing_in.sign_in(body.username or body.email or "", body.password, client, second))


@api.post("/auth/refresh", "/auth/refresh-token", body=Refresh, answer=Tokens, signed_out=True, secret=True)
async def refresh(ask: Ask[Refresh, None]) -> object:
    """Exchange a refresh token for new tokens; each serves once.

    One that turns up again ends its session, except within ten seconds, where whoever asks twice is told the same.
    """
    return tokens(await rotation.refresh(ask.body.refresh_token))


@api.post("/auth/logout", answer=Nothing)
async def logout(ask: Ask[None, None]) -> object:
    """End this session."""
    if ask.identity:
        await sessions.end(ask.identity.session_id)
    return {}


@api.get("/auth/sessions", query=StreamQuery, answer=stream_of("sessions", SessionForm))
async def read_sessions(ask: Ask[None, StreamQuery]) -> object:
    """Where you are signed in, oldest first."""
    current = ask.identity.session_id if ask.identity else ""
    name = f"sessions:{ask.actor.id}"
    found = await sessions.open_sessions(ask.actor.id, ask.before(name), ask.query.limit, newest_first=False)
    forms = [
        {
            "sessionId": session.id,
            "userAgent": session.user_agent,
            "address": session.address,
            "createdAt": present.stamp(session.created_at),
            "lastUsedAt": present.stamp(session.last_used_at),
            "isCurrent": session.id == current,
        }
        for session in found
    ]
    return ask.page("sessions", name, [{"position": session.id} for session in found], forms)


@api.delete("/auth/sessions", answer=Ended)
async def end_other_sessions(ask: Ask[None, None]) -> object:
    """End all your sessions but this one."""
    current = ask.identity.session_id if ask.identity else ""
    return {"endedCount": await sessions.end_others(ask.actor.id, current)}


@api.delete("/auth/sessions/<session_id>", answer=Nothing)
async def end_session(ask: Ask[None, None], session_id: str) -> object:
    """End one of your sessions."""
    await sessions.end_own(ask.actor.id, session_id)
    return {}
