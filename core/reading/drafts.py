"""From a foreign object to a draft: for whom it is, whom it names, what it answers (federation profile, 8 and 9)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape, unescape

from core import emoji, entries
from core.addresses import LONGEST_URL
from core.audience import OPEN, may_see, viewer_of
from core.entries import Document, Draft
from core.html import clean, quote_inline_removed, tag_key
from core.instance import here
from core.models import Actor, Entry
from core.outbound import VISIBLE_TO
from core.permissions import allowed
from core.policies import permits_at_once
from core.poll_rows import NO_POLL
from core.reading.emojis import emojis_of
from core.reading.files import attachments_of
from core.reading.permissions import stated_policy
from core.reading.polls import poll_of
from core.reading.values import address, as_list, first_known_type, host_of, id_of, identity, is_public, moment
from core.reading.words import CONSENT, REPLY_CONSENT, content_of, language_of, quoted_address, title_of, warning_of

ADDRESSEES_AT_MOST = 200
MENTIONS_AT_MOST = 50
TAGS_AT_MOST = 50
LOOKED_AT_MOST = 500
LONGEST_TAG = 100
_INLINE = re.compile(r'<(?:span|p) class="quote-inline">[^"]*<a href="([^"]*)"')  # in cleaned HTML


async def draft_of(author: Actor, document: Document, kind: str) -> Draft:
    """An entry as its author's server describes it, ready to be published or to change what is known already.

    Only who and what is known here is named or answered: whoever calls `receive` has looked for the rest before.
    """
    uri = id_of(document)
    visibility = visibility_of(document, author)
    parent_uri = answered_address(document)
    people = await _people(document, visibility, author)
    published_at, edited_at = moment(document.get("published")), moment(document.get("updated"))
    is_agreed = REPLY_CONSENT in document
    draft = Draft(
        kind=kind,
        author=author,
        content=content_of(document),
        title=title_of(document),
        visibility=visibility,
        content_warning=warning_of(document),
        sensitive=document.get("sensitive") is True,
        language=language_of(document),
        reply_to=await _answered(author, parent_uri, is_agreed=is_agreed),
        reply_to_uri=parent_uri,
        is_agreed=is_agreed,
        reply_policy=stated_policy(document, "canReply", author),
        quote_policy=stated_policy(document, "canQuote", author),
        context_uri=_context(document),
        mentions=people.named,
        silent_mentions=people.silent,
        tags=tags_of(document),
        attachments=attachments_of(document),
        poll=poll_of(document),
        uri=uri,
        url=_page(document, uri),
        published_at=published_at,
        edited_at=edited_at if edited_at and published_at and edited_at > published_at else None,
    )
    named = set(emoji.named_in(draft.title, draft.content_warning, draft.content, *(draft.poll or NO_POLL).options))
    await emoji.remember(author.domain, [one for one in emojis_of(document) if one.shortcode in named])
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
    if document.get(VISIBLE_TO) == "friends" and document.get("directMessage") is not True:
        return "friends"  # of those it was sent to, friends only: fewer than a message has
    # No message to those it names, and yet for nobody else: their author has chosen them.
    return "circle" if document.get("directMessage") is False else "direct"


def mentioned_addresses(document: Document) -> list[str]:
    """Whom an object names in its text and is addressed to: who is only named learns nothing of it."""
    addressed = {*_addressees(document, "to"), *_addressees(document, "cc")}
    named = (address(tag.get("href")) for tag in _tagged(document, "Mention"))
    return [uri for uri in dict.fromkeys(named) if uri in addressed][:MENTIONS_AT_MOST]


def chosen_addresses(document: Document) -> list[str]:
    """Whom an object is for that went to people of its author's choice, so that answers can go to them; else nobody."""
    addressed = [*_addressees(document, "to"), *_addressees(document, "cc")]
    if document.get("directMessage") is not False or document.get(VISIBLE_TO) == "friends":
        return []
    return [] if any(map(is_public, addressed)) else list(dict.fromkeys(addressed))


