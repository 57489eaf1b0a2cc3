"""The small pictures a foreign document names (federation profile, section 9; FEP-9098)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.emoji import EmojiDraft
from core.entries import Document
from core.reading.values import address, as_list, first_known_type
from core.signs import CUSTOM

EMOJIS_AT_MOST = 100
LOOKED_AT_MOST = 500


def emojis_of(document: Document) -> list[EmojiDraft]:
    """What its shortcodes stand for, as its tags say."""
    found = []
    for tag in as_list(document.get("tag"))[:LOOKED_AT_MOST]:
        draft = _emoji(tag) if isinstance(tag, Mapping) and first_known_type(tag, ("Emoji",)) else None
        if draft is not None:
            found.append(draft)
    return found[:EMOJIS_AT_MOST]


def _emoji(tag: Mapping[str, Any]) -> EmojiDraft | None:
    name, icon = tag.get("name"), tag.get("icon")
    named = CUSTOM.fullmatch(name.strip()) if isinstance(name, str) and len(name) < 400 else None
    url = icon.get("url") if isinstance(icon, Mapping) else icon
    picture = address(url.get("href") if isinstance(url, Mapping) else url)
    return EmojiDraft(named[1], picture) if named and picture else None
