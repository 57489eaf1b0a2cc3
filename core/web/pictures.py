"""Pictures in what others wrote: those of other hosts become links, for no page of ours calls another host."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from markupsafe import Markup

from core.web.language import gettext

_PICTURE = re.compile(r"<img\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(src|alt)="([^"]*)"')
_LINK = Markup('<a href="{}" rel="noopener noreferrer nofollow" target="_blank">{}</a>')


def with_own_pictures(html: str, own_media: Callable[[str], str]) -> Markup:
    """Cleaned HTML in which every picture is one that `own_media` lets a page load; the others are links."""

    def shown(found: re.Match[str]) -> str:
        values = {name: unescape(value) for name, value in _ATTRIBUTE.findall(found[0])}
        address = values.get("src", "")
        if own_media(address):
            return found[0]
        words = values.get("alt", "").strip()
        is_address = address.startswith(("https://", "http://"))
        return str(_LINK.format(address, words or gettext("Picture"))) if is_address else str(Markup.escape(words))

    return Markup(_PICTURE.sub(shown, html) if "<img" in html else html)
