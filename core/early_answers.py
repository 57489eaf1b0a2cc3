"""Answers given before the whole request has come: what still comes is taken in and thrown away, for a moment.

A connection that is closed while a body is on its way is reset, and a reset throws away the answer as well: a browser
would show a network failure in place of the page that says why the form was refused (RFC 9112, section 9.6).
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
LARGEST_SWALLOWED = 16 * 1024 * 1024  # bytes: a picture, or all of a small form
LONGEST_WAIT = 3.0  # seconds
LONGEST_LENGTH = 18  # digits: nobody sends as much, and very many cannot even be read
_CLOSE = (b"connection", b"close")


def length_of_body(scope: MutableMapping[str, Any]) -> int | None:
    """How many bytes of body a request says it has: 0 for none, None where it does not say."""
    length: int | None = 0
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value) if len(value) <= LONGEST_LENGTH else sys.maxsize
        if name == b"transfer-encoding":
            length = None
    return length


class Unread:
    """The two ends of one request with a body: `receive` and `send` go to the app in place of the server's."""

    def __init__(self, scope: MutableMapping[str, Any], length: int | None, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self._closes = scope.get("http_version") == "1.1" and (length is None or length > LARGEST_SWALLOWED)
        self._one_at_a_time = asyncio.Lock()
        self._has_come = self._is_answered = False
        self._swallowed = 0

    async def receive(self) -> Any:
        """The next part; once the answer has begun nobody wants what it holds, so it is empty."""
        async with self._one_at_a_time:
            message = await self._next()
        return {**message, "body": b""} if self._is_answered and "body" in message else message

    async def send(self, message: Any) -> None:
        """Pass the answer on, but for its end, which waits until the request has ended too."""
        if message["type"] == "http.response.start" and not self._has_come:
            self._is_answered = True
            if self._closes:
                message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
        if message["type"] != "http.response.body" or self._has_come or message.get("more_body", False):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_WAIT):
                await self._swallow()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _swallow(self) -> None:
        while not self._has_come and self._swallowed <= LARGEST_SWALLOWED:
            async with self._one_at_a_time:  # the app may be waiting for the same part, and it may be the last
                if not self._has_come:
                    await self._next()
            await asyncio.sleep(0)  # what is there already comes without a pause, in which the time could run out

    async def _next(self) -> Any:
        message = await self._receive()
        self._has_come = message["type"] != "http.request" or not message.get("more_body", False)
        if self._is_answered:
            self._swallowed += len(message.get("body", b""))
        return message
