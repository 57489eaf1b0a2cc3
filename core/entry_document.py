"""What an entry looks like to other servers, as far as that does not depend on its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from mimetypes import guess_type
from typing import Any

from core.audience import OPEN
from core.database import LOWEST_ID, from_json, rows
from core.entries import Document
from core.instance import here
from core.models import Actor, Entry
from core.outbound import PUBLIC, addressed

# Peers turn down pictures that claim to be larger (section 9 of the federation profile), but need no claim at all.
LARGEST_SIDE = 5000
_GUESSED_TYPES = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg"}
_QUOTE_MEDIA_TYPE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


async def entry_document(entry: Entry, type: str) -> Document:
    """The object of an entry of ours, without `@context`, of the given type (sections 8, 9 and 11).

    Lists are lists also where they are empty, and absent texts are null: there are peers that insist on either.
    """
    author = await Actor.get(id=entry.author_id)
    audience = await addressed(entry, author)
    document: Document = {
        "id": entry.uri,
        "type": type,
        "attributedTo": author.uri,
        "to": audience.to,
        "cc": audience.cc,
        "published": _exactly(entry.published_at),
        "url": entry.url,
        "content": entry.content,
        "summary": entry.content_warning or None,
        "sensitive": entry.sensitive,
        "inReplyTo": entry.reply_to_uri or None,
        "tag": [*(_mention(actor) for actor in audience.named), *await _hashtags(entry)],
        "attachment": await _attachments(entry),
        "interactionPolicy": {"canQuote": _quoters(entry, author)},
        "replies": _replies(entry),
        "likes": _counted(f"{entry.uri}/likes", entry.likes_count),
        "shares": _counted(f"{entry.uri}/shares", entry.boosts_count),
    }
    if entry.edited_at:
        document["updated"] = _exactly(entry.edited_at)
    if context := await _context(entry, audience.parent):
        document["context"] = document["conversation"] = context
    if entry.visibility in ("direct", "friends"):
        # False says that it is for those it names, and yet no message to them.
        document["directMessage"] = entry.visibility == "direct"
    if audience.quoted is not None:
        _quote(document, audience.quoted)
    document["contentMap"] = {entry.language or here().settings.server.languages[0]: document["content"]}
    if entry.source:
        document["source"] = {"content": entry.source, "mediaType": "text/markdown"}
    return document


def _exactly(moment: datetime) -> str:
    """A time in milliseconds, so that of two posts or changes within a second the later one is the newer one."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _counted(uri: str, total: int) -> Document:
    return {"id": uri, "type": "Collection", "totalItems": max(total, 0)}


def _replies(entry: Entry) -> Document:
    uri = f"{entry.uri}/replies"
    collection = _counted(uri, entry.replies_count)
    # Whoever is given the collection embedded looks for its pages there, and does not fetch it again.
    return {**collection, "first": f"{uri}?after={LOWEST_ID}"} if entry.visibility in OPEN else collection


def _mention(actor: Actor) -> Document:
    return {"type": "Mention", "href": actor.uri, "name": f"@{actor.username}@{actor.domain or here().domain}"}


async def _hashtags(entry: Entry) -> Sequence[Document]:
    tags = await rows("SELECT name, key FROM core_entry_tag WHERE entry_id = $1 ORDER BY id", entry.id)
    return [{"type": "Hashtag", "href": here().url(f"/tags/{tag['key']}"), "name": f"#{tag['name']}"} for tag in tags]


async def _attachments(entry: Entry) -> Sequence[Document]:
    files = await rows(
        "SELECT type, url, media_type, alt, width, height, blurhash, focus FROM core_attachment"
        " WHERE entry_id = $1 ORDER BY position",
        entry.id,
    )
    return [_attachment(file) for file in files]


def _attachment(file: Mapping[str, Any]) -> Document:
    """`Document` is the type that every peer takes, whatever the file is."""
    url = here().url(file["url"]) if file["url"].startswith("/") else file["url"]
    guessed = guess_type(url.partition("?")[0])[0] or _GUESSED_TYPES.get(file["type"], "application/octet-stream")
    document: Document = {
        "type": "Document",
        "mediaType": file["media_type"] or guessed,
        "url": url,
        "name": file["alt"] or None,
    }
    if file["blurhash"]:
        document["blurhash"] = file["blurhash"]
    if file["width"] and file["height"] and max(file["width"], file["height"]) <= LARGEST_SIDE:
        document["width"], document["height"] = file["width"], file["height"]
    if file["focus"]:
        document["focalPoint"] = from_json(file["focus"])
    return document


def _quoters(entry: Entry, author: Actor) -> Document:
    """Who may quote: everybody what everybody may see, else only the author."""
    return {"automaticApproval": [PUBLIC if entry.visibility in OPEN else author.uri], "manualApproval": []}


async def _context(entry: Entry, parent: Entry | None) -> str:
    """The conversation: the one of what it answers, or one of ours where it began here; else none is known."""
    if entry.context_uri:
        return entry.context_uri
    if entry.root_id is None:
        return "" if entry.reply_to_uri else here().url(f"/contexts/{entry.id}")
    root = parent if parent is not None and parent.id == entry.root_id else await Entry.get_or_none(id=entry.root_id)
    if root is None or not root.is_local:
        return ""
    return root.context_uri or here().url(f"/contexts/{root.id}")


def _quote(document: Document, quoted: Entry) -> None:
    """Say what is quoted in every way in use, and in words for those who know none of them (section 11)."""
    for key in ("quote", "quoteUri", "quoteUrl", "_misskey_quote"):
        document[key] = quoted.uri
    document["tag"].append(
        {
            "type": "Link",
            "mediaType": _QUOTE_MEDIA_TYPE,
            "rel": "https://misskey-hub.net/ns#_misskey_quote",
            "href": quoted.uri,
            "name": f"RE: {quoted.url or quoted.uri}",
        }
    )
    page = escape(quoted.url or quoted.uri)
    words = f'<span class="quote-inline"><br>RE: <a href="{page}" rel="nofollow noopener noreferrer">{page}</a></span>'
    content = document["content"]
    inside = content.endswith("</p>")
    document["content"] = f"{content[:-4]}{words}</p>" if inside else f"{content}<p>{words}</p>"
