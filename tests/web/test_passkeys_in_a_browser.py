"""Codes and passkeys in a real browser: made, offered, used, refused; and how their pages look."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, expect

from core.testing import PASSWORD, Person
from tests.core.api.authenticator import Authenticator
from tests.core.api.codes import App, with_codes
from tests.web.looks import findings, is_too_wide
from tests.web.site import DESKTOP, PHONE, Site
from tests.web.test_security_pages import grow_old

SECURITY = "/settings/security"


@asynccontextmanager
async def device(page: Page, *, verified: bool = True) -> AsyncIterator[tuple[CDPSession, str]]:
    """A device that keeps passkeys, built into this window; it unlocks by itself where it is `verified`."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verified,
        "automaticPresenceSimulation": True,
    }
    added = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    yield session, added["authenticatorId"]


async def kept(session: CDPSession, authenticator: str) -> list[dict[str, Any]]:
    found = await session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    return [dict(credential) for credential in found["credentials"]]


async def make_passkey(page: Page) -> None:
    await page.goto(f"{SECURITY}/passkeys/new")
    await page.locator("main .passkey-form button").click()
    await page.wait_for_url(f"**{SECURITY}?saved")


async def is_in(page: Page) -> None:
    await expect(page.locator("body")).to_have_attribute("data-viewer", re.compile("."))


# -- Passkeys ------------------------------------------------------------------
async def test_a_passkey_is_made_and_logs_in_from_the_field_for_the_name(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page) as (session, authenticator):
        await page.goto(SECURITY)
        await page.locator("a", has_text="Add a passkey").click()
        await expect(page.locator("[name=name]")).to_have_value("Chrome on Linux")
        await page.fill("[name=name]", "My laptop")
        await page.locator("main .passkey-form button").click()
        await expect(page.locator(".banner.good")).to_have_text("Saved.")
        await expect(page.locator(".device", has_text="My laptop")).to_contain_text("not used yet")
        (credential,) = await kept(session, authenticator)
        assert credential["isResidentCredential"] and credential["rpId"] == "localhost"
        await page.context.clear_cookies()
        await page.goto("/login?next=/bookmarks")  # the browser offers it, and the device says yes by itself
        await page.wait_for_url("/bookmarks")
        await is_in(page)
        await page.goto(SECURITY)
        await expect(page.locator(".device", has_text="My laptop")).to_contain_text("last used")
    assert site.complaints == []


async def test_a_passkey_without_a_connection_says_so_in_the_reader_s_words(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page):
        await page.goto(f"{SECURITY}/passkeys/new")
        await page.context.set_offline(True)
        await page.locator("main .passkey-form button").click()
        await expect(page.locator("[data-trouble]")).to_contain_text("That did not reach the server.")
        await page.context.set_offline(False)
        await page.route("**/challenge", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        await page.locator("main .passkey-form button").click()
        await expect(page.locator("[data-trouble]")).to_contain_text("That did not work. Try again")


async def test_a_passkey_logs_in_by_the_button(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page):
        await page.add_init_script(OFFERS_NOTHING)
        await make_passkey(page)
        await page.context.clear_cookies()
        await page.goto("/login?next=/bookmarks")
        await expect(page.locator("[name=login]")).to_have_attribute("autocomplete", "username webauthn")
        await page.locator("button", has_text="Log in with a passkey").click()
        await page.wait_for_url("/bookmarks")
        await is_in(page)
    assert site.complaints == []


# A browser that keeps passkeys and offers none in the field for the name.
OFFERS_NOTHING = "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"

# What the page asks of the browser, as `kind` or `kind, taken back`.
ASKED = """
const real = navigator.credentials.get.bind(navigator.credentials), asked = [];
navigator.credentials.get = (wish) => (asked.push(wish), real(wish));
window.asked = () => asked.map((wish) => (wish.mediation || "button") + (wish.signal.aborted ? ", taken back" : ""));
"""
WHEN_TOLD = """
PublicKeyCredential.isConditionalMediationAvailable = () => new Promise((say) => (window.mayOffer = () => say(true)));
"""


async def asked(page: Page, *kinds: str) -> None:
    """Wait until the page has asked exactly this."""
    await page.wait_for_function("(kinds) => asked().join() === kinds.join()", arg=list(kinds))


async def test_the_offer_in_the_field_makes_way_for_the_button(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page) as (session, authenticator):
        await page.add_init_script(ASKED)
        await make_passkey(page)
        await page.context.clear_cookies()
        await _is_away(session, authenticator, away=True)
        await page.goto("/login")
        await asked(page, "conditional")
        await page.locator("button", has_text="Log in with a passkey").click()
        await asked(page, "conditional, taken back", "button")
    assert site.complaints == []


async def test_a_button_quicker_than_the_offer_is_not_taken_back_by_it(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page) as (session, authenticator):
        await page.add_init_script(ASKED + WHEN_TOLD)
        await make_passkey(page)
        await page.context.clear_cookies()
        await _is_away(session, authenticator, away=True)
        await page.goto("/login")
        await page.locator("button", has_text="Log in with a passkey").click()
        await asked(page, "button")
        await page.evaluate("async () => { mayOffer(); await new Promise(requestAnimationFrame); }")
        await asked(page, "button")
    assert site.complaints == []


async def _is_away(session: CDPSession, authenticator: str, *, away: bool) -> None:
    """Nobody touches the device, or somebody does."""
    await session.send(
        "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": authenticator, "enabled": not away}
    )


