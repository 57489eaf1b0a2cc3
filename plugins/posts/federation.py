"""How posts, likes and shares cross the border."""

from __future__ import annotations

from typing import Any

from core.entries import Document, Kind
from core.models import Entry


async def to_document(entry: Entry) -> Document:
    """The ActivityStreams object of a post."""
    return {"id": entry.uri, "type": "Note", "content": entry.content}


POST = Kind("post", to_document)
INBOX: dict[str, Any] = {}
OUTBOX: dict[str, Any] = {}
