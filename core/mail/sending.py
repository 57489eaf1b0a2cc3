"""The ways a mail leaves: to the mail server, into a file, onto the console."""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib

from core.instance import here
from core.mail.letters import Letter, bytes_of, message_of, needs_utf8
from core.smtp_url import MailServer, read_smtp_url

STEPS_AT_MOST = 4


class NotSent(Exception):
    """The mail did not leave. The text says why and names neither addresses nor words of the mail."""


class Deferred(NotSent):
    """It may leave later: the server is away, busy, or told to wait."""


class Unreachable(Deferred):
    """The server does not answer, so it would not answer others either."""


class Refused(NotSent):
    """It never will: the server said no for good, `code` is its reply's."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


async def hand_over(letter: Letter) -> None:
    """Send a letter the way the settings name. Raises Deferred or Refused."""
    try:
        message = message_of(letter)
    except ValueError:
        raise Refused(553) from None
    match here().settings.mail.backend:
        case "smtp":
            async with here().mail_line.turn():
                await _to_server(message)
        case "file":
            await asyncio.to_thread(_to_file, here().folder / "mail", letter, bytes_of(message))
        case _:
            print(f"-- Mail to {letter.to}: {letter.subject}\n\n{letter.text}--", flush=True)


async def _to_server(message: EmailMessage) -> None:
    seconds, line = here().settings.mail.timeout_seconds, here().mail_line
    if line.is_away:
        raise Deferred("the mail server did not answer just now")
    try:
        async with asyncio.timeout(seconds * STEPS_AT_MOST):  # for a server that answers a letter at a time
            own_name = message["From"].addresses[0].domain
            client = await _connected(read_smtp_url(here().settings.mail.url), own_name, seconds)
            try:
                await _hand_over(client, message)
            finally:
                client.close()
    except TimeoutError:
        line.went_unanswered()
        raise Deferred("the mail server took too long") from None
    except Unreachable:
        line.went_unanswered()
        raise


async def try_server() -> None:
    """Connect to the mail server and sign in, and send nothing. Raises Deferred where that does not work."""
    settings = here().settings
    own_name = here().domain.partition(":")[0]
    client = await _connected(read_smtp_url(settings.mail.url), own_name, settings.mail.timeout_seconds)
    client.close()


async def _connected(server: MailServer, own_name: str, seconds: int) -> aiosmtplib.SMTP:
    """A connection, encrypted and signed in as far as that is asked for.

    Whatever goes wrong here the admin will mend, the mail is not to blame: Deferred.
    """
    context = None if server.tls == "none" else await asyncio.to_thread(ssl.create_default_context)
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname=own_name,
        timeout=seconds,
        use_tls=server.tls == "always",
        start_tls=server.tls == "starttls",
        tls_context=context,
    )
    try:
        await client.connect()
        if server.user:
            await client.login(server.user, server.password)
    except aiosmtplib.SMTPResponseException as error:
        client.close()
        raise Deferred(f"the mail server did not let us in: {error.code}") from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        client.close()
        raise Unreachable(f"the mail server cannot be used: {type(error).__name__}") from None
    return client


async def _hand_over(client: aiosmtplib.SMTP, message: EmailMessage) -> None:
    sender, recipient = message["From"].addresses[0].addr_spec, message["To"].addresses[0].addr_spec
    options = ["SMTPUTF8", "BODY=8BITMIME"] if needs_utf8(message) else []
    try:
        if options:
            await client.ehlo()
            if not client.supports_extension("smtputf8"):
                raise Refused(553)
        await client.sendmail(sender, [recipient], bytes_of(message), mail_options=options)
    except aiosmtplib.SMTPSenderRefused as error:  # of every mail
        raise Deferred(f"the mail server does not take mail from here: {error.code}") from None
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise _verdict(error.recipients[0].code) from None
    except aiosmtplib.SMTPResponseException as error:
        raise _verdict(error.code) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise Unreachable(f"the mail server went away: {type(error).__name__}") from None


def _verdict(code: int) -> NotSent:
    """What a reply means (RFC 5321, section 4.2.1): 5xx is no for good, 4xx not now."""
    return Refused(code) if 500 <= code < 600 else Deferred(f"the mail server said {code}")


def _to_file(folder: Path, letter: Letter, content: bytes) -> None:
    """Write it beside its place, then move it there: whoever looks never sees half a mail."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=".mail-")  # made with mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(name).replace(folder / f"{letter.id}.eml")
