"""The steps in which a signature is verified, one after the other, with keys that a test hands out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.federation.claims import Headers
from core.federation.keys import PublicKey
from core.federation.signatures import DEFAULT_WINDOW, BadSignature, Window, read_signature
from tests.federation.by_hand import ACTOR, BODY, HOST, KEY_ID, NOW, rsa_key


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key and the actor it belongs to."""

    public: PublicKey
    owner: str


@dataclass(frozen=True, slots=True)
class Verified:
    """Who signed a request: the key that was used and the actor who owns it."""

    key_id: str
    actor_uri: str


async def verify_request(
    method: str,
    target: str,
    headers: Headers,
    body: bytes,
    *,
    host: str,
    find_key: Callable[[str], Awaitable[KnownKey | None]],
    now: datetime,
    scheme: str = "https",
    window: Window = DEFAULT_WINDOW,
) -> Verified:
    """Who signed a request; `find_key` is asked last, with the key id."""
    claim = read_signature(headers)
    evidence = claim.examine(method, target, body, host=host, now=now, scheme=scheme, window=window)
    known = await find_key(evidence.key_id)
    if known is None:
        raise BadSignature("the key is not known")
    evidence.check(known.public)
    return Verified(evidence.key_id, known.owner)


async def find_key(key_id: str) -> KnownKey | None:
    """Bob's RSA key, and nobody else's."""
    return KnownKey(rsa_key().public_key(), ACTOR) if key_id == KEY_ID else None


async def verify(
    headers: Any, method: str = "POST", target: str = "/inbox", body: bytes = BODY, **more: Any
) -> Verified:
    """Verify as the server alpha.test, which knows Bob's key."""
    return await verify_request(
        method, target, headers, body, **{"host": HOST, "find_key": find_key, "now": NOW} | more
    )
