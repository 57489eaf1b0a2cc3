"""Small pictures in what people wrote, as pages show them: never in code, each with its shortcode for words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup, escape

from core.signs import SHORTCODES

_PICTURE = Markup('<img class="emoji" src="{}" alt=":{}:" title=":{}:" loading="lazy" decoding="async">')
_TAG = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")
_SHELTERS = ("code", "pre")


def with_emojis(text: str | Markup, emojis: Sequence[Mapping[str, str]], own_media: Callable[[str], str]) -> Markup:
    """A text, escaped, or cleaned HTML that is `Markup`, with pictures where shortcodes stand that have one.

    `own_media` answers an empty address for what a page may not load.
    """
    html = escape(text)
    if not emojis or ":" not in html:
        return html
    pictures = {
        one["shortcode"]: _PICTURE.format(url, one["shortcode"], one["shortcode"])
        for one in emojis
        if (url := own_media(one["url"]))
    }
    parts, at, sheltered = [], 0, 0
    for tag in _TAG.finditer(html):
        parts += [_shown(html[at : tag.start()], pictures, sheltered), tag[0]]
        at = tag.end()
        if tag[2] in _SHELTERS:
            sheltered += -1 if tag[1] else 1
    return Markup("".join([*parts, _shown(html[at:], pictures, sheltered)]))


def _shown(text: str, pictures: Mapping[str, str], sheltered: int) -> str:
    if sheltered or ":" not in text:
        return text
    return SHORTCODES.sub(lambda found: str(pictures.get(found[1], found[0])), text)
