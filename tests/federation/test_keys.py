"""Keys: made, read back, and refused when they are strange."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from core.federation.keys import (
    BadKey,
    SigningKey,
    decode_multikey,
    encode_multikey,
    generate_ed25519,
    generate_rsa,
    load_private,
    load_public,
    multibase_decode,
    multibase_encode,
    public_pem,
    verifies,
)
from tests.federation.by_hand import ed25519_key, rsa_key

# The first example of the did:key method and the bytes of its key.
DID_KEY = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
DID_KEY_BYTES = bytes.fromhex("2e6fcce36701dc791488e0d0b1745cc1e33a4c1c9fcc41c63bd343dbbe0970e6")


def pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, shape: str = "SubjectPublicKeyInfo") -> str:
    return key.public_bytes(serialization.Encoding.PEM, getattr(serialization.PublicFormat, shape)).decode()


@pytest.mark.parametrize("generate", [generate_rsa, generate_ed25519])
def test_a_new_pair_signs_and_verifies(generate: type) -> None:
    private, public = generate()
    signature = SigningKey("x", load_private(private)).sign(b"text")
    assert verifies(load_public(public), signature, b"text")
    assert not verifies(load_public(public), signature, b"other")
    assert not verifies(load_public(public), b"", b"text")
    assert public_pem(load_public(public)) == public


def test_a_public_key_is_read_once_whatever_its_wrapping() -> None:
    public = rsa_key().public_key()
    assert load_public(pem(public)) is load_public(pem(public))
    assert load_public(pem(public, "PKCS1")) == public
    assert load_public(f"\n {pem(public)} \n") == public


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "\ud800",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        pem(ec.generate_private_key(ec.SECP256R1()).public_key()),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()),
        pem(rsa.RSAPublicNumbers(65537, (1 << 8192) + 1).public_key()),
        pem(rsa.RSAPublicNumbers((1 << 64) + 1, rsa_key().public_key().public_numbers().n).public_key()),
        pem(rsa_key().public_key()) + " " * 8192,
    ],
)
def test_a_strange_public_key_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        load_public(text)


def test_a_private_key_is_no_public_key_and_the_other_way_round() -> None:
    private, public = generate_ed25519()
    with pytest.raises(BadKey):
        load_public(private)
    with pytest.raises(BadKey):
        load_private(public)


def test_a_multikey_is_read_and_written() -> None:
    assert decode_multikey(DID_KEY).public_bytes_raw() == DID_KEY_BYTES
    assert encode_multikey(decode_multikey(DID_KEY)) == DID_KEY
    public = ed25519_key().public_key()
    assert decode_multikey(encode_multikey(public)) == public


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        DID_KEY[1:],
        "m" + DID_KEY[1:],
        DID_KEY + "1",
        DID_KEY[:-1],
        DID_KEY.replace("k", "0", 1),
        "z" + "1" * 200,
        multibase_encode(b"\x12\x05" + DID_KEY_BYTES),
    ],
)
def test_a_malformed_multikey_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        decode_multikey(text)


def test_base58_is_that_of_its_draft() -> None:
    assert multibase_encode(b"Hello World!") == "z2NEpo7TZRRrLZSi2U"
    assert multibase_encode(bytes.fromhex("0000287fb4cd")) == "z11233QC4"


@given(st.binary(max_size=64))
def test_bytes_survive_multibase(raw: bytes) -> None:
    assert multibase_decode(multibase_encode(raw)) == raw
