"""Who is asking: access tokens, session cookies, and the sessions behind both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from quart import Request

from core.accounts import notices
from core.accounts.audit import record
from core.accounts.models import Account, Session
from core.database import after_commit, execute, new_id, now, rows, transaction
from core.errors import NotFound, Unauthenticated
from core.instance import here
from core.models import Actor
from core.oauth import tokens as app_tokens
from core.tasks import periodic, task
from core.tokens import BadToken, new_refresh, refresh_hash
from core.web import csrf

COOKIE = "kith_session"
BELIEVE_SECONDS = 30  # a session read is believed this long; ending one drops it at once
TOUCH_AFTER = timedelta(minutes=10)


@dataclass(frozen=True)
class Identity:
    """Somebody signed in: the actor they act as, their account, the session they came by.

    Where an app acts for them, `scopes` is what it may do, `session_id` the id of its token, and `expires_at` when that
    runs out, if ever.
    """

    actor: Actor
    account: Account
    session_id: str
    by_cookie: bool = False
    scopes: frozenset[str] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Grant:
    """What a sign-in gives: an access token and the refresh token that gets the next one; `stayed` where somebody who
    was about to be deleted has changed their mind by it."""

    account_id: str
    session_id: str
    access_token: str
    refresh_token: str
    expires_in: int
    stayed: bool = False


async def identify(request: Request) -> Identity | None:
    """Who is asking, or None for a stranger.

    Raises Unauthenticated for a token that is no good, Forbidden for a form that came from another site.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Only bearer tokens are understood.")
        return await by_token(token.strip()) or await _by_plugin(request)
    cookie = request.cookies.get(COOKIE)
    if cookie:
        identity = await by_cookie(cookie)
        if identity:
            await guard(request, session_id=identity.session_id)
        return identity
    return None


async def guard(request: Request, *, session_id: str | None = None) -> None:
    """Refuse a request that changes something and rides on a cookie, unless a page of ours made it.

    Raises Forbidden.
    """
    if request.method in csrf.SAFE_METHODS:
        return
    token = request.headers.get(csrf.HEADER)
    if token is None and request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data"):
        token = (await request.form).get(csrf.FIELD)
    csrf.guard(
        request.method,
        request.headers,
        token,
        secret=here().secrets.derive("csrf"),
        origins=(here().base_url,),
        session_id=session_id,
        guest=request.cookies.get(csrf.GUEST_COOKIE),
    )


async def by_token(token: str) -> Identity | None:
    """Who bears this access token of ours, or lets an app do so; None where it is no good, or not any more."""
    if app_tokens.is_one(token):
        bearer = await app_tokens.bearer_of(token)
        if bearer is None:
            return None
        scopes, expires_at = bearer.scopes, bearer.expires_at
        return Identity(bearer.actor, bearer.account, bearer.token_id, scopes=scopes, expires_at=expires_at)
    try:
        claims = here().tokens.read(token)
    except BadToken:
        return None
    found = await _of_session(claims.session_id)
    return found if found and found.account.id == claims.account_id else None


async def lets_in_until(identity: Identity) -> datetime | None:
    """Until when an app's token lets its bearer in, as far as it was exchanged by now; None where it never ends."""
    return await app_tokens.stands_until(identity.session_id) if identity.expires_at else None


async def _by_plugin(request: Request) -> Identity:
    account = await here().hooks.account_from_request(request=request)
    if account is None:
        raise Unauthenticated("This access token is not valid, or not any more.", code="token_invalid")
    return Identity(await Actor.get(id=account.actor_id), account, "")


async def by_cookie(cookie: str) -> Identity | None:
    """The session of a browser's cookie; None where it has ended."""
    digest, cache = hash_of(cookie), here().cache
    session_id = cache.get(f"cookie:{digest}")
    if session_id is None:
        mark = cache.mark()
        session = await Session.get_or_none(refresh_hash=digest)
        if session is None:
            return None
        session_id = session.id
        tags = (f"session:{session_id}",)
        cache.put(f"cookie:{digest}", session_id, ttl=BELIEVE_SECONDS, tags=tags, since=mark)
    found = await _of_session(session_id)
    return Identity(found.actor, found.account, found.session_id, by_cookie=True) if found else None


async def _of_session(session_id: str) -> Identity | None:
    cache = here().cache
    known: Identity | None = cache.get(f"session:{session_id}")
    if known:
        return known
    mark = cache.mark()  # what ends while it is read must not be believed afterwards
    session = await Session.get_or_none(id=session_id).select_related("account__actor")
    if session is None or session.ended_at or session.expires_at < now():
        return None
    account: Account = session.account
    actor: Actor = account.actor
    if not actor.is_here:
        return None
    if session.last_used_at < now() - TOUCH_AFTER:
        await Session.filter(id=session.id).update(last_used_at=now(), expires_at=now() + lifetime())
    identity = Identity(actor, account, session.id)
    tags = (f"session:{session.id}", f"account:{account.id}", f"actor:{actor.id}")
    cache.put(f"session:{session.id}", identity, ttl=BELIEVE_SECONDS, size=4000, tags=tags, since=mark)
    return identity


