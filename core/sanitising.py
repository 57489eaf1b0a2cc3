"""Cleans the HTML that other servers send down to what a post may hold."""

from __future__ import annotations

import re
from html import escape, unescape

import nh3

from core.markup import LINKABLE, REL, link_to
from core.tag_soup import SILENT, simplified, text_only, without_mathml
from core.text import without_controls

LONGEST = 500_000
LONGEST_TEXT = 80_000
SMALL = 5_000
MOST_ELEMENTS = 10_000
ROUNDS = 6

# What nh3 writes has one form only: lower-case names, values in double quotes, every other < and " escaped.
TAG = re.compile(r'<(/?)([a-z0-9]+)((?: [a-z-]+="[^"]*+")*+)>')
ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')

_KEPT = set("p br span a abbr del s pre blockquote code b strong u sub sup i em h1 h2 h3 h4 h5 ul ol li".split())
_KEPT |= {"ruby", "rt", "rp"}
_TABLE = set("table caption thead tbody tfoot tr th td".split())
_PARTING = set("div section article header footer main aside nav address figure figcaption details summary".split())
_PARTING |= set("dl dt dd center fieldset form hr video audio".split())
_RENAMED = {"h6": "h5", "strike": "s"}
_ATTRIBUTES = {
    "a": {"href", "class", "rel", "translate"},
    "span": {"class", "translate"},
    "p": {"class"},
    "abbr": {"title"},
    "blockquote": {"cite"},
    "ol": {"start", "reversed"},
    "li": {"value"},
    "img": {"src", "alt", "class", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_PARSED = _KEPT | _TABLE | _PARTING | {"img", *_RENAMED}
_SIGNED = re.compile(r"-?[0-9]{1,9}")
_COUNT = re.compile(r"[0-9]{1,5}")
_WEB = re.compile(r"https?://\S+", re.IGNORECASE)
_ANYTHING = re.compile(r".*", re.DOTALL)
_VALUES = {
    "alt": _ANYTHING, "title": _ANYTHING, "cite": _WEB, "src": _WEB, "start": _SIGNED, "value": _SIGNED,
    "width": _COUNT, "height": _COUNT, "colspan": _COUNT, "rowspan": _COUNT,
    "reversed": re.compile(""), "translate": re.compile("yes|no"),
}  # fmt: skip
_CLASS = re.compile(r"(?:h|p|u|dt|e)-[A-Za-z0-9-]+|mention|hashtag|ellipsis|invisible|quote-inline")
_EMOJI = re.compile(r":[A-Za-z0-9_@.-]+:")
_KEPT_RELATIONS = ("tag", "me")
# Tags without attributes pass as they are, but for those that become something else.
_MATTERS = re.compile(
    rf'<(/?)(a|img|{"|".join(sorted(_PARTING | _TABLE | _RENAMED.keys()))})((?: [a-z-]+="[^"]*+")*+)>'
    r'|<([a-z0-9]+)((?: [a-z-]+="[^"]*+")++)>'
)
_PART = "\x01"
_LINE_ENDS = re.compile("</?(?:p|pre|blockquote|h[1-5]|ul|ol|li|table)(?: [^<>]*+)?>|<br>")
_TAGS_ONLY = re.compile("(?:<[^<>]*+>)++")

_PARSER = nh3.Cleaner(
    tags=_PARSED,
    clean_content_tags=SILENT,
    attributes=_ATTRIBUTES,
    link_rel=None,
    url_relative="deny",
    url_schemes=set("http https dat dweb ipfs ipns ssb gopher xmpp magnet gemini".split()),
)


def clean(html: str, *, rich: bool = False) -> str:
    """Foreign HTML with nothing left that acts, loads or disguises (federation profile 9, "HTML in").

    `rich` keeps images and tables, for articles. What is longer than 500,000 characters, or too tangled to be
    parsed, becomes its text. Cleaning twice changes nothing, and nothing is ever raised.
    """
    html = without_controls(html)
    if len(html) > LONGEST:
        return _as_text(html)
    cleaned = without_mathml(html)
    for number in range(ROUNDS):
        if len(cleaned) > SMALL:
            cleaned = simplified(cleaned, _ATTRIBUTES, _PARSED)
            elements = cleaned.count("<") - cleaned.count("</") - cleaned.count("<br>")
            if elements > MOST_ELEMENTS or len(cleaned) > LONGEST:
                break
        try:
            parsed = without_controls(_PARSER.clean(cleaned))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # a panic in the parser is not an Exception
            break
        if number and parsed == cleaned:
            return cleaned
        filtered = _filtered(parsed, rich)
        if filtered == cleaned:
            return cleaned
        if len(filtered) > LONGEST:
            break
        cleaned = filtered
    return _as_text(html)


def escaped(text: str) -> str:
    """Text as HTML, spelled as the sanitiser spells it."""
    return escape(text, quote=False).replace("\xa0", "&nbsp;")


def _as_text(html: str) -> str:
    text = without_controls(text_only(html[:LONGEST], LONGEST_TEXT)).strip()
    return f"<p>{escaped(text)}</p>" if text else ""


def _filtered(html: str, rich: bool) -> str:
    written = _MATTERS.sub(_TagFilter(rich), html)
    if _PART in written:
        written = _with_breaks(written.split(_PART))
    return written.replace("<p></p>", "")


def _with_breaks(parts: list[str]) -> str:
    """Joins what stood in separate boxes by line breaks, but for where a line ends anyhow."""
    written: list[str] = []
    line_has_text = False
    for part in filter(None, map(str.strip, parts)):
        if _TAGS_ONLY.fullmatch(part):
            line_has_text = line_has_text and not _LINE_ENDS.search(part)
        else:
            if line_has_text and not _LINE_ENDS.match(part):
                written.append("<br>")
            line_has_text = not _LINE_ENDS.fullmatch(part, part.rfind("<"))
        written.append(part)
    return "".join(written)


class _TagFilter:
    """Rewrites the tags of one document that nh3 has written: classes, relations, images, boxes."""

    def __init__(self, rich: bool) -> None:
        self.rich = rich
        self.parting = _PARTING if rich else _PARTING | _TABLE
        self.links: list[bool] = []

    def __call__(self, tag: re.Match[str]) -> str:
        if tag[4]:
            return f"<{tag[4]}{_kept_attributes(tag[5])}>"
        closes, name, attributes, _, _ = tag.groups()
        if name == "a":
            return self._link_end() if closes else self._link(attributes)
        if name == "img":
            return self._image(dict(ATTRIBUTE.findall(attributes)))
        if name in self.parting:
            return _PART if name not in ("td", "th") else " "
        return f"<{closes}{_RENAMED.get(name, name)}{_kept_attributes(attributes)}>"

    def _link(self, attributes: str) -> str:
        values = dict(ATTRIBUTE.findall(attributes))
        href = values.get("href", "").strip()
        self.links.append(LINKABLE.match(href) is not None and True not in self.links)
        if not self.links[-1]:
            return ""
        classes = _kept_classes(values.get("class", ""))
        stated = values.get("rel", "").split()
        relations = [relation for relation in _KEPT_RELATIONS if relation in stated]
        if "mention" not in classes.split():
            relations.append(REL)
        link = f'<a href="{href}"'
        if classes:
            link += f' class="{classes}"'
        if relations:
            link += ' rel="' + " ".join(relations) + '"'
        translate = values.get("translate")
        return link + (f' translate="{translate}">' if translate in ("yes", "no") else ">")

    def _link_end(self) -> str:
        return "</a>" if self.links and self.links.pop() else ""

    def _image(self, values: dict[str, str]) -> str:
        src, alt = values.get("src", "").strip(), values.get("alt", "").strip()
        if not _WEB.fullmatch(src) or _EMOJI.fullmatch(alt) or "emoji" in values.get("class", ""):
            return alt
        if self.rich:
            sizes = "".join(f' {key}="{values[key]}"' for key in ("width", "height") if key in values)
            return f'<img src="{src}" alt="{alt}"{_kept_attributes(sizes)}>'
        if True in self.links:
            return alt or src.rsplit("/", 1)[1]
        return link_to(unescape(src), alt or None)


def _kept_attributes(attributes: str) -> str:
    kept = ""
    for key, value in ATTRIBUTE.findall(attributes):
        if key == "class":
            value = _kept_classes(value)
        if value if key == "class" else _VALUES[key].fullmatch(value):
            kept += f' {key}="{value}"'
    return kept


def _kept_classes(classes: str) -> str:
    return " ".join(name for name in classes.split() if _CLASS.fullmatch(name))
