"""Servers on loopback that answer as badly as the test wishes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A listening server; `heard` holds the heads of all requests, `connections` how often it was called."""

    def __init__(self, answer: Answer) -> None:
        self.heard: list[bytes] = []
        self.connections = 0
        self.base = ""
        self.port = 0
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heard.append(head)
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                if length:
                    await reader.readexactly(int(length[0].partition(b":")[2]))
                await self._answer(head, writer)
                await writer.drain()
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def peer(
    answer: Answer | bytes, *, tls: ssl.SSLContext | None = None, listens: bool = True
) -> AsyncIterator[Peer]:
    """A peer that gives `answer` to every request; bytes are sent as they are and the connection closed.

    One that does not listen sends its bytes as soon as somebody connects.
    """

    async def send(head: bytes, writer: asyncio.StreamWriter) -> None:
        assert isinstance(answer, bytes)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def blurt(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await send(b"", writer)

    listening = Peer(send if isinstance(answer, bytes) else answer)
    server = await asyncio.start_server(listening.serve if listens else blurt, "127.0.0.1", 0, ssl=tls, backlog=1000)
    listening.port = server.sockets[0].getsockname()[1]
    listening.base = f"http://127.0.0.1:{listening.port}"
    try:
        yield listening
    finally:
        server.close()


def ok(body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A whole answer with status 200."""
    return answer(200, body, *headers, length=length)


def answer(status: int, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """A whole answer; `length` lies about the body's length, -1 leaves it out."""
    lines = [f"HTTP/1.1 {status} x", *headers]
    if length != -1:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def certificate(name: str, folder: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS contexts for a server called `name` and for a client that trusts nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = f"{folder}/{name}.pem"
    with open(path, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        file.write(made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client
