"""Handing mail to a server: one that takes it, refuses it, is busy, hangs, or is not to be trusted."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
import uvloop

from core.accounts.proof_models import SecurityEvent
from core.database import execute, now, rows
from core.mail.outgoing import send
from core.metrics import mails
from core.testing import TestInstance, settle, world
from tests.core.mail_templates import with_template
from tests.core.smtp_server import MailServer, certificate

LINK = "https://alpha.test/verify?token=abc123"
SECRET = ("kith", "p@ss:w/rd")
URL_SECRET = "kith:p%40ss%3Aw%2Frd"
# How a host that is not this machine itself by its name is reached nevertheless: TLS is asked for as on the network.
ELSEWHERE = "elsewhere.test"


def _free_port() -> int:
    """A port that nobody who asks the system for any is given meanwhile."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


PORT = _free_port()  # the same for all, so that instances with the same settings serve several tests


@asynccontextmanager
async def sending_to(
    server: MailServer, url: str = "smtp://127.0.0.1:{port}", **settings: Any
) -> AsyncIterator[TestInstance]:
    """An instance that hands its mail to this server."""
    server.port = PORT
    async with server.listening():
        url = url.format(port=server.port)
        patience = 20 if server.hangs_at == "NOWHERE" else 1
        settings |= {"mail__backend": "smtp", "mail__url": url, "mail__timeout_seconds": patience}
        async with world("alpha.test", **settings) as (alpha,):
            with_template(alpha)
            alpha.instance.mail_line._away_until = 0
            yield alpha


async def write(at: TestInstance, to: str = "ann@example.org", who: str = "Ann") -> None:
    with at.inside():
        await send(to, "greeting", who=who, link=LINK)
    await settle(at)


async def waiting(at: TestInstance) -> list[dict[str, Any]]:
    with at.inside():
        return await rows("SELECT * FROM core_job WHERE name LIKE '%.deliver' ORDER BY id")


