"""What a foreign object says, as safe HTML and in which language (federation profile, section 9)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from core.entries import Document
from core.html import clean, escape_text_to_html, plain, render
from core.instance import here
from core.reading.events import event_html
from core.reading.files import attachments_of
from core.reading.values import address, as_list, first_known_type, identity

TITLE_AT_MOST = 500
WARNING_AT_MOST = 500
LINKS_AT_MOST = 10
# What has a title and a text; the summary of these is a summary, that of all others warns of what follows.
TITLED = frozenset({"Article", "Page", "Video", "Audio", "Event", "Image", "Document"})
RICH = frozenset({"Article", "Page"})
NAMED = TITLED | {"Question"}  # PieFed's have a title and, like everything else, warn in the summary

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_LONGEST_LANGUAGE = 35


def title_of(document: Document) -> str:
    """The name of what has one, as text."""
    if not first_known_type(document, NAMED):
        return ""
    return _text(_in_a_language(document, "name")[0], TITLE_AT_MOST)


def warning_of(document: Document) -> str:
    """What whoever opens it is warned of, as text; empty where nothing is warned of."""
    if first_known_type(document, TITLED) and document.get("sensitive") is not True:
        return ""
    return _text(_in_a_language(document, "summary")[0], WARNING_AT_MOST)


def language_of(document: Document) -> str:
    """The language of the content, as BCP 47 has it; empty where it is not said."""
    language = _in_a_language(document, "content")[1]
    if language:
        return language
    stated = document.get("language")  # Lemmy, PeerTube
    if isinstance(stated, Mapping):
        stated = stated.get("identifier")
    return _language(stated) or _language_of_context(document.get("@context"))


def content_of(document: Document) -> str:
    """The content as safe HTML, with what it links to written out, and when and where an event takes place."""
    content = _in_a_language(document, "content")[0]
    media_type = document.get("mediaType")
    if media_type == "text/plain":
        html = escape_text_to_html(content)
    elif media_type == "text/markdown":
        html = render(content, format="markdown", mentions={}, tag_url=lambda tag: "")
    else:
        html = clean(content, rich=bool(first_known_type(document, RICH)))
    return event_html(document) + html + _links(document, html)


def is_vote(document: Document) -> bool:
    """Whether a note is a vote in somebody's poll (section 7): a name, no content, and what it answers."""
    is_note = first_known_type(document, ("Note",))
    has_words = any(document.get(key) for key in ("content", "contentMap", "attachment"))
    return bool(is_note and document.get("name") and document.get("inReplyTo") and not has_words)


def _in_a_language(document: Document, key: str) -> tuple[str, str]:
    """A text and its language: of several the one that is shown, else one that is spoken here, else the first."""
    shown = document.get(key)
    found = document.get(f"{key}Map")
    texts = {
        tag: text
        for tag, text in (found.items() if isinstance(found, Mapping) else ())
        if isinstance(text, str) and _language(tag)
    }
    if isinstance(shown, str):
        tags = [tag for tag, text in texts.items() if text == shown] or (list(texts) if len(texts) == 1 else [])
        return shown, _language(tags[0]) if tags else ""
    if not texts:  # Mbin says the language of what has a title alone
        tags = list(found) if isinstance(found, Mapping) and len(found) == 1 else []
        return "", _language(tags[0]) if tags else ""
    spoken = next((tag for tag in here().settings.server.languages if tag in texts), next(iter(texts)))
    return texts[spoken], _language(spoken)


def _language(tag: object) -> str:
    if not isinstance(tag, str) or len(tag) > _LONGEST_LANGUAGE or not _LANGUAGE.fullmatch(tag):
        return ""
    return "" if tag.lower() == "und" else tag


def _language_of_context(context: object) -> str:
    stated = [one.get("@language") for one in as_list(context)[:20] if isinstance(one, Mapping)]
    return next((language for one in reversed(stated) if (language := _language(one))), "")


def _text(html: str, most: int) -> str:
    return " ".join(plain(html, most * 4).split())[:most].strip()


def _links(document: Document, html: str) -> str:
    """What a page of a forum links to, where its text does not say so and it is no file that is shown."""
    if not first_known_type(document, ("Page",)):
        return ""
    written, files = [], {file.url for file in attachments_of(document)}
    for link in as_list(document.get("attachment"))[:LINKS_AT_MOST]:
        url = address(link.get("href")) if isinstance(link, Mapping) and link.get("type") == "Link" else ""
        if url and url not in files and escape(url) not in html:
            written.append(clean(f'<p><a href="{escape(url)}">{escape(url)}</a></p>'))
    return "".join(written)


# The consent of whom it quotes; on what a kind receives it stands only where it holds.
CONSENT = "quoteAuthorization"
REPLY_CONSENT = "replyAuthorization"  # the same of whom it answers
_QUOTES = "misskey-hub.net/ns#_misskey_quote"  # with http or https, and whatever stands before it
_LOOKED_AT_MOST = 500


def quoted_address(document: Document) -> str:
    """What a post quotes (section 11): the first of the four properties, or else a link (FEP-e232), with an address."""
    keys = ("quote", "_misskey_quote", "quoteUrl", "quoteUri")
    values = (*(_link(document.get(key)) for key in keys), *_quoting_links(document))
    return next((identity(found) for value in values if (found := address(value))), "")


def _quoting_links(document: Document) -> Iterator[Any]:
    for tag in as_list(document.get("tag"))[:_LOOKED_AT_MOST]:
        if isinstance(tag, Mapping) and first_known_type(tag, ("Link",)):
            relations = (one for one in as_list(tag.get("rel")) if isinstance(one, str))
            if any(one.endswith(_QUOTES) for one in relations):
                yield tag.get("href")


def _link(value: Any) -> Any:
    return value.get("id") if isinstance(value, Mapping) else value
