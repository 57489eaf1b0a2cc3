"""Cards of entries, drawn once for all who see them alike: most of a timeline was shown to somebody before."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

import orjson
from markupsafe import Markup

from core.instance import here
from core.web.language import current_language
from core.web.words import time_words

KEEP_SECONDS = 600

Form = Mapping[str, Any]
Draw = Callable[[Form, Form | None, Form], Markup]


def drawn(draw: Draw, post: Form, viewer: Form | None, site: Form, how: str = "") -> Markup:
    """What the macro `draw` makes of a post in a list, which may have been kept; `how` tells macros apart.

    It may depend on the post, on whether somebody is signed in and whether the post is theirs, on the language and on
    how long ago the post was written; on nothing else.
    """
    own = "stranger" if viewer is None else "author" if viewer["userId"] == post["user"]["userId"] else "reader"
    shown = blake2b(orjson.dumps(post), digest_size=16).hexdigest()
    key = f"card{how}:{shown}:{own}:{current_language().code}:{time_words(post['createdAt'])}"
    card: Markup | None = here().cache.get(key)
    if card is None:
        card = draw(post, viewer, site)
        here().cache.put(key, card, ttl=KEEP_SECONDS, size=sys.getsizeof(card))
    return card
