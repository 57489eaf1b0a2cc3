"""Actors of other servers as a test needs them: known here with a key, and able to send, whatever their address is."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from core.database import now
from core.federation.addresses import host_of
from core.federation.models import Key
from core.models import Actor
from core.testing import Foreign, ForeignActor, TestInstance

_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_PEM = (
    _KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
_HOST = re.compile(rb"https?://([^/\"'\s<>\\:?#]+)")
# Recorded documents of other servers, for whoever has them; what they have in common stands in tests/documents.
FIXTURES = Path(os.environ.get("KITH_TEST_FIXTURES") or Path(__file__).parent.parent / "fixtures")


@dataclass
class Stranger(ForeignActor):
    """Somebody with an address of any shape."""

    uri: str = ""

    @property
    def id(self) -> str:
        return self.uri

    async def post(self, instance: TestInstance, body: bytes) -> httpx.Response:
        """Deliver bytes as they are, signed."""
        url = f"{instance.base_url}/inbox"
        return await instance.client.post("/inbox", content=body, headers=self.signed("POST", url, body))


async def make_known(instance: TestInstance, uri: str, *, followers_url: str = "") -> Stranger:
    """Have an actor with this id known to an instance, with a key; its server can be reached and has nothing."""
    host = host_of(uri)
    server = Foreign(host).join(instance)
    with instance.inside():
        if not await Actor.exists(uri=uri):
            count = await Actor.all().count()
            name = f"stranger{count}"
            actor = await Actor.create(
                uri=uri,
                username=name,
                username_key=name,
                domain=host,
                name=name,
                url=uri,
                inbox_url=f"{uri}/inbox",
                followers_url=followers_url or f"{uri}/followers",
                fetched_at=now(),
            )
            await Key.create(uri=f"{uri}#main-key", actor_id=actor.id, public_pem=_PEM)
    return Stranger(server, "stranger", _KEY, uri=uri)


def reach_nobody(instance: TestInstance, body: bytes) -> None:
    """Have every host a document names answer that it has nothing, so that no test asks a network."""
    for host in set(_HOST.findall(body)):
        name = host.decode("latin-1").lower()
        if name not in instance.neighbours:
            Foreign(name).join(instance)


def fixtures(folder: Path = FIXTURES) -> Iterator[tuple[str, bytes]]:
    """Every recorded document: its name and its bytes; ids and dates that were taken out are put in again."""
    numbers = itertools.count(1)
    for path in sorted(folder.rglob("*.json")):
        body = re.sub(b"SCRUBBED_ID", lambda _: b"https://kbin.test/things/%d" % next(numbers), path.read_bytes())
        yield str(path.relative_to(folder)), body.replace(b"SCRUBBED_DATE", b"2026-11-19T08:00:00Z")


def loaded(body: bytes) -> Any:
    """What a document says, None where it cannot be read."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
