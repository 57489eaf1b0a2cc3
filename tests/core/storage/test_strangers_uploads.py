"""A stranger who sends a file is refused at once: nothing of what they send is waited for, let alone read."""

from __future__ import annotations

import asyncio
import socket
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from core.testing import Person, TestInstance
from tests.core.kith_process import kith_in

BOUNDARY = "multipart/form-data; boundary=here"


async def sent_without_end(instance: TestInstance, path: str, **headers: str) -> int:
    """The status of the answer to a form whose body never comes."""
    pairs = {"host": instance.host, "content-type": BOUNDARY, "content-length": "5000000", **headers}
    scope = {
        **{"type": "http", "http_version": "1.1", "method": "POST", "scheme": "https", "root_path": ""},
        **{"path": path, "raw_path": path.encode(), "query_string": b"", "client": ("127.0.0.1", 50000)},
        **{"server": (instance.host, 443), "asgi": {"version": "3.0"}, "extensions": {}},
        "headers": [(name.encode(), value.encode()) for name, value in pairs.items()],
    }
    answered = asyncio.get_running_loop().create_future()

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not answered.done():
            answered.set_result(message["status"])

    serving = asyncio.ensure_future(instance.instance.asgi(scope, never, send))
    try:
        return int(await asyncio.wait_for(answered, 60))
    finally:
        serving.cancel()
        await asyncio.wait([serving], timeout=5)


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/api/v1/files", {401}),
        ("/api/v1/users/me/avatar", {401, 404, 405}),
        ("/compose/file", {303, 401, 403}),
        ("/images/upload", {303, 401, 403}),
    ],
)
async def test_a_strangers_file_is_refused_before_it_has_come(
    alpha: TestInstance, path: str, statuses: set[int]
) -> None:
    assert await sent_without_end(alpha, path, origin=alpha.base_url) in statuses
    if path.startswith("/api/"):
        assert await sent_without_end(alpha, path, authorization="Bearer of-nobody") in statuses


async def test_a_file_that_says_it_is_too_large_is_refused_before_it_has_come(ann: Person) -> None:
    status = await sent_without_end(
        ann.instance, "/api/v1/files", authorization=ann.headers["Authorization"], **{"content-length": "99000000000"}
    )
    assert status == 413


def answer(connection: socket.socket, sent: bytes) -> HTTPResponse:
    """What comes back on a connection to what is sent, read to its end."""
    connection.sendall(sent)
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    return response


def head(host: str, length: int) -> bytes:
    return (
        f"POST /images/upload HTTP/1.1\r\nHost: {host}\r\nContent-Type: {BOUNDARY}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


async def test_a_browser_that_sends_more_than_was_waited_for_sees_why_it_is_refused(tmp_path: Path) -> None:
    async with kith_in(tmp_path) as kith:
        serving = kith.serve()
        host = f"127.0.0.1:{serving.port}"
        with socket.create_connection(("127.0.0.1", serving.port), timeout=20) as connection:
            refused = answer(connection, head(host, 300_000))
            assert refused.status in (303, 401, 403)
            assert refused.headers.get("connection") != "close"
            connection.sendall(b"x" * 300_000)
            asked = answer(connection, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert asked.status == 200, "the connection is as good as before"

        with socket.create_connection(
            ("127.0.0.1", serving.port), timeout=20
        ) as connection:  # who never ends is not waited for
            refused = answer(connection, head(host, 900_000_000))
            assert refused.headers["connection"] == "close"
            connection.sendall(b"x" * 1_000_000)
            # Who never ends is not waited for; and the end is a proper one, no reset.
            assert connection.recv(1) == b""
