"""Signed requests of RFC 9421: its own examples, what we send, what we believe, and every way of lying."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from core.federation.keys import SigningKey, load_public
from core.federation.message_signatures import sign_rfc9421, signature_base
from core.federation.signatures import BadSignature, read_signature, sign_request
from core.federation.structured_fields import InnerList, Item, MalformedField, Token, parse_dictionary, serialise
from tests.federation.by_hand import (
    ACTOR,
    BODY,
    HOST,
    KEY_ID,
    NOW,
    SECONDS,
    Pairs,
    b64,
    ed25519_key,
    edited,
    replaced,
    rfc9421,
    rsa_key,
    without,
)
from tests.federation.verifying import KnownKey, Verified, verify

# RFC 9421, appendix B.1.4 and B.2.6.
RFC_KEY = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
-----END PUBLIC KEY-----"""
RFC_COMPONENTS = '("date" "@method" "@path" "@authority" "content-type" "content-length")'
RFC_INPUT = f'{RFC_COMPONENTS};created=1618884473;keyid="test-key-ed25519"'
RFC_SIGNATURE = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
# Appendix B.2: the body of the test request and its digest.
RFC_BODY = b'{"hello": "world"}'
RFC_DIGEST = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"


def test_the_signature_base_is_that_of_the_rfcs_example() -> None:
    lines = [("date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("@method", "POST"), ("@path", "/foo")]
    lines += [("@authority", "example.com"), ("content-type", "application/json"), ("content-length", "18")]
    covered = parse_dictionary(f"sig-b26={RFC_INPUT}")["sig-b26"]
    assert serialise(covered) == RFC_INPUT
    load_public(RFC_KEY).verify(base64.b64decode(RFC_SIGNATURE), signature_base(lines, serialise(covered)))


async def test_the_rfcs_digest_is_that_of_its_body() -> None:
    headers = rfc9421(body=RFC_BODY, values=[("content-digest", RFC_DIGEST)])
    assert await verify(replaced(headers, "Content-Digest", RFC_DIGEST), body=RFC_BODY)


def test_a_post_is_signed_as_by_hand() -> None:
    key = SigningKey(KEY_ID, rsa_key())
    added = sign_rfc9421("post", "https://Alpha.test:443/inbox#x", {}, BODY, key, now=NOW)
    assert added == dict(without(rfc9421(), "Host"))


def test_a_get_is_signed_without_digest() -> None:
    added = sign_rfc9421("GET", f"https://{HOST}/ada?a=1", {}, None, SigningKey(KEY_ID, ed25519_key()), now=NOW)
    assert added == dict(without(rfc9421("GET", f"https://{HOST}/ada?a=1", b"", key=ed25519_key()), "Host"))


async def test_what_we_sign_we_believe_with_either_kind_of_key() -> None:
    for private in (rsa_key(), ed25519_key()):
        key = SigningKey(KEY_ID, private)
        sent = sign_request("POST", f"https://{HOST}/inbox", {}, BODY, key, now=NOW, style="rfc9421")
        evidence = read_signature(sent).examine("POST", "/inbox", BODY, host=HOST, now=NOW)
        evidence.check(private.public_key())
        with pytest.raises(BadSignature):
            evidence.check((ed25519_key() if private is rsa_key() else rsa_key()).public_key())


PARTS = [("@authority", HOST), ("@path", "/inbox")]
COVERED = ["@method", "@authority", "@path", "content-digest"]
SHA512 = f"sha-512=:{b64(hashlib.sha512(BODY).digest())}:"

HONEST: dict[str, Pairs] = {
    "plain": rfc9421(),
    "authority and path": rfc9421(components=COVERED, values=PARTS),
    "more parameters": rfc9421(
        parameters=f';keyid="{KEY_ID}";alg="rsa-v1_5-sha256";created={SECONDS}'
        f';expires={SECONDS + 9};nonce="a\\"b";tag="x"'
    ),
    "everything derived": rfc9421(
        components=[*COVERED, "@target-uri", "@scheme", "@request-target", "@query", "date"],
        values=[*PARTS, ("@scheme", "https"), ("@request-target", "/inbox"), ("@query", "?"), ("date", "today")],
    )
    + [("Date", "today")],
    "a header in two lines": [
        *rfc9421(components=["x-a", *COVERED], values=[*PARTS, ("x-a", "1, 2")]),
        ("X-A", " 1 "),
        ("X-a", "2"),
    ],
    "SHA-512 of the body": replaced(rfc9421(values=[("content-digest", SHA512)]), "Content-Digest", SHA512),
    "SHA-512 of the base": rfc9421(algorithm=hashes.SHA512()),
    "spaces that are not signed": edited(rfc9421(), "Signature-Input", '("@method" "', '( "@method"   "'),
    "a method in capitals": rfc9421("POST"),
}


@pytest.mark.parametrize("headers", HONEST.values(), ids=HONEST)
async def test_an_honest_request_is_believed(headers: Pairs) -> None:
    assert await verify(headers) == Verified(KEY_ID, ACTOR)


async def test_the_query_must_be_covered() -> None:
    url = f"https://{HOST}/inbox?a=1"
    assert await verify(rfc9421(url=url), target="/inbox?a=1")
    assert await verify(
        rfc9421(components=[*COVERED, "@query"], values=[*PARTS, ("@query", "?a=1")]), target="/inbox?a=1"
    )
    for headers in (rfc9421(components=COVERED, values=PARTS), rfc9421()):
        with pytest.raises(BadSignature):
            await verify(headers, target="/inbox?a=1")


async def test_a_server_on_loopback_has_its_own_scheme_and_port() -> None:
    url, host = "http://127.0.0.1:8080/inbox", "127.0.0.1:8080"
    headers = replaced(rfc9421(url=url), "Host", host)
    assert await verify(headers, host=host, scheme="http")
    for other in ({"host": host}, {"host": "127.0.0.1:8081", "scheme": "http"}):
        with pytest.raises(BadSignature):
            await verify(headers, **other)


async def test_an_ed25519_key_needs_no_word_about_its_algorithm() -> None:
    async def find(key_id: str) -> KnownKey:
        return KnownKey(ed25519_key().public_key(), ACTOR)

    assert await verify(rfc9421(key=ed25519_key()), find_key=find)
    created = f';created={SECONDS};keyid="{KEY_ID}"'
    assert await verify(rfc9421(key=ed25519_key(), parameters=created + ';alg="ed25519"'), find_key=find)
    with pytest.raises(BadSignature, match="does not fit"):
        await verify(rfc9421(key=ed25519_key(), parameters=created + ';alg="rsa-v1_5-sha256"'), find_key=find)


def parameters(text: str) -> Pairs:
    return rfc9421(parameters=text)


LIES: dict[str, Pairs] = {
    "another host": rfc9421(url="https://gamma.test/inbox"),
    "another path": rfc9421(url=f"https://{HOST}/users/ada/inbox"),
    "another scheme": rfc9421(url=f"http://{HOST}/inbox"),
    "another method": rfc9421("PUT"),
    "another Host header": replaced(rfc9421(), "Host", "gamma.test"),
    "another digest": replaced(rfc9421(), "Content-Digest", f"sha-256=:{b64(hashlib.sha256(b'').digest())}:"),
    "another header": replaced(
        rfc9421(components=["x-a", *COVERED], values=[*PARTS, ("x-a", "1")]) + [("x-a", "1")], "x-a", "2"
    ),
    "another key id": edited(rfc9421(), "Signature-Input", "bob#main-key", "eve#main-key"),
    "another time": edited(rfc9421(), "Signature-Input", f"created={SECONDS}", f"created={SECONDS - 1}"),
    "components in another order": edited(
        rfc9421(), "Signature-Input", '"@method" "@target-uri"', '"@target-uri" "@method"'
    ),
    "too old": parameters(f';created={SECONDS - 3700};keyid="{KEY_ID}"'),
    "from the future": parameters(f';created={SECONDS + 400};keyid="{KEY_ID}"'),
    "expired": parameters(f';created={SECONDS - 900};expires={SECONDS - 301};keyid="{KEY_ID}"'),
    "no created": parameters(f';keyid="{KEY_ID}"'),
    "created as text": parameters(f';created="{SECONDS}";keyid="{KEY_ID}"'),
    "created as a decimal": parameters(f';created={SECONDS}.5;keyid="{KEY_ID}"'),
    "created as a flag": parameters(f';created;keyid="{KEY_ID}"'),
    "created twice": parameters(f';created={SECONDS};created={SECONDS};keyid="{KEY_ID}"'),
    "no keyid": parameters(f";created={SECONDS}"),
    "keyid as a token": parameters(f";created={SECONDS};keyid=bob"),
    "keyid twice": parameters(f';created={SECONDS};keyid="{KEY_ID}";keyid="{KEY_ID}"'),
    "an empty keyid": parameters(f';created={SECONDS};keyid=""'),
    "alg as a number": parameters(f';created={SECONDS};keyid="{KEY_ID}";alg=1'),
    "alg of another key": parameters(f';created={SECONDS};keyid="{KEY_ID}";alg="ed25519"'),
    "alg that is symmetric": parameters(f';created={SECONDS};keyid="{KEY_ID}";alg="hmac-sha256"'),
    "method not covered": rfc9421(components=["@target-uri", "content-digest"]),
    "target not covered": rfc9421(components=["@method", "content-digest"]),
    "authority not covered": rfc9421(components=["@method", "@path", "content-digest"], values=PARTS),
    "path not covered": rfc9421(components=["@method", "@authority", "content-digest"], values=PARTS),
    "digest not covered": rfc9421(components=["@method", "@target-uri"]),
    "nothing covered": rfc9421(components=[]),
    "a component that repeats": rfc9421(components=["@method", "@method", "@target-uri", "content-digest"]),
    "a header that is missing": rfc9421(components=["x-a", *COVERED], values=[*PARTS, ("x-a", "1")]),
    "a component nobody knows": rfc9421(components=["@status", *COVERED], values=[*PARTS, ("@status", "200")]),
    "a header in capitals": rfc9421(components=["Date", *COVERED], values=[*PARTS, ("Date", "x")]) + [("date", "x")],
    "a component with parameters": edited(rfc9421(), "Signature-Input", '"@method"', '"@method";req'),
    "a component as a token": edited(rfc9421(), "Signature-Input", '"content-digest"', "content-digest"),
    "components without end": rfc9421(
        components=[*COVERED, *(f"x{n}" for n in range(40))], values=[*PARTS, *((f"x{n}", "") for n in range(40))]
    ),
    "no digest": without(rfc9421(), "Content-Digest"),
    "a digest of no known kind": replaced(rfc9421(), "Content-Digest", "md5=:YQ==:"),
    "a digest as text": replaced(rfc9421(), "Content-Digest", 'sha-256="YQ=="'),
    "one of two digests wrong": replaced(
        rfc9421(), "Content-Digest", f"sha-256=:{b64(hashlib.sha256(BODY).digest())}:, sha-512=:YQ==:"
    ),
    "no signature": without(rfc9421(), "Signature"),
    "no input": without(rfc9421(), "Signature-Input"),
    "an empty input": replaced(rfc9421(), "Signature-Input", ""),
    "an empty signature": edited(rfc9421(), "Signature", "sig1=:", "sig1=::,a=:"),
    "a signature as text": replaced(rfc9421(), "Signature", 'sig1="YQ=="'),
    "a signature of another label": edited(rfc9421(), "Signature", "sig1", "sig2"),
    "two signatures": edited(
        edited(rfc9421(), "Signature", "sig1", "sig0=:YQ==:, sig1"), "Signature-Input", "sig1", "sig0=(), sig1"
    ),
    "the same label twice": edited(rfc9421(), "Signature", "sig1", "sig1=:YQ==:, sig1"),
    "an input that is no list": replaced(rfc9421(), "Signature-Input", 'sig1="@method"'),
    "an input that does not end": replaced(rfc9421(), "Signature-Input", 'sig1=("@method"'),
    "two input headers": [*rfc9421(), ("signature-input", "sig2=()")],
    "two signature headers": [*rfc9421(), ("signature", "sig2=:YQ==:")],
    "somebody else's key": rfc9421(key=rsa_key("mallory")),
    "a key of the wrong kind": rfc9421(key=ed25519_key()),
}


@pytest.mark.parametrize("headers", LIES.values(), ids=LIES)
async def test_a_lie_is_not_believed(headers: Pairs) -> None:
    with pytest.raises(BadSignature):
        await verify(headers)


async def test_another_body_is_not_believed() -> None:
    for body in (b"", BODY + b" ", BODY[:-1]):
        with pytest.raises(BadSignature, match="digest"):
            await verify(rfc9421(), body=body)


@given(st.data())
async def test_a_signed_request_with_one_character_changed_is_not_believed(data: st.DataObject) -> None:
    headers = rfc9421()
    at = data.draw(st.integers(0, len(headers) - 1))
    name, value = headers[at]
    place = data.draw(st.integers(0, len(value) - 1))
    headers[at] = (name, value[:place] + data.draw(st.characters()) + value[place + 1 :])
    try:
        assert await verify(headers) == Verified(KEY_ID, ACTOR)
    except BadSignature:
        return
    assert headers[at][1].lower() == value.lower() or name in ("Signature", "Content-Digest")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("a", {"a": Item(True)}),
        ("a;b;c=?0", {"a": Item(True, {"b": True, "c": False})}),
        ('a=1, b=-2,\tc="x\\\\\\""', {"a": Item(1), "b": Item(-2), "c": Item('x\\"')}),
        ("a=tok/en:1, b=:AQI=:", {"a": Item(Token("tok/en:1")), "b": Item(b"\x01\x02")}),
        ('a=( "x";y  1 );z', {"a": InnerList((Item("x", {"y": True}), Item(1)), {"z": True})}),
        ("a=()", {"a": InnerList(())}),
    ],
)
def test_a_structured_field_is_read(text: str, found: dict[str, Any]) -> None:
    assert parse_dictionary(text) == found
    written = ", ".join(f"{key}={serialise(member)}" for key, member in found.items())
    assert parse_dictionary(written) == found


@pytest.mark.parametrize(
    "text",
    ["A", "a,", ",a", "a b", "a=", "a=1.5", "a=1234567890123456", 'a="', 'a="\\x"', 'a="é"', "a=:*:", "a=:AQ:", "a=?2"]
    + ["a=(", 'a=("x""y")', "a=(1,2)", "a;", "a;B", "a;b;b", "a=1, a=2", "a=--1", "a=@", "\ta"],
)
def test_a_malformed_structured_field_is_refused(text: str) -> None:
    with pytest.raises(MalformedField):
        parse_dictionary(text)
