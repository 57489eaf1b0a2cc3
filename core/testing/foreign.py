"""A small server of another make: it has people with keys, signs what it sends, and writes down what it is sent."""

from __future__ import annotations

import base64
import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import orjson
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from core.asgi import Receive, Scope, Send
from core.testing.instances import TestInstance

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"]
ACTIVITY_JSON = "application/activity+json"
_numbers = itertools.count(1)
_keys: list[rsa.RSAPrivateKey] = []
Document = dict[str, Any]


def _key(number: int) -> rsa.RSAPrivateKey:
    """One of a few keys, made once for all tests: making one takes tens of milliseconds."""
    while len(_keys) <= number:
        _keys.append(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    return _keys[number]


@dataclass
class Received:
    """One request the foreign server got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Foreign:
    """A foreign server called `host`, an ASGI app; `join` makes it and instances reach one another.

    `documents` are served at their paths, or those with a query, `redirects` lead to other addresses, and `status`,
    where it is set, answers everything (503: the server is down). `inbox` has what was delivered, `asked` all requests.
    """

    host: str
    type: str = "Person"
    people: dict[str, ForeignActor] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    status: int = 0
    inbox: list[Received] = field(default_factory=list)
    asked: list[Received] = field(default_factory=list)
    instances: dict[str, TestInstance] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        return f"https://{self.host}"

    def join(self, *instances: TestInstance) -> Foreign:
        """Let these instances reach this server, and this server them, until they are emptied."""
        for instance in instances:
            instance.neighbours[self.host] = self
            self.instances[instance.host] = instance
        return self

    def person(self, name: str, **document: Any) -> ForeignActor:
        """Somebody new on this server; `document` adds to what is served of them."""
        self.people[name] = ForeignActor(self, name, _key(len(self.people)), document)
        return self.people[name]

    def activities(self, type: str = "") -> list[Document]:
        """What was delivered here, in order; with `type`, only activities of that type."""
        found = [received.json for received in self.inbox]
        return [activity for activity in found if not type or activity.get("type") == type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        request = Received(scope["method"], scope["path"], headers, body)
        self.asked.append(request)
        status, answer, extra = self._answer(request, scope["query_string"].decode())
        pairs = {"content-type": ACTIVITY_JSON, **extra}
        raw = [(name.encode(), value.encode()) for name, value in pairs.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": orjson.dumps(answer)})

    def _answer(self, request: Received, query: str) -> tuple[int, object, dict[str, str]]:
        path = request.path
        if self.status:
            return self.status, {}, {}
        if request.method == "POST":
            self.inbox.append(request)
            return 202, {}, {}
        if path in self.redirects:
            return 302, {}, {"location": self.redirects[path]}
        if (asked := f"{path}?{query}") in self.documents:
            return 200, self.documents[asked], {}
        if path in self.documents:
            return 200, self.documents[path], {}
        if path == "/.well-known/webfinger":
            return self._webfinger(parse_qs(query).get("resource", [""])[0])
        name, _, collection = path.removeprefix("/users/").partition("/")
        person = self.people.get(name)
        if person is None or not path.startswith("/users/"):
            return 404, {}, {}
        if not collection:
            return 200, person.document(), {}
        empty = {"@context": CONTEXT, "id": self.base_url + path, "type": "OrderedCollection"}
        return 200, {**empty, "totalItems": 0, "orderedItems": []}, {}

    def _webfinger(self, resource: str) -> tuple[int, object, dict[str, str]]:
        name, _, host = resource.removeprefix("acct:").partition("@")
        if name not in self.people or host != self.host:
            return 404, {}, {}
        link = {"rel": "self", "type": ACTIVITY_JSON, "href": self.people[name].id}
        return 200, {"subject": resource, "links": [link]}, {"content-type": "application/jrd+json"}


@dataclass
class ForeignActor:
    """Somebody on a foreign server, with an RSA key."""

    server: Foreign
    name: str
    key: rsa.RSAPrivateKey
    more: Document = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.server.base_url}/users/{self.name}"

    @property
    def key_id(self) -> str:
        return f"{self.id}#main-key"

    @property
    def address(self) -> str:
        return f"@{self.name}@{self.server.host}"

    def document(self) -> Document:
        """What is served of this person."""
        public = self.key.public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = public.public_bytes(serialization.Encoding.PEM, form).decode()
        parts = ("inbox", "outbox", "followers", "following")
        return {
            "@context": CONTEXT,
            "id": self.id,
            "type": self.server.type,
            "preferredUsername": self.name,
            "name": self.name.capitalize(),
            "url": self.id,
            "publicKey": {"id": self.key_id, "owner": self.id, "publicKeyPem": pem},
            **{part: f"{self.id}/{part}" for part in parts},
            **self.more,
        }

    def note(self, content: str, *, to: object = (PUBLIC,), cc: object = (), **more: Any) -> Document:
        """A note by this person, which is served at its id from now on."""
        path = f"/notes/{next(_numbers)}"
        note = {
            "@context": CONTEXT,
            "id": self.server.base_url + path,
            "type": "Note",
            "attributedTo": self.id,
            "content": content,
            "to": to,
            "cc": cc,
            "published": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **more,
        }
        self.server.documents[path] = note
        return note

    def activity(self, type: str, object: object, **more: Any) -> Document:
        """An activity of this person."""
        activity_id = f"{self.id}/activities/{next(_numbers)}"
        return {"@context": CONTEXT, "id": activity_id, "type": type, "actor": self.id, "object": object, **more}

    async def send(self, to: TestInstance, activity: Document, *, path: str = "/inbox", **how: Any) -> httpx.Response:
        """Deliver an activity to an instance's inbox, signed; `how` is what `signed` takes, to sign it wrongly."""
        body = orjson.dumps(activity)
        headers = self.signed("POST", to.base_url + path, body, **how)
        return await to.client.post(path, content=body, headers=headers)

    async def fetch(self, to: TestInstance, path: str) -> httpx.Response:
        """GET a document of an instance, signed."""
        url = path if path.startswith("https://") else to.base_url + path
        return await to.client.get(url, headers={**self.signed("GET", url), "Accept": ACTIVITY_JSON})

    def signed(
        self,
        method: str,
        url: str,
        body: bytes = b"",
        *,
        signer: ForeignActor | None = None,
        age: timedelta = timedelta(0),
        digest_of: bytes | None = None,
        key_id: str = "",
    ) -> dict[str, str]:
        """Headers with a signature by draft-cavage-http-signatures-12.

        To sign wrongly: `signer` lends its key, `age` sets the Date back, `digest_of` is another body, `key_id` names
        another key.
        """
        place = urlsplit(url)
        target = place.path + (f"?{place.query}" if place.query else "")
        date = format_datetime(datetime.now(UTC) - age, usegmt=True)
        headers = {"Host": place.netloc, "Date": date}
        if method == "POST":
            digest = hashlib.sha256(body if digest_of is None else digest_of).digest()
            headers |= {"Digest": f"SHA-256={base64.b64encode(digest).decode()}", "Content-Type": ACTIVITY_JSON}
        values = {"(request-target)": f"{method.lower()} {target}", "host": place.netloc, "date": date}
        if method == "POST":
            values["digest"] = headers["Digest"]
        text = "\n".join(f"{name}: {value}" for name, value in values.items()).encode()
        mark = base64.b64encode((signer or self).key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()
        headers["Signature"] = (
            f'keyId="{key_id or self.key_id}",algorithm="rsa-sha256",headers="{" ".join(values)}",signature="{mark}"'
        )
        return headers
