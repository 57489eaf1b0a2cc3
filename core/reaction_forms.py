"""The signs an entry was answered with, in its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.database import one_of
from core.person_forms import Form
from core.storage.remote import shown_at

MARK, OWN = "r ", "m "


def signs(parameter: int) -> str:
    """Marks of the signs on entries and how often each is there, with where its picture lies."""
    return (
        f"SELECT '{MARK}' || r.emoji || ' ' || COALESCE(CAST(x.id AS TEXT) || ' ' || x.url, '') AS mark, r.entry_id,"
        " COUNT(*) AS number FROM core_reaction r LEFT JOIN core_emoji x ON x.id = r.custom_id"
        f" WHERE r.entry_id {one_of(parameter)} GROUP BY r.entry_id, r.emoji, x.id, x.url"
    )


def own_signs(viewer: int, parameter: int) -> str:
    """Marks of the viewer's signs on entries."""
    return (
        f"SELECT '{OWN}' || r.emoji AS mark, r.entry_id, 1 AS number FROM core_reaction r"
        f" WHERE r.entry_id {one_of(parameter)} AND r.actor_id = ${viewer}"
    )


def finished(marks: Mapping[str, Any]) -> list[Form]:
    """The signs of one entry, the most used first."""
    found = []
    for mark, number in marks.items():
        if mark.startswith(MARK):
            sign, _, picture = mark.removeprefix(MARK).partition(" ")
            found.append(
                {"emoji": sign, "url": _shown(sign, picture), "count": number, "isMine": f"{OWN}{sign}" in marks}
            )
    return sorted(found, key=lambda one: (-one["count"], one["emoji"]))


def _shown(sign: str, picture: str) -> str | None:
    emoji_id, _, url = picture.partition(" ")
    if not url:
        return None
    return shown_at(emoji_id, "emoji", url) if "@" in sign else url
