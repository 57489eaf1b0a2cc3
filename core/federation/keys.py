"""The key pairs of actors: made, read from PEM and Multikey within bounds, used to sign and to verify."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
PublicKey = RSAPublicKey | Ed25519PublicKey

# Shorter RSA keys can be broken; longer ones make every verification dear.
RSA_BITS = range(2048, 8192 + 1)
LONGEST_PEM = 8192
LONGEST_EXPONENT_BITS = 33

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ED25519_PREFIX = b"\xed\x01"
LONGEST_MULTIBASE = 128


class BadKey(ValueError):
    """The key cannot be read, or is of a kind or size that is not believed."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key together with the URL under which its public half is published."""

    key_id: str
    private: PrivateKey = field(repr=False)

    @property
    def is_rsa(self) -> bool:
        return isinstance(self.private, RSAPrivateKey)

    def sign(self, data: bytes) -> bytes:
        """Sign with RSASSA-PKCS1-v1_5 and SHA-256, or with Ed25519, as the key demands."""
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(data)
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


def verifies(public: PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether `signature` over `data` was made with this key; RSA with SHA-256 or SHA-512, PKCS1-v1_5."""
    if isinstance(public, Ed25519PublicKey):
        return _verifies_ed25519(public, signature, data)
    return any(_verifies_rsa(public, signature, data, algorithm) for algorithm in (hashes.SHA256(), hashes.SHA512()))


def generate_rsa() -> tuple[str, str]:
    """A new RSA-2048 pair as (private PEM, public PEM); takes some 40 ms, so call it outside the event loop."""
    private = generate_private_key(public_exponent=65537, key_size=2048)
    return _private_pem(private), public_pem(private.public_key())


def generate_ed25519() -> tuple[str, str]:
    """A new Ed25519 pair as (private PEM, public PEM)."""
    private = Ed25519PrivateKey.generate()
    return _private_pem(private), public_pem(private.public_key())


def load_private(pem: str) -> PrivateKey:
    """Read a private key of our own; its numbers are not checked again, which would cost 36 ms. Raises BadKey."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey("the private key cannot be read") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadKey("the private key is neither RSA nor Ed25519")
    return key


@lru_cache(maxsize=4096)
def load_public(pem: str) -> PublicKey:
    """Read a public key from PEM (SubjectPublicKeyInfo or PKCS#1); the last 4,096 are kept. Raises BadKey."""
    if len(pem) > LONGEST_PEM:
        raise BadKey("the public key is too long")
    try:
        key = serialization.load_pem_public_key(pem.strip().encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadKey("the public key cannot be read") from error
    if isinstance(key, RSAPublicKey):
        _check_rsa(key)
        return key
    if isinstance(key, Ed25519PublicKey):
        return key
    raise BadKey("the public key is neither RSA nor Ed25519")


def public_pem(public: PublicKey) -> str:
    """The public key as PEM (SubjectPublicKeyInfo), as `publicKeyPem` carries it."""
    encoding, shape = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(encoding, shape).decode()


def encode_multikey(public: Ed25519PublicKey) -> str:
    """The key as `publicKeyMultibase` of a Multikey (FEP-521a): base58btc of the multicodec prefix and the key."""
    return multibase_encode(ED25519_PREFIX + public.public_bytes_raw())


def decode_multikey(text: str) -> Ed25519PublicKey:
    """Read `publicKeyMultibase` of an Ed25519 Multikey. Raises BadKey."""
    raw = multibase_decode(text)
    if len(raw) != 34 or not raw.startswith(ED25519_PREFIX):
        raise BadKey("the multikey is not an Ed25519 public key")
    try:
        return Ed25519PublicKey.from_public_bytes(raw[2:])
    except ValueError as error:
        raise BadKey("the multikey is not an Ed25519 public key") from error


def multibase_encode(raw: bytes) -> str:
    """Bytes as multibase base58btc, which starts with `z`."""
    number, digits = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        digits = BASE58[rest] + digits
    return "z" + "1" * (len(raw) - len(raw.lstrip(b"\0"))) + digits


def multibase_decode(text: str) -> bytes:
    """Bytes of a multibase base58btc text of at most 128 characters. Raises BadKey."""
    if len(text) > LONGEST_MULTIBASE or not text.startswith("z"):
        raise BadKey("the value is not base58btc")
    number = 0
    for character in text[1:]:
        digit = BASE58.find(character)
        if digit < 0:
            raise BadKey("the value is not base58btc")
        number = number * 58 + digit
    zeros = len(text[1:]) - len(text[1:].lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _check_rsa(key: RSAPublicKey) -> None:
    if key.key_size not in RSA_BITS:
        raise BadKey(f"RSA keys have {RSA_BITS.start} to {RSA_BITS.stop - 1} bits, this one has {key.key_size}")
    exponent = key.public_numbers().e
    if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > LONGEST_EXPONENT_BITS:
        raise BadKey("the exponent of the RSA key is unusual")


def _private_pem(private: PrivateKey) -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return private.private_bytes(encoding, shape, serialization.NoEncryption()).decode()


def _verifies_ed25519(public: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        public.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _verifies_rsa(public: RSAPublicKey, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm) -> bool:
    try:
        public.verify(signature, data, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
