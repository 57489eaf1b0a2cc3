"""From a foreign object to a draft: for whom it is, whom it names, what it answers (federation profile, 8 and 9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from core import entries
from core.addresses import LONGEST_URL
from core.audience import OPEN, may_see, viewer_of
from core.entries import Document, Draft
from core.html import clean, quote_inline_removed, tag_key
from core.models import Actor, Entry
from core.reading.files import attachments_of
from core.reading.values import address, as_list, first_known_type, host_of, id_of, is_public, moment
from core.reading.words import content_of, language_of, quoted_address, title_of, warning_of

ADDRESSEES_AT_MOST = 200
MENTIONS_AT_MOST = 50
TAGS_AT_MOST = 50
LOOKED_AT_MOST = 500
LONGEST_TAG = 100


async def draft_of(author: Actor, document: Document, kind: str) -> Draft:
    """An entry as its author's server describes it, ready to be published or to change what is known already.

    Only who and what is known here is named or answered: whoever calls `receive` has looked for the rest before.
    """
    uri = id_of(document)
    visibility = visibility_of(document, author)
    parent_uri = answered_address(document)
    people = await _people(document, visibility)
    published_at, edited_at = moment(document.get("published")), moment(document.get("updated"))
    draft = Draft(
        kind=kind,
        author=author,
        content=content_of(document),
        title=title_of(document),
        visibility=visibility,
        content_warning=warning_of(document),
        sensitive=document.get("sensitive") is True,
        language=language_of(document),
        reply_to=await _answered(author, parent_uri),
        reply_to_uri=parent_uri,
        context_uri=_context(document),
        mentions=people.named,
        silent_mentions=people.silent,
        tags=_tags(document),
        attachments=attachments_of(document),
        uri=uri,
        url=_page(document, uri),
        published_at=published_at,
        edited_at=edited_at if edited_at and published_at and edited_at > published_at else None,
    )
    _sort_after(draft, draft.reply_to)
    await _quote(draft, document)
    return draft


def _sort_after(draft: Draft, parent: Entry | None) -> None:
    """An answer never stands before what it answers: most servers tell the time in whole seconds."""
    if parent is None or draft.published_at is None:
        return
    early = parent.published_at - draft.published_at
    if timedelta(0) <= early < timedelta(seconds=1):
        draft.published_at = parent.published_at + timedelta(milliseconds=1)


def visibility_of(document: Document, author: Actor) -> str:
    """Who may see it, by its addressees; whatever names nobody we know is for nobody, never for everybody."""
    to, cc = _addressees(document, "to"), _addressees(document, "cc")
    if any(map(is_public, to)):
        return "public"
    if any(map(is_public, cc)):
        return "unlisted"
    if author.followers_url and author.followers_url in (*to, *cc):
        return "followers"
    return "direct"


def mentioned_addresses(document: Document) -> list[str]:
    """Whom an object names in its text and is addressed to: who is only named learns nothing of it."""
    addressed = {*_addressees(document, "to"), *_addressees(document, "cc")}
    named = (address(tag.get("href")) for tag in _tagged(document, "Mention"))
    return [uri for uri in dict.fromkeys(named) if uri in addressed][:MENTIONS_AT_MOST]


def answered_address(document: Document) -> str:
    """What an object answers; empty where it answers nothing."""
    return next((uri for one in as_list(document.get("inReplyTo"))[:1] if (uri := address(id_of(one)))), "")


@dataclass
class _People:
    named: list[Actor]
    silent: list[Actor]


async def _people(document: Document, visibility: str) -> _People:
    """Whom it names, and who is addressed without being named; of strangers among these only where it is for a few."""
    names = mentioned_addresses(document)
    addressed = [*_addressees(document, "to"), *_addressees(document, "cc")]
    if visibility == "direct":  # the inbox it came to may be all that says for whom it is
        addressed += _addressees(document, "bto")
    wanted = {uri for uri in (*names, *addressed) if not is_public(uri)}
    if not wanted:
        return _People([], [])
    known = {actor.uri: actor for actor in await Actor.filter(uri__in=list(wanted), removed_at__isnull=True)}
    silent = [known[uri] for uri in dict.fromkeys(addressed) if uri in known and uri not in names]
    return _People(
        [known[uri] for uri in names if uri in known],
        [actor for actor in silent if actor.is_local or visibility not in OPEN][:MENTIONS_AT_MOST],
    )


def _addressees(document: Document, key: str) -> list[str]:
    found = (id_of(one) for one in as_list(document.get(key))[:ADDRESSEES_AT_MOST])
    return [uri for uri in found if 0 < len(uri) <= LONGEST_URL and uri.isprintable()]


def _tagged(document: Document, type: str) -> Iterable[Mapping[str, object]]:
    for tag in as_list(document.get("tag"))[:LOOKED_AT_MOST]:
        if isinstance(tag, Mapping) and first_known_type(tag, (type,)):
            yield tag


def _tags(document: Document) -> list[str]:
    names: dict[str, str] = {}
    for tag in _tagged(document, "Hashtag"):
        name = tag.get("name")
        if isinstance(name, str) and 0 < len(name) <= LONGEST_TAG + 1:
            name = name.strip().lstrip("#＃")
            if name and name.isprintable() and len(name.split()) == 1:
                names.setdefault(tag_key(name), name)
    return list(names.values())[:TAGS_AT_MOST]


async def _answered(author: Actor, uri: str) -> Entry | None:
    """What it answers, where the author may see that at all: no one learns what is behind an address by answering."""
    parent = await entries.by_uri(uri) if uri else None
    if parent is None or (parent.visibility not in OPEN or parent.is_local) and not await _sees(author, parent):
        return None
    return parent


async def _sees(author: Actor, entry: Entry) -> bool:
    return await may_see(viewer_of(author), entry)


def _context(document: Document) -> str:
    for key in ("context", "conversation"):
        found = id_of(document.get(key))
        if found and len(found) <= LONGEST_URL and found.isprintable():
            return found
    return ""


def _page(document: Document, uri: str) -> str:
    """Its page on its own server: no address leads people to where its id does not belong (section 6)."""
    links = as_list(document.get("url"))[:LOOKED_AT_MOST]
    pages = [one for one in links if isinstance(one, Mapping) and one.get("mediaType") == "text/html"]
    for link in (*pages, *links):
        found = address(link.get("href") if isinstance(link, Mapping) else link)
        if found and host_of(found) == host_of(uri):
            return found
    return uri


async def _quote(draft: Draft, document: Document) -> None:
    """What it quotes: oneself at once; for others only their own word would count, so it stays a link (FEP-044f)."""
    uri = quoted_address(document)
    quoted = await entries.by_uri(uri) if uri else None
    if quoted is not None and quoted.author_id == draft.author.id and quoted.visibility in OPEN:
        draft.quote, draft.content = quoted, quote_inline_removed(draft.content)
    elif uri and escape(uri) not in draft.content:
        draft.content += clean(f'<p>RE: <a href="{escape(uri)}">{escape(uri)}</a></p>')
