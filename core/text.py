"""Reads what people type: where its links, mentions and hashtags are, how long it is, how it is cut short."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal, NamedTuple

LONGEST_NAME = 100
LONGEST_HOST = 260
LONGEST_TAG = 100
LONGEST_URL = 8_192

# Marks that stand in for pieces while Markdown is read; they are no characters, so nobody can type them.
MARK_START, MARK_END = "\ufdd0", "\ufdd1"

_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0\ufdd1]")
# What is not seen, or turns the words after it around (Unicode, UAX 9), but for what joins letters and small pictures,
# marks of a direction that end at themselves, and the letters in which flags are spelt.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters that look like spaces
# Every repetition is possessive or bounded: no text makes this slow.
_START = re.compile(
    r"""(?=[hH@\#＃])(?:
      (?<![A-Za-z0-9]) [Hh][Tt][Tt][Pp][Ss]?://
        (?P<domain>\[[0-9A-Fa-f:.]++\]|[^\W_][\w.-]*+) (?::\d{1,5})?+ (?!:?[^\s/?\#@]*+@)
        (?:[/?\#][^\s<>"`\u3000-\u303f\uff00-\uffef\ufdd0\ufdd1]*+)?+
    | (?<![^\W_]|[@/=\\]) @ (?P<name>[A-Za-z0-9_]++(?:[.-]++[A-Za-z0-9_]++)*+)
        (?:@(?P<host>[^\W_]++(?:[.-]++[^\W_]++)*+)(?P<port>:\d{1,5})?+)?+
    | (?<![^\W_]|[/=&\\\#＃]) [\#＃]
    )""",
    re.VERBOSE,
)
_TOP_LEVEL_THEN_WORDS = re.compile(r"\.[A-Za-z]{2,}(?=[^\x00-\u036f][^.]*$)")
_OPENING = {")": "(", "]": "[", "}": "{"}
_AFTER_URL = ".,;:!?'*_~([{…“”‘’«»"
_TAG_JOINERS = "\u200c\u200d·・"


class MentionFound(NamedTuple):
    """A person named in a text: `@name` or `@name@host`; `span` counts characters of the text given."""

    name: str
    host: str | None
    span: tuple[int, int]

    @property
    def key(self) -> str:
        """What `render` looks the person up by: `name` or `name@host`, in lower case."""
        return mention_key(self.name, self.host)


class Piece(NamedTuple):
    """A stretch of text that may become a link; `name` is a person's or a hashtag's."""

    kind: Literal["url", "mention", "tag"]
    start: int
    end: int
    name: str = ""
    host: str | None = None


def without_controls(text: str) -> str:
    """Line ends become `\\n`; other control characters, halves of characters and the marks above go."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub("", text)


def pieces(text: str) -> Iterator[Piece]:
    """Addresses, mentions and hashtags in order, none inside another; whether they are live is for Markdown to say."""
    position = 0
    while found := _START.search(text, position):
        start, end = found.span()
        position = end
        if found["domain"]:
            if end - start <= LONGEST_URL:
                position = _url_end(text, found)
                yield Piece("url", start, position)
        elif found["name"]:
            name, host = found["name"], found["host"]
            if host and (top := _TOP_LEVEL_THEN_WORDS.search(host)):
                host = host[: top.end()]
                position = end = found.start("host") + top.end()
            elif host and found["port"]:
                host += found["port"]
            elif not host:
                name = _outside_emphasis(text, start, name)
                end = start + 1 + len(name)
            if 0 < len(name) <= LONGEST_NAME and len(host or "") <= LONGEST_HOST:
                yield Piece("mention", start, end, name, host.lower() if host else None)
        elif name := _tag_at(text, end):
            position = end + len(name)
            yield Piece("tag", start, position, name)


def shown_name(text: str, otherwise: str) -> str:
    """What somebody is called, on one line and without what nobody sees; `otherwise` where nothing is left to see."""
    name = " ".join(_UNSEEN.sub("", without_controls(text)).split())
    seen = any(unicodedata.category(letter)[0] not in "CZM" and letter not in _BLANK for letter in name)
    return name if seen else otherwise


def mention_key(name: str, host: str | None) -> str:
    """`name` or `name@host`, in lower case."""
    return (f"{name}@{host}" if host else name).lower()


def tag_key(name: str) -> str:
    """The one spelling all spellings of a hashtag share (NFKC, case folded, without the sign)."""
    folded = unicodedata.normalize("NFKC", name.lstrip("#＃")).casefold()
    return unicodedata.normalize("NFKC", folded)


def counted_length(source: str) -> int:
    """How many characters a text has for its limit: composed code points, addresses in full, outer space left out."""
    return len(unicodedata.normalize("NFC", without_controls(source).strip()))


def summary(text: str, length: int) -> str:
    """The text on one line, cut between words to at most `length` characters, the ellipsis among them."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    if length < 1:
        return ""
    space = line[:length].rfind(" ")
    if space > length // 2:
        return line[:space].rstrip(" .,;:") + "…"
    end = length - 1
    while end > 0 and _continues(line, end):
        end -= 1
    return line[:end].rstrip() + "…"


def _url_end(text: str, found: re.Match[str]) -> int:
    """Closing punctuation, an unopened bracket, and words that follow a domain without a space are not the address."""
    end = found.end()
    if text[found.start() - 1 : found.start()] == "<" and text[end : end + 1] == ">":
        return end
    if top := _TOP_LEVEL_THEN_WORDS.search(found["domain"]):
        return found.start("domain") + top.end()
    opened = {"(": 0, "[": 0, "{": 0}
    for index in range(found.end("domain"), end):
        character = text[index]
        if character in opened:
            opened[character] += 1
        elif opening := _OPENING.get(character):
            opened[opening] -= 1
            if opened[opening] < 0:
                end = index
                break
    return found.start() + len(text[found.start() : end].rstrip(_AFTER_URL))


def _tag_at(text: str, start: int) -> str:
    """Letters, marks and digits of any script; empty without a letter, or when longer than a tag may be."""
    end = start
    for character in text[start : start + LONGEST_TAG + 1]:
        if not (character.isalnum() or character == "_" or character in _TAG_JOINERS or _is_mark(character)):
            break
        end += 1
    name = _outside_emphasis(text, start - 1, text[start:end].rstrip(_TAG_JOINERS))
    return name if len(name) <= LONGEST_TAG and any(map(str.isalpha, name)) else ""


def _outside_emphasis(text: str, start: int, name: str) -> str:
    """The name without the underscores that close those before its sign, as in `_@name_`."""
    while name.endswith("_") and text[start - 1 : start] == "_":
        name, start = name[:-1], start - 1
    return name


def _continues(line: str, index: int) -> bool:
    """Whether the character there belongs to the sign before it: an accent, a joiner, a skin tone, half a flag."""
    before, character = line[index - 1], line[index]
    if _is_mark(character) or character == "\u200d" or before == "\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    halves = 0
    while halves <= index and _is_half_flag(line[index - halves]):
        halves += 1
    return halves > 0 and halves % 2 == 0


def _is_half_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"
