"""The pages of one's data in a real browser: what is under way is seen to come along, and nobody is shut out."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from playwright.async_api import expect

from core.testing import PASSWORD, settle
from tests.core.transfer.packing import bring, create, outbox, packed, person
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site


async def test_an_archive_comes_along_by_itself_and_is_downloaded(site: Site) -> None:
    ann = await site.instance.user("ann")
    await ann.publish("hello")
    async with site.visit(ann) as page:
        await page.goto("/settings/data")
        await page.get_by_role("button", name="Make an archive").click()
        await expect(page.locator(".transfer .badge")).to_have_text("Under way")
        await settle(site.instance)
        await expect(page.locator(".transfer .badge")).to_have_text("Done")  # nobody reloaded
        async with page.expect_download() as coming:
            await page.get_by_role("button", name="Download").click()
        path = await (await coming.value).path()
        assert b"hello" in zipfile.ZipFile(path).read("outbox.json")
    assert site.complaints == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_file_is_brought_and_the_report_is_read(site: Site, tmp_path: Path, scripts: bool) -> None:
    ann = await site.instance.user("ann")
    await site.instance.user("bob")
    file = tmp_path / "following_accounts.csv"
    file.write_text(f"bob@{site.instance.host}\nnobody\n")
    async with site.visit(ann, java_script_enabled=scripts) as page:
        await page.goto("/settings/data")
        await page.select_option("[name=type]", "follows")
        await page.set_input_files("[name=file]", file)
        await page.get_by_role("button", name="Import").click()
        await expect(page.locator(".transfer .badge")).to_have_text("Under way")
        await settle(site.instance)
        if not scripts:
            await page.get_by_role("link", name="Look how far it is").click()
        await expect(page.locator(".transfer")).to_contain_text("1 failed")
        await expect(page.get_by_role("button", name="Make an archive")).to_be_visible()  # nobody reloaded
        await expect(page.get_by_text("when what is under way is done")).to_have_count(0)
        await page.locator(".transfer summary").click()
        await expect(page.locator(".transfer details")).to_contain_text("There is no such person")
        assert site.complaints == []
        file.write_bytes(b"\xff\xfe\x00")
        await page.select_option("[name=type]", "follows")
        await page.set_input_files("[name=file]", file)
        await page.get_by_role("button", name="Import").click()
        await expect(page.locator("#e-file")).to_contain_text("This is no CSV file")
        await expect(page.locator("#e-file")).to_be_in_viewport()


async def test_somebody_leaves_and_changes_their_mind(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page:
        await page.goto("/settings/delete")
        await page.fill("[name=username]", "ann")
        await page.fill("[name=password]", PASSWORD)
        await page.get_by_role("button", name="Delete my account").click()
        await expect(page.get_by_role("heading", name="Goodbye, @ann")).to_be_visible()
        await page.get_by_role("link", name="I have changed my mind").click()
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", PASSWORD)
        await page.get_by_role("button", name="Log in", exact=True).click()
        await page.fill("[name=password]", PASSWORD)
        await page.get_by_role("button", name="Keep my account and log in").click()
        await expect(page.locator(".toast, .banner").filter(has_text="Your account is kept")).to_be_visible()
        await page.goto("/settings/delete")
        await expect(page.get_by_role("button", name="Delete my account")).to_be_visible()


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_the_pages_of_ones_data_shut_nobody_out(site: Site, size: tuple[int, int], tmp_path: Path) -> None:
    ann = await site.instance.user("ann")
    await ann.publish("hello")
    lines = "\n".join(["bob@nowhere.example", "x" * 180, "<b>no</b>"])
    await bring(ann, "follows", lines.encode())
    await settle(site.instance)
    whole = packed({"actor.json": person(), "outbox.json": outbox(*[create(n, f"words {n}") for n in range(1, 25)])})
    await bring(ann, "archive", whole)
    await settle(site.instance)
    await ann.post("/users/me/export")
    await settle(site.instance)
    await bring(ann, "mutes", b"bob\n")
    found: dict[str, list[str]] = {}
    for scheme in ("light", "dark"):
        async with site.visit(ann, size=size, reduced_motion="reduce", bypass_csp=True, color_scheme=scheme) as page:
            for path in ("/settings/data", "/settings/delete", "/@ann"):
                await page.goto(path)
                await page.evaluate("document.querySelectorAll('.transfer details').forEach(d => d.open = true)")
                await page.screenshot(path=str(tmp_path / f"{path.replace('/', '_')}-{scheme}.png"), full_page=True)
                trouble = await findings(page)
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[f"{path} {scheme}"] = trouble
    assert found == {}
