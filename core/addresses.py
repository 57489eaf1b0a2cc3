"""Which addresses our server may speak to: how a URL must be written, and which hosts and IP ranges are refused."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin

import idna

LONGEST_URL = 2048
LONGEST_DOMAIN = 255  # with its port: what columns with a domain hold
DEFAULT_PORTS = {"https": 443, "http": 80}

_URL = re.compile(r"(https?)://([^/?#]*)([^#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]@%]+)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNWRITABLE = re.compile(r"[\x00-\x20\x7f\\]")
_AS_IT_IS = "!#$%&'()*+,-./:;=?@[]_~|"

_REFUSED_IPV4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the host's own services in a large cloud
        "169.254.0.0/16",  # link-local
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Everything outside is refused: loopback, v4-mapped and v4-compatible, NAT64, unique local, link-local, multicast.
_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_IPV6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


class FetchError(Exception):
    """A request to another server came to nothing; the text is safe to show and to log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(FetchError):
    """Our own rules forbid it; trying again changes nothing."""


class Unreachable(FetchError):
    """The other server could not be reached, or does not speak HTTP properly."""


class TooMuch(FetchError):
    """The answer is larger than was allowed."""


class TimedOut(FetchError):
    """The other server did not answer in time."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart; all parts are ASCII, ready to be sent."""

    scheme: str
    host: str
    port: int
    path: str
    """Path with query, never empty."""

    @property
    def authority(self) -> str:
        """Host, with the port unless it is the default: the value of a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_url(url: str) -> Target:
    """Take an http or https URL apart; its fragment is dropped. Raises Refused.

    Refused are user information, control characters, spaces, backslashes and IPv4 addresses in any but their
    ordinary spelling. Names become A-labels, other characters beyond ASCII are percent-encoded.
    """
    if len(url) > LONGEST_URL:
        raise Refused("the address is too long")
    if _UNWRITABLE.search(url):
        raise Refused("the address holds characters that do not belong there")
    match = _URL.match(url)
    if match is None:
        raise Refused("only http and https addresses are fetched")
    scheme, authority, path = match[1].lower(), match[2], match[3]
    if "@" in authority:
        raise Refused("the address holds a user name")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise Refused("the host of the address is malformed")
    port = int(parts[2]) if parts[2] else DEFAULT_PORTS[scheme]
    if not 0 < port < 65536:
        raise Refused("the port of the address is malformed")
    try:
        path = quote(path, safe=_AS_IT_IS)
    except UnicodeEncodeError as error:
        raise Refused("the address holds characters that do not belong there") from error
    return Target(scheme, _host(parts[1]), port, path if path.startswith("/") else f"/{path}")


def domain_of(text: str) -> str:
    """The domain of a server as somebody typed it: lower case, A-labels, a port only where it is no ordinary one.

    Raises Refused for anything but a domain: an address of a page or of a person, a name that cannot be one.
    """
    name = text.strip().rstrip(".")
    if not name or set(name) & set("/?#@"):
        raise Refused("there is no name")
    domain = parse_url(f"https://{name}").authority
    if len(domain) > LONGEST_DOMAIN:
        raise Refused("the name is too long")
    return domain


def follow(base: Target, location: str) -> str:
    """The URL a redirect from `base` leads to. Raises Refused."""
    if _UNWRITABLE.search(location):
        raise Refused("the redirect holds characters that do not belong there")
    try:
        return urljoin(base.url, location)
    except ValueError as error:
        raise Refused("the redirect leads nowhere") from error


def check_target(target: Target, *, allow_http: bool, allow_private: bool) -> None:
    """Raise Refused unless requests may go there: https on 443, or port 80, whose answer may only be a redirect.

    `allow_http` lifts the rules about scheme and port, `allow_private` those about hosts that are not on the
    internet.
    """
    if not allow_http and target.port != DEFAULT_PORTS[target.scheme]:
        raise Refused("only the ordinary ports are used")
    if allow_private:
        return
    if is_address(target.host):
        check_address(target.host)
    elif "." not in target.host:
        raise Refused("the host is not a full domain name")


def is_address(host: str) -> bool:
    """Whether the host of a Target is an IP address, not a name."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def check_address(address: str) -> None:
    """Raise Refused unless the IP address is a public one (section 6 of the federation profile)."""
    if not is_public(address):
        raise Refused("the host's address is not a public one")


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet and to no tunnel that hides another address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _REFUSED_IPV4)
    return parsed in _GLOBAL_IPV6 and not any(parsed in network for network in _REFUSED_IPV6)


def registered(host: str) -> str:
    """Roughly the domain that somebody registered, of a host with or without its port; an IP address as it is.

    Two labels, three where the second is short as in co.uk: a list of all such endings grows old.
    """
    name = host if host.count(":") > 1 else host.partition(":")[0]
    if is_address(name):
        return name
    labels = name.split(".")
    count = 3 if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3 else 2
    return ".".join(labels[-count:])


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return ipaddress.IPv6Address(text[1:-1]).compressed
        except ValueError as error:
            raise Refused("the host of the address is malformed") from error
    name = text.lower()
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode()
        except (idna.IDNAError, UnicodeError) as error:
            raise Refused("the host of the address is malformed") from error
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("the host of the address is malformed")
    if _NUMBER.fullmatch(labels[-1]) and not _is_dotted_quad(name):
        raise Refused("the host is an IP address in an unusual spelling")
    return name


def _is_dotted_quad(name: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(name)) == name
    except ValueError:
        return False
