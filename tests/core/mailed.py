"""What somebody finds in their mail."""

from __future__ import annotations

import re
from email.message import EmailMessage
from urllib.parse import parse_qs, urlsplit

from core.accounts.proof_models import SecurityEvent
from core.testing import TestInstance, settle


def words_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


def links_of(mail: EmailMessage, path: str) -> list[str]:
    """The links of a mail that lead to this path."""
    return [link for link in re.findall(r"https?://\S+", words_of(mail)) if urlsplit(link).path == path]


async def newest(at: TestInstance, to: str) -> EmailMessage:
    """The newest mail to an address, once everything that is due was sent."""
    await settle(at)
    return at.mails(to)[-1]


async def token_for(at: TestInstance, to: str, path: str) -> str:
    """The token in the newest mail to an address, out of its link to this path."""
    (link,) = links_of(await newest(at, to), path)
    return parse_qs(urlsplit(link).query)["token"][0]


async def count(at: TestInstance, to: str) -> int:
    """How many mails went to an address so far."""
    await settle(at)
    return len(at.mails(to))


async def told_of(at: TestInstance, name: str) -> int:
    """How many lines of this name stand in the audit trail."""
    with at.inside():
        return await SecurityEvent.filter(name=name).count()
