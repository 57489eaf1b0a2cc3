"""Single values of ActivityStreams documents, in all the shapes servers give them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from core.addresses import LONGEST_URL, Refused, parse_url
from core.database import is_id
from core.instance import here

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PUBLIC_ALIASES = frozenset({PUBLIC, "as:Public", "Public"})
LONGEST_MOMENT = 40


def as_list(value: Any) -> list[Any]:
    """A value that may be absent, single or a list, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def id_of(value: Any) -> str:
    """The id of what is named, embedded, linked to, or the only member of a list; empty where there is none.

    What is longer than an address may be, or holds what no address does, is none: it is looked for in the database.
    """
    if isinstance(value, list):
        return id_of(value[0]) if len(value) == 1 else ""
    if isinstance(value, Mapping):
        value = value.get("id") or (value.get("href") if value.get("type") == "Link" else None)
    return value if isinstance(value, str) and len(value) <= LONGEST_URL and value.isprintable() else ""


def first_known_type(document: Mapping[str, Any], known: Collection[str]) -> str:
    """The first type of a document that is among the known ones; empty where none is."""
    return next((one for one in as_list(document.get("type")) if isinstance(one, str) and one in known), "")


def is_public(value: Any) -> bool:
    """Whether an addressee is everybody, in any of the spellings in use."""
    return isinstance(value, str) and value in PUBLIC_ALIASES


def address(value: Any) -> str:
    """An http or https address; empty for anything else, and for what is no address at all."""
    if not isinstance(value, str):
        return ""
    try:
        parse_url(value)
    except Refused:
        return ""
    return value


def identity(uri: str) -> str:
    """The identity of the entry whose page of ours this is, whatever its author was called then; else as it is.

    Pixelfed remembers what it is sent by its page, and likes, shares and answers that.
    """
    pages = f"{here().base_url}/@"
    if not uri.startswith(pages):
        return uri
    _name, _slash, entry_id = uri.removeprefix(pages).partition("/")
    return here().url(f"/objects/{entry_id}") if is_id(entry_id) else uri


def host_of(url: str) -> str:
    """The host of an address; empty where it is none."""
    try:
        return parse_url(url).authority
    except Refused:
        return ""


def moment(value: Any) -> datetime | None:
    """A time after 1970, aware and in UTC; one without an offset counts as UTC."""
    if not isinstance(value, str) or len(value) > LONGEST_MOMENT:
        return None
    try:
        found = datetime.fromisoformat(value)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return found if found.year > 1970 else None
