"""Fetching from servers that mean no good."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import pytest

from core.fetch import Fetcher, Refused, TimedOut, Unreachable
from tests.core.hostile import answer, ok, peer

AS2 = "application/activity+json"


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that may speak to loopback."""
    made = Fetcher(user_agent="Kith/test", allow_http=True, allow_private=True)
    yield made
    await made.close()


def strict(**more: Any) -> Fetcher:
    """A fetcher as in production."""
    return Fetcher(user_agent="Kith/test", **more)


def redirecting(location: str, status: int = 302) -> Callable[..., Awaitable[None]]:
    """An ASGI app that sends everybody elsewhere, unless they ask for /here."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        here = scope["path"] == "/here"
        headers = [(b"content-type", AS2.encode())] if here else [(b"location", location.encode())]
        await send({"type": "http.response.start", "status": 200 if here else status, "headers": headers})
        await send({"type": "http.response.body", "body": b"here"})

    return app


async def test_a_document_is_fetched_with_its_type_and_headers(fetcher: Fetcher) -> None:
    kind = 'Content-Type: Application/LD+JSON; Profile="https://www.w3.org/ns/activitystreams" ;charset=utf-8'
    async with peer(ok(b'{"id":1}', kind, "Set-Cookie: a=1", "X-A: 1", "x-a: 2")) as server:
        found = await fetcher.get(f"{server.base}/ada?b=%7E#main-key", accept=AS2)
    assert (found.status, found.body, found.url) == (200, b'{"id":1}', f"{server.base}/ada?b=%7E")
    assert found.media_type == "application/ld+json"
    assert found.parameters == {"profile": "https://www.w3.org/ns/activitystreams", "charset": "utf-8"}
    assert found.headers["x-a"] == "1, 2"
    head = server.heard[0].decode()
    assert head.startswith("GET /ada?b=%7E HTTP/1.1\r\n")
    assert f"\r\nHost: 127.0.0.1:{server.port}\r\n" in head
    assert f"\r\nAccept: {AS2}\r\n" in head and "\r\nUser-Agent: Kith/test\r\n" in head


@pytest.mark.parametrize("kind", ["a/b; charset", "a/b; x=1; x=2", 'a/b; x="', "a/b x=1; =", "; x"])
async def test_a_malformed_content_type_is_no_content_type(fetcher: Fetcher, kind: str) -> None:
    async with peer(ok(b"", f"Content-Type: {kind}")) as server:
        found = await fetcher.get(server.base, accept=AS2)
    assert found.parameters == {} and found.media_type in ("", "a/b x=1")


async def test_cookies_are_not_kept(fetcher: Fetcher) -> None:
    async with peer(ok(b"", "Set-Cookie: a=1; Path=/")) as server:
        for _ in range(2):
            await fetcher.get(server.base, accept=AS2)
    assert b"cookie" not in server.heard[1].lower()


@pytest.mark.parametrize("status", [401, 404, 410, 500])
async def test_a_failure_is_an_answer_too(fetcher: Fetcher, status: int) -> None:
    async with peer(answer(status, b"gone")) as server:
        found = await fetcher.get(server.base, accept=AS2)
    assert (found.status, found.body) == (status, b"gone")


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%lo"]
)
async def test_a_name_that_resolves_to_a_private_address_is_refused(address: str) -> None:
    async def resolve(name: str) -> list[str]:
        return ["8.8.8.8", address]

    fetcher = strict(resolve=resolve, allow_http=True)
    with pytest.raises(Refused, match="not a public one"):
        await fetcher.get("https://alpha.test/", accept=AS2)
    with pytest.raises(Refused, match="not a public one"):
        await fetcher.post("https://alpha.test/inbox", b"{}", {})


async def test_the_address_that_was_looked_up_is_the_one_connected_to() -> None:
    asked: list[str] = []

    async def resolve(name: str) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    rebinding = strict(resolve=resolve, allow_http=True, allow_private=True)
    async with peer(ok(b"first")) as server:
        found = await rebinding.get(f"http://alpha.test:{server.port}/", accept=AS2)
    assert found.body == b"first" and asked == ["alpha.test"]
    assert f"Host: alpha.test:{server.port}\r\n".encode() in server.heard[0]


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    async def resolve(name: str) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    fetcher = strict(resolve=resolve, allow_http=True, allow_private=True)
    async with peer(ok(b"second")) as server:
        found = await fetcher.get(f"http://alpha.test:{server.port}/", accept=AS2)
    assert found.body == b"second"
    await fetcher.close()


@pytest.mark.parametrize("failure", [socket.gaierror("no"), UnicodeError("no"), None])
async def test_an_unknown_name_is_unreachable(failure: Exception | None) -> None:
    async def resolve(name: str) -> list[str]:
        if failure:
            raise failure
        return []

    with pytest.raises(Unreachable, match="not known"):
        await strict(resolve=resolve).get("https://alpha.test/", accept=AS2)


async def test_a_name_that_takes_for_ever_to_resolve_times_out() -> None:
    async def resolve(name: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(TimedOut):
        await strict(resolve=resolve).get("https://alpha.test/", accept=AS2, deadline=0.05)


@pytest.mark.parametrize(
    "url",
    [
        "http://alpha.test:8080/",
        "https://alpha.test:22/",
        "file:///etc/passwd",
        "https://ada@alpha.test/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://localhost/",
    ],
)
async def test_what_the_rules_forbid_is_neither_fetched_nor_posted_to(url: str) -> None:
    fetcher = strict(apps={"alpha.test": redirecting("https://alpha.test/here")})
    with pytest.raises(Refused):
        await fetcher.get(url, accept=AS2)
    with pytest.raises(Refused):
        await fetcher.post(url, b"{}", {})


@pytest.mark.parametrize(
    "location",
    [
        "http://alpha.test/here",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://localhost/",
        "https://2130706433/",
        "https://alpha.test:8443/here",
        "https://ada@alpha.test/here",
        "file:///etc/passwd",
        "gopher://alpha.test/",
        "//127.0.0.1/",
        "https://private.test/",
        "/he re",
    ],
)
async def test_a_redirect_to_where_we_may_not_go_is_refused(location: str) -> None:
    async def resolve(name: str) -> list[str]:
        return ["127.0.0.1"]

    fetcher = strict(apps={"alpha.test": redirecting(location)}, resolve=resolve)
    with pytest.raises(Refused):
        await fetcher.get("https://alpha.test/", accept=AS2)


@pytest.mark.parametrize("location", ["here", "/here", "//alpha.test/here", "https://alpha.test:443/here#there"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed(location: str, status: int) -> None:
    fetcher = strict(apps={"alpha.test": redirecting(location, status)})
    found = await fetcher.get("https://alpha.test/there", accept=AS2)
    assert (found.status, found.body) == (200, b"here") and found.url.startswith("https://alpha.test")


async def test_plain_http_may_only_redirect_to_https() -> None:
    fetcher = strict(apps={"alpha.test": redirecting("https://alpha.test/here")})
    assert (await fetcher.get("http://alpha.test/there", accept=AS2)).url == "https://alpha.test/here"
    with pytest.raises(Refused, match="only https"):
        await fetcher.get("http://alpha.test/here", accept=AS2)
    with pytest.raises(Refused, match="only https"):
        await fetcher.post("http://alpha.test/there", b"{}", {})


async def test_https_never_redirects_to_http_even_where_http_is_allowed() -> None:
    fetcher = strict(apps={"alpha.test": redirecting("http://alpha.test/here")}, allow_http=True)
    with pytest.raises(Refused, match="from https to http"):
        await fetcher.get("https://alpha.test/", accept=AS2)
    assert (await fetcher.get("http://alpha.test/", accept=AS2)).body == b"here"


async def test_a_redirect_loop_ends(fetcher: Fetcher) -> None:
    async with peer(answer(302, b"", "Location: /again")) as server:
        with pytest.raises(Refused, match="too many redirects"):
            await fetcher.get(server.base, accept=AS2)
    assert len(server.heard) == 4


async def test_a_redirect_that_leads_nowhere_is_the_answer(fetcher: Fetcher) -> None:
    async with peer(answer(302)) as server:
        assert (await fetcher.get(server.base, accept=AS2)).status == 302


async def test_every_hop_is_signed_anew() -> None:
    signed: list[tuple[str, str]] = []

    def sign(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> dict[str, str]:
        signed.append((method, url))
        assert headers["Accept"] == AS2 and body is None
        return {"Signature": f"for {url}"}

    fetcher = strict(apps={"alpha.test": redirecting("/here")}, sign=sign)
    await fetcher.get("https://alpha.test/ü", accept=AS2)
    assert signed == [("GET", "https://alpha.test/%C3%BC"), ("GET", "https://alpha.test/here")]
    await fetcher.get("https://alpha.test/", accept=AS2, sign=False)
    assert len(signed) == 2


async def test_nothing_is_signed_that_goes_over_plain_http() -> None:
    signed: list[str] = []
    fetcher = strict(
        apps={"alpha.test": redirecting("https://alpha.test/here")},
        sign=lambda method, url, headers, body: signed.append(url) or {},
    )
    await fetcher.get("http://alpha.test/", accept=AS2)
    assert signed == ["https://alpha.test/here"]


async def test_a_post_follows_no_redirect_and_sends_what_it_is_given(fetcher: Fetcher) -> None:
    async with peer(answer(307, b"", "Location: /elsewhere")) as server:
        found = await fetcher.post(f"{server.base}/inbox", b'{"a":1}', {"Signature": "s", "content-type": AS2})
    assert found.status == 307 and len(server.heard) == 1
    head = server.heard[0].decode()
    assert head.startswith("POST /inbox HTTP/1.1\r\n") and "\r\nContent-Length: 7\r\n" in head
    assert "\r\nSignature: s\r\n" in head and f"\r\ncontent-type: {AS2}\r\n" in head


async def test_the_body_of_an_answer_to_a_post_is_cut(fetcher: Fetcher) -> None:
    async with peer(answer(202, b"a" * 100_000, "Content-Encoding: gzip")) as server:
        found = await fetcher.post(server.base, b"", {})
    assert (found.status, len(found.body)) == (202, 16_384)
