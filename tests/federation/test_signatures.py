"""Signed requests of the Cavage draft: what we send, what we believe, and every way of lying."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import assume, given
from hypothesis import strategies as st

from core.addresses import Refused
from core.federation.keys import SigningKey
from core.federation.signatures import (
    BadSignature,
    Window,
    read_signature,
    sign_cavage,
    sign_request,
    signing_string,
)
from tests.federation.by_hand import (
    ACTOR,
    BODY,
    DATE,
    HOST,
    KEY_ID,
    NOW,
    SECONDS,
    Pairs,
    b64,
    cavage,
    ed25519_key,
    edited,
    replaced,
    rsa_key,
    without,
)
from tests.federation.verifying import Verified, verify

# Appendix C of draft-cavage-http-signatures-12.
DRAFT_KEY = """-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C3
6rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6
Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw
oYi+1hqp1fIekaxsyQIDAQAB
-----END PUBLIC KEY-----"""
DRAFT_BASIC = (
    "qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFYRqzic+efkb3"
    "nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0="
)
DRAFT_ALL = (
    "vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V01IL+TAD48Xa"
    "ERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE="
)


def test_the_signing_string_is_that_of_the_drafts_examples() -> None:
    request = [("(request-target)", "post /foo?param=value&pet=dog"), ("host", "example.com")]
    request.append(("date", "Sun, 05 Jan 2014 21:31:40 GMT"))
    digest = "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="
    more = [("content-type", "application/json"), ("digest", digest), ("content-length", "18")]
    public = serialization.load_pem_public_key(DRAFT_KEY.encode())
    for lines, signature in ((request, DRAFT_BASIC), (request + more, DRAFT_ALL)):
        public.verify(base64.b64decode(signature), signing_string(lines), padding.PKCS1v15(), hashes.SHA256())


def test_a_post_is_signed_in_the_profile_every_peer_verifies() -> None:
    key = SigningKey(KEY_ID, rsa_key())
    content = {"Content-Type": "application/activity+json"}
    added = sign_request("POST", "https://alpha.test:443/inbox?a=1", content, BODY, key, now=NOW)
    digest = "SHA-256=" + b64(hashlib.sha256(BODY).digest())
    assert list(added) == ["Host", "Date", "Digest", "Signature"]
    assert (added["Host"], added["Date"], added["Digest"]) == (HOST, DATE, digest)
    expected = cavage(
        target="/inbox?a=1",
        headers=[("Content-Type", "application/activity+json")],
        names="(request-target) host date digest content-type",
    )
    assert added["Signature"] == dict(expected)["Signature"]


def test_a_get_is_signed_without_digest() -> None:
    added = sign_cavage("GET", "https://alpha.test/users/ada", {}, None, SigningKey(KEY_ID, rsa_key()), now=NOW)
    assert added["Signature"] == dict(cavage("GET", "/users/ada", b""))["Signature"]
    assert list(added) == ["Host", "Date", "Signature"]


async def test_the_header_for_synchronising_followers_is_signed_too() -> None:
    headers = {"Content-Type": "a/b", "Collection-Synchronization": 'collectionId="x", url="y", digest="z"'}
    key = SigningKey(KEY_ID, rsa_key())
    for style in ("cavage", "rfc9421"):
        sent = headers | sign_request("POST", "https://alpha.test/inbox", headers, BODY, key, now=NOW, style=style)
        assert "collection-synchronization" in sent["Signature"] + sent.get("Signature-Input", "")
        assert await verify({"Host": HOST} | sent) == Verified(KEY_ID, ACTOR)
        with pytest.raises(BadSignature):
            await verify({"Host": HOST} | sent | {"Collection-Synchronization": "other"})


async def test_what_we_sign_we_believe_with_either_kind_of_key() -> None:
    for private in (rsa_key(), ed25519_key()):
        key = SigningKey(KEY_ID, private)
        sent = sign_request("POST", "https://alpha.test/inbox", {}, BODY, key, now=NOW)
        read_signature(sent).examine("POST", "/inbox", BODY, host=HOST, now=NOW).check(private.public_key())
        assert "private" not in repr(key)


def test_a_url_that_cannot_be_read_is_not_signed() -> None:
    with pytest.raises(Refused):
        sign_request("GET", "https://ada@alpha.test/", {}, None, SigningKey(KEY_ID, rsa_key()), now=NOW)


HONEST: dict[str, dict[str, Any]] = {
    "plain": {},
    "names in capitals": {"names": "(request-target) Host DATE Digest"},
    "lower-case digest": {"headers": [("digest", "sha-256=" + b64(hashlib.sha256(BODY).digest()))]},
    "SHA-512": {"headers": [("Digest", "SHA-512=" + b64(hashlib.sha512(BODY).digest()))]},
    "two digests": {
        "headers": [
            (
                "Digest",
                f"SHA-256={b64(hashlib.sha256(BODY).digest())}, sha-512={b64(hashlib.sha512(BODY).digest())},MD5=YQ==",
            )
        ]
    },
    "path without query": {"target": "/inbox"},
    "created instead of date": {
        "names": "(request-target) host (created) (expires) digest",
        "parameters": f'algorithm="hs2019",created={SECONDS},expires={SECONDS + 300},',
        "pseudo": [("(created)", str(SECONDS)), ("(expires)", str(SECONDS + 300))],
    },
    "hs2019 with SHA-512": {"algorithm": hashes.SHA512(), "parameters": 'algorithm="hs2019",'},
    "no algorithm": {"parameters": ""},
    "an algorithm that is not the key's": {"parameters": 'algorithm="hmac-sha256",'},
    "a parameter of their own": {"parameters": 'opaque="x" , '},
    "the default port": {"headers": [("Host", "Alpha.Test:443")]},
    "more headers": {
        "headers": [("Accept", "a"), ("Content-Type", "b")],
        "names": "accept content-type date host (request-target) digest",
    },
    "an hour old": {"headers": [("Date", format_datetime(NOW - timedelta(minutes=59), usegmt=True))]},
    "a little ahead": {"headers": [("Date", format_datetime(NOW + timedelta(minutes=4), usegmt=True))]},
}


@pytest.mark.parametrize("how", HONEST.values(), ids=HONEST)
async def test_an_honest_request_is_believed(how: dict[str, Any]) -> None:
    assert await verify(cavage(**how)) == Verified(KEY_ID, ACTOR)


async def test_headers_may_be_a_mapping_or_pairs_of_bytes() -> None:
    sent = cavage()
    assert await verify(dict(sent)) == await verify([(name.encode(), value.encode()) for name, value in sent])


@pytest.mark.parametrize("signed", ["/inbox?page=1&a=%7E", "/inbox"])
async def test_the_query_may_be_signed_or_left_out(signed: str) -> None:
    assert await verify(cavage(target=signed), target="/inbox?page=1&a=%7E")
    with pytest.raises(BadSignature):
        await verify(cavage(target="/inbox?page=2"), target="/inbox?page=1&a=%7E")


async def test_a_get_needs_no_digest() -> None:
    assert await verify(cavage("GET", "/users/ada", b""), "GET", "/users/ada", b"")


def test_the_key_id_is_known_before_anything_is_proved() -> None:
    claim = read_signature(cavage())
    assert claim.key_id == KEY_ID
    with pytest.raises(BadSignature, match="digest"):
        claim.examine("POST", "/inbox", b"other", host=HOST, now=NOW)


def later(**by: float) -> str:
    return format_datetime(NOW + timedelta(**by), usegmt=True)


LIES: dict[str, Pairs] = {
    "another date": replaced(cavage(), "Date", later(seconds=-1)),
    "another digest": replaced(cavage(), "Digest", "SHA-256=" + b64(hashlib.sha256(b"").digest())),
    "another signed header": replaced(
        cavage(headers=[("Content-Type", "a")], names="(request-target) host date digest content-type"),
        "Content-Type",
        "b",
    ),
    "another host": cavage(headers=[("Host", "gamma.test")]),
    "another host than was signed": replaced(cavage(headers=[("Host", "gamma.test")]), "Host", HOST),
    "another method": cavage("PUT"),
    "another path": cavage(target="/users/ada/inbox"),
    "another case of the path": cavage(target="/Inbox"),
    "too old": cavage(headers=[("Date", later(minutes=-61))]),
    "from the future": cavage(headers=[("Date", later(minutes=6))]),
    "a date that is none": cavage(headers=[("Date", "yesterday")]),
    "a day that is none": cavage(headers=[("Date", "Fri, 31 Feb 2026 09:53:50 GMT")]),
    "a date of another zone": cavage(headers=[("Date", "Fri, 20 Nov 2026 09:53:50 PST")]),
    "created too old": cavage(parameters=f"created={SECONDS - 3700},"),
    "created in the future": cavage(parameters=f"created={SECONDS + 400},"),
    "created out of range": cavage(parameters="created=9999999999999999999,"),
    "created that is no number": cavage(parameters='created="soon",'),
    "expired": cavage(parameters=f"expires={SECONDS - 301},"),
    "created signed but missing": cavage(
        names="(request-target) host (created) digest", pseudo=[("(created)", str(SECONDS))]
    ),
    "created changed": edited(
        cavage(
            names="(request-target) host (created) digest",
            parameters=f"created={SECONDS},",
            pseudo=[("(created)", str(SECONDS))],
        ),
        "Signature",
        f"created={SECONDS}",
        f"created={SECONDS - 1}",
    ),
    "nothing signed": without(cavage(), "Signature"),
    "no list of headers": edited(cavage(), "Signature", 'headers="(request-target) host date digest",', ""),
    "an empty list of headers": cavage(names=""),
    "a blank list of headers": cavage(names="  "),
    "a list that repeats": cavage(names="(request-target) host date digest date"),
    "a list without end": cavage(
        headers=[(f"x{n}", "") for n in range(40)],
        names=" ".join(["(request-target) host date digest", *(f"x{n}" for n in range(40))]),
    ),
    "request-target not signed": cavage(names="host date digest"),
    "host not signed": cavage(names="(request-target) date digest"),
    "no time signed": cavage(names="(request-target) host digest"),
    "digest not signed": cavage(names="(request-target) host date"),
    "a signed header that is missing": without(
        cavage(headers=[("X-A", "1")], names="(request-target) host date digest x-a"), "X-A"
    ),
    "no date": without(cavage(), "Date"),
    "no host": without(cavage(), "Host"),
    "no digest": without(cavage(), "Digest"),
    "a digest of no known kind": cavage(headers=[("Digest", "MD5=YQ==")]),
    "a digest that is none": cavage(headers=[("Digest", "SHA-256")]),
    "a digest that is not base64": cavage(headers=[("Digest", "SHA-256=*")]),
    "one of two digests wrong": cavage(
        headers=[("Digest", f"SHA-256={b64(hashlib.sha256(BODY).digest())},SHA-512=YQ==")]
    ),
    "the same digest twice": cavage(headers=[("Digest", f"SHA-256={b64(hashlib.sha256(BODY).digest())}," * 2)]),
    "two signature headers": cavage() + cavage()[-1:],
    "two hosts": [("host", "gamma.test"), *cavage()],
    "two dates": [*cavage(), ("date", later(seconds=-1))],
    "two digests in two headers": [*cavage(), ("Digest", "SHA-256=YQ==")],
    "keyId twice": edited(cavage(), "Signature", "keyId=", 'keyId="https://gamma.test/#main-key",keyId='),
    "headers twice": edited(cavage(), "Signature", "headers=", 'headers="date",headers='),
    "signature twice": edited(cavage(), "Signature", "signature=", 'signature="YQ==",signature='),
    "no keyId": edited(cavage(), "Signature", f'keyId="{KEY_ID}",', ""),
    "an empty keyId": edited(cavage(), "Signature", KEY_ID, ""),
    "a keyId without end": edited(cavage(), "Signature", KEY_ID, KEY_ID * 200),
    "an empty signature": edited(cavage(), "Signature", 'signature="', 'signature="",x="'),
    "a signature that is not base64": edited(cavage(), "Signature", 'signature="', 'signature="*'),
    "an array": edited(cavage(), "Signature", "keyId=", "keyId[]="),
    "an escape": edited(cavage(), "Signature", "#main-key", '\\"#main-key'),
    "an open quote": [*cavage()[:-1], ("Signature", 'keyId="')],
    "an empty header": replaced(cavage(), "Signature", ""),
    "a trailing comma": [*cavage()[:-1], ("Signature", cavage()[-1][1] + ",")],
    "a line break in a header": replaced(cavage(), "Date", f"{DATE}\nhost: {HOST}"),
    "a header without end": replaced(cavage(), "Signature", cavage()[-1][1] + "," + 'a="' + "a" * 9000 + '"'),
    "somebody else's key": cavage(key=rsa_key("mallory")),
    "a key of the wrong kind": cavage(key=ed25519_key()),
    "a key of the wrong kind, admitted": cavage(key=ed25519_key(), parameters='algorithm="ed25519",'),
    "a key that is not known": edited(cavage(), "Signature", KEY_ID, "https://beta.test/users/eve#main-key"),
    "SHA-384": cavage(algorithm=hashes.SHA384()),
}


@pytest.mark.parametrize("headers", LIES.values(), ids=LIES)
async def test_a_lie_is_not_believed(headers: Pairs) -> None:
    with pytest.raises(BadSignature):
        await verify(headers)


async def test_another_body_is_not_believed() -> None:
    for body in (b"", BODY + b" ", BODY[:-1]):
        with pytest.raises(BadSignature, match="digest"):
            await verify(cavage(), body=body)


async def test_a_body_on_a_get_needs_a_digest() -> None:
    with pytest.raises(BadSignature, match="digest"):
        await verify(cavage("GET", "/inbox", b""), "GET", "/inbox", BODY)


async def test_the_window_can_be_set() -> None:
    old = cavage(headers=[("Date", later(minutes=-10))])
    assert await verify(old)
    with pytest.raises(BadSignature, match="too old"):
        await verify(old, window=Window(past=timedelta(minutes=5)))
    ahead = cavage(headers=[("Date", later(hours=11))])
    assert await verify(ahead, window=Window(future=timedelta(hours=12)))


async def test_a_host_with_a_port_is_another_host() -> None:
    local = cavage(headers=[("Host", "127.0.0.1:8080")])
    assert await verify(local, host="127.0.0.1:8080")
    for host in ("127.0.0.1", "127.0.0.1:8081"):
        with pytest.raises(BadSignature, match="another host"):
            await verify(local, host=host)


names = st.sampled_from(["Signature", "Signature-Input", "Host", "Date", "Digest", "Content-Digest"])
pieces = st.sampled_from(
    ['keyId="', "headers=", "sig1=", ":", "(", ")", '"@method"', ";created=", "=", ",", '"', " ", "9" * 20]
)
values = st.text() | st.lists(pieces | st.text(max_size=3)).map("".join)


@given(st.lists(st.tuples(names, values), max_size=8), st.binary(max_size=20), st.text(max_size=20))
async def test_random_headers_are_never_more_than_a_bad_signature(headers: Pairs, body: bytes, target: str) -> None:
    with pytest.raises(BadSignature):
        await verify(headers, "POST", target, body)


@given(st.data())
async def test_a_signed_request_with_one_character_changed_is_not_believed(data: st.DataObject) -> None:
    headers = cavage()
    at = data.draw(st.integers(0, len(headers) - 1))
    name, value = headers[at]
    place = data.draw(st.integers(0, len(value) - 1))
    character = data.draw(st.characters())
    changed = value[:place] + character + value[place + 1 :]
    assume(changed != value)
    headers[at] = (name, changed)
    try:
        found = await verify(headers)
    except BadSignature:
        return
    # What may change without harm is the algorithm, which is not looked at, and the case of names.
    assert found == Verified(KEY_ID, ACTOR) and name == "Signature"
