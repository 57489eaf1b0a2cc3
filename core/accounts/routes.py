"""The JSON API of signing up, signing in and sessions."""

from __future__ import annotations

from pydantic import Field, model_validator

from core import present
from core.accounts import service, sessions
from core.accounts.sessions import Grant
from core.api import Answer, Api, Ask
from core.api.forms import Form, Nothing, StreamQuery, stream_of

api = Api("auth", __name__)


class Registration(Form):
    username: str
    email: str
    password: str
    full_name: str = ""
    invite_code: str | None = None


class Login(Form):
    username: str | None = Field(None, max_length=320)
    email: str | None = Field(None, max_length=320)
    password: str = Field(max_length=1000)
    otp: str | None = None

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


class SessionForm(Form):
    session_id: str
    user_agent: str
    address: str
    created_at: str
    last_used_at: str
    is_current: bool


def _tokens(grant: Grant) -> dict[str, object]:
    return {
        "userId": grant.account_id,
        "accessToken": grant.access_token,
        "refreshToken": grant.refresh_token,
        "expiresIn": grant.expires_in,
    }


@api.post("/auth/register", body=Registration, answer=Tokens, status=201, signed_out=True, secret=True)
async def register(ask: Ask[Registration, None]) -> Answer:
    """Make an account and sign in."""
    body = ask.body
    grant = await service.sign_up(
        body.username,
        body.email.strip(),
        body.password,
        full_name=body.full_name,
        user_agent=ask.user_agent,
        address=ask.address,
    )
    return Answer(_tokens(grant), 201, location=f"/api/v1/users/{grant.account_id}")


@api.post("/auth/login", body=Login, answer=Tokens, signed_out=True, secret=True)
async def login(ask: Ask[Login, None]) -> object:
    """Sign in with a user name or an e-mail address."""
    body = ask.body
    name = body.username or body.email or ""
    return _tokens(await service.sign_in(name, body.password, user_agent=ask.user_agent, address=ask.address))


@api.post("/auth/refresh", "/auth/refresh-token", body=Refresh, answer=Tokens, signed_out=True, secret=True)
async def refresh(ask: Ask[Refresh, None]) -> object:
    """Exchange a refresh token for new tokens; each serves once."""
    return _tokens(await sessions.refresh(ask.body.refresh_token))


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


@api.delete("/auth/sessions/<session_id>", answer=Nothing)
async def end_session(ask: Ask[None, None], session_id: str) -> object:
    """End one of your sessions."""
    await sessions.end_own(ask.actor.id, session_id)
    return {}
