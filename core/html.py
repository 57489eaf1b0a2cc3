"""The door to everything that makes, cleans or reads the HTML of what people write, here and elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape
from unicodedata import category

from core.markup import CONTENT_TYPES, Format, Linked, find_mentions, find_tags, markup, paragraphs
from core.sanitising import ATTRIBUTE, LONGEST, TAG, clean, escaped
from core.text import MentionFound, counted_length, summary, tag_key, without_controls

__all__ = [
    "CONTENT_TYPES",
    "Format",
    "Linked",
    "MentionFound",
    "clean",
    "counted_length",
    "escape_text_to_html",
    "find_mentions",
    "find_tags",
    "plain",
    "quote_inline_removed",
    "render",
    "shows_nothing",
    "summary",
    "tag_key",
    "with_quote_inline",
    "without_controls",
]

_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}
_FILLERS = "\u034f\u115f\u1160\u2800\u3164\ufe0e\ufe0f\uffa0"  # Braille without dots, Hangul without sound, joiners
_SPACE = re.compile(r"[ \t\n]+")
_APART = {"p", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "ul", "ol"}
_EMPTY_LINES = re.compile(r"\n{3,}")
_SIGN_START, _SIGN_END, _FIXED_SPACE = "\x01", "\x02", "\x03"
_BEFORE_SIGN = re.compile(f"\n?{_SIGN_START}")
_AFTER_SIGN = re.compile(f"{_SIGN_END}\\s*")


def render(source: str, *, format: Format, mentions: Mapping[str, Linked], tag_url: Callable[[str], str]) -> str:
    """What a member typed as safe HTML; cleaning it changes nothing.

    `mentions` is keyed by `MentionFound.key` (`name` or `name@host`, lower case); whoever is not in it stays text.
    `tag_url` gets a hashtag as typed, without its sign. Both have to give absolute http(s) addresses. In "plain"
    everything typed appears literally; in "markdown" there is emphasis, strike, code, quotes, lists, links and
    headings, an image becomes a link to it, and raw HTML appears literally.
    """
    return clean(markup(source, format=format, mentions=mentions, tag_url=tag_url))


def escape_text_to_html(text: str) -> str:
    """Foreign plain text as HTML: empty lines part paragraphs, other line ends are kept, nothing is linked."""
    return clean(paragraphs(escaped(without_controls(text))))


def plain(html: str, bound: int = LONGEST) -> str:
    """The text of HTML for people to read: paragraphs and breaks become line ends, at most `bound` characters.

    For previews, notifications, page descriptions and the search index. Shortened addresses come out whole.
    """
    html = clean(html)
    parts: list[str] = []
    lists: list[int | None] = []
    position, in_code = 0, False
    for tag in TAG.finditer(html):
        parts.append(_words(html[position : tag.start()], in_code))
        position = tag.end()
        closes, name, attributes = tag.groups()
        if name == "br":
            parts.append("\n")
        elif name == "li" and not closes:
            parts.append(_item_sign(lists))
        elif name == "pre":
            in_code = not closes
        elif name in ("ul", "ol"):
            first = dict(ATTRIBUTE.findall(attributes)).get("start", "1")
            lists = lists[:-1] if closes else [*lists, int(first) if name == "ol" else None]
        if name in _APART:
            parts.append(("\n" if closes else "") if name in ("ul", "ol") and len(lists) > (not closes) else "\n\n")
    parts.append(_words(html[position:], in_code))
    text = _BEFORE_SIGN.sub("\n", _AFTER_SIGN.sub(" ", unescape("".join(parts))))
    text = _EMPTY_LINES.sub("\n\n", "\n".join(line.strip(" ") for line in text.split("\n"))).strip("\n")
    return text.replace(_FIXED_SPACE, " ")[:bound].rstrip()


def shows_nothing(html: str) -> bool:
    """Whether there is no letter or sign to be seen in HTML that `render` made: elements alone, blanks, what has no
    width, and the letters that Unicode has for filling."""
    left = unescape(TAG.sub("", html))
    return all(character in _FILLERS or category(character) in _UNSEEN for character in left)


def quote_inline_removed(html: str) -> str:
    """Cleaned HTML without the "RE: link" that quote posts bear for servers that know no quotes (FEP-044f)."""
    parts: list[str] = []
    kept, depth, removing = 0, 0, ""
    for tag in TAG.finditer(html):
        closes, name, attributes = tag.groups()
        if removing:
            depth += (-1 if closes else 1) if name == removing else 0
            if not depth:
                removing, kept = "", tag.end()
        elif name in ("span", "p") and "quote-inline" in dict(ATTRIBUTE.findall(attributes)).get("class", "").split():
            parts.append(html[kept : tag.start()])
            removing, depth, kept = name, 1, len(html)
    return "".join([*parts, html[kept:]]).replace("<p></p>", "").strip()


def with_quote_inline(html: str, page: str) -> str:
    """Cleaned HTML with the "RE: link" that says what it quotes to whoever does not show quotes (FEP-044f)."""
    address = escape(page)
    link = f'<a href="{address}" rel="nofollow noopener noreferrer">{address}</a>'
    words = f'<span class="quote-inline"><br>RE: {link}</span>'
    return f"{html[:-4]}{words}</p>" if html.endswith("</p>") else f"{html}<p>{words}</p>"


def _words(text: str, in_code: bool) -> str:
    return text.replace(" ", _FIXED_SPACE) if in_code else _SPACE.sub(" ", text)


def _item_sign(lists: list[int | None]) -> str:
    """What stands before the next item of the innermost list: a bullet, or its number, which is counted on."""
    number = lists[-1] if lists else None
    if number is None:
        return f"{_SIGN_START}•{_SIGN_END}"
    lists[-1] = number + 1
    return f"{_SIGN_START}{number}.{_SIGN_END}"
