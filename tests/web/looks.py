"""What can be said of the looks of a page without eyes: what axe finds, and whether it is wider than its window."""

from __future__ import annotations

from playwright.async_api import Page

from core.web.frame import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def findings(page: Page) -> list[str]:
    await page.evaluate(AXE.read_text())
    how = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
    found = await page.evaluate("how => axe.run(document, how)", how)
    return [f"{finding['id']}: {finding['nodes'][0]['html'][:200]}" for finding in found["violations"]]


async def is_too_wide(page: Page) -> bool:
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(await page.evaluate(wide))
