"""What the two styles of HTTP signatures share: reading header fields, digests, clock windows and the last check."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from core.federation.keys import PublicKey, verifies

HeaderPairs = Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]
Headers = Mapping[str, str] | HeaderPairs

LONGEST_FIELD = 8192
LONGEST_KEY_ID = 2048
MOST_COMPONENTS = 32

_HASHES = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_RSA_NAMES = frozenset({"rsa-v1_5-sha256", "rsa-v1_5-sha512"})
_ED25519_NAMES = frozenset({"ed25519"})


class BadSignature(Exception):
    """The request is not proved to come from whoever it names; the text is safe to show."""


@dataclass(frozen=True, slots=True)
class Window:
    """How far a signature's time may lie from ours."""

    past: timedelta = timedelta(hours=1)
    future: timedelta = timedelta(minutes=5)

    def check(self, seconds: float, now: datetime) -> None:
        """Raise BadSignature unless `seconds` since the epoch lies within the window around `now`."""
        age = now.timestamp() - seconds
        if age > self.past.total_seconds():
            raise BadSignature("the signature is too old")
        if -age > self.future.total_seconds():
            raise BadSignature("the signature is dated in the future")

    def check_expiry(self, seconds: float, now: datetime) -> None:
        """Raise BadSignature when `seconds` since the epoch has passed, clocks being allowed to differ a little."""
        if now.timestamp() > seconds + self.future.total_seconds():
            raise BadSignature("the signature has expired")


DEFAULT_WINDOW = Window()


class Fields:
    """The header fields of one request, by lower-case name."""

    def __init__(self, headers: Headers) -> None:
        self._values: dict[str, list[str]] = {}
        pairs: HeaderPairs = headers.items() if isinstance(headers, Mapping) else headers
        for name, value in pairs:
            self._values.setdefault(_text(name).lower(), []).append(_text(value))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def single(self, name: str) -> str:
        """The value of a field that may appear once only. Raises BadSignature when absent, repeated or too long."""
        values = self._values.get(name)
        if not values:
            raise BadSignature(f"the {name} header is missing")
        if len(values) > 1:
            raise BadSignature(f"the {name} header appears more than once")
        return _clean(name, values[0])

    def combined(self, name: str) -> str:
        """All values of a field as one line (RFC 9421 section 2.1). Raises BadSignature when absent."""
        values = self._values.get(name)
        if not values:
            raise BadSignature(f"the {name} header is signed but missing")
        return ", ".join(_clean(name, value) for value in values)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A signature in which everything but the key has been checked."""

    key_id: str
    signature: bytes
    texts: Sequence[bytes] = field(repr=False)
    algorithm: str | None = None

    def check(self, public: PublicKey) -> None:
        """Raise BadSignature unless one of the possible signed texts was signed with this key."""
        if self.algorithm is not None:
            fitting = _RSA_NAMES if isinstance(public, RSAPublicKey) else _ED25519_NAMES
            if self.algorithm not in fitting:
                raise BadSignature("the named algorithm does not fit the key")
        if not any(verifies(public, self.signature, text) for text in self.texts):
            raise BadSignature("the signature does not match")


class SignatureClaim(ABC):
    """What the headers of a request claim about who signed it; nothing of it is proved yet."""

    key_id: str

    @abstractmethod
    def examine(
        self,
        method: str,
        target: str,
        body: bytes,
        *,
        host: str,
        now: datetime,
        scheme: str = "https",
        window: Window = DEFAULT_WINDOW,
    ) -> Evidence:
        """Check everything that needs no key: what is signed, the digest of the raw body, the time and the host.

        `target` is path and query exactly as received, `host` our own host (with its port unless that is the
        default). Raises BadSignature.
        """


def check_key_id(key_id: str) -> str:
    """The key id itself. Raises BadSignature when it is empty, too long or not printable ASCII."""
    if not 0 < len(key_id) <= LONGEST_KEY_ID or not key_id.isascii() or not key_id.isprintable():
        raise BadSignature("the key id cannot be read")
    return key_id


def check_digests(claimed: Iterable[tuple[str, bytes]], body: bytes) -> None:
    """Raise BadSignature unless a SHA-256 or SHA-512 digest is claimed and all such digests are those of `body`."""
    seen: set[str] = set()
    for name, value in claimed:
        if name in seen:
            raise BadSignature("a digest is given twice")
        seen.add(name)
        if name in _HASHES and not hmac.compare_digest(_HASHES[name](body).digest(), value):
            raise BadSignature("the digest does not match the body")
    if not seen & _HASHES.keys():
        raise BadSignature("no digest of a known kind is given")


def check_host(received: str, host: str) -> None:
    """Raise BadSignature unless the Host header names our host; the default port may be spelled out."""
    if received.lower().removesuffix(":443") != host.lower().removesuffix(":443"):
        raise BadSignature("the signature is for another host")


def decode_base64(text: str) -> bytes:
    """Strict base64 (RFC 4648 section 4). Raises BadSignature."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSignature("base64 is malformed") from error


def encode_text(lines: Iterable[str]) -> bytes:
    """The signed text, its lines joined by line feeds. Raises BadSignature when it is not made of octets."""
    try:
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadSignature("a signed header cannot be read") from error


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _clean(name: str, value: str) -> str:
    if len(value) > LONGEST_FIELD:
        raise BadSignature(f"the {name} header is too long")
    if _CONTROL.search(value):
        raise BadSignature(f"the {name} header holds control characters")
    return value.strip(" \t")
