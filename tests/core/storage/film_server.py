"""A server elsewhere that has films, gives them as slowly and as wrongly as a test wants, and who watches them here."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.addresses import parse_url
from core.asgi import Receive, Scope, Send
from core.in_process import Answered, ask
from core.storage.remote_room import LEDGER
from core.testing import Foreign, Person, TestInstance
from tests.federation.arrivals import arrive, stored

PIECE = 32_768
_START = b"\0\0\0\x18ftypisom\0\0\2\0isommp41"
Lie = Callable[[int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


def film(size: int, seed: str = "a") -> bytes:
    """What begins like a film and is like no other."""
    rest = hashlib.shake_128(f"{seed}{size}".encode()).digest(size - len(_START))
    return _START + rest


@dataclass
class FilmServer:
    """Gives films by path; `most` bytes of an answer go out before `go_on`, `lie` changes what is answered."""

    host: str = "media.test"
    films: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    has_ranges: bool = True
    says_length: bool = True
    etag: str = '"one"'
    most: int | None = None
    lie: Lie | None = None
    sent: int = 0
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    _on: asyncio.Event = field(default_factory=asyncio.Event)

    def join(self, instance: TestInstance) -> FilmServer:
        instance.neighbours[self.host] = self
        return self

    def put(self, path: str, content: bytes) -> str:
        """Have a film; its address."""
        self.films[path] = content
        return f"https://{self.host}{path}"

    def go_on(self) -> None:
        """Let what waits out, and all that is asked for from now on."""
        self.most = None
        self._on.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = dict(scope["headers"]).get(b"range", b"").decode()
        self.asked.append((scope["path"], wanted))
        content = self.films.get(scope["path"])
        status, headers = (200, {"content-type": "video/mp4"}) if content is not None else (404, {})
        body = content or b""
        if content and self.etag:
            headers["etag"] = self.etag
        if content and self.has_ranges and (found := re.fullmatch(r"bytes=(\d+)-(\d*)", wanted)):
            first, last = int(found[1]), int(found[2] or len(content) - 1)
            headers["content-range"] = f"bytes {first}-{last}/{len(content)}"
            status, body = 206, content[first : last + 1]
        if self.says_length:
            headers["content-length"] = str(len(body))
        if self.lie:
            status, headers, body = self.lie(status, headers, body)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for at in range(0, len(body), PIECE):
            if self.most is not None and at >= self.most and not wanted.rpartition("-")[2]:
                self.waiting.set()
                await receive()
                ways = [asyncio.ensure_future(way) for way in (self._on.wait(), receive())]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                for way in ways:
                    way.cancel()
            self.sent += len(body[at : at + PIECE])
            await send({"type": "http.response.body", "body": body[at : at + PIECE], "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Watched:
    """What is answered to somebody who watches, as it comes."""

    def __init__(self, answered: Answered) -> None:
        self.status = answered.status
        self.headers = {name.decode().lower(): value.decode() for name, value in answered.headers}
        self._chunks = answered.chunks
        self._read = b""

    async def read(self, size: int) -> bytes:
        """So many bytes from the beginning, as soon as they are there."""
        while len(self._read) < size:
            self._read += await anext(self._chunks)
        return self._read[:size]

    async def all(self) -> bytes:
        """Everything, or what there was before the connection broke."""
        try:
            async for piece in self._chunks:
                self._read += piece
        except ConnectionError:
            pass
        return self._read


@asynccontextmanager
async def watching(
    alpha: TestInstance, url: str, wanted: str = "", *, method: str = "GET", **headers: str
) -> AsyncIterator[Watched]:
    """Somebody watches a film here, or the part that is `wanted`, and then goes away."""
    sent = {"range": wanted, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = [(name.encode(), value.encode()) for name, value in {"host": alpha.host, **sent}.items() if value]
    async with ask(alpha.instance.asgi, method, parse_url(url), raw, b"") as answered:
        yield Watched(answered)


async def watched(alpha: TestInstance, url: str, wanted: str = "", **more: Any) -> tuple[int, bytes]:
    """The status of an answer and all that came of it."""
    async with watching(alpha, url, wanted, **more) as answer:
        return answer.status, await answer.all()


async def shown(alpha: TestInstance, ann: Person, foreign: Foreign, *files: dict[str, Any]) -> list[dict[str, Any]]:
    """What hangs on a post from elsewhere with these files, as ann sees it."""
    zoe = foreign.people.get("zoe") or foreign.person("zoe")
    note = zoe.note("Look", cc=[ann.uri], tag=[{"type": "Mention", "href": ann.uri}], attachment=list(files))
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    entry = await stored(alpha, note["id"])
    assert entry is not None
    found: list[dict[str, Any]] = (await ann.get(f"/posts/{entry.id}"))["attachments"]
    return found


def document(url: str, media_type: str = "video/mp4", **more: Any) -> dict[str, Any]:
    """A file as Mastodon lists it."""
    return {"type": "Document", "mediaType": media_type, "url": url, **more}


def kept(alpha: TestInstance) -> list[Path]:
    """What lies here of what is elsewhere."""
    return [path for path in (alpha.folder / "cache").rglob("*") if path.is_file() and path.name != LEDGER]


async def gone(alpha: TestInstance) -> None:
    """Wait until nothing of a film is left."""
    async with asyncio.timeout(60):
        while kept(alpha):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
