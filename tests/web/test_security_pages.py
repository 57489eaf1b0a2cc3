"""The pages about the safety of an account, without scripts: codes, recovery codes, passkeys, and being asked again."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest

from core.accounts.models import Account, Session
from core.accounts.proof_models import Passkey
from core.database import now
from core.testing import PASSWORD, Person
from core.testing.pages import submit
from tests.core.api.authenticator import Authenticator
from tests.core.api.codes import App, with_codes
from tests.core.api.test_passkeys import added, wish

PAGE = "/settings/security"


async def grow_old(person: Person) -> None:
    """Let so much time pass that the session has to prove itself again."""
    with person.instance.inside():
        await Session.filter(id=person.session_id).update(proved_at=now() - timedelta(minutes=11))


async def text_of(browser: httpx.AsyncClient, path: str = PAGE) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.headers
    return re.sub(r"\s+", " ", answer.text)


def shown_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z2-9-]+)</code></li>", page)


# -- Codes ---------------------------------------------------------------------
async def test_codes_are_set_up_page_by_page(ann: Person) -> None:
    async with ann.browser() as browser:
        assert "Set up" in await text_of(browser)
        assert "<svg" not in (await browser.get(f"{PAGE}/totp")).text.split("page-title")[1].split("</section>")[0]
        answer = await submit(browser, f"{PAGE}/totp/begin", on=f"{PAGE}/totp")
        assert answer.headers["location"] == f"{PAGE}/totp"
        answer = await browser.get(f"{PAGE}/totp")
        assert answer.headers["cache-control"] == "no-store"
        assert "<svg" in answer.text and 'class="qr"' in answer.text and "style=" not in answer.text
        found = re.search(r'<code class="secret" dir="ltr">([A-Z2-7 ]+)</code>', answer.text)
        assert found
        app = App(found[1].replace(" ", ""))
        wrong = await submit(browser, f"{PAGE}/totp", {"otp": "000000"}, on=f"{PAGE}/totp")
        assert wrong.status_code == 422 and 'id="e-otp"' in wrong.text
        assert (await browser.get(f"{PAGE}/totp")).text.count(found[1]) == 1
        answer = await submit(browser, f"{PAGE}/totp", {"otp": await app.code()}, on=f"{PAGE}/totp")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        codes = shown_codes(answer.text)
        assert len(codes) == 10
        file = re.search(
            r'href="data:text/plain;charset=utf-8,([^"]*)" download="alpha.test-recovery-codes.txt"', answer.text
        )
        assert file and all(code in unquote(file[1]) for code in codes)
        page = await text_of(browser)
        assert "10 of 10 are left." in page and codes[0] not in page
        assert found[1] not in (await browser.get(f"{PAGE}/totp")).text
    assert await ann.get("/auth/totp") == {"isOn": True, "recoveryCodesLeft": 10}


async def test_codes_are_switched_off(ann: Person) -> None:
    await with_codes(ann)
    async with ann.browser() as browser:
        assert "Switch off" in await text_of(browser)
        answer = await submit(browser, f"{PAGE}/totp/end", on=f"{PAGE}/totp")
        assert answer.headers["location"] == f"{PAGE}?saved"
        assert "Set up" in await text_of(browser)


async def test_new_recovery_codes_are_shown_once(ann: Person) -> None:
    _, old = await with_codes(ann)
    async with ann.browser() as browser:
        answer = await submit(browser, f"{PAGE}/codes", on=f"{PAGE}/codes")
        codes = shown_codes(answer.text)
        assert len(codes) == 10 and not set(codes) & set(old)
        assert answer.headers["cache-control"] == "no-store"
        assert codes[0] not in await text_of(browser, f"{PAGE}/codes")


# -- Asked again ---------------------------------------------------------------
DANGEROUS = ["/totp/begin", "/totp", "/totp/end", "/codes", "/passkeys/new"]


@pytest.mark.parametrize("path", DANGEROUS)
async def test_what_is_dangerous_is_not_done_before_it_is_confirmed(ann: Person, path: str) -> None:
    app, codes = await with_codes(ann)
    await grow_old(ann)
    async with ann.browser() as browser:
        answer = await submit(browser, f"{PAGE}{path}", {"otp": await app.code(), "name": "x"}, on=PAGE)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/settings/confirm?next=%2Fsettings%2Fsecurity%2F")
    assert await ann.get("/auth/totp") == {"isOn": True, "recoveryCodesLeft": 10}


@pytest.mark.parametrize("path", ["/totp", "/codes", "/passkeys/new"])
async def test_who_confirms_goes_on_where_they_were(ann: Person, path: str) -> None:
    await grow_old(ann)
    async with ann.browser() as browser:
        where = (await browser.get(f"{PAGE}{path}")).headers["location"]
        wrong = await submit(browser, "/settings/confirm", {"password": "Wrong-1", "next": f"{PAGE}{path}"}, on=where)
        assert wrong.status_code == 422
        assert "This is not your password." in wrong.text and f'name="next" value="{PAGE}{path}"' in wrong.text
        answer = await submit(browser, "/settings/confirm", {"password": PASSWORD, "next": f"{PAGE}{path}"}, on=where)
        assert answer.headers["location"] == f"{PAGE}{path}"
        assert (await browser.get(f"{PAGE}{path}")).status_code == 200


async def test_a_code_or_a_passkey_confirms_too(ann: Person) -> None:
    app, codes = await with_codes(ann)
    device = Authenticator()
    await added(ann, device)
    async with ann.browser() as browser:
        for value in (
            {"otp": await app.code()},
            {"otp": codes[0]},
            {"passkey": json.dumps(device.get(await wish(ann, "confirm")))},
        ):
            await grow_old(ann)
            answer = await submit(browser, "/settings/confirm", {**value, "next": PAGE}, on="/settings/confirm")
            assert answer.status_code == 303, value.keys()
            again = await submit(browser, "/settings/confirm", {**value, "next": PAGE}, on="/settings/confirm")
            assert again.status_code == 422, value.keys()


@pytest.mark.parametrize("wrong", [{}, {"password": ""}, {"passkey": "{}"}, {"passkey": "x"}, {"otp": "0"}])
async def test_nothing_and_junk_confirm_nothing(ann: Person, wrong: dict[str, str]) -> None:
    await grow_old(ann)
    async with ann.browser() as browser:
        answer = await submit(browser, "/settings/confirm", {**wrong, "next": f"{PAGE}/codes"}, on="/settings/confirm")
        assert answer.status_code in (401, 422)
        assert (await browser.get(f"{PAGE}/codes")).status_code == 303


async def test_nobody_is_led_elsewhere_by_confirming(ann: Person) -> None:
    async with ann.browser() as browser:
        values = {"password": PASSWORD, "next": "https://evil.test/"}
        answer = await submit(browser, "/settings/confirm", values, on="/settings/confirm")
        assert answer.headers["location"] == PAGE


@pytest.mark.parametrize("path", ["", "/totp", "/codes", "/passkeys/new", "/passkeys/nonsense"])
async def test_strangers_log_in_first(ann: Person, path: str) -> None:
    answer = await ann.instance.anon.page(f"{PAGE}{path}")
    assert answer.headers["location"].startswith("/login?next=")


# -- Passkeys ------------------------------------------------------------------
async def test_passkeys_are_added_renamed_and_removed(ann: Person) -> None:
    device = Authenticator()
    async with ann.browser() as browser:
        made = json.dumps(device.create(await wish(ann, "add")))
        wrong = await submit(browser, f"{PAGE}/passkeys/new", {"passkey": made, "name": " "}, on=f"{PAGE}/passkeys/new")
        assert wrong.status_code == 422 and 'id="e-name"' in wrong.text
        answer = await submit(
            browser, f"{PAGE}/passkeys/new", {"passkey": made, "name": "<b>Phone"}, on=f"{PAGE}/passkeys/new"
        )
        assert answer.headers["location"] == f"{PAGE}?saved"
        page = await text_of(browser)
        assert "&lt;b&gt;Phone" in page and "not used yet" in page
        found = re.search(rf'{PAGE}/passkeys/([0-9a-f-]{{36}})"', page)
        assert found
        path = f"{PAGE}/passkeys/{found[1]}"
        assert (await submit(browser, path, {"name": ""}, on=path)).status_code == 422
        assert (await submit(browser, path, {"name": "Old phone"}, on=path)).status_code == 303
        assert "Old phone" in await text_of(browser)
        await grow_old(ann)
        answer = await submit(browser, f"{path}/remove", on=path)
        assert answer.headers["location"].startswith("/settings/confirm")
        await submit(browser, "/settings/confirm", {"password": PASSWORD, "next": path}, on="/settings/confirm")
        assert (await submit(browser, f"{path}/remove", on=path)).headers["location"] == f"{PAGE}?saved"
        assert "Old phone" not in await text_of(browser)


@pytest.mark.parametrize("junk", ["", "x", "{}", "[]"])
async def test_junk_is_no_passkey_and_the_name_stays(ann: Person, junk: str) -> None:
    async with ann.browser() as browser:
        values = {"passkey": junk, "name": "My phone"}
        answer = await submit(browser, f"{PAGE}/passkeys/new", values, on=f"{PAGE}/passkeys/new")
        assert answer.status_code in (401, 422)
        assert "This passkey was not accepted" in answer.text and 'value="My phone"' in answer.text


async def test_anothers_passkey_is_not_there(ann: Person, eve: Person) -> None:
    await added(ann, Authenticator())
    with ann.instance.inside():
        passkey = await Passkey.get(account_id=ann.id)
    path = f"{PAGE}/passkeys/{passkey.id}"
    async with eve.browser() as browser:
        assert (await browser.get(path)).status_code == 404
        for act in ("", "/remove"):
            assert (await submit(browser, f"{path}{act}", {"name": "Mine"}, on=PAGE)).status_code == 404
    assert len((await ann.get("/auth/passkeys"))["passkeys"]) == 1


async def test_the_last_way_in_stays(ann: Person) -> None:
    await added(ann, Authenticator())
    with ann.instance.inside():
        await Account.filter(id=ann.id).update(password_hash="")
        passkey = await Passkey.get(account_id=ann.id)
    path = f"{PAGE}/passkeys/{passkey.id}"
    async with ann.browser() as browser:
        answer = await submit(browser, f"{path}/remove", on=path)
        assert answer.status_code == 409 and "Set a password first" in answer.text
