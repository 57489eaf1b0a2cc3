"""Makes foreign HTML safe to parse: large documents are reduced so that no parser spends minutes on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from html import escape, unescape

# Elements whose content is no text for people.
SILENT = {"script", "style", "title", "textarea", "iframe", "noembed", "noframes", "noscript", "xmp", "template", "svg"}

# The grammar of tags and attributes is the HTML standard's (13.2.5); every repetition is possessive or ends at the
# end of the text, so the time taken grows with the text and no faster.
_ATTRIBUTE = re.compile(
    r"""[\s/]*+ (?P<name>[^\s/>][^\s/>=]*+)
        (?:\s*+=\s*+ (?: "(?P<double>[^"]*+)" | '(?P<single>[^']*+)' | (?P<bare>[^\s>"'][^\s>]*+) )?+ )?+""",
    re.VERBOSE,
)
_TOKEN = re.compile(
    rf"""<(?:
      !--(?:-?>|.*?(?:--!?>|\Z))
    | [!?][^>]*+>? | /[^A-Za-z][^>]*+>?
    | (?P<silent>{"|".join(sorted(SILENT))})(?=[\s/>]) .*? (?: </(?P=silent)(?=[\s/>])[^>]*+>? | \Z )
    | (?P<close>/?) (?P<name>[A-Za-z][^\s/>]*+)
      (?P<attributes>(?:[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+)*+)
      [\s/]*+ (?:>|\Z)
    )?+""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_INSTEAD_OF = {"<": "<", **dict.fromkeys("a abbr b code del em i s span strong sub sup u font small".split(), "")}
_MATH = re.compile(r"<(/?)math(?=[\s/>])", re.IGNORECASE)
_ANNOTATION = re.compile(r"<annotation(?=[\s>])([^<>]*+)>([^<]*+)<", re.IGNORECASE)
_TEXT_ENCODINGS = ("application/x-tex", "text/plain")


def simplified(html: str, attributes: Mapping[str, AbstractSet[str]], elements: AbstractSet[str]) -> str:
    """The same document with nothing but the named elements and their named attributes; text stays as it is.

    Parsers take quadratic time over an element with very many attributes and copy formatting elements that differ
    by their attributes again and again; neither is left here. What is simple already comes back unchanged.
    """

    def token(found: re.Match[str]) -> str:
        name = (found["name"] or "").lower()
        if name not in elements:
            return "" if len(found[0]) > 1 else "&lt;"
        if found["close"]:
            return f"</{name}>"
        allowed = attributes.get(name)
        if not allowed or not found["attributes"]:
            return f"<{name}>"
        kept: dict[str, str] = {}
        for attribute in _ATTRIBUTE.finditer(found["attributes"]):
            key = attribute["name"].lower()
            if key in allowed:
                value = attribute["double"] or attribute["single"] or attribute["bare"] or ""
                kept.setdefault(key, value.replace("<", "&lt;").replace('"', "&quot;"))
        return "<" + " ".join([name, *(f'{key}="{value}"' for key, value in kept.items())]) + ">"

    return _TOKEN.sub(token, html)


def text_only(html: str, longest: int) -> str:
    """The words of a document, at most `longest` characters of them, without regard to its structure."""
    words = _TOKEN.sub(lambda found: _INSTEAD_OF.get((found["name"] or found[0]).lower(), "\n"), html)
    return unescape(words)[:longest].strip()


def without_mathml(html: str) -> str:
    """Formulas are replaced by the text their author gave beside them, or removed (FEP-dc88)."""
    if not _MATH.search(html):
        return html
    parts: list[str] = []
    position = 0
    while opening := _MATH.search(html, position):
        if opening[1]:
            parts.append(html[position : opening.start()])
            position = _after_tag(html, opening.end())
            continue
        closing = next((tag for tag in _MATH.finditer(html, opening.end()) if tag[1]), None)
        end = closing.start() if closing else len(html)
        parts += html[position : opening.start()], _annotation(html[opening.end() : end])
        position = _after_tag(html, closing.end()) if closing else end
    return "".join([*parts, html[position:]])


def _annotation(math: str) -> str:
    texts = {
        encoding: text.strip()
        for attributes, text in _ANNOTATION.findall(math)
        for encoding in _TEXT_ENCODINGS
        if encoding in attributes.lower()
    }
    return next((escape(unescape(texts[name]), quote=False) for name in _TEXT_ENCODINGS if name in texts), "")


def _after_tag(html: str, position: int) -> int:
    end = html.find(">", position)
    return end + 1 if end >= 0 else len(html)
