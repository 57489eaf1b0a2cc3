"""Notices: a kind of entry and nothing else, on servers that have no posts."""

from collections.abc import Sequence

from core import Actor, Document, Draft, Entry, Kind, by_uri, edit, hookimpl, publishing
from core.entry_document import entry_document
from core.reading import draft_of

API = ">=1.0,<2"


async def to_document(entry: Entry) -> Document:
    """A note with a title."""
    return await entry_document(entry, "Note") | {"name": entry.title}


async def receive(author: Actor, document: Document) -> Entry | None:
    """A notice from elsewhere, or its new words."""
    draft = await draft_of(author, document, "notice")
    draft.title = str(document["name"])
    known = await by_uri(draft.uri)
    return await edit(known, draft) if known else await pin_up(draft)


async def pin_up(draft: Draft) -> Entry:
    """Publish a notice."""
    async with publishing(draft) as entry:
        pass
    return entry


NOTICE = Kind("notice", to_document, receive, document_types=("Note",))


@hookimpl
def kinds() -> Sequence[Kind]:
    return [NOTICE]
