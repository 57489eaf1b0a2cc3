"""Reads what a page says of itself: Open Graph (ogp.me), Twitter's cards, and the plain title and description."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin

from core.addresses import FetchError, parse_url
from core.tag_soup import simplified
from core.text import without_controls

TITLE_AT_MOST, DESCRIPTION_AT_MOST, SITE_AT_MOST, ALT_AT_MOST = 300, 500, 100, 500
LONGEST_ADDRESS = 2048
LARGEST_SIDE = 100_000
METAS_AT_MOST = 500

_KEPT = {"meta": {"property", "name", "content", "charset"}, "base": {"href"}}
# Neither part goes past the next "<", so that many beginnings take no longer than one.
_TITLE = re.compile(r"<title(?=[\s>])[^<>]*+>([^<]{0,5000}+)", re.IGNORECASE)
_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# The encodings of the web (WHATWG Encoding, 4.2) as Python names them. Others are not for pages: some never succeed,
# Punycode takes quadratic time.
_CODECS = frozenset(
    "utf-8 utf-16 utf-16-le utf-16-be gb2312 gbk gb18030 big5 big5hkscs euc_jp iso2022_jp shift_jis cp932 euc_kr cp949"
    " koi8-r koi8-u mac-roman mac-cyrillic cp866 cp874 tis-620"
    " cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6"
    " iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16".split()
)
_SPACE = re.compile(r"\s+")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]")  # turns text around, or is not seen


@dataclass(frozen=True)
class Page:
    """What can be shown of a page; all of it text, and `image_url` an address that may be fetched."""

    title: str
    description: str = ""
    site_name: str = ""
    image_url: str = ""
    image_alt: str = ""
    image_width: int | None = None
    image_height: int | None = None


def decoded(body: bytes, charset: str | None) -> str:
    """The text of a page in the encoding its header names, else its own beginning, else UTF-8; never fails."""
    for mark, name in _MARKS.items():
        if body.startswith(mark):
            return body.decode(name, errors="replace")
    named = _CHARSET.search(body, 0, 4096)
    for candidate in (charset, named[1].decode("ascii") if named else None):
        if candidate and (codec := _text_codec(candidate)):
            return body.decode(codec, errors="replace")
    return body.decode("utf-8", errors="replace")


def _text_codec(name: str) -> str | None:
    """A codec for text by this name; what Latin-1 is called on the web is Windows-1252 (WHATWG Encoding, 4.2)."""
    if name.lower() in ("iso-8859-1", "latin1", "ascii", "us-ascii"):
        return "cp1252"
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if found in _CODECS else None


def read_page(html: str, address: str) -> Page | None:
    """What the page at `address` says of itself, None where that is not even a title."""
    reader = _Metas()
    reader.feed(simplified(html, _KEPT, _KEPT.keys()))
    reader.close()
    said = reader.said
    named = _TITLE.search(html)
    title = _words(said.get("og:title") or said.get("twitter:title") or (_unescaped(named[1]) if named else ""))
    if not title:
        return None
    description = said.get("og:description") or said.get("twitter:description") or said.get("description", "")
    image = said.get("og:image:secure_url") or said.get("og:image") or said.get("twitter:image", "")
    image_url = _image(image, _joined(address, reader.base))
    return Page(
        title=title[:TITLE_AT_MOST],
        description=_words(description)[:DESCRIPTION_AT_MOST],
        site_name=_words(said.get("og:site_name", ""))[:SITE_AT_MOST],
        image_url=image_url,
        image_alt=_words(said.get("og:image:alt") or said.get("twitter:image:alt", ""))[:ALT_AT_MOST],
        image_width=_side(said, "og:image:width") if image_url else None,
        image_height=_side(said, "og:image:height") if image_url else None,
    )


class _Metas(HTMLParser):
    """Gathers the first content of each meta element, and what addresses are relative to."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[str, str] = {}
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(reversed(attrs))
        if tag == "base":
            self.base = self.base or (attributes.get("href") or "")
        elif tag == "meta" and len(self.said) < METAS_AT_MOST:
            name = (attributes.get("property") or attributes.get("name") or "").strip().lower()
            content = attributes.get("content") or ""
            if name and content.strip():
                self.said.setdefault(name, content)


def _unescaped(text: str) -> str:
    reader = _Text()
    reader.feed(text)
    reader.close()
    return "".join(reader.parts)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _words(text: str) -> str:
    """A line for people to read."""
    return _SPACE.sub(" ", _TURNING.sub("", without_controls(text[:5000]))).strip()


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address.strip()) if address.strip() else base
    except ValueError:
        return base


def _image(address: str, base: str) -> str:
    """Where the picture is, if that is an address on the web of a length one would expect."""
    if not address.strip():
        return ""
    try:
        target = parse_url(_joined(base, address).partition("#")[0])
    except FetchError:
        return ""
    return target.url if target.scheme in ("http", "https") and len(target.url) <= LONGEST_ADDRESS else ""


def _side(said: Mapping[str, str], name: str) -> int | None:
    text = said.get(name, "").strip().removesuffix("px")
    return int(text) if text.isdecimal() and len(text) < 7 and 1 <= int(text) <= LARGEST_SIDE else None
