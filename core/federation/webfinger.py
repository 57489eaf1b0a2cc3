"""Who is behind `name@host`, as that host says (RFC 7033), and the check that a handle and an actor mean each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from core.federation.addresses import host_of, is_address
from core.federation.documents import as_list
from core.federation.fetching import NotThere, fetch_json, is_activity_type, parse_document
from core.fetch import Refused
from core.instance import here

ACCEPT = "application/jrd+json, application/json;q=0.9"
LINKS_AT_MOST = 100
XRD_AT_MOST = 20_000

_NAME = re.compile(r"[^\W_][\w.~+-]*|_[\w.~+-]*")
_NAME_AT_MOST = 255
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json")


@dataclass(frozen=True, slots=True)
class Handle:
    """`name@host`: the name as it is written, the host in lower case as A-labels, with a port where it is unusual."""

    name: str
    host: str

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"

    def is_same(self, other: Handle) -> bool:
        """Names differ by more than the case of their letters."""
        return (self.name.lower(), self.host) == (other.name.lower(), other.host)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a host says about a handle: what the handle really is, and the actors it stands for."""

    subject: Handle
    actors: tuple[str, ...]


def read_handle(text: str) -> Handle:
    """The handle in `name@host`, `@name@host` or `acct:name@host`. Raises Refused."""
    name, separator, host = text.strip().removeprefix("acct:").removeprefix("@").partition("@")
    if not separator or not is_name(name) or not host or set(host) & set("/?#@\\"):
        raise Refused("this is not a name and a host, like name@kith.example")
    return Handle(name, host_of(f"{_scheme()}://{host}"))


def is_name(name: str) -> bool:
    """Whether this can be somebody's user name: letters, digits and a few signs within."""
    return len(name) <= _NAME_AT_MOST and _NAME.fullmatch(name) is not None


async def finger(handle: Handle) -> Finding:
    """Ask the handle's host about it. Raises FetchErrors: NotThere where there is no such person or no WebFinger."""
    resource = quote(f"acct:{handle}", safe="")
    url = f"{_scheme()}://{handle.host}/.well-known/webfinger?resource={resource}"
    try:
        document = await _fetch(url)
    except NotThere as answer:
        template = None if answer.gone else await _template(handle.host)
        if template is None or template.replace("{uri}", resource) == url:
            raise
        document = await _fetch(template.replace("{uri}", resource))
    return read_finding(document)


async def resolve(handle: Handle) -> Finding:
    """What a handle stands for, its subject asked in turn where it is another one, once (section 1).

    Raises FetchErrors: Refused where the subject does not answer to its own name.
    """
    finding = await finger(handle)
    if finding.subject.is_same(handle):
        return finding
    asked = finding.subject
    finding = await finger(asked)
    if not finding.subject.is_same(asked):
        raise Refused("the handle leads from one name to another")
    return finding


def read_finding(document: dict[str, Any]) -> Finding:
    """What a JRD says; only links of the two exact types lead to actors. Raises Refused where it names nobody."""
    subject = document.get("subject")
    if not isinstance(subject, str) or not subject.startswith("acct:"):
        raise Refused("the WebFinger answer does not say whom it is about")
    links = as_list(document.get("links"))[:LINKS_AT_MOST]
    actors = tuple(link["href"] for link in links if isinstance(link, dict) and _is_actor_link(link))
    if not actors:
        raise Refused("the WebFinger answer leads to no actor")
    return Finding(read_handle(subject), actors)


def _is_actor_link(link: dict[str, Any]) -> bool:
    if link.get("rel") != "self" or not isinstance(link.get("type"), str) or not is_address(link.get("href")):
        return False
    media_type, _, parameters = link["type"].partition(";")
    name, _, value = parameters.strip().partition("=")
    profile = value.strip('"') if name.lower() == "profile" else ""
    return is_activity_type(media_type.strip().lower(), profile) and bool(profile) == bool(parameters)


async def _fetch(url: str) -> dict[str, Any]:
    response = await fetch_json(url, ACCEPT, sign=False)
    if not _JSON.fullmatch(response.media_type):
        raise NotThere("the other server does not speak WebFinger")
    return parse_document(response.body)


async def _template(host: str) -> str | None:
    """Where host-meta (RFC 6415) says that handles are looked up."""
    try:
        response = await fetch_json(f"{_scheme()}://{host}/.well-known/host-meta", "application/xrd+xml", sign=False)
    except (NotThere, Refused):
        return None
    return _lrdd(response.body) if len(response.body) <= XRD_AT_MOST else None


_LINK = re.compile(rb"<(?:\w+:)?Link\s[^<>]*>")


def _lrdd(body: bytes) -> str | None:
    """The template of the link `lrdd`; tags are read one at a time, so that no entity is ever expanded."""
    for tag in _LINK.findall(body):
        try:
            link = ElementTree.fromstring(tag.rstrip(b"/>").replace(b":Link", b"Link") + b"/>")  # noqa: S314
        except ElementTree.ParseError:
            continue
        template = link.get("template", "")
        if link.get("rel") == "lrdd" and "{uri}" in template and is_address(template.replace("{uri}", "x")):
            return template
    return None


def _scheme() -> str:
    return here().base_url.partition(":")[0] if here().settings.federation.allow_http else "https"
