"""An instance in front of a real browser, and the windows people open on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page

from core.accounts.sessions import COOKIE
from core.live import Subscription
from core.testing import Person, TestInstance

PHONE, TABLET, DESKTOP = (390, 844), (820, 1180), (1440, 900)


@dataclass
class Site:
    """An instance a browser can reach, and the browser."""

    instance: TestInstance
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return self.instance.base_url

    @asynccontextmanager
    async def visit(
        self, who: Person | None = None, *, size: tuple[int, int] = DESKTOP, **more: Any
    ) -> AsyncIterator[Page]:
        """A window of this size; what its console complains of is gathered in `complaints`."""
        width, height = size
        context = await self.browser.new_context(
            base_url=self.base_url,
            viewport={"width": width, "height": height},
            is_mobile=size == PHONE,
            has_touch=size == PHONE,
            **more,
        )
        context.set_default_timeout(30_000)  # milliseconds; other tests run beside
        if who:
            await _sign_in(context, self.base_url, who)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        try:
            yield page
        finally:
            await context.close()


async def _sign_in(context: BrowserContext, base_url: str, who: Person) -> None:
    await context.add_cookies([{"name": COOKIE, "value": who.refresh_token, "url": base_url, "httpOnly": True}])


async def listening(site: Site, channel: str, *, besides: Collection[Subscription] = ()) -> None:
    """Wait until a page hears of what happens on this channel, by another way than those known `besides`."""
    for _ in range(500):
        if site.instance.instance.live._subscriptions.get(channel, set()).difference(besides):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"no page listens to {channel}")
