"""How posts cross the border; what is said about entries of every kind, federation says."""

from __future__ import annotations

from core.entries import Document, Kind
from core.entry_document import entry_document
from core.models import Actor, Entry
from core.reading import is_vote
from core.receiving_words import receive_words

KIND = "post"
TYPES = ("Note", "Question", "Article", "Page", "Video", "Audio", "Image", "Event")


async def to_document(entry: Entry) -> Document:
    """The ActivityStreams object of a post."""
    return await entry_document(entry, "Note")


async def receive(author: Actor, document: Document) -> Entry | None:
    """Publish a post of another server, or change what is known of it where it was edited since."""
    return None if is_vote(document) else await receive_words(author, document, KIND)


POST = Kind(KIND, to_document, receive, TYPES)
