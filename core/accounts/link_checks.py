"""Whose pages the links of a profile are: a page that links back with rel="me" is by the same person.

The page is fetched like anything from elsewhere: from public addresses only, bounded in size, time and redirects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import structlog

from core.database import LOWEST_ID, after_commit, execute, now, transaction
from core.fetch import FetchError, Refused, Response
from core.instance import here
from core.models import Actor
from core.person_forms import stamp
from core.tag_soup import simplified
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
PAGE_AT_MOST = 1_048_576
SECONDS = 15.0
REDIRECTS = 3
CHECKS_PER_HOUR = 40  # for one person
CHECKS_PER_HOST = 60  # in ten minutes, whoever asks
WEEK = 7 * 86_400
BATCH = 200
_PAGES = ("text/html", "application/xhtml+xml")
_KEPT = {"a": {"href", "rel"}, "link": {"href", "rel"}, "area": {"href", "rel"}, "base": {"href"}}


def link_of(field: Mapping[str, Any]) -> str:
    """The address that is all a field says, or nothing."""
    source = str(field.get("source") or "").strip()
    if not source.lower().startswith(("https://", "http://")) or any(character.isspace() for character in source):
        return ""
    try:
        return source if urlsplit(source).hostname else ""
    except ValueError:
        return ""


async def check_soon(actor: Actor) -> None:
    """Have the links of a profile checked, in the transaction that changed them."""
    if any(link_of(field) for field in actor.profile_fields):
        await check_links.later(key=f"check_links:{actor.id}:{actor.version}", actor_id=actor.id)


@task(lane=7, attempts=3, seconds=300)
async def check_links(actor_id: str) -> None:
    """Look at the pages that a profile links to, and note which of them link back."""
    actor = await Actor.get_or_none(id=actor_id, domain="")
    if actor is None or not actor.is_here:
        return
    found: dict[str, bool] = {}
    for address in dict.fromkeys(filter(None, map(link_of, actor.profile_fields))):
        links_back = await _links_back(address, actor)
        if links_back is not None:
            found[address] = links_back
    if found:
        await _note(actor.id, found)


async def _links_back(address: str, actor: Actor) -> bool | None:
    """Whether a page links back; None where it did not answer, so that nobody knows."""
    host = _host(address)
    if f"{urlsplit(address).scheme}://{urlsplit(address).netloc}".lower() == here().base_url.lower():
        return False
    if not await _may_ask(actor, host):
        return None
    try:
        answer = await here().http.get(
            address, accept="text/html", sign=False, limit=PAGE_AT_MOST, deadline=SECONDS, redirects=REDIRECTS
        )
    except Refused:
        return False
    except FetchError as error:
        log.info("link_not_checked", reason=error.reason)
        return None
    if answer.status >= 500 or answer.status == 429:
        return None
    # What a page elsewhere says, to which this one leads, proves nothing about this one.
    if answer.status != 200 or answer.media_type not in _PAGES or _host(answer.url) != host:
        return False
    return await asyncio.to_thread(links_to_me, _text(answer), answer.url, (actor.url, actor.uri))


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").lower()


async def _may_ask(actor: Actor, host: str) -> bool:
    limiter = here().limiter
    own = await limiter.take(f"link_checks:{actor.id}", CHECKS_PER_HOUR, 3600)
    return own.allowed and (await limiter.take(f"link_checks_of:{host}", CHECKS_PER_HOST, 600)).allowed


def _text(answer: Response) -> str:
    try:
        return answer.body.decode(answer.parameters.get("charset", "utf-8"), errors="replace")
    except LookupError:
        return answer.body.decode("utf-8", errors="replace")


def links_to_me(html: str, address: str, mine: Sequence[str]) -> bool:
    """Whether the page at `address` has a link with rel="me" to one of these addresses.

    Comments, scripts, text fields and whatever else a browser does not take for links count for nothing.
    """
    reader = _Links()
    reader.feed(simplified(html, _KEPT, _KEPT.keys()))
    reader.close()
    wanted = {_same(one) for one in mine if one}
    base = address
    if reader.base:
        base = _joined(address, reader.base)
    return any(_same(_joined(base, href)) in wanted for href in reader.hrefs)


class _Links(HTMLParser):
    """Gathers what the links with rel="me" of a document lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.base, self.hrefs = "", list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(reversed(attrs))
        href = (attributes.get("href") or "").strip()
        if tag == "base":
            self.base = self.base or href
        elif href and "me" in (attributes.get("rel") or "").lower().split():
            self.hrefs.append(href)


def _joined(base: str, href: str) -> str:
    try:
        return urljoin(base, href)
    except ValueError:
        return ""


def _same(address: str) -> str:
    """An address in the one form in which two are compared: names here do not heed capitals, nor does a last slash."""
    try:
        parts = urlsplit(address.strip())
        if parts.query or parts.username is not None or parts.password is not None or not parts.hostname:
            return ""
        port = f":{parts.port}" if parts.port and parts.port != {"https": 443, "http": 80}.get(parts.scheme) else ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}".lower()


async def _note(actor_id: str, found: Mapping[str, bool]) -> None:
    """Write down what was found about fields that still say the same."""
    async with transaction():
        await execute("UPDATE core_actor SET version = version WHERE id = $1", actor_id)  # others wait from here on
        actor = await Actor.get(id=actor_id)
        fields = [_noted(field, found.get(link_of(field))) for field in actor.profile_fields]
        if fields == actor.profile_fields:
            return
        actor.profile_fields, actor.version = fields, actor.version + 1
        await actor.save(update_fields=["profile_fields", "version"])
        after_commit(lambda: here().cache.drop_tag(f"actor:{actor_id}"))
        after_commit(lambda: here().hooks.actor_updated(actor=actor))


def _noted(field: Mapping[str, Any], links_back: bool | None) -> dict[str, Any]:
    if links_back is None:
        return dict(field)
    return {**field, "verifiedAt": (field.get("verifiedAt") or stamp(now())) if links_back else None}


@periodic(seconds=WEEK)
@task(lane=9, attempts=3, seconds=3600)
async def check_all_links() -> None:
    """Have the links of every profile checked anew, spread over a day."""
    last, number = "", 0
    while (
        batch := await Actor.filter(domain="", id__gt=last or LOWEST_ID, removed_at__isnull=True)
        .order_by("id")
        .limit(BATCH)
        .values("id", "profile_fields")
    ):
        last = str(batch[-1]["id"])
        for one in batch:
            if any(map(link_of, one["profile_fields"])):
                number += 1
                delay = float(number % 1440 * 60)
                await check_links.later(key=f"check_links:{one['id']}:weekly", delay=delay, actor_id=str(one["id"]))
