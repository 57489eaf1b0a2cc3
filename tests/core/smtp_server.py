"""A mail server of the tests' own: it takes mail, or refuses it, hangs, and speaks TLS as it is told."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Taken:
    """A mail that was handed over, with its envelope."""

    sender: str
    recipients: list[str]
    content: bytes
    options: str

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)


@dataclass
class MailServer:
    """What the server does. `replies` says something else to a verb (`RCPT`, `DATA`, `.` for the end of the mail …)."""

    replies: dict[str, str] = field(default_factory=dict)
    hangs_at: str = "NOWHERE"
    extensions: list[str] = field(default_factory=lambda: ["8BITMIME"])
    certificate: Path | None = None
    speaks_tls_at_once: bool = False
    offers_starttls: bool = False
    password: tuple[str, str] | None = None
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    offered: list[bytes] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0
    most_at_once: int = 0
    was_encrypted: bool = False

    @property
    def _tls(self) -> ssl.SSLContext | None:
        if self.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate)
        return context

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[MailServer]:
        """The server on a free port of this machine while the block runs."""
        tls = self._tls if self.speaks_tls_at_once else None
        server = await asyncio.start_server(self._served, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await _Talk(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.at_once -= 1
            self._tasks.discard(task)
            writer.close()


class _Talk:
    """One connection (RFC 5321)."""

    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.encrypted = server.speaks_tls_at_once
        self.signed_in = False
        self.sender, self.options = "", ""
        self.recipients: list[str] = []

    async def say(self, verb: str, usual: str) -> bool:
        """Answer, unless told to hang here; whether it was a yes."""
        if self.server.hangs_at == verb:
            await asyncio.sleep(3600)
        reply = self.server.replies.get(verb, usual)
        self.writer.write(f"{reply}\r\n".encode())
        await self.writer.drain()
        return reply[0] in "23"

    async def run(self) -> None:
        if not await self.say("GREETING", "220 mail.test"):
            return
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            verb = verb.upper()
            self.server.verbs.append(verb)
            if verb == "QUIT":
                await self.say(verb, "221 Bye")
                return
            if verb == "EHLO":
                await self._greet()
            elif verb == "STARTTLS":
                await self.say(verb, "220 Go ahead")
                tls = self.server._tls
                assert tls
                await self.writer.start_tls(tls)
                self.encrypted = self.server.was_encrypted = True
            elif verb == "AUTH":
                await self._sign_in(rest)
            elif verb == "MAIL":
                if self.server.password and not self.signed_in:
                    await self.say(verb, "530 Authentication required")
                elif await self.say(verb, "250 OK"):
                    self.sender, _, self.options = rest.partition(" ")
            elif verb == "RCPT":
                if await self.say(verb, "250 OK"):
                    self.recipients.append(rest)
            elif verb == "DATA":
                await self._take()
            else:
                await self.say(verb, "250 OK")

    async def _greet(self) -> None:
        extensions = list(self.server.extensions)
        if self.server.offers_starttls and not self.encrypted:
            extensions.append("STARTTLS")
        if self.server.password:
            extensions.append("AUTH PLAIN LOGIN")
        await self.say("EHLO", "\r\n".join([*(f"250-{each}" for each in ("mail.test", *extensions)), "250 HELP"]))

    async def _sign_in(self, rest: str) -> None:
        kind, _, first = rest.partition(" ")
        if kind == "PLAIN":
            _, user, password = base64.b64decode(first).decode().split("\0")
        else:
            user = base64.b64decode(first).decode()
            await self.say("PASSWORD", "334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.reader.readline()).decode()
        self.signed_in = (user, password) == self.server.password
        await self.say("AUTH", "235 Welcome" if self.signed_in else "535 No")

    async def _take(self) -> None:
        if not await self.say("DATA", "354 Go ahead"):
            return
        content = await self.reader.readuntil(b"\r\n.\r\n")
        self.server.offered.append(content)
        if await self.say(".", "250 Taken"):
            content = content[:-3].replace(b"\r\n..", b"\r\n.")
            self.server.taken.append(Taken(self.sender, list(self.recipients), content, self.options))


def certificate(folder: Path, host: str = "localhost") -> Path:
    """A file with a fresh key and a certificate for this machine that nobody has signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "mail.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file
