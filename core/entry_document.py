"""What an entry looks like to other servers, as far as that does not depend on its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from mimetypes import guess_type
from typing import Any

from core import emoji
from core.audience import OPEN, STRANGER, visible_sql
from core.database import LOWEST_ID, from_json, now, rows, value
from core.entries import Document
from core.file_forms import FILE_COLUMNS, attachment_form
from core.html import with_quote_inline
from core.instance import here
from core.models import Actor, Entry
from core.outbound import PUBLIC, VISIBLE_TO, addressed
from core.poll_models import Poll, PollOption

# Peers turn down pictures that claim to be larger (section 9 of the federation profile), but need no claim at all.
LARGEST_SIDE = 5000
_GUESSED_TYPES = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg"}
_QUOTE_MEDIA_TYPE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


async def entry_document(entry: Entry, type: str) -> Document:
    """The object of an entry of ours, without `@context`, of the given type, or a question (sections 8, 9 and 11).

    Lists are lists also where they are empty, and absent texts are null: there are peers that insist on either.
    """
    author = await Actor.get(id=entry.author_id)
    audience = await addressed(entry, author)
    hashtags, asks = await _hashtags(entry)
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
        "tag": [*(_mention(actor) for actor in audience.named), *hashtags],
        "attachment": await _attachments(entry),
        "interactionPolicy": _policies(entry, author, [actor.uri for actor in audience.named]),
        "replies": await _replies(entry),
        "likes": _counted(f"{entry.uri}/likes", entry.likes_count),
        "shares": _counted(f"{entry.uri}/shares", entry.boosts_count),
    }
    if entry.edited_at:
        document["updated"] = _exactly(entry.edited_at)
    if context := await _context(entry, audience.parent):
        document["context"] = document["conversation"] = context
    if entry.visibility in ("direct", "friends", "circle"):
        # False says that it is for those it names, and yet no message to them.
        document["directMessage"] = entry.visibility == "direct"
    if entry.visibility == "friends":
        document[VISIBLE_TO] = "friends"
    if audience.group is not None:
        document["audience"] = audience.group.uri  # FEP-1b12
    if audience.quoted is not None:
        _quote(document, audience.quoted)
    document["contentMap"] = {entry.language or here().settings.server.languages[0]: document["content"]}
    if asks:
        document |= await _question(await Poll.get(entry_id=entry.id))
    document["tag"] += [emoji.document_of(one) for one in await emoji.of_texts("", *_texts(entry, document))]
    if entry.source:
        document["source"] = {"content": entry.source, "mediaType": entry.source_type}
    return document


def _texts(entry: Entry, document: Document) -> list[str]:
    """Where small pictures may stand."""
    options = [one["name"] for one in document.get("oneOf") or document.get("anyOf") or ()]
    return [entry.title, entry.content_warning, entry.content, *options]


def _exactly(moment: datetime) -> str:
    """A time in milliseconds, so that of two posts or changes within a second the later one is the newer one."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _counted(uri: str, total: int) -> Document:
    return {"id": uri, "type": "Collection", "totalItems": max(total, 0)}


async def _replies(entry: Entry) -> Document:
    uri = f"{entry.uri}/replies"
    collection = _counted(uri, await _public_replies(entry) if entry.open_replies_count else 0)
    # Whoever is given the collection embedded looks for its pages there, and does not fetch it again.
    return {**collection, "first": f"{uri}?after={LOWEST_ID}"} if entry.visibility in OPEN else collection


async def _public_replies(entry: Entry) -> int:
    """How many answers other servers may know of: who sees the rest is nobody's business but theirs."""
    found = await value(
        "SELECT COUNT(*) FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.reply_to_id = $1"
        f" AND NOT e.local_only AND e.visibility IN ('public', 'unlisted') AND {visible_sql(STRANGER, 2)}",
        entry.id,
        None,
    )
    return int(found)


def _mention(actor: Actor) -> Document:
    return {"type": "Mention", "href": actor.uri, "name": f"@{actor.username}@{actor.domain or here().domain}"}


