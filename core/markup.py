"""Turns what a member typed, Markdown or plain, into HTML, and finds who and what it mentions and tags."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Literal, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.text import MARK_END, MARK_START, MentionFound, Piece, mention_key, pieces, tag_key, without_controls

Format = Literal["markdown", "plain"]
# As what a member may type, by the media type that says so.
CONTENT_TYPES: Mapping[str, Format] = {"text/markdown": "markdown", "text/plain": "plain"}

REL = "nofollow noopener noreferrer"
LINKABLE = re.compile(r"(?:https?://|(?:dat|dweb|ipfs|ipns|ssb|gopher|xmpp|magnet|gemini):)[^\s<>\"]", re.IGNORECASE)
LONGEST_MARKDOWN = 100_000
DEEPEST_MARKDOWN = 20
SHOWN_URL = 30

_MARKED = re.compile(f"{MARK_START}([0-9]+){MARK_END}")
_SHELTER = re.compile(r"[`\[]|~~~")
_CONTAINERS = {"blockquote_open", "bullet_list_open", "ordered_list_open", "list_item_open"}


class Linked(NamedTuple):
    """Where a mention leads: the page, the name shown behind the @, and the identity."""

    url: str
    label: str
    uri: str


def find_mentions(text: str, *, format: Format = "markdown") -> list[MentionFound]:
    """Everybody mentioned in what a member typed, in order; not in code, nor inside links."""
    return [
        MentionFound(piece.name, piece.host, (piece.start, piece.end))
        for piece in _live_pieces(text, format)
        if piece.kind == "mention"
    ]


def find_tags(text: str, *, format: Format = "markdown") -> list[str]:
    """The hashtags in what a member typed, without the sign, each once as first spelled; not in code or links."""
    names: dict[str, str] = {}
    for piece in _live_pieces(text, format):
        if piece.kind == "tag":
            names.setdefault(tag_key(piece.name), piece.name)
    return list(names.values())


def markup(source: str, *, format: Format, mentions: Mapping[str, Linked], tag_url: Callable[[str], str]) -> str:
    """The HTML that what a member typed stands for; `core.html.render` is the door to it."""
    text = without_controls(source)
    found = list(pieces(text))
    html = [_linked(text, piece, mentions, tag_url) for piece in found]
    tokens = None if format == "plain" else _tokens(text, found)
    if tokens is None:
        return paragraphs(_with_links(text, found, html))
    return _Writer([text[slice(*_extent(text, piece))] for piece in found], html).blocks(tokens)


def paragraphs(html: str) -> str:
    """Escaped text with its line ends as HTML: an empty line parts paragraphs."""
    parts = re.split(r"\n\s*\n", html.strip())
    return "".join("<p>" + part.replace("\n", "<br>") + "</p>" for part in parts if part)


def link_to(url: str, content: str | None = None) -> str:
    """A link with the rel every outgoing link bears; `content` is HTML, the address as shown if not given."""
    return f'<a href="{_attribute(url)}" rel="{REL}">{shown_url(url) if content is None else content}</a>'


def shown_url(url: str) -> str:
    """An address as the field shows it: scheme and far end are there, but marked as invisible."""
    scheme = re.match(r"https?://(?:www\.)?", url, re.IGNORECASE)
    start = scheme.end() if scheme else 0
    cut = start + SHOWN_URL
    shown = _text(url[start:cut])
    if len(url) > cut:
        shown = f'<span class="ellipsis">{shown}</span><span class="invisible">{_text(url[cut:])}</span>'
    return f'<span class="invisible">{_text(url[:start])}</span>{shown}' if start else shown


def _live_pieces(text: str, format: Format) -> list[Piece]:
    """The pieces `markup` links: all, but for those that Markdown shelters in code or in a link."""
    found = list(pieces(text))
    if format == "plain" or not found or not _SHELTER.search(text):
        return found
    tokens = _tokens(text, found)
    if tokens is None:
        return found
    live: set[int] = set()
    for token in tokens:
        inside_link = 0
        for child in token.children or ():
            inside_link += child.nesting if child.tag == "a" else 0
            if child.type == "text" and not inside_link:
                live.update(int(number) for number in _MARKED.findall(child.content))
    return [piece for number, piece in enumerate(found) if number in live]


def _linked(text: str, piece: Piece, mentions: Mapping[str, Linked], tag_url: Callable[[str], str]) -> str:
    raw = text[piece.start : piece.end]
    if piece.kind == "url":
        return link_to(raw)
    if piece.kind == "tag":
        url, attributes, shown = tag_url(piece.name), 'class="mention hashtag" rel="tag"', piece.name
    elif person := mentions.get(mention_key(piece.name, piece.host)):
        url, attributes, shown = person.url, 'class="u-url mention"', person.label.removeprefix("@")
    else:
        return _text(raw)
    if not LINKABLE.match(url):
        return _text(raw)
    link = f'<a href="{_attribute(url)}" {attributes}>{raw[0]}<span>{_text(shown)}</span></a>'
    return link if piece.kind == "tag" else f'<span class="h-card">{link}</span>'


def _with_links(text: str, found: Sequence[Piece], html: Sequence[str]) -> str:
    parts: list[str] = []
    position = 0
    for piece, link in zip(found, html, strict=True):
        parts += _text(text[position : piece.start]), link
        position = piece.end
    return "".join([*parts, _text(text[position:])])


def _tokens(text: str, found: Sequence[Piece]) -> list[Token] | None:
    """The text read as Markdown with a mark in place of each piece; None where Markdown would lose words.

    The marks keep the signs in addresses and names from being read as markup.
    """
    if len(text) > LONGEST_MARKDOWN:
        return None
    parts: list[str] = []
    position = 0
    for number, piece in enumerate(found):
        start, end = _extent(text, piece)
        parts += without_controls(text[position:start]), f"{MARK_START}{number}{MARK_END}"
        position = end
    tokens = _MARKDOWN.parse("".join([*parts, without_controls(text[position:])]))
    if any(token.level >= DEEPEST_MARKDOWN - 1 and token.type in _CONTAINERS for token in tokens):
        return None
    return tokens


def _extent(text: str, piece: Piece) -> tuple[int, int]:
    """What a mark covers: the piece, and for an address the angle brackets around it, which Markdown does not show."""
    start, end = piece.start, piece.end
    angled = piece.kind == "url" and text[start - 1 : start] == "<" and text[end : end + 1] == ">"
    return start - angled, end + angled


def _text(text: str) -> str:
    return escape(text, quote=False)


def _attribute(text: str) -> str:
    return escape(text, quote=False).replace('"', "&quot;")


class _Markdown(MarkdownIt):
    """Markdown without raw HTML, tables, rules and references; addresses stay as they were typed."""

    def __init__(self) -> None:
        super().__init__("zero", {"maxNesting": DEEPEST_MARKDOWN})
        self.enable(["blockquote", "fence", "heading", "list"])
        self.enable(["backticks", "emphasis", "escape", "image", "link", "newline", "strikethrough"])

    def validateLink(self, url: str) -> bool:
        return url.startswith(MARK_START) or LINKABLE.match(url) is not None

    def normalizeLink(self, url: str) -> str:
        return url


_MARKDOWN = _Markdown()


class _Writer:
    """Writes Markdown's tokens as HTML; `raw` and `html` are what the numbered marks stand for."""

    def __init__(self, raw: Sequence[str], html: Sequence[str]) -> None:
        self.raw = raw
        self.html = html

    def blocks(self, tokens: Iterable[Token]) -> str:
        parts: list[str] = []
        for token in tokens:
            if token.type == "inline":
                self._inline(token.children or (), parts)
            elif token.type == "fence":
                parts.append(f"<pre><code>{self._sheltered(token.content.removesuffix(chr(10)))}</code></pre>")
            elif not token.hidden:
                tag = "h5" if token.tag == "h6" else token.tag
                start = f' start="{token.attrs["start"]}"' if "start" in token.attrs else ""
                parts.append(f"</{tag}>" if token.nesting < 0 else f"<{tag}{start}>")
        return "".join(parts)

    def _inline(self, tokens: Iterable[Token], parts: list[str]) -> None:
        inside_link = False
        for token in tokens:
            if token.type == "text":
                parts.append(self._sheltered(token.content) if inside_link else self._live(token.content))
            elif token.type in ("softbreak", "hardbreak"):
                parts.append("<br>")
            elif token.type == "code_inline":
                parts.append(f"<code>{self._sheltered(token.content)}</code>")
            elif token.type == "image":
                url = self._address(token.attrs.get("src"))
                words = self._sheltered(token.content) or shown_url(url)
                parts.append(words if inside_link or not LINKABLE.match(url) else link_to(url, words))
            elif token.type == "link_open":
                inside_link = True
                parts.append(link_to(self._address(token.attrs.get("href")), "").removesuffix("</a>"))
            else:
                inside_link = inside_link and token.type != "link_close"
                parts.append(f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>")

    def _live(self, content: str) -> str:
        return _MARKED.sub(lambda mark: self.html[int(mark[1])], _text(content))

    def _sheltered(self, content: str) -> str:
        return _text(self._restored(content))

    def _address(self, url: object) -> str:
        return self._restored(str(url or "")).strip("<>").replace(" ", "%20")

    def _restored(self, content: str) -> str:
        return _MARKED.sub(lambda mark: self.raw[int(mark[1])], content)
