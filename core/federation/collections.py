"""Collections: how ours are written, and how those of other servers are read within bounds (section 4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from core.federation.addresses import same_origin
from core.federation.documents import ACTIVITY_STREAMS, CONTEXT, Document, as_list, first_known_type, id_of
from core.federation.fetching import fetch_document, fetch_part
from core.fetch import Refused

PAGES_AT_MOST = 10
ITEMS_AT_MOST = 1000
_TYPES = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})


def collection(uri: str, total: int | None = None, *, first: str = "", ordered: bool = True, **more: Any) -> Document:
    """A collection that leads to its first page; without `first` it tells no more than how many there are."""
    document: Document = {"@context": ACTIVITY_STREAMS, "id": uri, "type": _name(ordered), **more}
    if total is not None:
        document["totalItems"] = total
    if first:
        document["first"] = first
    return document


def whole(uri: str, items: Sequence[Any], *, ordered: bool = True, **more: Any) -> Document:
    """A small collection with everything in it."""
    return collection(uri, len(items), ordered=ordered, **more) | {_key(ordered): list(items)}


def page(
    uri: str, part_of: str, items: Sequence[Any], *, following: str = "", ordered: bool = True, embeds: bool = False
) -> Document:
    """One page; `following` is where the next one is, `embeds` says that items are whole objects, not ids."""
    document: Document = {
        "@context": CONTEXT if embeds else ACTIVITY_STREAMS,
        "id": uri,
        "type": f"{_name(ordered)}Page",
        "partOf": part_of,
        _key(ordered): list(items),
    }
    if following:
        document["next"] = following
    return document


def _name(ordered: bool) -> str:
    return "OrderedCollection" if ordered else "Collection"


def _key(ordered: bool) -> str:
    return "orderedItems" if ordered else "items"


async def read_collection(
    source: object,
    *,
    pages: int = PAGES_AT_MOST,
    items: int = ITEMS_AT_MOST,
    owner: str = "",
    turned: Callable[[], None] = lambda: None,
) -> AsyncIterator[Any]:
    """The members of a foreign collection, named by its address or embedded, page after page.

    It ends at the limits, at a page that was read already and at one on another server than `owner`, or than the
    collection's own address where no owner is given; `turned` is called for each page. Raises FetchErrors, as far as
    nothing was read yet.
    """
    origin = owner or id_of(source)
    if not same_origin(origin, id_of(source) or origin):
        raise Refused("the collection is not of its owner's server")
    current: Mapping[str, Any] | None = source if isinstance(source, Mapping) else await fetch_document(id_of(source))
    seen, left = {id_of(source)}, items
    for number in range(pages + 1):
        if current is None or not first_known_type(current, _TYPES):
            return
        turned()
        for item in _members(current):
            if left <= 0:
                return
            left -= 1
            yield item
        if number == pages:
            return
        following = current.get("first") if number == 0 and "next" not in current else current.get("next")
        current = await _next(following, origin, seen)


def _members(document: Mapping[str, Any]) -> list[Any]:
    """Items of either spelling, single or listed, in whatever type."""
    for key in ("orderedItems", "items"):
        found = as_list(document.get(key))
        if found:
            return found
    return []


async def _next(following: object, origin: str, seen: set[str]) -> Mapping[str, Any] | None:
    address = id_of(following)
    if address in seen or (address and not same_origin(origin, address)):
        return None
    if address:
        seen.add(address)
    if isinstance(following, Mapping) and not following.keys() <= {"id", "type"}:
        return following
    return await fetch_part(address, origin) if address else None
