"""Signed requests made by hand from the specifications, independently of the code under test."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

NOW = datetime(2026, 11, 20, 9, 53, 50, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
DATE = "Fri, 20 Nov 2026 09:53:50 GMT"
BODY = b'{"type":"Create"}'
HOST = "alpha.test"
ACTOR = "https://beta.test/users/bob"
KEY_ID = f"{ACTOR}#main-key"
Pairs = list[tuple[str, str]]


@cache
def rsa_key(name: str = "bob") -> rsa.RSAPrivateKey:
    """One RSA key for each name."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ed25519_key(name: str = "bob") -> ed25519.Ed25519PrivateKey:
    """One Ed25519 key for each name."""
    return ed25519.Ed25519PrivateKey.generate()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def sign(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, text: str, algorithm: hashes.HashAlgorithm | None = None
) -> str:
    """The signature over `text` in base64; RSA with SHA-256 unless told otherwise."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return b64(key.sign(text.encode()))
    return b64(key.sign(text.encode(), padding.PKCS1v15(), algorithm or hashes.SHA256()))


def cavage(
    method: str = "POST",
    target: str = "/inbox",
    body: bytes = BODY,
    *,
    names: str | None = None,
    headers: Pairs | None = None,
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
    parameters: str = 'algorithm="rsa-sha256",',
    pseudo: Sequence[tuple[str, str]] = (),
) -> Pairs:
    """Headers of a request signed as draft-cavage-http-signatures-12 says; `pseudo` are (created) and (expires)."""
    sent = [("Host", HOST), ("Date", DATE)]
    if body:
        sent.append(("Digest", "SHA-256=" + b64(hashlib.sha256(body).digest())))
    sent += headers or []
    if headers:
        given = {name.lower() for name, _ in headers}
        sent = [pair for pair in sent[: -len(headers)] if pair[0].lower() not in given] + headers
    listed = names if names is not None else "(request-target) host date" + (" digest" if body else "")
    values = {name.lower(): value for name, value in sent} | dict(pseudo)
    values["(request-target)"] = f"{method.lower()} {target}"
    text = "\n".join(f"{name}: {values[name]}" for name in listed.lower().split())
    signature = sign(key or rsa_key(), text, algorithm)
    sent.append(("Signature", f'keyId="{KEY_ID}",{parameters}headers="{listed}",signature="{signature}"'))
    return sent


def rfc9421(
    method: str = "POST",
    url: str = f"https://{HOST}/inbox",
    body: bytes = BODY,
    *,
    components: Sequence[str] | None = None,
    values: Sequence[tuple[str, str]] = (),
    parameters: str = f';created={SECONDS};keyid="{KEY_ID}"',
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | None = None,
    algorithm: hashes.HashAlgorithm | None = None,
) -> Pairs:
    """Headers of a request signed as RFC 9421 says; `values` are more components and what they stand for."""
    content_digest = f"sha-256=:{b64(hashlib.sha256(body).digest())}:"
    known = {"@method": method, "@target-uri": url, "content-digest": content_digest} | dict(values)
    listed = ["@method", "@target-uri"] + (["content-digest"] if body else []) if components is None else components
    covered = "(" + " ".join(f'"{name}"' for name in listed) + ")" + parameters
    lines = [f'"{name}": {known[name]}' for name in listed] + [f'"@signature-params": {covered}']
    signature = sign(key or rsa_key(), "\n".join(lines), algorithm)
    sent = [("Host", HOST), ("Signature-Input", f"sig1={covered}"), ("Signature", f"sig1=:{signature}:")]
    return [*sent, ("Content-Digest", content_digest)] if body else sent


def without(headers: Pairs, name: str) -> Pairs:
    """The headers but for one."""
    return [pair for pair in headers if pair[0] != name]


def replaced(headers: Pairs, name: str, value: str) -> Pairs:
    """The headers with another value for one."""
    return [(key, value if key == name else old) for key, old in headers]


def edited(headers: Pairs, name: str, old: str, new: str) -> Pairs:
    """The headers with a part of one replaced."""
    assert any(key == name and old in value for key, value in headers)
    return [(key, value.replace(old, new) if key == name else value) for key, value in headers]
