"""The connections under the fetcher: broken answers, TLS, reuse, fairness between hosts, apps in this process."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dialer import MOST_PER_ORIGIN
from core.fetch import Fetcher, FetchError, Refused, Response, TimedOut, TooMuch, Unreachable
from tests.core.hostile import answer, certificate, ok, peer

AS2 = "application/activity+json"
TLS = ssl.create_default_context()
where = ContextVar("where", default="nowhere")


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that may speak to loopback."""
    made = Fetcher(user_agent="Kith/test", allow_http=True, allow_private=True)
    yield made
    await made.close()


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"hello",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/3 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ],
)
async def test_a_broken_answer_is_unreachable(fetcher: Fetcher, broken: bytes) -> None:
    async with peer(broken) as server:
        with pytest.raises(Unreachable):
            await fetcher.get(server.base, accept=AS2, deadline=5)


async def test_an_answer_without_length_ends_with_the_connection(fetcher: Fetcher) -> None:
    async with peer(ok(b"all of it", length=-1)) as server:
        assert (await fetcher.get(server.base, accept=AS2)).body == b"all of it"


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda more: b"HTTP/1.1 200 OK\r\n" + more + b"\r\n\r\na"))
async def test_whatever_a_server_sends_is_an_answer_or_a_fetch_error(sent: bytes) -> None:
    fetcher = Fetcher(user_agent="Kith/test", allow_http=True, allow_private=True, ssl_context=TLS)
    async with peer(sent, listens=False) as server:
        for url in (server.base, server.base.replace("http", "https")):
            try:
                assert isinstance(await fetcher.get(url, accept=AS2, deadline=5), Response)
            except FetchError as error:
                assert error.reason
    await fetcher.close()


async def test_a_closed_port_is_unreachable(fetcher: Fetcher) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable):
            await fetcher.get(f"http://127.0.0.1:{unused.getsockname()[1]}/", accept=AS2)


@pytest.mark.parametrize("header", [{"X-A": "a\r\nX-B: b"}, {"X A": "a"}, {"X-Ä": "a"}, {"X-A": "\u20ac"}])
async def test_a_header_that_cannot_be_sent_is_refused(fetcher: Fetcher, header: dict[str, str]) -> None:
    async with peer(ok()) as server:
        with pytest.raises(Refused):
            await fetcher.post(server.base, b"", header)
    assert not server.heard


async def test_tls_is_made_with_the_name_though_the_address_is_dialled(tmp_path: Path) -> None:
    async def resolve(name: str) -> list[str]:
        return ["127.0.0.1"]

    for_server, for_client = certificate("alpha.test", str(tmp_path))
    asked: list[str | None] = []
    for_server.sni_callback = lambda _socket, name, _context: asked.append(name)
    fetcher = Fetcher(
        user_agent="Kith/test", allow_http=True, allow_private=True, resolve=resolve, ssl_context=for_client
    )
    async with peer(ok(b"secret"), tls=for_server) as server:
        assert (await fetcher.get(f"https://alpha.test:{server.port}/", accept=AS2)).body == b"secret"
        for other in ("beta.test", "127.0.0.1"):
            with pytest.raises(Unreachable):
                await fetcher.get(f"https://{other}:{server.port}/", accept=AS2)
    assert asked == ["alpha.test", "beta.test", None]
    assert f"Host: alpha.test:{server.port}\r\n".encode() in server.heard[0] and len(server.heard) == 1
    await fetcher.close()


async def test_a_certificate_nobody_trusts_is_unreachable(fetcher: Fetcher, tmp_path: Path) -> None:
    for_server, _ = certificate("127.0.0.1", str(tmp_path))
    async with peer(ok(), tls=for_server) as server:
        with pytest.raises(Unreachable, match="no secure connection"):
            await fetcher.get(f"https://127.0.0.1:{server.port}/", accept=AS2)


async def test_a_connection_is_used_again(fetcher: Fetcher) -> None:
    async def polite(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b"again"))

    async with peer(polite) as server:
        for _ in range(3):
            assert (await fetcher.get(server.base, accept=AS2)).body == b"again"
            assert (await fetcher.post(server.base, b"{}", {})).status == 200
        await fetcher.close()
    assert server.connections == 1 and len(server.heard) == 6