def answered_address(document: Document) -> str:
    """What an object answers; empty where it answers nothing."""
    return next((identity(uri) for one in as_list(document.get("inReplyTo"))[:1] if (uri := address(id_of(one)))), "")


@dataclass
class _People:
    named: list[Actor]
    silent: list[Actor]


async def _people(document: Document, visibility: str, author: Actor) -> _People:
    """Whom it names, and who is addressed without being named; of strangers among these only where it is for a few."""
    names = mentioned_addresses(document)
    addressed = [*_addressees(document, "to"), *_addressees(document, "cc")]
    if visibility in ("direct", "circle"):  # the inbox it came to may be all that says for whom it is
        addressed += _addressees(document, "bto")
    if visibility in (*OPEN, "friends"):  # friends of others are theirs to show it to
        ours = here().url("/")
        addressed = [uri for uri in addressed if uri.startswith(ours)]
    wanted = {uri for uri in (*names, *addressed) if not is_public(uri) and uri != author.followers_url}
    if not wanted:
        return _People([], [])
    known = {actor.uri: actor for actor in await Actor.filter(uri__in=list(wanted), removed_at__isnull=True)}
    silent = [known[uri] for uri in dict.fromkeys(addressed) if uri in known and uri not in names]
    most = ADDRESSEES_AT_MOST if visibility in ("friends", "circle") else MENTIONS_AT_MOST
    return _People([known[uri] for uri in names if uri in known], silent[:most])


def _addressees(document: Document, key: str) -> list[str]:
    found = (id_of(one) for one in as_list(document.get(key))[:ADDRESSEES_AT_MOST])
    return [uri for uri in found if 0 < len(uri) <= LONGEST_URL and uri.isprintable()]


def _tagged(document: Document, type: str) -> Iterable[Mapping[str, object]]:
    for tag in as_list(document.get("tag"))[:LOOKED_AT_MOST]:
        if isinstance(tag, Mapping) and first_known_type(tag, (type,)):
            yield tag


def tags_of(document: Document) -> list[str]:
    """The hashtags an object bears, each once, as they are written."""
    names: dict[str, str] = {}
    for tag in _tagged(document, "Hashtag"):
        name = tag.get("name")
        if isinstance(name, str) and 0 < len(name) <= LONGEST_TAG + 1:
            name = name.strip().lstrip("#＃")
            if name and name.isprintable() and len(name.split()) == 1:
                names.setdefault(tag_key(name), name)
    return list(names.values())[:TAGS_AT_MOST]


async def _answered(author: Actor, uri: str, *, is_agreed: bool) -> Entry | None:
    """What it answers, where the author may see that at all: no one learns what is behind an address by answering.

    What answers something without being allowed to stands for itself: something of ours where the author may not,
    something of others where they have to agree, and that they did (`is_agreed`) is not proved; and its author's own
    answer that waits.
    """
    parent = await entries.by_uri(uri) if uri else None
    if parent is None or parent.visibility == "private":
        return None
    if (parent.visibility not in OPEN or parent.is_local) and not await _sees(author, parent):
        return None
    if is_agreed:
        return parent
    may = await (allowed(author, "reply", parent) if parent.is_local else permits_at_once(author, parent))
    return parent if may else None


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
    """What it quotes: oneself at once, others with their consent; without that it stays a link (FEP-044f)."""
    uri = quoted_address(document)
    quoted = await entries.by_uri(uri) if uri else None
    is_fine = quoted is not None and (quoted.author_id == draft.author.id or CONSENT in document)
    if quoted is not None and is_fine and quoted.visibility in OPEN:
        draft.quote, draft.content = quoted, quote_inline_removed(draft.content)
    elif uri:
        draft.content = with_link(draft.content, uri)


def with_link(content: str, uri: str) -> str:
    """The words of a post with a link to what it refers to, where they have none.

    Where its own server wrote one, that leads to a page of the same host, whose address need not be this one.
    """
    written = _INLINE.search(content)
    if escape(uri) in content or written and host_of(unescape(written[1])) == host_of(uri):
        return content
    return content + clean(f'<p class="quote-inline">RE: <a href="{escape(uri)}">{escape(uri)}</a></p>')
