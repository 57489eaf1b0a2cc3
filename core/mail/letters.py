"""What a mail looks like: its words from templates, its headers, its bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from core.email_addresses import ascii_form, sender_address
from core.instance import here
from core.mail.colours import accent
from core.web.language import speaking

# The address in List-Unsubscribe must not be broken into encoded words; lines may have 998 characters (RFC 5322).
_POLICY = SMTP.clone(max_line_length=900)
_SUBJECT_AT_MOST = 200
_EMPTY_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Letter:
    """A mail as it waits to be sent. `unsubscribe` is the address that ends mails of its kind, where they can end."""

    id: str
    to: str
    subject: str
    text: str
    html: str
    written_at: str
    language: str
    account_id: str | None = None
    unsubscribe: str = ""


def words_of(template: str, language: str, unsubscribe: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """Subject, text and HTML that a pair of templates makes of the context, in this language.

    `mail/<template>.txt` has the blocks `subject` and `text`, `mail/<template>.html` the block `content`.
    """
    site, pages = here().settings.server, here().pages
    with speaking(language) as spoken:
        everything = {
            "site": {"name": site.name, "url": here().base_url, "domain": here().domain},
            "language": spoken.code,
            "direction": spoken.direction,
            "accent": accent(site.accent_hue),
            "unsubscribe": unsubscribe,
            **context,
        }
        plain = pages.plain_environment.get_template(f"mail/{template}.txt")
        subject = " ".join("".join(plain.blocks["subject"](plain.new_context(everything))).split())
        text = _EMPTY_LINES.sub("\n\n", plain.render(everything)).strip() + "\n"
        html = pages.environment.get_template(f"mail/{template}.html").render({**everything, "subject": subject})
    return subject, text, html


def message_of(letter: Letter) -> EmailMessage:
    """The letter with its headers (RFC 5322), the same at each try. Raises ValueError for what is no address."""
    sender = sender_address(here().settings.mail.sender, here().settings.server.name)
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = _recipient(letter.to)
    message["Subject"] = "".join(part if part.isprintable() else " " for part in letter.subject[:_SUBJECT_AT_MOST])
    message["Date"] = format_datetime(datetime.fromisoformat(letter.written_at))
    message["Message-ID"] = f"<{letter.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes, please
    message["X-Auto-Response-Suppress"] = "All"
    if letter.unsubscribe:  # RFC 2369 and RFC 8058
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = letter.language
    return message


def _recipient(to: str) -> Address:
    name, _, domain = ascii_form(to).rpartition("@")
    return Address(username=name, domain=domain)


def needs_utf8(message: EmailMessage) -> bool:
    """Whether only a mail server that speaks SMTPUTF8 (RFC 6531) can take it: for letters before an address's @."""
    return not all(message[name].addresses[0].addr_spec.isascii() for name in ("From", "To"))


def bytes_of(message: EmailMessage) -> bytes:
    """The mail as it lies in a file and goes over the wire."""
    return message.as_bytes(policy=_POLICY.clone(utf8=needs_utf8(message)))
