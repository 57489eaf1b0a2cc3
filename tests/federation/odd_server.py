"""A server that answers whatever a test wants, however wrong, and writes down what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from core.asgi import Receive, Scope, Send
from core.testing import TestInstance

ACTIVITY_JSON = "application/activity+json"
JRD = "application/jrd+json"


@dataclass
class OddServer:
    """Answers by path, or by path and query; anything else is 404."""

    host: str
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://{self.host}"

    def join(self, instance: TestInstance) -> OddServer:
        instance.neighbours[self.host] = self
        return self

    def answer(
        self, path: str, content: object = b"", *, status: int = 200, type: str = ACTIVITY_JSON, location: str = ""
    ) -> str:
        """Answer a path; its address."""
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        headers = {"content-type": type} if type else {}
        if location:
            headers["location"] = location
        self.answers[path] = (status, headers, body)
        return self.url + path

    def finger(self, name: str, *actors: str, subject: str = "", host: str = "") -> None:
        """Say by WebFinger which actors a name stands for."""
        handle = f"acct:{name}@{host or self.host}"
        links = [{"rel": "self", "type": ACTIVITY_JSON, "href": actor} for actor in actors]
        resource = handle.replace(":", "%3A").replace("@", "%40")
        jrd = {"subject": f"acct:{subject}" if subject else handle, "links": links}
        self.answer(f"/.well-known/webfinger?resource={resource}", jrd, type=JRD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, query = scope["path"], scope["query_string"].decode()
        whole = f"{path}?{query}" if query else path
        self.asked.append(whole)
        status, headers, body = self.answers.get(whole) or self.answers.get(path) or (404, {}, b"")
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


def actor(server: OddServer | str, name: str = "mallory", **more: Any) -> dict[str, Any]:
    """A plain actor document, without keys unless told."""
    base = server if isinstance(server, str) else server.url
    uri = f"{base}/users/{name}"
    return {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": uri,
        "type": "Person",
        "preferredUsername": name,
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        **more,
    }
