"""Reads HTML with another parser than the one that cleans it, and says what a browser could act upon."""

from __future__ import annotations

import re
from html.parser import HTMLParser

HARMLESS = set(
    "p br span a abbr del s pre blockquote code b strong u sub sup i em h1 h2 h3 h4 h5 ul ol li ruby rt rp".split()
)
RICH = HARMLESS | set("img table caption thead tbody tfoot tr th td".split())
ATTRIBUTES = set(
    "href class rel translate title cite start reversed value src alt width height colspan rowspan".split()
)
SAFE_URL = re.compile(r"(?:https?://|(?:dat|dweb|ipfs|ipns|ssb|gopher|xmpp|magnet|gemini):)[^\s]", re.IGNORECASE)


class Reading(HTMLParser):
    """The words shown, the links as (address, words), and everything that should not be there."""

    def __init__(self, html: str, *, rich: bool = False) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.links: list[dict[str, str]] = []
        self.active: list[str] = []
        self.depth: list[str] = []
        self.allowed = RICH if rich else HARMLESS
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in self.allowed:
            self.active.append(f"<{tag}>")
        self.active += [name for name in values if name not in ATTRIBUTES]
        self.active += [values[name] for name in ("href", "src", "cite") if not SAFE_URL.match(values.get(name, "x:"))
                        and name in values]  # fmt: skip
        if tag == "a":
            self.links.append({**values, "text": ""})
        if tag == "br":
            self.text += "\n"
        elif tag != "img":
            self.depth.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.depth or self.depth.pop() != tag:
            self.active.append(f"unbalanced </{tag}>")
        if tag in ("p", "blockquote", "pre", "h1"):
            self.text += "\n\n"

    def handle_data(self, data: str) -> None:
        self.text += data
        if "a" in self.depth:
            self.links[-1]["text"] += data

    def handle_comment(self, data: str) -> None:
        self.active.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.active.append("a declaration")
