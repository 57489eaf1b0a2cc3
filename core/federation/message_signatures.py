"""HTTP Message Signatures (RFC 9421): signing our requests and reading those of others."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.addresses import parse_url
from core.federation.claims import (
    DEFAULT_WINDOW,
    MOST_COMPONENTS,
    BadSignature,
    Evidence,
    Fields,
    SignatureClaim,
    Window,
    check_digests,
    check_host,
    check_key_id,
    encode_text,
)
from core.federation.keys import SigningKey
from core.federation.structured_fields import InnerList, Item, MalformedField, Token, parse_dictionary, serialise

LABEL = "sig1"
EXTRA_COMPONENTS = ("collection-synchronization",)

_DERIVED = frozenset({"@method", "@target-uri", "@authority", "@scheme", "@request-target", "@path", "@query"})
_FIELD_NAME = re.compile(r"[a-z0-9!#$%&'*+\-.^_`|~]+")


def sign_rfc9421(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None, key: SigningKey, *, now: datetime
) -> dict[str, str]:
    """The headers to add so that the request is signed as RFC 9421 says (federation profile, section 5).

    Covered are `@method`, `@target-uri`, `content-digest` when there is a body, and Collection-Synchronization when
    `headers` has it. Raises Refused for a URL that cannot be read.
    """
    target = parse_url(url)
    values = {"@method": method.upper(), "@target-uri": target.url}
    added: dict[str, str] = {}
    if body is not None:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        values["content-digest"] = added["Content-Digest"] = f"sha-256=:{digest}:"
    present = {name.lower(): value.strip() for name, value in headers.items()}
    values |= {name: present[name] for name in EXTRA_COMPONENTS if name in present}
    components = tuple(Item(name) for name in values)
    parameters = serialise(InnerList(components, {"created": int(now.timestamp()), "keyid": key.key_id}))
    signature = key.sign(signature_base(list(values.items()), parameters))
    added["Signature-Input"] = f"{LABEL}={parameters}"
    added["Signature"] = f"{LABEL}=:{base64.b64encode(signature).decode()}:"
    return added


def signature_base(components: Sequence[tuple[str, str]], parameters: str) -> bytes:
    """The text that is signed (section 2.5): one line for each component, then the signature's parameters."""
    lines = [f'"{name}": {value}' for name, value in components]
    return encode_text([*lines, f'"@signature-params": {parameters}'])


def read_message_signature(fields: Fields) -> MessageClaim:
    """Read Signature-Input and Signature, which must hold one signature only. Raises BadSignature."""
    inputs = _dictionary(fields, "signature-input")
    signatures = _dictionary(fields, "signature")
    if len(inputs) != 1 or inputs.keys() != signatures.keys():
        raise BadSignature("exactly one signature is expected")
    (label,) = inputs
    covered, signature = inputs[label], signatures[label]
    if not isinstance(covered, InnerList) or not isinstance(signature, Item) or not isinstance(signature.value, bytes):
        raise BadSignature("the signature headers are malformed")
    key_id, algorithm = covered.parameters.get("keyid"), covered.parameters.get("alg")
    if not isinstance(key_id, str) or isinstance(key_id, Token) or not isinstance(algorithm, str | None):
        raise BadSignature("keyid is missing or malformed")
    created = _seconds(covered, "created")
    if created is None:
        raise BadSignature("created is missing")
    return MessageClaim(
        key_id=check_key_id(key_id),
        fields=fields,
        components=_components(covered),
        parameters=serialise(covered),
        created=created,
        expires=_seconds(covered, "expires"),
        algorithm=algorithm,
        signature=signature.value,
    )


@dataclass(frozen=True)
class MessageClaim(SignatureClaim):
    """A signature of RFC 9421 as the headers give it."""

    key_id: str
    fields: Fields
    components: tuple[str, ...]
    parameters: str
    created: int
    expires: int | None
    algorithm: str | None
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
        """Check what is covered, the time, the host and Content-Digest (RFC 9421 section 3.2). Raises BadSignature."""
        self._check_coverage(method, target, body)
        window.check(self.created, now)
        if self.expires is not None:
            window.check_expiry(self.expires, now)
        if "host" in self.fields:
            check_host(self.fields.single("host"), host)
        if "content-digest" in self.components:
            check_digests(_content_digests(self.fields), body)
        derived = _derived_components(method, target, scheme, host)
        values = [(name, derived.get(name) or self.fields.combined(name)) for name in self.components]
        return Evidence(self.key_id, self.signature, (signature_base(values, self.parameters),), self.algorithm)

    def _check_coverage(self, method: str, target: str, body: bytes) -> None:
        where = {"@authority", "@path"} | ({"@query"} if "?" in target else set())
        covered = set(self.components)
        if "@method" not in covered or not ("@target-uri" in covered or where <= covered):
            raise BadSignature("the method and the address must be signed")
        if (body or method.upper() == "POST") and "content-digest" not in covered:
            raise BadSignature("the content-digest must be signed")


def _derived_components(method: str, target: str, scheme: str, host: str) -> dict[str, str]:
    path, _, query = target.partition("?")
    authority = host.lower().removesuffix(":443" if scheme == "https" else ":80")
    return {
        "@method": method.upper(),
        "@target-uri": f"{scheme}://{authority}{target}",
        "@authority": authority,
        "@scheme": scheme,
        "@request-target": target,
        "@path": path or "/",
        "@query": f"?{query}",
    }


def _dictionary(fields: Fields, name: str) -> dict[str, Item | InnerList]:
    try:
        return parse_dictionary(fields.single(name))
    except MalformedField as error:
        raise BadSignature(f"the {name} header is malformed") from error


def _components(covered: InnerList) -> tuple[str, ...]:
    names: list[str] = []
    for item in covered.items[: MOST_COMPONENTS + 1]:
        name = item.value
        if not isinstance(name, str) or isinstance(name, Token) or item.parameters or name in names:
            raise BadSignature("a covered component is malformed, repeated or not supported")
        if name not in _DERIVED and not _FIELD_NAME.fullmatch(name):
            raise BadSignature("a covered component is not supported")
        names.append(name)
    if not 0 < len(names) <= MOST_COMPONENTS:
        raise BadSignature("too few or too many components are covered")
    return tuple(names)


def _seconds(covered: InnerList, name: str) -> int | None:
    value = covered.parameters.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadSignature(f"{name} is malformed")
    return value


def _content_digests(fields: Fields) -> Iterator[tuple[str, bytes]]:
    for name, item in _dictionary(fields, "content-digest").items():
        if not isinstance(item, Item) or not isinstance(item.value, bytes):
            raise BadSignature("the content-digest header is malformed")
        yield name, item.value
