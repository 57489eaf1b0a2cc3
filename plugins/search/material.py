"""What the index is made of: the words of entries, and the marks that say what else they are found by."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import one_of, rows
from core.html import plain
from plugins.search.words import person_mark, tag_mark

_LINK = re.compile(r"<a\s(?![^>]*class=\"[^\"]*\b(?:mention|hashtag)\b)")
TICKS = 15


@dataclass(frozen=True)
class Material:
    """An entry as the index takes it."""

    number: int
    entry_id: str
    text: str
    marks: str
    language: str


def number_of(entry_id: str) -> int:
    """The number of an entry's document: a UUIDv7 begins with its time in ms, and 15 bits more part those of one ms."""
    bits = int(entry_id.replace("-", ""), 16)
    return (bits >> 80) << TICKS | ((bits >> 64) & 0xFFF) << 3 | (bits >> 59) & 0b111


def first_number(moment: datetime) -> int:
    """Below every document from this moment on."""
    return (int(moment.timestamp() * 1000) << TICKS) - 1


async def stored_entries(entry_ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
    """Entries as they stand, with the number they are indexed under; `consents` is None of authors not noted yet."""
    return await rows(
        "SELECT e.id, e.title, e.content, e.content_warning, e.language, e.visibility, e.author_id, e.is_local,"
        " e.deleted_at, s.consents, d.id AS number, EXISTS (SELECT 1 FROM core_mention m JOIN core_actor a"
        " ON a.id = m.actor_id AND a.domain = '' WHERE m.entry_id = e.id AND NOT m.silent) AS names_us"
        " FROM core_entry e"
        " LEFT JOIN search_person s ON s.actor_id = e.author_id LEFT JOIN search_document d ON d.entry_id = e.id"
        f" WHERE e.id {one_of(1)}",
        list(entry_ids),
    )


async def material_of(stored: Sequence[Mapping[str, Any]]) -> list[Material]:
    """What there is to index of stored entries; nothing of those that are gone or that nobody here could find."""
    entries = [entry for entry in stored if entry["deleted_at"] is None and _is_of_use(entry)]
    parts = await _parts([entry["id"] for entry in entries]) if entries else {}
    return [_material(entry, parts.get(entry["id"], [])) for entry in entries]


def _is_of_use(entry: Mapping[str, Any]) -> bool:
    """Not what is of other servers, and nobody's business here."""
    return _is_open(entry) or bool(entry["is_local"] or entry["names_us"])


def _is_open(entry: Mapping[str, Any]) -> bool:
    return bool(entry["consents"]) and entry["visibility"] == "public"


async def _parts(entry_ids: list[str]) -> dict[str, list[tuple[str, str, str]]]:
    """What hangs on entries: people they name, hashtags, what stands in for files, answers to a poll."""
    found = await rows(
        "SELECT m.entry_id, 'to' AS part, a.id::text AS name, '' AS words FROM core_mention m JOIN core_actor a"
        f" ON a.id = m.actor_id AND a.domain = '' WHERE m.entry_id {one_of(1)} AND NOT m.silent"
        f" UNION ALL SELECT entry_id, 'tag', key, name FROM core_entry_tag WHERE entry_id {one_of(1)}"
        f" UNION ALL SELECT entry_id, 'has', type, alt FROM core_attachment WHERE entry_id {one_of(1)}"
        f" UNION ALL SELECT entry_id, 'has', 'poll', title FROM core_poll_option WHERE entry_id {one_of(1)}",
        entry_ids,
    )
    parts: dict[str, list[tuple[str, str, str]]] = {}
    for part in found:
        parts.setdefault(part["entry_id"], []).append((part["part"], part["name"], part["words"]))
    return parts


def _material(entry: Mapping[str, Any], parts: Sequence[tuple[str, str, str]]) -> Material:
    named = [name for part, name, _ in parts if part == "to"]
    marks = ["open"] if _is_open(entry) else []
    marks += [person_mark("by", entry["author_id"]), *(person_mark("to", name) for name in named)]
    marks += [tag_mark(name) for part, name, _ in parts if part == "tag"]
    marks += [f"has{name}" for part, name, _ in parts if part == "has"]
    if _LINK.search(entry["content"]):
        marks.append("haslink")
    if language := entry["language"].partition("-")[0].lower():
        marks.append(f"lang{language}")
    words = [entry["title"], entry["content_warning"], plain(entry["content"])]
    words += [text for part, _, text in parts if part != "to"]
    text = "\n".join(part for part in words if part)
    marks_text = " ".join(dict.fromkeys(mark for mark in marks if mark.isalnum() and mark.isascii()))
    return Material(number_of(entry["id"]), entry["id"], text, marks_text, entry["language"])
