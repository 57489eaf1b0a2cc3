"""Integrity proofs (FEP-8b32, eddsa-jcs-2022): what an activity bears so that anybody can pass it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.entries import Document
from core.federation.canonical import Written, canonical
from core.federation.documents import as_list
from core.federation.keys import BadKey, PublicKey, SigningKey, multibase_decode, multibase_encode, verifies
from core.outbound import stamp
from core.reading import moment

TYPE, SUITE, PURPOSE = "DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod"
PROOFS_AT_MOST = 5
SIGNATURE_BYTES = 64


class BadProof(ValueError):
    """The proof cannot be read, or does not hold."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof says; `options` is all of it but the signature, as it is hashed."""

    key_id: str
    created: datetime
    expires: datetime | None
    signature: bytes
    options: Mapping[str, Any]


def proved(document: Document, key: SigningKey, now: datetime) -> Document:
    """A document with a proof by an Ed25519 key."""
    options = {
        "@context": document["@context"],
        "type": TYPE,
        "cryptosuite": SUITE,
        "created": stamp(now),
        "verificationMethod": key.key_id,
        "proofPurpose": PURPOSE,
    }
    # Half of what is written is the context, twice, and always the same.
    context = {"@context": _written_context(orjson.dumps(document["@context"]))}
    signature = key.sign(_hashed(options | context, document | context))
    return {**document, "proof": {**options, "proofValue": multibase_encode(signature)}}


@lru_cache(16)
def _written_context(context: bytes) -> Written:
    return Written(canonical(orjson.loads(context)).decode())


def read_proof(document: Document) -> Proof:
    """The proof of a document, of several the first of the kind that is understood. Raises BadProof."""
    found = next((one for one in as_list(document.get("proof"))[:PROOFS_AT_MOST] if _is_understood(one)), None)
    if found is None:
        raise BadProof("there is no proof of a kind that is understood here")
    key_id, created = found.get("verificationMethod"), moment(found.get("created"))
    if not isinstance(key_id, str) or created is None:
        raise BadProof("the proof does not say by which key or when it was made")
    try:
        signature = multibase_decode(str(found.get("proofValue")))
    except BadKey:
        raise BadProof("the signature of the proof cannot be read") from None
    if len(signature) != SIGNATURE_BYTES:
        raise BadProof("the signature of the proof cannot be read")
    options = {name: value for name, value in found.items() if name != "proofValue"}
    return Proof(key_id, created, moment(found.get("expires")), signature, options)


def _is_understood(proof: object) -> bool:
    return (
        isinstance(proof, dict)
        and proof.get("type") == TYPE
        and proof.get("cryptosuite") == SUITE
        and proof.get("proofPurpose") == PURPOSE
    )


def check(document: Document, proof: Proof, key: PublicKey) -> None:
    """Raise BadProof unless the proof over this document, as it was received, was made with this key."""
    if not isinstance(key, Ed25519PublicKey):
        raise BadProof("the key of the proof is no Ed25519 key")
    unproved = {name: value for name, value in document.items() if name != "proof"}
    if "@context" in proof.options:
        stated = as_list(proof.options["@context"])
        if stated != as_list(document.get("@context"))[: len(stated)]:
            raise BadProof("the proof is about another context")
        unproved["@context"] = proof.options["@context"]
    try:
        data = _hashed(proof.options, unproved)
    except (ValueError, RecursionError):
        raise BadProof("the document cannot be put in canonical form") from None
    if not verifies(key, proof.signature, data):
        raise BadProof("the proof does not fit the document")


def _hashed(options: Mapping[str, Any], document: Document) -> bytes:
    return sha256(canonical(dict(options))).digest() + sha256(canonical(document)).digest()
