"""Forged requests: a token only our pages know, and a look at where the request comes from."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Collection

from core.errors import Forbidden
from core.web.htmx import Headers

FIELD = "csrfToken"
HEADER = "X-CSRF-Token"
GUEST_COOKIE = "kith_guest"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_NONCE = 12


def session_token(secret: bytes, session_id: str) -> str:
    """A token for the pages of this session: different at each call, valid as long as the session.

    The random part in front keeps the token from being guessed out of the length of compressed pages.
    """
    nonce = secrets.token_bytes(_NONCE)
    return base64.urlsafe_b64encode(nonce + _seal(secret, nonce, "session:" + session_id)).decode()


def session_token_is_good(secret: bytes, session_id: str, token: str | None) -> bool:
    """Whether the token was made for this session."""
    return _is_good(secret, "session:" + session_id, token)


def new_guest() -> str:
    """The value of the cookie that binds the forms of somebody who is not signed in (log in, sign up)."""
    return secrets.token_urlsafe(24)


def guest_token(secret: bytes, cookie: str) -> str:
    """A token for the forms of the visitor who bears this cookie."""
    nonce = secrets.token_bytes(_NONCE)
    return base64.urlsafe_b64encode(nonce + _seal(secret, nonce, "guest:" + cookie)).decode()


def guest_token_is_good(secret: bytes, cookie: str, token: str | None) -> bool:
    """Whether the token was made for the visitor who bears this cookie."""
    return bool(cookie) and _is_good(secret, "guest:" + cookie, token)


def comes_from_here(headers: Headers, origins: Collection[str]) -> bool:
    """Whether the browser says the request was made by one of our own pages.

    `Sec-Fetch-Site` decides where it is sent; else `Origin`, else the start of `Referer`. `origins` are ours
    (`https://kith.example`). A request that bears none of the three does not come from a browser's page.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("Origin")
    if origin is not None:
        return origin in origins
    referrer = headers.get("Referer") or ""
    return any(referrer == known or referrer.startswith(known + "/") for known in origins)


def guard(
    method: str,
    headers: Headers,
    token: str | None,
    *,
    secret: bytes,
    origins: Collection[str],
    session_id: str | None = None,
    guest: str | None = None,
) -> None:
    """Refuse an unsafe request that rides on a cookie unless it was made by a page of ours.

    `token` is the header X-CSRF-Token or the form field csrfToken. Raises Forbidden with the code `csrf_failed`.
    """
    if method.upper() in SAFE_METHODS:
        return
    if session_id is not None:
        good = session_token_is_good(secret, session_id, token)
    else:
        good = guest_token_is_good(secret, guest or "", token)
    if not good or not comes_from_here(headers, origins):
        raise Forbidden(
            "This form is out of date, or was sent from another place. Please reload the page and try again.",
            code="csrf_failed",
        )


def _seal(secret: bytes, nonce: bytes, identity: str) -> bytes:
    return hmac.new(secret, b"csrf\0" + nonce + b"\0" + identity.encode(), hashlib.sha256).digest()


def _is_good(secret: bytes, identity: str, token: str | None) -> bool:
    try:
        raw = base64.b64decode((token or "").encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    nonce, seal = raw[:_NONCE], raw[_NONCE:]
    return len(nonce) == _NONCE and hmac.compare_digest(seal, _seal(secret, nonce, identity))
