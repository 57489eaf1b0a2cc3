"""Forms of pages, sent in as a browser without scripts does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

import httpx

from core.web.bots import SHOWN
from core.web.csrf import FIELD

_TOKEN = re.compile(r'name="csrfToken" value="([^"]+)"')
_SHOWN = re.compile(r'name="shown" value="([^"]+)"')
Values = Mapping[str, str | list[str]]


def token_of(page: str) -> str:
    """The token in the forms of a page; AssertionError where it has no form."""
    found = _TOKEN.search(page)
    assert found, "this page holds no form"
    return unescape(found[1])


async def submit(
    browser: httpx.AsyncClient, path: str, values: Values | None = None, *, on: str = "/", **headers: str
) -> httpx.Response:
    """Open the page `on`, then send a form of it to `path`; redirects are not followed.

    `headers` are further ones, with `_` for `-`: `HX_Request="true"`.
    """
    page = await browser.get(on, follow_redirects=True)
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    shown = _SHOWN.search(page.text)
    hidden = {FIELD: token_of(page.text), **({SHOWN: unescape(shown[1])} if shown else {})}
    return await browser.post(path, data={**hidden, **(values or {})}, headers={"Referer": str(page.url), **more})
