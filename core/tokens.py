"""Tokens: access tokens that prove themselves, refresh tokens kept as hashes, and links that work for a while."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import jwt

from core.errors import Unauthenticated

ALGORITHM = "HS256"
MAX_TOKEN_CHARACTERS = 4096
MAX_VERIFIED = 10_000
ACCESS = "access"
CLOCK_SKEW_SECONDS = 30


class BadToken(Unauthenticated):
    """A token that proves nothing: `code` tells "token_expired" from "invalid_token"."""

    code = "invalid_token"


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says; times are Unix seconds."""

    account_id: str
    actor_id: str
    session_id: str
    role: str
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class OneTime:
    """What a link's token says; whoever honours it notes `token_id` until `expires_at`, so that it works once."""

    subject: str
    token_id: str
    expires_at: int


class Tokens:
    """Signs and reads tokens of this server (`issuer` is its base URL) with HS256 (RFC 7518 section 3.2)."""

    def __init__(self, secret: bytes, issuer: str, minutes: float = 15) -> None:
        if len(secret) < 32:
            raise ValueError("the secret for tokens must have at least 32 bytes")
        self.seconds = round(minutes * 60)
        self._secret = secret
        self._issuer = issuer
        self._verified: OrderedDict[bytes, Claims] = OrderedDict()
        self._lock = threading.Lock()

    def issue(self, account_id: str, actor_id: str, session_id: str, role: str) -> str:
        """An access token for a session; it says who, and is good for `minutes`."""
        said = {"sub": account_id, "actor": actor_id, "sid": session_id, "role": role}
        return self._signed(ACCESS, self.seconds, said)

    def read(self, token: str) -> Claims:
        """What an access token says; BadToken for anything this server did not sign, for another use, or too old.

        Whether its session still exists is not for the token to say.
        """
        digest = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        claims = self._verified.get(digest)
        if claims is None:
            said = self._read(token, ACCESS, ["sub", "actor", "sid", "role"])
            claims = Claims(said["sub"], said["actor"], said["sid"], said["role"], said["iat"], said["exp"])
            with self._lock:
                self._verified[digest] = claims
                if len(self._verified) > MAX_VERIFIED:
                    self._verified.popitem(last=False)
        elif claims.expires_at <= time.time():
            with self._lock:
                self._verified.pop(digest, None)
            raise _expired()
        return claims

    def one_time(self, purpose: str, subject: str, seconds: float) -> str:
        """A token for a link (verify an address, first set-up): good for one purpose, one subject and `seconds`."""
        said = {"sub": subject, "jti": secrets.token_urlsafe(16)}
        return self._signed(f"once:{purpose}", round(seconds), said)

    def read_one_time(self, purpose: str, token: str) -> OneTime:
        """What a link's token says; BadToken for another purpose, too old, or not ours."""
        said = self._read(token, f"once:{purpose}", ["sub", "jti"])
        return OneTime(said["sub"], said["jti"], said["exp"])

    def _signed(self, audience: str, seconds: int, said: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self._issuer, "aud": audience, "iat": now, "exp": now + seconds, **said}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def _read(self, token: str, audience: str, words: list[str]) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise BadToken("This token is not valid.")
        try:
            said = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=self._issuer,
                leeway=0,
                options={"require": ["iss", "aud", "iat", "exp", *words], "verify_iat": False},
            )
        except jwt.ExpiredSignatureError as error:
            raise _expired() from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise BadToken("This token is not valid.") from error
        if not all(isinstance(said[word], str) for word in words) or said["iat"] > time.time() + CLOCK_SKEW_SECONDS:
            raise BadToken("This token is not valid.")
        return dict(said)


def new_refresh() -> tuple[str, str]:
    """A fresh refresh token of 256 bits, and the hash under which it is stored."""
    token = secrets.token_urlsafe(32)
    return token, refresh_hash(token)


def refresh_hash(token: str) -> str:
    """The hash (SHA-256, hexadecimal) under which a refresh token is stored and found."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _expired() -> BadToken:
    return BadToken("This token is too old.", code="token_expired")
