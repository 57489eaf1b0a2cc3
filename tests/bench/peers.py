"""People of other servers: who they are, and what they send, signed."""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
Document = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """Somebody on another server."""

    name: str
    domain: str
    uri: str
    inbox: str

    @property
    def key_id(self) -> str:
        return f"{self.uri}#main-key"


def peers_of(hosts: int, each: int) -> list[Peer]:
    """So many people on each of so many servers that nobody can reach."""
    return [
        Peer(
            f"peer{one}",
            f"host{host}.example",
            f"https://host{host}.example/users/peer{one}",
            f"https://host{host}.example/inbox",
        )
        for host in range(hosts)
        for one in range(each)
    ]


@dataclass(frozen=True)
class Mail:
    """What is to be sent to a server: activities of its peers, about posts of its own."""

    peers: Sequence[Peer]
    keys: Sequence[str]
    port: int
    base_url: str
    entries: Sequence[str]
    members: Sequence[str]
    count: int
    start: int = 0


def written(mail: Mail) -> list[bytes]:
    """Requests that deliver the activities: posts for the most part, likes, shares, and answers that name a member."""
    keys = [load_pem_private_key(pem.encode(), None) for pem in mail.keys]
    chance, numbers = random.Random(mail.start), itertools.count(mail.start)
    requests = []
    for number in itertools.islice(numbers, mail.count):
        place = number % len(mail.peers)
        peer, key = mail.peers[place], keys[place % len(keys)]
        assert isinstance(key, rsa.RSAPrivateKey)
        requests.append(_signed(mail, peer, key, _activity(mail, peer, number, chance)))
    return requests


def _activity(mail: Mail, peer: Peer, number: int, chance: random.Random) -> Document:
    kind = chance.choices(("Create", "Like", "Announce"), (60, 30, 10))[0]
    entry = f"{mail.base_url}/objects/{mail.entries[number // len(mail.peers) % len(mail.entries)]}"
    activity = {"@context": CONTEXT, "id": f"{peer.uri}/activities/{number}", "type": kind, "actor": peer.uri}
    if kind == "Like":
        return {**activity, "object": entry}
    published = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    addressed = {"to": [PUBLIC], "cc": [f"{peer.uri}/followers"], "published": published}
    if kind == "Announce":
        return {**activity, **addressed, "object": entry}
    note: Document = {
        "id": f"{peer.uri}/notes/{number}",
        "type": "Note",
        "attributedTo": peer.uri,
        "content": f"<p>Number {number}, written on another server about boats, bread and the weather there.</p>",
        **addressed,
    }
    if chance.random() < 0.2:
        member = chance.choice(mail.members)
        note["inReplyTo"] = entry
        note["cc"] = [*addressed["cc"], member]
        note["tag"] = [{"type": "Mention", "href": member, "name": "@member"}]
    return {**activity, **addressed, "object": note}


def _signed(mail: Mail, peer: Peer, key: rsa.RSAPrivateKey, activity: Document) -> bytes:
    """A request signed by draft-cavage-http-signatures-12, as most servers do."""
    body = orjson.dumps(activity)
    values = {
        "(request-target)": "post /inbox",
        "host": f"127.0.0.1:{mail.port}",
        "date": format_datetime(datetime.now(UTC), usegmt=True),
        "digest": f"SHA-256={base64.b64encode(hashlib.sha256(body).digest()).decode()}",
    }
    covered = "\n".join(f"{name}: {value}" for name, value in values.items()).encode()
    mark = base64.b64encode(key.sign(covered, padding.PKCS1v15(), hashes.SHA256())).decode()
    lines = [
        "POST /inbox HTTP/1.1",
        f"Host: {values['host']}",
        f"Date: {values['date']}",
        f"Digest: {values['digest']}",
        "Content-Type: application/activity+json",
        f'Signature: keyId="{peer.key_id}",algorithm="rsa-sha256",headers="{" ".join(values)}",signature="{mark}"',
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