def lifetime() -> timedelta:
    """How long after its last use a session stands."""
    return timedelta(days=here().settings.security.refresh_token_days)


async def begin(account: Account, actor: Actor, *, user_agent: str, address: str) -> Grant:
    """Open a session for somebody who has proved who they are."""
    token, digest = new_refresh()
    session = await Session.create(
        id=new_id(),
        account_id=account.id,
        refresh_hash=digest,
        user_agent=user_agent,
        address=address,
        proved_at=now(),
        expires_at=now() + lifetime(),
    )
    await notices.new_device(account, session)
    return grant(account.id, actor, session.id, token)


def grant(account_id: str, actor: Actor, session_id: str, refresh_token: str) -> Grant:
    """What whoever holds this session is given now."""
    access_token = here().tokens.issue(account_id, actor.id, session_id, actor.role)
    seconds = here().settings.security.access_token_minutes * 60
    return Grant(account_id, session_id, access_token, refresh_token, seconds)


async def prove(session_id: str) -> None:
    """Note that whoever holds this session has just proved who they are. Raises Unauthenticated where it ended.

    Nothing happens without a session, as where a plugin says who is asking.
    """
    if session_id and not await execute(
        "UPDATE core_session SET proved_at = $1 WHERE id = $2 AND ended_at IS NULL", now(), session_id
    ):
        raise Unauthenticated("You were signed out meanwhile.", code="token_invalid")


async def must_stand(session_id: str) -> None:
    """In the transaction that stores a new way in: make sure that the session which wants it has not ended.

    Who ends it at this moment, as a new password does, waits for the commit, and ends what was stored as well. Raises
    Unauthenticated.
    """
    if not await execute("UPDATE core_session SET ended_at = NULL WHERE id = $1 AND ended_at IS NULL", session_id):
        raise Unauthenticated("You were signed out meanwhile.", code="token_invalid")


async def proved_within(session_id: str, span: timedelta) -> bool:
    """Whether whoever holds this session has proved who they are within this time."""
    return await Session.exists(id=session_id, ended_at__isnull=True, proved_at__gt=now() - span)


# -- Ending --------------------------------------------------------------------
async def end(session_id: str, *, reused: bool = False) -> bool:
    """End one session; its tokens are good for nothing from now on. `reused`: because an old one turned up again."""
    async with transaction():
        ended = await _end("id = $2", session_id)
        for account_id in ended.values():
            await record("refresh_reused" if reused else "session_ended", account_id=account_id)
    return bool(ended)


async def end_own(account_id: str, session_id: str) -> None:
    """End a session of this account. Raises NotFound, also for other people's."""
    if not await Session.exists(id=session_id, account_id=account_id, ended_at__isnull=True):
        raise NotFound("There is no such session.")
    await end(session_id)


async def end_others(account_id: str, session_id: str) -> int:
    """End every session of an account but this one; how many there were."""
    async with transaction():
        ended = await _end("account_id = $2 AND id <> $3", account_id, session_id)
        if ended:
            await record("sessions_ended", account_id=account_id, count=len(ended))
    return len(ended)


async def end_all(account_id: str) -> None:
    """End every session of an account, and whatever apps may do for it."""
    async with transaction():
        await _end("account_id = $2", account_id)  # first: whoever makes a token at this moment is waited for here
        await app_tokens.revoke_all(account_id)
        after_commit(lambda: here().cache.drop_tag(f"account:{account_id}"))


async def _end(which: str, *parameters: str) -> dict[str, str]:
    """End the sessions of a condition, and after the commit believe them no longer; ids, and whose they were."""
    ended = await rows(
        f"UPDATE core_session SET ended_at = $1 WHERE {which} AND ended_at IS NULL RETURNING id, account_id",
        now(),
        *parameters,
    )
    found = {session["id"]: session["account_id"] for session in ended}
    after_commit(lambda: _forget(found))
    return found


def _forget(session_ids: Iterable[str]) -> None:
    """Believe sessions no longer, and close what they left open."""
    for session_id in session_ids:
        here().cache.drop_tag(f"session:{session_id}")
        here().live.close_owner(session_id, "signed out")


async def open_sessions(account_id: str, beyond: str | None, limit: int, *, newest_first: bool = True) -> list[Session]:
    """One more than `limit` of the sessions of an account that stand, from the one `beyond` on."""
    standing = Session.filter(account_id=account_id, ended_at__isnull=True, expires_at__gt=now())
    if beyond:
        standing = standing.filter(id__lt=beyond) if newest_first else standing.filter(id__gt=beyond)
    return await standing.order_by("-id" if newest_first else "id").limit(limit + 1)


def hash_of(token: str) -> str:
    """What is kept of a refresh token or a session cookie."""
    return refresh_hash(token)


@periodic(seconds=86_400)
@task
async def forget_old_sessions() -> None:
    """Sessions that ended or ran out a month ago are forgotten, and what was exchanged in them."""
    month_ago = now() - timedelta(days=30)
    await Session.filter(ended_at__lt=month_ago).delete()
    await Session.filter(expires_at__lt=month_ago).delete()
