"""What can be said of the looks of a page without eyes: what axe finds, and whether it is wider than its window."""

from __future__ import annotations

from playwright.async_api import Page

from core.web.frame import ROOT

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def findings(page: Page, *rules: str) -> list[str]:
    """What axe finds by all its rules, or by these."""
    await page.wait_for_load_state()  # after a click a page has begun, and need not be there yet
    await page.evaluate(AXE.read_text())
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
    how = {"runOnly": only, "resultTypes": ["violations"]}
    found = await page.evaluate("how => axe.run(document, how)", how)
    return [f"{finding['id']}: {finding['nodes'][0]['html'][:200]}" for finding in found["violations"]]


async def is_too_wide(page: Page) -> bool:
    await page.wait_for_load_state()
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(await page.evaluate(wide))


async def too_small(page: Page) -> list[str]:
    """What is less than 44 px high to a finger, but for links within words and the names above posts."""
    await page.wait_for_load_state()
    found: list[str] = await page.evaluate(SMALL)
    return found


SMALL = """() => {
  const NOT = ".name, .when, .quote-name, .edited, .sr-only, .sr-only *, .foot *, .leave-empty *, [role=status] *";
  const kinds = ["a", "button", "input:not([type=hidden])", "select", "summary", "textarea"];
  const isHigh = (thing) => {
    const label = thing.closest("label") ?? (thing.id ? document.querySelector(`label[for="${thing.id}"]`) : null);
    const box = thing.closest(".field-box");
    const { left, top, width, height } = thing.getBoundingClientRect();
    if (width < 3 || height >= 43.5) return true;
    const reach = (by) => {
      const hit = document.elementFromPoint(left + Math.min(width / 2, 20), top + height / 2 + by);
      return Boolean(hit) && [thing, label, box].some((one) => one?.contains(hit));
    };
    let high = 0;
    for (let by = -30; by <= 30; by++) high += reach(by);
    return high >= 42;
  };
  return [...document.querySelectorAll(kinds.map((kind) => `main ${kind}`).join(","))]
    .filter((thing) => !thing.matches(NOT))
    .filter((thing) => thing.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
    .filter((thing) => thing.tagName !== "A" || getComputedStyle(thing).display !== "inline")
    .filter((thing) => (thing.scrollIntoView({ block: "center" }), !isHigh(thing)))
    .map((thing) => thing.outerHTML.slice(0, 120));
}"""
