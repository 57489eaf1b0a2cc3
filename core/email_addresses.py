"""E-mail addresses: how one is written, compared, and put where only ASCII goes."""

from __future__ import annotations

import re
import unicodedata
from email.headerregistry import Address

import idna

LONGEST = 254  # RFC 5321, section 4.5.3.1.3
LONGEST_KEY = 320  # as columns hold it
_NAME = re.compile(r"[^@\s\"<>(),:;\\\[\]\x00-\x20\x7f]+")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+")
_SENDER = re.compile(r"(?P<bare>[^@\s<>,;]+@[^@\s<>,;]+)|(?P<name>[^<>]*)<(?P<address>[^@\s<>,;]+@[^@\s<>,;]+)>")


def email_fault(text: str) -> str | None:
    """What is wrong with an address somebody typed, or None. Domains with letters of any script are fine."""
    try:
        ascii_form(text)
    except ValueError:
        return "This is not an e-mail address."
    return None


def ascii_form(text: str) -> str:
    """The address with its domain as DNS has it (RFC 5891), in small letters; what stands before the @ stays.

    Raises ValueError for anything that is no address: line breaks, several addresses, no domain.
    """
    name, at, domain = text.rpartition("@")
    if not at or not _NAME.fullmatch(name) or ".." in name or name.startswith(".") or name.endswith("."):
        raise ValueError("no e-mail address")
    if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text):
        raise ValueError("no e-mail address")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            raise ValueError("no e-mail address") from None
    domain = domain.lower()
    if not _DOMAIN.fullmatch(domain) or any(len(label) > 63 for label in domain.split(".")):
        raise ValueError("no e-mail address")
    if len(f"{name}@{domain}".encode()) > LONGEST or len(name.encode()) > 64:
        raise ValueError("no e-mail address")
    return f"{name}@{domain}"


def email_key(text: str) -> str:
    """What makes two addresses the same one: letters' case and how an international domain is written do not matter.

    For what is no address, the text in small letters, which belongs to nobody; never more than a column holds.
    """
    try:
        return unicodedata.normalize("NFC", ascii_form(text)).lower()[:LONGEST_KEY]
    except ValueError:
        return text.lower()[:LONGEST_KEY]


def sender_address(text: str, name: str = "") -> Address:
    """`noreply@kith.example` or `Kith <noreply@kith.example>` as a header; `name` where it bears none.

    Raises ValueError.
    """
    found = _SENDER.fullmatch(text.strip())
    local, _, domain = (found["bare"] or found["address"]).rpartition("@") if found else ("", "", "")
    if found is None or not domain or not text.isprintable():
        raise ValueError("must be an e-mail address, or a name and an address in angle brackets")
    if "." in domain:  # else a machine of the own network, like localhost
        try:
            domain = ascii_form(f"{local}@{domain}").rpartition("@")[2]
        except ValueError:
            raise ValueError("must be an e-mail address, or a name and an address in angle brackets") from None
    shown = " ".join((found["name"] or name).replace('"', "").split())
    return Address(display_name=shown, username=local, domain=domain)
