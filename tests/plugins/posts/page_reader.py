"""What tests read off pages."""

from __future__ import annotations

import re
from html import unescape

from core.testing import Person


async def shown(person: Person, path: str, **headers: str) -> str:
    """A page as somebody sees it."""
    async with person.browser() as browser:
        answer = await browser.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def posts_of(page: str) -> list[str]:
    """The ids of the posts on a page, from its top."""
    return re.findall(r'<article class="entry[^"]*" id="post-([^"]+)"', page)


def prose_of(page: str) -> str:
    """What people wrote on a page."""
    return "".join(re.findall(r'<div class="prose[^>]*>(.*?)</div>', page, re.DOTALL))


def words(page: str) -> str:
    """The text of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())
