"""The address of the server that takes mail: `smtp://user:password@host:587` or `smtps://…`, taken apart."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlsplit

_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and how: TLS from the start, STARTTLS, or neither."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    tls: Literal["always", "starttls", "none"] = "starttls"


def read_smtp_url(url: str) -> MailServer:
    """Take the address apart. `%40` and the like in user and password are understood.

    `smtp://` insists on STARTTLS, so that nobody on the way can talk it out of encrypting; it does not for this very
    machine, nor where the address ends in `?tls=none`. Raises ValueError with what is wrong, naming no password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no address: a port is a number, and signs in a password are written like %40") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must begin with smtp:// or smtps://")
    if not parts.hostname or parts.path.strip("/"):
        raise ValueError("must name a host and nothing behind it, like smtp://user:password@mail.example:587")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if options.keys() - {"tls"} or options.get("tls", "none") != "none":
        raise ValueError("knows one option only, ?tls=none")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("needs both a user and a password, or neither")
    is_near = _is_this_machine(parts.hostname)
    plain = bool(options)
    if plain and parts.scheme == "smtps":
        raise ValueError("smtps:// is TLS; ?tls=none belongs to smtp://")
    if plain and user and not is_near:
        raise ValueError("would send the password readably with ?tls=none")
    return MailServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=user,
        password=password,
        tls="always" if parts.scheme == "smtps" else "none" if plain or is_near else "starttls",
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
