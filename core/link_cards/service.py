"""Keeps a card for the first link of an entry: found in the transaction that stores it, fetched later, and once."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import structlog

from core import live_counts, prepared
from core.addresses import FetchError, parse_url
from core.database import after_commit, execute, new_id, now, row, rows, transaction
from core.instance import here
from core.link_cards.forms import CARD_COLUMNS, card_form
from core.link_cards.models import LinkCard
from core.link_cards.reading import Page, decoded, read_page
from core.models import Entry
from core.sanitising import ATTRIBUTE, TAG
from core.storage.remote import is_shunned
from core.tasks import periodic, task

log = structlog.get_logger(__name__)
PAGE_AT_MOST = 1_048_576  # bytes; the head of a page is its beginning, the rest is not waited for
SECONDS = 10.0
FRESH, AFTER_NOTHING = timedelta(days=14), timedelta(days=1)
OLDEST = timedelta(days=30)  # what was written before is looked at by few, and brought along by the thousand
# Seconds after which a page is fetched at the latest: an entry reaches many servers in one moment, and they
# would all come at once.
DELAY_OF_OURS, DELAY_OF_OTHERS = 3.0, 60.0
SOONEST = 1.5  # whoever has just written it looks at it by then, and sees the card come
PER_HOST, HOST_SECONDS = 30, 600
SHOWN_AT_MOST = 1000  # entries shown anew when their page was fetched; older ones show it when they next change
LONGEST_ADDRESS = 2048
_PAGES = ("text/html", "application/xhtml+xml")
_FOR = ("public", "unlisted", "followers", "friends", "circle")  # a link in a message may work only once


def first_link(html: str) -> str:
    """The first address in the cleaned HTML of an entry that leads to a page: no mention, no hashtag; or nothing."""
    for tag in TAG.finditer(html):
        closes, name, attributes = tag.groups()
        if closes or name != "a":
            continue
        found = dict(ATTRIBUTE.findall(attributes))
        if {"mention", "hashtag"} & set(found.get("class", "").split()) or "tag" in found.get("rel", "").split():
            continue
        if address := _address(unescape(found.get("href", ""))):
            return address
    return ""


def _address(href: str) -> str:
    """An address in one form, without the part behind #; nothing for ours and for what cannot be fetched."""
    try:
        target = parse_url(href.strip().partition("#")[0])
    except FetchError:
        return ""
    if len(target.url) > LONGEST_ADDRESS or target.authority == urlsplit(here().base_url).netloc.lower():
        return ""
    return target.url


async def keep_in_step(entry: Entry) -> None:
    """Note where an entry leads, in the transaction that stores, changes or removes it.

    Nothing where it warns of its content, shows files, asks or quotes something: then that is what is to be seen.
    """
    if entry.deleted_at:
        return
    is_on = here().settings.link_previews.enabled
    url = first_link(entry.content) if is_on and _may_have_card(entry) else ""
    if url and await _shows_more(entry):
        url = ""
    if not url:
        if entry.version > 1:
            await execute("DELETE FROM core_linked_card WHERE entry_id = $1", entry.id)
        return
    card = await _card_at(url)
    await execute(
        "INSERT INTO core_linked_card (id, entry_id, card_id) VALUES ($1, $2, $3)"
        " ON CONFLICT (entry_id) DO UPDATE SET card_id = EXCLUDED.card_id",
        new_id(),
        entry.id,
        card.id,
    )
    if entry.published_at > now() - OLDEST and _is_due(card):
        longest = DELAY_OF_OURS if entry.is_local else DELAY_OF_OTHERS
        await fetch_card.later(key=f"link_card:{card.id}", delay=random.uniform(SOONEST, longest), card_id=card.id)


def _may_have_card(entry: Entry) -> bool:
    return entry.visibility in _FOR and not entry.content_warning and not entry.sensitive and entry.quote_id is None


async def _shows_more(entry: Entry) -> bool:
    found = await row(
        "SELECT 1 AS yes WHERE EXISTS (SELECT 1 FROM core_attachment WHERE entry_id = $1)"
        " OR EXISTS (SELECT 1 FROM core_poll WHERE entry_id = $1)"
        " OR EXISTS (SELECT 1 FROM core_quote_request WHERE entry_id = $1)",
        entry.id,
    )
    return found is not None