async def test_a_device_nobody_unlocks_says_so_where_the_button_is(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page) as (session, authenticator):
        await make_passkey(page)
        await page.context.clear_cookies()
        locked = {"authenticatorId": authenticator, "isUserVerified": False}
        await session.send("WebAuthn.setUserVerified", locked)
        await page.goto("/login")
        await page.locator("button", has_text="Log in with a passkey").click()
        await expect(page.locator(".passkey-form [role=alert]")).to_contain_text("That did not work.")
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", PASSWORD)
        await page.locator("button", has_text=re.compile("^Log in$")).click()
        await is_in(page)


async def test_a_device_has_one_passkey_for_an_account(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page):
        await make_passkey(page)
        await page.goto(f"{SECURITY}/passkeys/new")
        await page.locator("main .passkey-form button").click()
        await expect(page.locator(".passkey-form [role=alert]")).to_contain_text("has a passkey for this account")
        assert len((await ann.get("/auth/passkeys"))["passkeys"]) == 1


async def test_a_passkey_is_the_second_step_and_confirms(site: Site) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann) as page, device(page) as (session, authenticator):
        await make_passkey(page)
        await with_codes(ann)
        await grow_old(ann)
        await page.goto(f"{SECURITY}/codes")
        await expect(page.locator("h1")).to_have_text("Is it really you?")
        await page.locator("button", has_text="Confirm with a passkey").click()
        await expect(page.locator("h2").first).to_have_text("New recovery codes")
        await page.context.clear_cookies()
        await _is_away(session, authenticator, away=True)
        await page.goto("/login")
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", PASSWORD)
        await page.locator("button", has_text=re.compile("^Log in$")).click()
        await expect(page.locator("h1")).to_have_text("One more step")
        await _is_away(session, authenticator, away=False)
        await page.locator("button", has_text="Use a passkey instead").click()
        await is_in(page)
    assert site.complaints == []


# -- Codes ---------------------------------------------------------------------
@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_codes_are_set_up_and_asked_for(site: Site, scripts: bool) -> None:
    ann = await site.instance.user("ann")
    async with site.visit(ann, java_script_enabled=scripts, accept_downloads=True) as page:
        await page.goto(SECURITY)
        await page.locator(".fact", has_text="Code from an app").locator("a").click()
        await page.locator("button", has_text="Begin").click()
        await expect(page.locator(".qr-frame svg")).to_be_visible()
        app = App((await page.locator(".secret").inner_text()).replace(" ", ""))
        await page.fill("[name=otp]", await app.code())
        await page.locator("button", has_text="Switch on").click()
        await expect(page.locator(".codes li")).to_have_count(10)
        code = await page.locator(".codes code").first.inner_text()
        async with page.expect_download() as download:
            await page.locator("a", has_text="Download").click()
        file = Path(await (await download.value).path())
        assert code in file.read_text()
        await expect(page.locator("button", has_text="Print")).to_be_visible(visible=scripts)
        await page.locator("a", has_text="I have kept them").click()
        await expect(page.locator(".fact", has_text="Recovery codes")).to_contain_text("10 of 10 are left.")
        await page.context.clear_cookies()
        await page.goto("/bookmarks")
        await page.fill("[name=login]", "ann")
        await page.fill("[name=password]", PASSWORD)
        await page.locator("button", has_text=re.compile("^Log in$")).click()
        await page.fill("[name=otp]", "000000")
        await page.locator("button", has_text=re.compile("^Log in$")).click()
        await expect(page.locator(".field-error")).to_contain_text("This code is wrong")
        await page.fill("[name=otp]", code)
        await page.locator("button", has_text=re.compile("^Log in$")).click()
        await expect(page.locator("h1")).to_have_text("Bookmarks")
    assert [text for text in site.complaints if "401" not in text] == []


# -- How it looks --------------------------------------------------------------
async def add_by_hand(person: Person, site: Site, name: str) -> None:
    """A passkey of a device that is not this browser."""
    key = Authenticator(origin=site.base_url, host="localhost")
    options = (await person.post("/auth/passkeys/challenge", {"purpose": "add"}))["options"]
    await person.post("/auth/passkeys", {"credential": key.create(options), "name": name})


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "dark"), (DESKTOP, "light"), ((320, 568), "light")])
async def test_pages_of_safety_shut_nobody_out(site: Site, size: tuple[int, int], scheme: str) -> None:
    ann, bob = await site.instance.users("ann", "bob")
    await with_codes(ann)
    for name in ("Phone", "W" * 100):
        await add_by_hand(ann, site, name)
    passkey = (await ann.get("/auth/passkeys"))["passkeys"][0]["passkeyId"]
    await bob.post("/auth/totp")
    found: dict[str, list[str]] = {}
    own = [SECURITY, f"{SECURITY}/totp", f"{SECURITY}/codes", f"{SECURITY}/passkeys/new", "/settings/confirm"]
    for who, paths in (
        (ann, [*own, f"{SECURITY}/passkeys/{passkey}"]),
        (bob, [SECURITY, f"{SECURITY}/totp"]),
        (None, ["/login"]),
    ):
        async with site.visit(who, size=size, color_scheme=scheme, reduced_motion="reduce", bypass_csp=True) as page:
            for path in paths:
                await page.goto(path)
                trouble = await findings(page)
                if await is_too_wide(page):
                    trouble.append("wider than its window")
                if trouble:
                    found[f"{who.name if who else 'stranger'} {path}"] = trouble
            if who is ann:
                await page.goto(f"{SECURITY}/codes")
                await page.locator("main button", has_text="Make new codes").click()
                if trouble := await findings(page):
                    found["codes"] = trouble
            if who is None:
                await page.fill("[name=login]", "ann")
                await page.fill("[name=password]", PASSWORD)
                await page.locator("button", has_text=re.compile("^Log in$")).click()
                await expect(page.locator("h1")).to_have_text("One more step")
                if trouble := await findings(page):
                    found["second step"] = trouble
    assert found == {}, json.dumps(found, indent=1)
