"""Which kind of entry a document of another server is."""

from __future__ import annotations

from core.entries import Document, Kind
from core.instance import here
from core.reading.values import first_known_type


def kind_of(document: Document) -> Kind | None:
    """The kind that understands a document; one that recognises it goes before those that take any of its type."""
    able = [kind for kind in here().kinds.values() if first_known_type(document, kind.document_types)]
    recognising = [kind for kind in able if kind.recognises and kind.recognises(document)]
    return next(iter(recognising or [kind for kind in able if not kind.recognises]), None)
