"""The keys of our own actors: made at first need, the private half sealed; and the actor that acts for the server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.accounts.service import new_actor
from core.database import IntegrityError, after_commit, execute, new_id, now, transaction
from core.federation.addresses import INSTANCE_ACTOR, SHARED_INBOX
from core.federation.keys import (
    SigningKey,
    encode_multikey,
    generate_ed25519,
    generate_rsa,
    load_private,
    load_public,
)
from core.federation.models import Key
from core.federation.signatures import sign_cavage
from core.fetch import Sign
from core.instance import here
from core.models import Actor

KEEP_SECONDS = 3600
SEALED_AS = "federation_key.private_sealed.{uri}"
KEPT_BYTES = 8000


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """What an actor of ours signs with, and the public halves as documents bear them."""

    rsa: SigningKey
    ed25519: SigningKey
    rsa_pem: str
    ed25519_multibase: str


async def own_keys(actor: Actor) -> OwnKeys:
    """The keys of an actor of this server, made now where there are none yet. Raises ValueError for anybody else's."""
    if not actor.is_local:
        raise ValueError("only actors of this server have keys here")
    cache, name = here().cache, f"own-keys:{actor.id}"
    kept: OwnKeys | None = cache.get(name)
    if kept is not None:
        return kept
    keys = await _stored(actor)
    if keys is None:
        await _make(actor)
        keys = await _stored(actor)
        assert keys is not None
    # The running transaction may yet be taken back, and new keys with it.
    after_commit(lambda: cache.put(name, keys, ttl=KEEP_SECONDS, size=KEPT_BYTES))
    return keys


def rsa_key_id(actor_uri: str) -> str:
    """The id of an actor's RSA key; the fragment matters to peers (section 2)."""
    return f"{actor_uri}#main-key"


def ed25519_key_id(actor_uri: str) -> str:
    """The id of an actor's Ed25519 key."""
    return f"{actor_uri}#ed25519-key"


async def _stored(actor: Actor) -> OwnKeys | None:
    found = {key.uri: key for key in await Key.filter(actor_id=actor.id)}
    rsa, ed25519 = found.get(rsa_key_id(actor.uri)), found.get(ed25519_key_id(actor.uri))
    if rsa is None or ed25519 is None:
        return None
    public = load_public(ed25519.public_pem)
    assert isinstance(public, Ed25519PublicKey)
    return OwnKeys(_signing_key(rsa), _signing_key(ed25519), rsa.public_pem, encode_multikey(public))


def _signing_key(key: Key) -> SigningKey:
    pem = here().secrets.open(key.private_sealed, _sealed_as(key.uri))
    return SigningKey(key.uri, load_private(pem.decode()))


def _sealed_as(uri: str) -> str:
    return SEALED_AS.format(uri=uri)


async def _make(actor: Actor) -> None:
    rsa = await asyncio.to_thread(generate_rsa)
    pairs = (("rsa", rsa_key_id(actor.uri), rsa), ("ed25519", ed25519_key_id(actor.uri), generate_ed25519()))
    for kind, uri, (private, public) in pairs:
        await execute(
            "INSERT INTO federation_key (id, uri, actor_id, kind, public_pem, private_sealed, fetched_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
            new_id(),
            uri,
            actor.id,
            kind,
            public,
            here().secrets.seal(private.encode(), _sealed_as(uri)),
            now(),
        )


async def instance_actor() -> Actor:
    """The actor that stands for this server: it signs what is fetched and what nobody here does in person."""
    uri = here().url(INSTANCE_ACTOR)
    actor = await Actor.get_or_none(uri=uri)
    if actor is None:
        await _make_instance_actor(uri)
        actor = await Actor.get(uri=uri)
    return actor


async def _make_instance_actor(uri: str) -> None:
    actor = new_actor(here().domain.partition(":")[0], type="application")
    former = await Actor.get_or_none(username_key=actor.username_key, domain="", type="application")
    # On another port, or with https where http was, it is the same server under the same name.
    actor = former if former and former.uri.endswith(INSTANCE_ACTOR) else actor
    actor.uri, actor.url = uri, here().url("/about")
    actor.inbox_url = actor.shared_inbox_url = here().url(SHARED_INBOX)
    actor.outbox_url, actor.followers_url = f"{uri}/outbox", f"{uri}/followers"
    actor.following_url, actor.featured_url = f"{uri}/following", ""
    actor.is_locked, actor.is_discoverable = True, False
    with suppress(IntegrityError):  # another process was faster
        async with transaction():
            await actor.save(force_create=actor is not former)


async def request_signer() -> Sign:
    """What signs the documents we ask others for: the server's own key (section 3)."""
    return partial(_sign, (await own_keys(await instance_actor())).rsa)


def _sign(key: SigningKey, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Mapping[str, str]:
    return sign_cavage(method, url, headers, body, key, now=datetime.now(UTC))
