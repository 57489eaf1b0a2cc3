"""Logging in on pages, without scripts: in one step or two, with a passkey's answer, and what is refused."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from core.accounts import administration, passwords
from core.accounts.login_pages import FIRST_STEP_COOKIE
from core.accounts.models import Account
from core.accounts.sessions import COOKIE
from core.testing import PASSWORD, Person, TestInstance, world
from core.testing.pages import submit
from tests.core.api.authenticator import PRESENT, Authenticator
from tests.core.api.codes import a_while_later, with_codes
from tests.core.api.test_passkeys import added, asked

NAME = {"login": "ann", "password": PASSWORD}


async def first_step(browser: httpx.AsyncClient, goes_on: str = "/bookmarks") -> httpx.Response:
    answer = await submit(browser, "/login", {**NAME, "next": goes_on}, on="/login")
    assert answer.status_code == 303, answer.text
    return answer


async def second_step(browser: httpx.AsyncClient, **values: str) -> httpx.Response:
    return await submit(browser, "/login/second", {"next": "/bookmarks", **values}, on="/login/second?next=/bookmarks")


async def is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/bookmarks")).status_code == 200


# -- Two steps -----------------------------------------------------------------
async def test_after_the_password_comes_the_code_and_then_one_is_where_one_wanted_to_be(
    alpha: TestInstance, ann: Person
) -> None:
    app, _ = await with_codes(ann)
    async with alpha.browser({}) as browser:
        answer = await first_step(browser)
        assert answer.headers["location"] == "/login/second?next=%2Fbookmarks"
        assert not await is_in(browser)
        page = (await browser.get(answer.headers["location"])).text
        assert 'name="next" value="/bookmarks"' in page and 'autocomplete="one-time-code"' in page
        answer = await second_step(browser, otp=await app.code())
        assert (answer.status_code, answer.headers["location"]) == (303, "/bookmarks")
        assert await is_in(browser)
        assert FIRST_STEP_COOKIE not in browser.cookies


async def test_a_recovery_code_is_a_second_step_as_well(alpha: TestInstance, ann: Person) -> None:
    _, codes = await with_codes(ann)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        assert (await second_step(browser, otp=codes[3])).status_code == 303
        assert await is_in(browser)


async def test_a_wrong_code_is_said_beside_its_field_and_may_be_typed_again(alpha: TestInstance, ann: Person) -> None:
    app, _ = await with_codes(ann)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        for wrong in ("000000", "", "abcd-efgh-jkmn"):
            answer = await second_step(browser, otp=wrong)
            assert answer.status_code == 401
            assert re.search(r'<p class="field-error" id="e-otp">.*(wrong|Now the code)', answer.text)
        assert (await second_step(browser, otp=await app.code())).status_code == 303


async def test_the_first_step_is_known_by_a_cookie_no_script_gets(alpha: TestInstance, ann: Person) -> None:
    await with_codes(ann)
    async with alpha.browser({}) as browser:
        answer = await first_step(browser)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith(FIRST_STEP_COOKIE))
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=Lax", "Max-Age=600"))
    assert not any(c.startswith(COOKIE) for c in answer.headers.get_list("set-cookie"))


async def test_a_first_step_serves_once(alpha: TestInstance, ann: Person) -> None:
    app, codes = await with_codes(ann)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        token = browser.cookies[FIRST_STEP_COOKIE]
        await second_step(browser, otp=await app.code())
    async with alpha.browser({FIRST_STEP_COOKIE: token}) as browser:
        answer = await second_step(browser, otp=codes[0])
        assert answer.status_code == 401
        assert "Please begin again." in answer.text
        assert not await is_in(browser)


async def test_a_first_step_is_over_when_the_password_is_another_one(alpha: TestInstance, ann: Person) -> None:
    _, codes = await with_codes(ann)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        with alpha.inside():
            account = await Account.get(id=ann.id)
            await passwords.change(account, PASSWORD, "Other-Harbour-58", session_id=ann.session_id)
        assert (await browser.get("/login/second")).headers["location"] == "/login?next=%2F"
        answer = await submit(browser, "/login/second", {"otp": codes[0]}, on="/login")
        assert answer.status_code == 401
        assert not await is_in(browser)


async def test_who_is_suspended_between_the_steps_stays_out(alpha: TestInstance, ann: Person) -> None:
    _, codes = await with_codes(ann)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        with alpha.inside():
            await administration.suspend(ann.actor)
        assert (await second_step(browser, otp=codes[0])).status_code == 401
        assert not await is_in(browser)


async def test_there_is_no_second_step_without_the_first(alpha: TestInstance, ann: Person) -> None:
    app, codes = await with_codes(ann)
    other = alpha.instance.tokens.one_time("reset", ann.id, 600)
    for token in ("", "junk", other, ann.access_token):
        async with alpha.browser({FIRST_STEP_COOKIE: token}) as browser:
            assert (await browser.get("/login/second")).headers["location"].startswith("/login?")
            assert (await submit(browser, "/login/second", {"otp": codes[0]}, on="/login")).status_code == 401
            assert not await is_in(browser)


async def test_one_persons_first_step_takes_no_code_of_anothers(alpha: TestInstance, ann: Person, eve: Person) -> None:
    await with_codes(ann)
    hers, codes = await with_codes(eve)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        for otp in (await hers.code(), codes[0]):
            assert (await second_step(browser, otp=otp)).status_code == 401


async def test_the_first_step_does_not_tell_who_exists(alpha: TestInstance, ann: Person) -> None:
    await with_codes(ann)
    texts = []
    async with alpha.browser({}) as browser:
        for name in ("ann", "nobody"):
            answer = await submit(browser, "/login", {"login": name, "password": "Wrong-Harbour-1"}, on="/login")
            texts.append((answer.status_code, re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text)))
    assert texts[0] == texts[1]


@pytest.mark.parametrize("goes_on", ["https://evil.test/", "//evil.test", "/login", "/login/second", "javascript:x"])
async def test_nobody_is_led_elsewhere(alpha: TestInstance, ann: Person, goes_on: str) -> None:
    app, _ = await with_codes(ann)
    async with alpha.browser({}) as browser:
        assert (await first_step(browser, goes_on)).headers["location"] == "/login/second?next=%2F"
        answer = await second_step(browser, otp=await app.code(), next=goes_on)
        assert answer.headers["location"] == "/"


async def test_forms_of_other_sites_log_nobody_in(alpha: TestInstance, ann: Person) -> None:
    app, _ = await with_codes(ann)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        for path in ("/login", "/login/second", "/login/passkey"):
            assert (await browser.post(path, data={**NAME, "otp": await app.code()})).status_code == 403
        assert (await second_step(browser, otp=await app.code())).status_code == 303


async def test_too_many_wrong_codes_are_told_to_wait() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        app, _ = await with_codes(await alpha.user("ann"))
        async with alpha.browser({}) as browser:
            await first_step(browser)
            for _ in range(5):
                assert (await second_step(browser, otp="000000")).status_code == 401
            answer = await second_step(browser, otp=await app.code())
            assert answer.status_code == 429
            assert "Please try again in " in answer.text


async def test_who_asked_to_leave_stays_by_both_steps(alpha: TestInstance, ann: Person) -> None:
    app, _ = await with_codes(ann)
    await ann.delete("/users/me", {"password": PASSWORD})
    await a_while_later(ann)
    async with alpha.browser({}) as browser:
        answer = await submit(browser, "/login", NAME, on="/login")
        assert answer.status_code == 401 and 'name="stays" value="true"' in answer.text
        answer = await submit(browser, "/login", {**NAME, "stays": "true"}, on="/login")
        assert answer.status_code == 303
        assert (await second_step(browser, otp=await app.code())).status_code == 303
        assert await is_in(browser)


# -- Passkeys in forms ---------------------------------------------------------
async def sent(browser: httpx.AsyncClient, credential: Any, **more: str) -> httpx.Response:
    values = {"passkey": credential if isinstance(credential, str) else json.dumps(credential), **more}
    return await submit(browser, "/login/passkey", values, on="/login")


async def test_a_passkey_logs_in_without_a_name(alpha: TestInstance, ann: Person) -> None:
    device = Authenticator()
    await added(ann, device)
    async with alpha.browser({}) as browser:
        assert 'data-passkey="login"' in (await browser.get("/login")).text
        credential = device.get(await asked(browser))
        answer = await sent(browser, credential, next="/bookmarks")
        assert (answer.status_code, answer.headers["location"]) == (303, "/bookmarks")
        assert await is_in(browser)
    async with alpha.browser({}) as browser:
        answer = await sent(browser, credential)
        assert answer.status_code == 401 and "This passkey was not accepted" in answer.text


@pytest.mark.parametrize("junk", ["", "x", "[]", "{}", '"x"', "null"])
async def test_junk_in_the_form_is_no_passkey(alpha: TestInstance, ann: Person, junk: str) -> None:
    async with alpha.browser({}) as browser:
        answer = await sent(browser, junk)
        assert answer.status_code == 401
        assert "This passkey was not accepted" in answer.text


async def test_a_passkey_is_a_second_step_in_place_of_a_code(alpha: TestInstance, ann: Person) -> None:
    device = Authenticator()
    await with_codes(ann)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        assert "data-passkey" not in (await browser.get("/login/second")).text
        await added(ann, device)
        assert 'data-passkey="second"' in (await browser.get("/login/second")).text
        credential = json.dumps(device.get(await asked(browser, "second"), flags=PRESENT))
        assert (await second_step(browser, passkey=credential)).status_code == 303
        assert await is_in(browser)


async def test_a_passkey_that_is_refused_leaves_the_second_step_open(
    alpha: TestInstance, ann: Person, eve: Person
) -> None:
    app, _ = await with_codes(ann)
    hers = Authenticator()
    await added(eve, hers)
    async with alpha.browser({}) as browser:
        await first_step(browser)
        answer = await second_step(browser, passkey=json.dumps(hers.get(await asked(browser, "second"))))
        assert answer.status_code == 401 and "This passkey was not accepted" in answer.text
        assert (await second_step(browser, otp=await app.code())).status_code == 303


async def test_where_browsers_keep_no_passkeys_none_is_offered() -> None:
    async with world("alpha.test", server__base_url="http://192.0.2.1", server__domain="alpha.test") as (alpha,):
        assert "data-passkey" not in (await alpha.anon.page("/login")).text
