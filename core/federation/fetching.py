"""Documents of other servers: asked for with our signature, and believed only where their id says they come from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import orjson

from core.addresses import registered
from core.federation.addresses import host_of, is_ours, same_origin
from core.federation.documents import ACTIVITY_STREAMS, Document
from core.federation.domains import is_refused
from core.federation.own_keys import request_signer
from core.fetch import FetchError, Refused, Response, Unreachable
from core.instance import here

ACCEPT = f'application/activity+json, application/ld+json; profile="{ACTIVITY_STREAMS}"'
DEEPEST = 32
PROVOKED_PER_MINUTE = 120  # requests to one host because of what another one sends: nobody has us flood a third


class NotThere(FetchError):
    """The other server has no such document; `gone` says that it had one and took it away (410)."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone


class OutOfBudget(Refused):
    """Too much would have to be fetched for one activity."""


@dataclass
class Budget:
    """How many requests to other servers the running work may still make."""

    left: int
    provoked_by: str = ""
    """The host whose activity makes this server ask."""

    def spend(self) -> None:
        """Count one request. Raises OutOfBudget."""
        if self.left <= 0:
            raise OutOfBudget("too much would have to be fetched for this")
        self.left -= 1


_budget: ContextVar[Budget | None] = ContextVar("kith_fetch_budget", default=None)


@contextmanager
def budget(limit: int | None = None, *, provoked_by: str = "") -> Iterator[Budget]:
    """Bound the requests made inside, those of tasks started there included; a budget around this one counts on.

    `limit` is settings.federation.fetches_per_activity where it is not given. What the host `provoked_by` sent may
    have other hosts asked so often in a minute and no more.
    """
    outer = _budget.get()
    most = here().settings.federation.fetches_per_activity if limit is None else limit
    inner = outer or Budget(most, provoked_by)
    token = _budget.set(inner)
    try:
        yield inner
    finally:
        _budget.reset(token)


def spend() -> None:
    """Count a request against the budget of the running work, where it has one. Raises OutOfBudget."""
    current = _budget.get()
    if current is not None:
        current.spend()


async def _spare(host: str) -> None:
    """Raise Unreachable where a host was asked too often already because of what one other sends."""
    current = _budget.get()
    if current is None or not current.provoked_by or current.provoked_by == host:
        return
    key = f"provoked:{registered(current.provoked_by)}:{host}"
    if not (await here().limiter.take(key, PROVOKED_PER_MINUTE, 60)).allowed:
        raise Unreachable("the other server is asked too much because of what one other sends")


def refuse_host(host: str) -> None:
    """Raise Refused where the admins want nothing to do with a host."""
    if is_refused(host):
        raise Refused("this server does not talk with that one")


async def fetch_document(uri: str) -> Document:
    """The document at an address, signed for by the instance actor (section 3).

    Its id is where it came from; where it names another id, that is fetched instead, once. Raises FetchErrors:
    NotThere for 404 and 410, Refused for what trying again does not mend, others for what it may.
    """
    uri = uri.partition("#")[0]
    document, url = await _fetch(uri)
    found = _id_of(document)
    if found == url or (found == uri and same_origin(url, found)):
        return document
    document, url = await _fetch(found)
    if _id_of(document) != found or not same_origin(url, found):
        raise Refused("the document is not where its id says it is")
    return document


async def fetch_part(url: str, origin: str) -> Document:
    """A page of a collection: it may lack an id, but has to lie on the server of `origin`. Raises FetchErrors."""
    document, found_at = await _fetch(url.partition("#")[0])
    if not same_origin(origin, found_at):
        raise Refused("a page of the collection lies on another server")
    return document


async def fetch_json(url: str, accept: str, *, sign: bool = True) -> Response:
    """GET whatever is at an address, within the budget and not from refused hosts; the status is 200.

    Raises as `fetch_document` does.
    """
    if not here().settings.federation.enabled:
        raise Refused("this server does not talk with others")
    refuse_host(host_of(url))
    spend()
    await _spare(host_of(url))
    http, settings = here().http, here().settings.federation
    if sign and http.sign is None:
        http.sign = await request_signer()
    response = await http.get(
        url,
        accept=accept,
        sign=sign,
        limit=settings.document_bytes,
        deadline=settings.request_timeout_seconds,
    )
    refuse_host(host_of(response.url))
    if response.status == 200:
        return response
    if response.status in (404, 410):
        raise NotThere("the other server has nothing there", gone=response.status == 410)
    if response.status in (408, 425, 429) or response.status >= 500:
        raise Unreachable(f"the other server answered {response.status}")
    raise Refused(f"the other server answered {response.status}")


def parse_document(body: bytes) -> Document:
    """The JSON object in a body, not deeper than 32, without a Linked Data signature (section 5). Raises Refused."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refused("the document is not JSON") from None
    if not isinstance(document, dict):
        raise Refused("the document is not a JSON object")
    check_depth(document)
    document.pop("signature", None)
    return document


def check_depth(document: object) -> None:
    """Raise Refused where lists and objects lie in one another deeper than 32."""
    level: list[Any] = [document]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise Refused("the document is nested too deeply")


def is_activity_type(media_type: str, profile: str) -> bool:
    """Whether a media type is one of ActivityStreams documents (FEP-fe34): no other is believed."""
    if media_type == "application/activity+json":
        return True
    return media_type == "application/ld+json" and ACTIVITY_STREAMS in profile.split()


async def _fetch(url: str) -> tuple[Document, str]:
    if is_ours(url):
        raise Refused("this is an address of this server")
    response = await fetch_json(url, ACCEPT)
    if not is_activity_type(response.media_type, response.parameters.get("profile", "")):
        raise Refused("the answer is no ActivityStreams document")
    return parse_document(response.body), response.url


def _id_of(document: Document) -> str:
    found = document.get("id")
    if not isinstance(found, str) or not found:
        raise Refused("the document has no id")
    return found.partition("#")[0]