async def _hashtags(entry: Entry) -> tuple[Sequence[Document], bool]:
    """The hashtags, and by the same query whether there is a poll."""
    found = await rows(
        "SELECT id, name, key FROM core_entry_tag WHERE entry_id = $1"
        " UNION ALL SELECT id, NULL, NULL FROM core_poll WHERE entry_id = $1 ORDER BY id",
        entry.id,
    )
    tags = [each for each in found if each["name"] is not None]
    hashtags = [
        {"type": "Hashtag", "href": here().url(f"/tags/{tag['key']}"), "name": f"#{tag['name']}"} for tag in tags
    ]
    return hashtags, len(tags) < len(found)


async def _attachments(entry: Entry) -> Sequence[Document]:
    files = await rows(
        f"SELECT CAST(h.id AS TEXT) AS attachment_id, {FILE_COLUMNS} FROM core_attachment h"
        " LEFT JOIN core_file f ON f.id = h.file_id WHERE h.entry_id = $1 ORDER BY h.position",
        entry.id,
    )
    return [_attachment(file) for file in files]


def _attachment(file: Mapping[str, Any]) -> Document:
    """`Document` is the type that every peer takes, whatever the file is."""
    if file["file_id"]:  # the version that every peer can read
        form = attachment_form(file)
        file = {**file, **{key: form[key] for key in ("url", "width", "height")}}
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


async def _question(poll: Poll) -> Document:
    """What an entry asks, and how it was answered so far (section 9; FEP-9967)."""
    options = await PollOption.filter(entry_id=poll.entry_id).order_by("position")
    document: Document = {
        "type": "Question",
        "anyOf" if poll.multiple else "oneOf": [
            {
                "type": "Note",
                "name": option.title,
                "replies": {"type": "Collection", "totalItems": max(option.votes_count, 0)},
            }
            for option in options
        ],
    }
    if poll.voters_count is not None:
        document["votersCount"] = max(poll.voters_count, 0)
    if poll.expires_at is not None:
        document["endTime"] = _exactly(poll.expires_at)
        if poll.expires_at <= now():
            document["closed"] = _exactly(poll.expires_at)
    return document


def _policies(entry: Entry, author: Actor, named: list[str]) -> Document:
    """Who may quote, answer, like and share (section 11): what is said here is held to here.

    All of it is said, for GoToSocial before 0.19.2 lets nobody do what a policy leaves out. What is not for everybody,
    only its author may quote and share.
    """
    is_open = entry.visibility in OPEN
    quote = entry.quote_policy if is_open else "nobody"
    return {
        # Whoever is mentioned asks as well to quote, and need not to answer.
        "canQuote": _approval(quote, author, [] if quote == "ask" else named),
        "canReply": _in_every_spelling(_approval(entry.reply_policy, author, named)),
        "canLike": _in_every_spelling(_approval("everyone", author, named)),
        "canAnnounce": _in_every_spelling(_approval("everyone" if is_open else "nobody", author, named)),
    }


def _in_every_spelling(approval: Document) -> Document:
    """As GoToSocial before 0.20 names it too, which knows nothing of quotes."""
    return {**approval, "always": approval["automaticApproval"], "approvalRequired": approval["manualApproval"]}


def _approval(policy: str, author: Actor, named: list[str]) -> Document:
    """Friends are nobody else's business: any follower may ask, and is answered according to whether they are one.

    Where the author wants to be asked, everybody may ask.
    """
    automatic = {
        "everyone": [PUBLIC],
        "followers": [author.followers_url, *named],
        "friends": [author.uri, *named],
        "mentioned": [author.uri, *named],
        "ask": [author.uri, *named],
    }.get(policy, [author.uri])
    manual = {"friends": [author.followers_url], "ask": [PUBLIC]}.get(policy, [])
    return {"automaticApproval": automatic, "manualApproval": manual}


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
    if "quote-inline" not in document["content"]:
        document["content"] = with_quote_inline(document["content"], quoted.url or quoted.uri)
