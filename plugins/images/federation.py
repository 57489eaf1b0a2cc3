"""How pictures cross the border: notes with attachments, which every server shows (federation profile, section 16)."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from core.entries import Document, Kind
from core.entry_document import entry_document
from core.errors import Invalid
from core.models import Actor, Entry
from core.outbound import PUBLIC
from core.reading import as_list, attachments_of
from core.receiving_words import receive_words
from plugins.images import service
from plugins.images.models import Image
from plugins.images.spots import Spot, spot_of

SHOWN_EVERYWHERE = 4  # Mastodon keeps so many attachments of a post of another server


async def to_document(entry: Entry) -> Document:
    """A note with the pictures in their order; where not all of them are shown everywhere, with a link to all."""
    document = await entry_document(entry, "Note")
    image = await Image.get_or_none(id=entry.id)
    if image is not None and (image.place or image.latitude is not None):
        document["location"] = _place(image)
    if len(document["attachment"]) > SHOWN_EVERYWHERE:
        link = f'<p><a href="{escape(entry.url)}" rel="noopener noreferrer">{escape(entry.url)}</a></p>'
        document["content"] += link
        document["contentMap"] = dict.fromkeys(document["contentMap"], document["content"])
    reply = PUBLIC if entry.reply_policy == "everyone" else None
    document["commentsEnabled"] = entry.reply_policy != "nobody"
    document["capabilities"] = {"announce": PUBLIC, "like": PUBLIC, "reply": reply}
    return document


def _place(image: Image) -> Document:
    place: Document = {"type": "Place", "name": image.place or None}
    if image.latitude is not None:
        place |= {"latitude": image.latitude, "longitude": image.longitude}
    return place


async def receive(author: Actor, document: Document) -> Entry | None:
    """Pictures of another server, or what is said of them now; a place that makes no sense is left out."""
    spot = _spot(document)

    async def beside(entry: Entry) -> None:
        await service.note(entry, spot)

    return await receive_words(author, document, service.KIND, beside)


def _spot(document: Document) -> Spot | None:
    told = document.get("location")
    if not isinstance(told, Mapping) or told.get("type") != "Place":
        return None
    try:
        return spot_of(
            {**told, "latitude": _number(told.get("latitude")), "longitude": _number(told.get("longitude"))}, "exact"
        )
    except Invalid:
        return None


def _number(value: object) -> object:
    """Pixelfed writes degrees as texts."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return None


def recognises(document: Document) -> bool:
    """A note that shows pictures and answers nothing, by a server on which pictures are what is posted."""
    if "capabilities" not in document or "commentsEnabled" not in document or as_list(document.get("inReplyTo")):
        return False
    shown = attachments_of(document)
    return bool(shown) and all(one.type == "image" for one in shown)


IMAGE = Kind(
    service.KIND,
    to_document,
    receive,
    document_types=("Note",),
    recognises=recognises,
    fields=service.fields_of,
    card="images/_card.html",
    tells_cameras=True,
)