async def _card_at(url: str) -> LinkCard:
    key = hashlib.sha256(url.encode()).hexdigest()
    await execute(
        "INSERT INTO core_link_card (id, url_key, url, title, description, site_name, image_url, image_alt, created_at)"
        " VALUES ($1, $2, $3, '', '', '', '', '', $4) ON CONFLICT (url_key) DO NOTHING",
        new_id(),
        key,
        url,
        now(),
    )
    return await LinkCard.get(url_key=key)


def _is_due(card: LinkCard) -> bool:
    return card.asked_at is None or card.asked_at < now() - (FRESH if card.title else AFTER_NOTHING)


@task(lane=8, attempts=3, seconds=60)
async def fetch_card(card_id: str) -> None:
    """Ask the server of a page for it, and show what it says wherever entries lead there."""
    card = await LinkCard.get_or_none(id=card_id)
    if card is None or not _is_due(card) or not here().settings.link_previews.enabled:
        return
    verdict = await here().limiter.take(f"link_cards_of:{urlsplit(card.url).hostname}", PER_HOST, HOST_SECONDS)
    if not verdict.allowed:  # no fault of the page. Without a key: that of this job is taken until it is over
        await fetch_card.later(delay=random.uniform(verdict.retry_after, HOST_SECONDS), card_id=card.id)
        return
    page = await _page_at(card.url)
    async with transaction():
        if page is None:
            # What was known of it stays: a server that is out for a moment changes nothing.
            await execute("UPDATE core_link_card SET asked_at = $1 WHERE id = $2", now(), card_id)
            return
        await execute(
            "UPDATE core_link_card SET title = $1, description = $2, site_name = $3, image_url = $4, image_alt = $5,"
            " image_width = $6, image_height = $7, asked_at = $8 WHERE id = $9",
            page.title,
            page.description,
            page.site_name,
            page.image_url,
            page.image_alt,
            page.image_width,
            page.image_height,
            now(),
            card_id,
        )
        await _show(card_id)


async def _page_at(url: str) -> Page | None:
    """What a page says of itself; None where it cannot be had, or is no page."""
    try:
        answer = await here().http.get(
            url, accept="text/html", sign=False, limit=PAGE_AT_MOST, deadline=SECONDS, cut=True, shuns=is_shunned
        )
    except FetchError as error:
        log.info("link_card_not_fetched", reason=error.reason)
        return None
    if answer.status != 200 or answer.media_type not in _PAGES:
        return None
    return await asyncio.to_thread(
        lambda: read_page(decoded(answer.body, answer.parameters.get("charset")), answer.url)
    )


async def _show(card_id: str) -> None:
    """Have the entries that lead there be read anew."""
    shown = await rows(
        "UPDATE core_entry SET version = version + 1 WHERE id IN"
        " (SELECT entry_id FROM core_linked_card WHERE card_id = $1 ORDER BY entry_id DESC LIMIT $2)"
        " RETURNING id, root_id",
        card_id,
        SHOWN_AT_MOST,
    )
    for each in shown:
        prepared.forget(prepared.of_entry(each["id"]), f"thread:{each['root_id'] or each['id']}")
    found = await row(f"SELECT {CARD_COLUMNS} FROM core_link_card c WHERE c.id = $1", card_id)
    form = card_form(found) if found else None
    if form is not None:
        after_commit(lambda: _announce([each["id"] for each in shown], form))


def _announce(entry_ids: Sequence[str], form: Mapping[str, Any]) -> None:
    """Have the card come to those who have one of these entries in view; the stream asks who may see it."""
    for entry_id in entry_ids:
        event = {"type": "card", "data": {"postId": entry_id, "card": form}}
        here().live.publish(live_counts.counts_of(entry_id), event, replay=False)


@periodic(seconds=86_400)
@task(lane=9, attempts=1)
async def forget_unused_cards() -> None:
    """Delete what is known of pages to which no entry leads any more."""
    await execute(
        "DELETE FROM core_link_card WHERE created_at < $1 AND NOT EXISTS"
        " (SELECT 1 FROM core_linked_card l WHERE l.card_id = core_link_card.id)",
        now() - timedelta(days=1),
    )
