"""What a passkey signs: random, good for a few minutes, for one purpose, and for whoever asked for it alone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from datetime import UTC, datetime
from typing import Literal

from core.instance import here

Purpose = Literal["login", "second", "add", "confirm"]
SECONDS = 600
_NONCE, _TIME, _SEAL = 16, 8, 32


def new_challenge(purpose: Purpose, holder: str, seconds: int = SECONDS) -> bytes:
    """A challenge for `holder`, a session or a browser; nothing of it is kept, for it proves by itself what it is."""
    head = secrets.token_bytes(_NONCE) + (int(time.time()) + seconds).to_bytes(_TIME, "big")
    return head + _seal(head, purpose, holder)


def until(challenge: bytes, purpose: Purpose, holder: str) -> datetime | None:
    """Until when this challenge of ours is good for this purpose and holder; None where it is not."""
    head, seal = challenge[: _NONCE + _TIME], challenge[_NONCE + _TIME :]
    if len(seal) != _SEAL or not holder or not hmac.compare_digest(seal, _seal(head, purpose, holder)):
        return None
    seconds = int.from_bytes(head[_NONCE:], "big")
    return datetime.fromtimestamp(seconds, UTC) if seconds > time.time() else None


def of_session(session_id: str) -> str:
    """The holder of challenges for somebody signed in."""
    return f"session:{session_id}" if session_id else ""


def of_browser(cookie: str) -> str:
    """The holder of challenges for a browser nobody is signed in with, known by a cookie."""
    return f"browser:{cookie}" if cookie else ""


def _seal(head: bytes, purpose: str, holder: str) -> bytes:
    key = here().secrets.derive("passkey-challenges")
    return hmac.new(key, b"\0".join((head, purpose.encode(), holder.encode())), hashlib.sha256).digest()