async def again(at: TestInstance) -> None:
    """Let the time pass until the next try."""
    at.instance.mail_line._away_until = 0
    with at.inside():
        await execute("UPDATE core_job SET due_at = $1 WHERE state = 'waiting'", now())
    await settle(at)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the name of another host lead to this machine."""
    real = uvloop.Loop.create_connection

    async def connected(loop: Any, protocol: Any, host: str, port: int, **more: Any) -> Any:
        if more.get("ssl"):
            more.setdefault("server_hostname", host)
        return await real(loop, protocol, "127.0.0.1" if host == ELSEWHERE else host, port, **more)

    monkeypatch.setattr(uvloop.Loop, "create_connection", connected)


async def test_a_server_gets_the_mail_with_its_envelope() -> None:
    server = MailServer()
    async with sending_to(server) as alpha:
        await write(alpha, who="Zoë\n.\nQUIT")
        (taken,) = server.taken
        assert (taken.sender, taken.recipients) == ("FROM:<noreply@alpha.test>", ["TO:<ann@example.org>"])
        assert taken.message["to"] == "ann@example.org"
        assert LINK in taken.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert not await waiting(alpha)


async def test_a_server_that_is_busy_gets_it_later_and_once() -> None:
    server = MailServer(replies={"RCPT": "451 Greylisted, come back"})
    async with sending_to(server) as alpha:
        await write(alpha)
        (job,) = await waiting(alpha)
        assert (job["state"], job["error"]) == ("waiting", "Deferred")
        assert not any(word in str(job) for word in ("ann", "abc123"))
        server.replies.clear()
        await again(alpha)
        assert len(server.taken) == 1
        assert not await waiting(alpha)


async def test_every_try_bears_the_same_message_id() -> None:
    server = MailServer(replies={".": "451 Not now"})
    async with sending_to(server) as alpha:
        await write(alpha)
        await again(alpha)
        server.replies.clear()
        await again(alpha)
        offered = [message_from_bytes(content)["message-id"] for content in server.offered]
        assert len(offered) == 3
        assert len(set(offered)) == len(server.taken) == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "."])
async def test_what_a_server_refuses_for_good_is_not_tried_again(verb: str) -> None:
    server = MailServer(replies={verb: "550 No such person ann@example.org"})
    async with sending_to(server) as alpha:
        ann = await alpha.user("ann")
        before = mails.labels("refused")._value.get()
        with alpha.inside():
            await send(ann.email, "greeting", account_id=ann.id, who="Ann", link=LINK)
        await settle(alpha)
        assert not await waiting(alpha)
        assert mails.labels("refused")._value.get() == before + 1
        with alpha.inside():
            (event,) = await SecurityEvent.filter(name="mail_given_up")
        assert (event.account_id, event.details) == (ann.id, {"code": 550})


async def test_what_no_server_took_for_days_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    server = MailServer(replies={"RCPT": "451 Later"})
    async with sending_to(server) as alpha:
        await write(alpha)
        monkeypatch.setattr("core.mail.outgoing.GIVE_UP_AFTER", timedelta(0))
        await again(alpha)
        assert not await waiting(alpha)
        with alpha.inside():
            assert await SecurityEvent.filter(name="mail_given_up").count() == 1


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "RCPT", "."])
async def test_a_server_that_hangs_is_left_and_spared_for_a_while(verb: str) -> None:
    server = MailServer(hangs_at=verb)
    async with sending_to(server) as alpha:
        await write(alpha)
        assert [job["error"] for job in await waiting(alpha)] == ["Unreachable"]
        await write(alpha, "bob@example.org")
        assert server.connections == 1
        server.hangs_at = "NOWHERE"
        await again(alpha)
        assert sorted(recipient for taken in server.taken for recipient in taken.recipients) == [
            "TO:<ann@example.org>", "TO:<bob@example.org>",
        ]  # fmt: skip


async def test_a_server_that_is_not_there_is_tried_again() -> None:
    server = MailServer(port=PORT)
    async with world(
        "alpha.test", mail__backend="smtp", mail__url=f"smtp://127.0.0.1:{PORT}", mail__timeout_seconds=20
    ) as (alpha,):
        with_template(alpha)
        alpha.instance.mail_line._away_until = 0
        await write(alpha)
        assert [job["error"] for job in await waiting(alpha)] == ["Unreachable"]
        async with server.listening():
            await again(alpha)
            assert len(server.taken) == 1


@pytest.mark.parametrize("verb", ["GREETING", "MAIL"])
async def test_a_server_that_takes_nothing_from_us_loses_no_mail(verb: str) -> None:
    server = MailServer(replies={verb: "554 Not from you"})
    async with sending_to(server) as alpha:
        await write(alpha)
        assert [job["state"] for job in await waiting(alpha)] == ["waiting"]


async def test_no_more_connections_are_opened_than_the_settings_say() -> None:
    server = MailServer()
    async with sending_to(server, mail__connections=2) as alpha:
        with alpha.inside():
            for number in range(12):
                await send(f"p{number}@example.org", "greeting", who="Ann", link=LINK)
        await settle(alpha)
        while await waiting(alpha):
            await again(alpha)
        assert len(server.taken) == 12
        assert server.most_at_once <= 2


# -- Passwords and TLS ---------------------------------------------------------------
async def test_the_password_is_sent_as_it_stands_in_the_address() -> None:
    server = MailServer(password=SECRET)
    async with sending_to(server, f"smtp://{URL_SECRET}@127.0.0.1:{{port}}") as alpha:
        await write(alpha)
        assert len(server.taken) == 1


async def test_a_wrong_password_loses_no_mail() -> None:
    server = MailServer(password=SECRET)
    async with sending_to(server, "smtp://kith:wrong@127.0.0.1:{port}") as alpha:
        await write(alpha)
        assert [job["error"] for job in await waiting(alpha)] == ["Deferred"]


@pytest.mark.usefixtures("elsewhere")
async def test_a_server_without_starttls_sees_neither_password_nor_mail() -> None:
    server = MailServer(password=SECRET)
    async with sending_to(server, f"smtp://{URL_SECRET}@{ELSEWHERE}:{{port}}") as alpha:
        await write(alpha)
        assert not server.taken
        assert not {"AUTH", "MAIL"} & set(server.verbs)
        assert len(await waiting(alpha)) == 1


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(tmp_path: Path, scheme: str) -> None:
    server = MailServer(
        certificate=certificate(tmp_path, ELSEWHERE),
        offers_starttls=scheme == "smtp",
        speaks_tls_at_once=scheme == "smtps",
    )
    async with sending_to(server, f"{scheme}://{ELSEWHERE}:{{port}}") as alpha:
        await write(alpha)
        assert not server.taken
        assert "MAIL" not in server.verbs


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_server_that_is_vouched_for_gets_it_encrypted(
    tmp_path: Path, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, ELSEWHERE)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    server = MailServer(
        certificate=pem,
        password=SECRET,
        offers_starttls=scheme == "smtp",
        speaks_tls_at_once=scheme == "smtps",
    )
    async with sending_to(server, f"{scheme}://{URL_SECRET}@{ELSEWHERE}:{{port}}") as alpha:
        await write(alpha)
        assert len(server.taken) == 1
        assert server.was_encrypted or scheme == "smtps"


@pytest.mark.usefixtures("elsewhere")
async def test_the_certificate_of_another_name_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(tmp_path, "other.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    server = MailServer(certificate=pem, speaks_tls_at_once=True)
    async with sending_to(server, f"smtps://{ELSEWHERE}:{{port}}") as alpha:
        await write(alpha)
        assert not server.taken


@pytest.mark.usefixtures("elsewhere")
async def test_who_says_so_sends_without_tls_in_their_own_network() -> None:
    server = MailServer()
    async with sending_to(server, f"smtp://{ELSEWHERE}:{{port}}?tls=none") as alpha:
        await write(alpha)
        assert len(server.taken) == 1


# -- Addresses in any script -----------------------------------------------------------
async def test_letters_before_the_at_reach_a_server_that_knows_them_and_no_other() -> None:
    server = MailServer(extensions=["8BITMIME", "SMTPUTF8"])
    async with sending_to(server) as alpha:
        await write(alpha, "añña@exämple.org")
        (taken,) = server.taken
        assert taken.recipients == ["TO:<añña@xn--exmple-cua.org>"]
        assert "SMTPUTF8" in taken.options
        server.extensions = ["8BITMIME"]
        await write(alpha, "añña@exämple.org")
        assert len(server.taken) == 1
        assert not await waiting(alpha)
