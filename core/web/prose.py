"""What people wrote, as a page of ours shows it: its links lead to pages here, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from markupsafe import Markup

from core.html import tag_key
from core.instance import here
from core.web.emojis import with_emojis
from core.web.language import gettext

# What cleaned HTML looks like: lower-case names, values in double quotes, the address of a link first.
_LINK = re.compile(r'<a href="([^"]*)"((?: [a-z-]+="[^"]*")*)>')
_PICTURE = re.compile(r"<img\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(src|alt)="([^"]*)"')
_AWAY = Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>')


def shown_prose(html: str, post: Mapping[str, Any], own_media: Callable[[str], str]) -> Markup:
    """The cleaned HTML of a post: people and hashtags lead to their pages here, pictures of other hosts are links,
    shortcodes are small pictures.

    `own_media` answers an empty address for what a page may not load.
    """
    if "mention" in html or "tag" in html or "/actors/" in html:
        html = _with_own_links(html, post)
    html = _with_own_pictures(html, own_media) if "<img" in html else html
    return with_emojis(Markup(html), post.get("emojis") or (), own_media)


def _with_own_links(html: str, post: Mapping[str, Any]) -> str:
    people: dict[str, str] = {}
    for person in (post["user"], *post["mentions"]):
        people[person["url"]] = f"/@{person['acct']}"
        if "@" not in person["acct"]:  # there are servers that link to who somebody is, not to their page
            people[here().url(f"/actors/{person['userId']}")] = f"/@{person['acct']}"
    keys = {tag_key(name) for name in post["tags"]}

    def shown(found: re.Match[str]) -> str:
        address, attributes = unescape(found[1]), found[2]
        place = people.get(address, "")
        if not place and ("hashtag" in attributes or 'rel="tag' in attributes):
            name = unquote(urlsplit(address).path.rstrip("/").rpartition("/")[2])
            place = f"/tags/{quote(name)}" if tag_key(name) in keys else ""
        return f'<a href="{Markup.escape(place)}"{attributes}>' if place else found[0]

    return _LINK.sub(shown, html)


def _with_own_pictures(html: str, own_media: Callable[[str], str]) -> str:
    def shown(found: re.Match[str]) -> str:
        values = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[0])}
        address = values.get("src", "")
        if own_media(address):
            return found[0]
        words = values.get("alt", "").strip()
        is_address = address.startswith(("https://", "http://"))
        return str(_AWAY.format(address, words or gettext("Picture"))) if is_address else str(Markup.escape(words))

    return _PICTURE.sub(shown, html)
