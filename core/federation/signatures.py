"""HTTP signatures of the Cavage draft, which every peer speaks, and the way in for signatures of either style."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal

from core.addresses import parse_url
from core.federation.claims import (
    DEFAULT_WINDOW,
    MOST_COMPONENTS,
    BadSignature,
    Evidence,
    Fields,
    Headers,
    SignatureClaim,
    Window,
    check_digests,
    check_host,
    check_key_id,
    decode_base64,
    encode_text,
)
from core.federation.keys import SigningKey
from core.federation.message_signatures import read_message_signature, sign_rfc9421

__all__ = [
    "DEFAULT_WINDOW",
    "BadSignature",
    "Evidence",
    "SignatureClaim",
    "Style",
    "Window",
    "read_signature",
    "sign_cavage",
    "sign_request",
    "sign_rfc9421",
]

Style = Literal["cavage", "rfc9421"]

EXTRA_HEADERS = ("content-type", "collection-synchronization")

_PARAMETER = re.compile(r'[ \t]*([A-Za-z][A-Za-z0-9_-]*)[ \t]*=[ \t]*(?:"([^"\\]*)"|([0-9]+))[ \t]*(,|\Z)')
_SECONDS = re.compile(r"[0-9]{1,12}")
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:GMT|UTC|\+0000)"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ONE_VALUE_ONLY = frozenset({"host", "date", "digest"})


def sign_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: SigningKey,
    *,
    now: datetime,
    style: Style = "cavage",
) -> dict[str, str]:
    """The headers to add so that the request is signed in the given style. Raises Refused for an unreadable URL."""
    sign = sign_cavage if style == "cavage" else sign_rfc9421
    return sign(method, url, headers, body, key, now=now)


def sign_cavage(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, key: SigningKey, *, now: datetime
) -> dict[str, str]:
    """Date, Host, Digest and Signature for a request, in the one profile every peer verifies (section 5 of ours).

    Content-Type and Collection-Synchronization are signed too when `headers` has them. Raises Refused for a URL
    that cannot be read.
    """
    target = parse_url(url)
    added = {"Host": target.authority, "Date": format_datetime(now.astimezone(UTC), usegmt=True)}
    if body is not None:
        added["Digest"] = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
    signed = {"(request-target)": f"{method.lower()} {target.path}"}
    signed |= {name.lower(): value for name, value in added.items()}
    if body is not None:
        present = {name.lower(): value.strip() for name, value in headers.items()}
        signed |= {name: present[name] for name in EXTRA_HEADERS if name in present}
    signature = base64.b64encode(key.sign(signing_string(list(signed.items())))).decode()
    algorithm = "rsa-sha256" if key.is_rsa else "hs2019"
    added["Signature"] = (
        f'keyId="{key.key_id}",algorithm="{algorithm}",headers="{" ".join(signed)}",signature="{signature}"'
    )
    return added


def signing_string(lines: Sequence[tuple[str, str]]) -> bytes:
    """The text that is signed (draft-cavage-http-signatures-12, section 2.3)."""
    return encode_text(f"{name}: {value}" for name, value in lines)


def read_signature(headers: Headers) -> SignatureClaim:
    """Read who claims to have signed a request, from its headers alone, in either style. Raises BadSignature.

    `headers` is a mapping or pairs of text or of bytes; pairs are needed to notice repeated headers. Nothing is
    proved until `claim.examine(…)`, which needs no key, and `evidence.check(public_key)` have both passed.
    """
    fields = Fields(headers)
    if "signature-input" in fields:
        return read_message_signature(fields)
    parameters = _parameters(fields.single("signature"))
    for name in ("keyId", "headers", "signature"):
        if not parameters.get(name):
            raise BadSignature(f"the signature has no {name}")
    names = tuple(parameters["headers"].lower().split())
    if not 0 < len(names) <= MOST_COMPONENTS or len(set(names)) != len(names):
        raise BadSignature("the list of signed headers is empty, too long or repeats a name")
    return CavageClaim(
        key_id=check_key_id(parameters["keyId"]),
        fields=fields,
        names=names,
        created=_seconds(parameters, "created"),
        expires=_seconds(parameters, "expires"),
        signature=decode_base64(parameters["signature"]),
    )


@dataclass(frozen=True)
class CavageClaim(SignatureClaim):
    """A signature of the Cavage draft as the headers give it; its `algorithm` is not looked at."""

    key_id: str
    fields: Fields
    names: tuple[str, ...]
    created: int | None
    expires: int | None
    signature: bytes

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
        """Check what is signed, time, host and Digest (section 5 of the federation profile). Raises BadSignature."""
        self._check_coverage(method, body)
        self._check_times(now, window)
        check_host(self.fields.single("host"), host)
        if "digest" in self.names:
            check_digests(_digests(self.fields.single("digest")), body)
        # Some peers sign the path without its query.
        targets = dict.fromkeys((target, target.partition("?")[0]))
        texts = tuple(signing_string(list(self._lines(f"{method.lower()} {path}"))) for path in targets)
        return Evidence(self.key_id, self.signature, texts)

    def _check_coverage(self, method: str, body: bytes) -> None:
        for name in ("(request-target)", "host"):
            if name not in self.names:
                raise BadSignature(f"{name} must be signed")
        if "date" not in self.names and "(created)" not in self.names:
            raise BadSignature("the date must be signed")
        if (body or method.upper() == "POST") and "digest" not in self.names:
            raise BadSignature("the digest must be signed")

    def _check_times(self, now: datetime, window: Window) -> None:
        if "date" in self.names:
            window.check(_date(self.fields.single("date")), now)
        if self.created is not None:
            window.check(self.created, now)
        if self.expires is not None:
            window.check_expiry(self.expires, now)

    def _lines(self, request_target: str) -> Iterator[tuple[str, str]]:
        for name in self.names:
            if name == "(request-target)":
                yield name, request_target
            elif name in ("(created)", "(expires)"):
                seconds = self.created if name == "(created)" else self.expires
                if seconds is None:
                    raise BadSignature(f"{name} is signed but missing")
                yield name, str(seconds)
            else:
                yield name, self.fields.single(name) if name in _ONE_VALUE_ONLY else self.fields.combined(name)


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while True:
        match = _PARAMETER.match(text, at)
        if match is None:
            raise BadSignature("the signature header is malformed")
        name, quoted, number, end = match.groups()
        if name in found:
            raise BadSignature("the signature header gives a parameter twice")
        found[name] = number if quoted is None else quoted
        if not end:
            return found
        at = match.end()


def _seconds(parameters: Mapping[str, str], name: str) -> int | None:
    value = parameters.get(name)
    if value is None:
        return None
    if not _SECONDS.fullmatch(value):
        raise BadSignature(f"{name} is malformed")
    return int(value)


def _date(text: str) -> float:
    match = _DATE.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise BadSignature("the date header is malformed")
    day, month, year, hour, minute, second = match.groups()
    try:
        when = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=UTC
        )
    except ValueError as error:
        raise BadSignature("the date header is malformed") from error
    return when.timestamp()


def _digests(text: str) -> Iterator[tuple[str, bytes]]:
    for part in text.split(",", MOST_COMPONENTS):
        name, separator, value = part.partition("=")
        if not separator:
            raise BadSignature("the digest header is malformed")
        yield name.strip().lower(), decode_base64(value.strip())