async def test_a_connection_the_peer_gave_up_meanwhile_is_made_anew(fetcher: Fetcher) -> None:
    async def once(head: bytes, writer: asyncio.StreamWriter) -> None:
        # The second request of a connection is swallowed and the connection closed.
        if server.connections == 1 and len(server.heard) == 2:
            writer.close()
        else:
            writer.write(ok(b"anew"))

    async with peer(once) as server:
        for _ in range(2):
            assert (await fetcher.post(server.base, b"{}", {})).body == b"anew"
        await fetcher.close()
    assert server.connections == 2 and len(server.heard) == 3


async def test_a_host_that_hangs_holds_up_only_itself(fetcher: Fetcher) -> None:
    async def hang(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    async with peer(hang) as hanging, peer(ok(b"fine")) as other:
        waiting = [asyncio.create_task(fetcher.get(hanging.base, accept=AS2)) for _ in range(300)]
        async with asyncio.timeout(60):
            while hanging.connections < MOST_PER_ORIGIN:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (await fetcher.get(other.base, accept=AS2)).body == b"fine"
        assert hanging.connections == MOST_PER_ORIGIN
        for task in waiting:
            task.cancel()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        with pytest.raises(TimedOut):
            await fetcher.get(hanging.base, accept=AS2, deadline=0.1)


async def test_two_hundred_hosts_are_posted_to_at_once(fetcher: Fetcher) -> None:
    together = asyncio.Barrier(200)

    async def all_at_once(head: bytes, writer: asyncio.StreamWriter) -> None:
        await together.wait()
        writer.write(answer(202))

    async def resolve(name: str) -> list[str]:
        return ["127.0.0.1"]

    fetcher = Fetcher(user_agent="Kith/test", allow_http=True, allow_private=True, resolve=resolve)
    async with peer(all_at_once) as server:
        urls = [f"http://host{number}.test:{server.port}/inbox" for number in range(200)]
        found = await asyncio.gather(*(fetcher.post(url, b"{}", {}) for url in urls))
        assert {one.status for one in found} == {202} and server.connections == 200
        await fetcher.close()


async def test_one_fetcher_serves_several_event_loops(fetcher: Fetcher) -> None:
    async def polite(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(ok(b"both"))

    async def elsewhere(url: str) -> bytes:
        try:
            return (await fetcher.get(url, accept=AS2)).body
        finally:
            await fetcher.close()

    async with peer(polite) as server:
        assert (await fetcher.get(server.base, accept=AS2)).body == b"both"
        assert await asyncio.to_thread(lambda: asyncio.run(elsewhere(server.base))) == b"both"
        assert (await fetcher.get(server.base, accept=AS2)).body == b"both"
        await fetcher.close()
    assert server.connections == 2


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the request's body and headers; /slow never does, /broken fails."""
    if scope["path"] == "/slow":
        await asyncio.sleep(3600)
    if scope["path"] == "/broken":
        raise RuntimeError("broken")
    body = (await receive())["body"] or where.get().encode()
    where.set("inside")
    headers = [(name, value) for name, value in scope["headers"] if name in (b"host", b"user-agent", b"x-a")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def test_an_app_in_this_process_is_spoken_to_like_any_host() -> None:
    fetcher = Fetcher(user_agent="Kith/test", apps={"alpha.test": app})
    found = await fetcher.post("https://alpha.test/inbox?a=1", b"hello", {"X-A": "1"})
    assert (found.body, found.url) == (b"hello", "https://alpha.test/inbox?a=1")
    assert found.headers == {"host": "alpha.test", "user-agent": "Kith/test", "x-a": "1"}
    assert (await fetcher.get("https://alpha.test/broken", accept=AS2)).status == 500
    with pytest.raises(TimedOut):
        await fetcher.get("https://alpha.test/slow", accept=AS2, deadline=0.05)
    with pytest.raises(TooMuch):
        await fetcher.get("https://alpha.test/", accept=AS2, limit=3)


async def test_an_app_in_this_process_sees_no_context_of_the_caller_and_leaves_none() -> None:
    fetcher = Fetcher(user_agent="Kith/test", apps={"alpha.test": app})
    where.set("caller")
    assert (await fetcher.get("https://alpha.test/", accept=AS2)).body == b"nowhere"
    assert where.get() == "caller"
