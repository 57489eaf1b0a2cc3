"""Who signed a request: everything that can be checked cheaply is, before a key is looked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from core.database import now
from core.errors import Forbidden, Unauthenticated
from core.federation.addresses import host_of, same_origin
from core.federation.claims import Headers
from core.federation.domains import is_refused
from core.federation.keys_store import find_key
from core.federation.normalise import Activity
from core.federation.proofs import BadProof, check, read_proof
from core.federation.signatures import BadSignature, Evidence, SignatureClaim, Window, read_signature
from core.fetch import Refused
from core.instance import here
from core.models import Actor
from core.reading import moment

FORWARDED = frozenset({"Create", "Update", "Delete"})  # what others may pass on, and harms nobody twice
AHEAD = timedelta(minutes=5)
PROVED_BYTES = 262_144  # of an activity with a proof: putting it in canonical form takes a third of a second a megabyte


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature may cover: `target` is path and query as they were received, `headers` pairs of bytes."""

    method: str
    target: str
    headers: Any

    @classmethod
    def of(cls, scope: Any) -> Signed:
        """What an ASGI scope says of the request."""
        path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return cls(scope["method"], f"{path}?{query}" if query else path, scope["headers"])


def claim_of(headers: Headers) -> SignatureClaim:
    """Who claims to have signed. Raises Unauthenticated, and Forbidden where we do not talk with that server."""
    try:
        claim = read_signature(headers)
        host = host_of(claim.key_id)
    except BadSignature as fault:
        raise _unproved(fault) from None
    except Refused:
        raise Unauthenticated("The key id of the signature is no address.", code="bad_signature") from None
    must_be_wanted(host)
    return claim


def must_be_wanted(host: str) -> None:
    """Raise Forbidden where the admins want nothing to do with a host."""
    if is_refused(host):
        raise Forbidden("This server does not talk with yours.", code="blocked_domain")


def examined(request: Signed, claim: SignatureClaim, body: bytes) -> Evidence:
    """What is left to be checked with the key: digest, time and host are right. Raises Unauthenticated."""
    scheme, _, host = here().base_url.partition("://")
    try:
        return claim.examine(
            request.method,
            request.target,
            body,
            host=host,
            now=now(),
            scheme=scheme,
            window=Window(past=timedelta(seconds=here().settings.federation.signature_window_seconds)),
        )
    except BadSignature as fault:
        raise _unproved(fault) from None


async def signer_with(evidence: Evidence) -> Actor:
    """Whose key fits (section 5). Raises Unauthenticated where nobody's does, Forbidden for who is not wanted.

    Where the signature does not fit the key that is known, the key is fetched anew, once in a while.
    """
    try:
        known = await find_key(evidence.key_id)
        if known is None:
            raise BadSignature("the key is not to be had")
        try:
            evidence.check(known.key)
        except BadSignature:
            known = await find_key(evidence.key_id, refetch=True)
            if known is None:
                raise
            evidence.check(known.key)
    except BadSignature as fault:
        raise _unproved(fault) from None
    if known.actor.domain:
        must_be_wanted(known.actor.domain)
    return known.actor


async def author_by_proof(content: bytes, activity: Activity) -> Actor:
    """Whose proof an activity bears that somebody else passed on, as it was received (FEP-8b32).

    Raises Unauthenticated where it is not the one in whose name it is, Forbidden where we do not talk with them.
    Proofs are believed no longer than an activity is remembered, or what is old could be passed on again and again.
    For the same reason an edit has to say when it was made, and a profile, which does not, comes from its owner alone:
    else anybody could bring back what it said before, old keys too.
    """
    must_be_wanted(host_of(activity.actor))
    document = orjson.loads(content)
    try:
        if len(content) > PROVED_BYTES:
            raise BadProof("what is so large has to come from its author")
        if activity.type not in FORWARDED:
            raise BadProof("activities of this type have to come from their authors")
        if activity.type == "Update" and not _is_dated_edit(activity):
            raise BadProof("a profile, and an edit that does not say when it was made, have to come from their authors")
        proof = read_proof(document)
        oldest = now() - timedelta(days=here().settings.retention.received_activity_days - 1)
        if not oldest < proof.created < now() + AHEAD or (proof.expires and proof.expires < now()):
            raise BadProof("the proof is too old, or of the future")
        if not same_origin(proof.key_id, activity.actor):
            raise BadProof("the key belongs to another server")
        known = await find_key(proof.key_id)
        if known is None or known.actor.uri != activity.actor:
            raise BadProof("the key is not that of whoever it is by")
        check(document, proof, known.key)
    except BadProof as fault:
        raise Unauthenticated(f"The proof is no good: {fault}.", code="bad_proof") from None
    return known.actor


def _is_dated_edit(activity: Activity) -> bool:
    """Whether an Update is about an object that says when it was changed, so that an older one changes nothing."""
    changed = activity.object
    if changed is None:  # it is only named, and fetched from where it belongs
        return True
    return activity.object_type != "Actor" and moment(changed.get("updated")) is not None


def _unproved(fault: BadSignature) -> Unauthenticated:
    return Unauthenticated(f"The signature is no good: {fault}.", code="bad_signature")


def covers(claim: SignatureClaim, header: str) -> bool:
    """Whether a header is among what is signed."""
    names: tuple[str, ...] = getattr(claim, "names", getattr(claim, "components", ()))
    return header in names
