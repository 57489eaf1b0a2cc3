"""When and where an event takes place, as a paragraph of its text: Mobilizon and others say it beside (FEP-8a8e).

The signs before it stand for words, which readers of all languages would need in theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from core.entries import Document
from core.html import clean, plain
from core.reading.values import address, as_list, first_known_type

PLACES_AT_MOST = 5
LONGEST_PLACE = 300
_PARTS = ("streetAddress", "postalCode", "addressLocality", "addressRegion", "addressCountry")


def event_html(document: Document) -> str:
    """The paragraph, as safe HTML; empty for what is no event, or says neither."""
    if not first_known_type(document, ("Event",)):
        return ""
    lines = [*_times(document), *_places(document)]
    return clean(f"<p>{'<br>'.join(lines)}</p>") if lines else ""


def _times(document: Document) -> Iterator[str]:
    start, end = _moment(document, "startTime"), _moment(document, "endTime")
    if start is None:
        return
    until = ""
    if end is not None and end > start and document.get("displayEndTime") is not False:
        until = f"–{end:%H:%M}" if end.date() == start.date() else f" – {end:%Y-%m-%d %H:%M}"
    zone = str(start.tzinfo) if isinstance(start.tzinfo, ZoneInfo) else f"UTC{start:%z}".removesuffix("+0000")
    yield escape(f"🗓 {start:%Y-%m-%d %H:%M}{until} ({zone})")


def _moment(document: Document, key: str) -> datetime | None:
    """A moment by the clock of where it takes place, as far as that is said; those without an offset are left out."""
    text = document.get(key)
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) and len(text) < 40 else None
        if found is None or found.tzinfo is None:
            return None
        zone = _zone(document.get("timezone"))
        return found.astimezone(zone) if zone else found
    except (ValueError, OverflowError):
        return None


def _zone(name: object) -> ZoneInfo | None:
    """The zone of this name, if it is one that is known here."""
    try:
        return ZoneInfo(name) if isinstance(name, str) and 0 < len(name) < 60 else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _places(document: Document) -> Iterator[str]:
    for place in as_list(document.get("location"))[:PLACES_AT_MOST]:
        if isinstance(place, str):
            place = {"name": place}
        if not isinstance(place, Mapping):
            continue
        words = ", ".join(dict.fromkeys(part for part in (_text(place.get("name")), *_address(place)) if part))
        url = address(place.get("url")) if place.get("type") == "VirtualLocation" else ""
        if url:
            yield f'🔗 <a href="{escape(url)}">{escape(words or url)}</a>'
        elif words:
            yield f"📍 {escape(words)}"


def _address(place: Mapping[str, Any]) -> Iterator[str]:
    stated = place.get("address")
    if isinstance(stated, Mapping):
        yield from (_text(stated.get(part)) for part in _PARTS)
    else:
        yield _text(stated)


def _text(value: Any) -> str:
    return " ".join(plain(value, LONGEST_PLACE * 4).split())[:LONGEST_PLACE].strip() if isinstance(value, str) else ""
