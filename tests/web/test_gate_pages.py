"""The ways in: sign up, log in, log out, set up; and what strangers are told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from core.accounts.models import Session
from core.accounts.sessions import COOKIE
from core.database import now
from core.testing import PASSWORD, Person, TestInstance, Visitor, world
from core.testing.pages import submit
from core.web.csrf import GUEST_COOKIE

NEW = {"username": "carl", "email": "carl@example.org", "password": PASSWORD, "fullName": "Carl"}


async def test_who_joins_is_signed_in_and_taken_on(alpha: TestInstance) -> None:
    async with alpha.browser({}) as browser:
        answer = await submit(browser, "/signup", {**NEW, "next": "/local"}, on="/signup?next=/local")
        assert (answer.status_code, answer.headers["location"]) == (303, "/local")
        assert GUEST_COOKIE not in browser.cookies
        assert (await browser.get("/")).headers["location"] == "/welcome"
        assert "Welcome to Kith" in (await browser.get("/welcome")).text
        assert "@carl" in (await browser.get("/")).text
        assert (await browser.get("/signup?next=/global")).headers["location"] == "/global"


async def test_the_session_is_a_cookie_no_script_and_no_other_site_gets(alpha: TestInstance) -> None:
    async with alpha.browser({}) as browser:
        answer = await submit(browser, "/signup", NEW, on="/signup")
    cookies = [value for value in answer.headers.get_list("set-cookie") if value.startswith(COOKIE)]
    assert len(cookies) == 1
    for part in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=34560000"):
        assert part in cookies[0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"username": "c a r l"}, "Use letters"),
        ({"username": "admin"}, "kept for the server"),
        ({"email": "carl"}, "not an e-mail address"),
        ({"password": "short"}, "at least 8"),
        ({"username": "ann"}, "This name is taken."),
        ({"email": "ANN@example.org"}, "There is an account with this address."),
    ],
)
async def test_what_is_wrong_with_a_new_account_stands_beside_its_field(
    alpha: TestInstance, ann: Person, wrong: dict[str, str], words: str
) -> None:
    async with alpha.browser({}) as browser:
        answer = await submit(browser, "/signup", {**NEW, **wrong, "next": "/local"}, on="/signup")
    assert answer.status_code in (409, 422)
    field = next(iter(wrong))
    found = re.search(rf'<p class="field-error" id="e-{field}">(.*?)</p>', answer.text)
    assert found and words.lower() in found[1].lower()
    assert PASSWORD not in answer.text
    assert 'value="Carl"' in answer.text
    assert 'name="next" value="/local"' in answer.text


async def test_the_rules_have_to_be_agreed_to() -> None:
    async with world("alpha.test", server__rules=("Be kind.",)) as (alpha,), alpha.browser({}) as browser:
        answer = await submit(browser, "/signup", NEW, on="/signup")
        assert answer.status_code == 422
        assert "keep to the rules" in answer.text
        assert (await submit(browser, "/signup", {**NEW, "rules": "true"}, on="/signup")).status_code == 303


async def test_where_nobody_can_join_nobody_is_asked_to() -> None:
    async with world("alpha.test", accounts__registration="closed") as (alpha,), alpha.browser({}) as browser:
        assert 'action="/signup"' not in (await browser.get("/signup")).text
        for path in ("/", "/local", "/login"):
            assert 'href="/signup' not in (await browser.get(path)).text
        assert (await submit(browser, "/signup", NEW, on="/login")).status_code == 403


async def test_who_logs_in_goes_on_where_they_wanted_to(alpha: TestInstance, ann: Person) -> None:
    for name in ("ann", "@Ann", "ANN@example.org"):
        async with alpha.browser({}) as browser:
            where = (await browser.get("/compose?reply=1")).headers["location"]
            values = {"login": f" {name} ", "password": PASSWORD, "next": "/compose?reply=1"}
            answer = await submit(browser, "/login", values, on=where)
            assert (answer.status_code, answer.headers["location"]) == (303, "/compose?reply=1")


async def test_a_wrong_password_says_no_more_than_that(alpha: TestInstance, ann: Person) -> None:
    texts = []
    async with alpha.browser({}) as browser:
        for name in ("ann", "nobody"):
            answer = await submit(browser, "/login", {"login": name, "password": "Wrong-Harbour-1"}, on="/login")
            assert answer.status_code == 401
            assert "The name or the password is wrong." in answer.text
            assert "Wrong-Harbour-1" not in answer.text
            texts.append(re.sub(r'value="[^"]*"|content="[^"]*"', "", answer.text))
    assert texts[0] == texts[1]


async def test_who_logs_out_is_a_stranger_again(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, "/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "data-viewer" not in (await browser.get("/")).text
    await ann.refused(401, "GET", "/users/me")


async def test_a_session_stands_as_long_as_it_is_used(ann: Person) -> None:
    day = timedelta(days=1)
    with ann.instance.inside():
        await Session.filter(id=ann.session_id).update(last_used_at=now() - day, expires_at=now() + day)
    ann.instance.instance.cache.drop_prefix("")
    async with ann.browser() as browser:
        assert (await browser.get("/bookmarks")).status_code == 200
    with ann.instance.inside():
        session = await Session.get(id=ann.session_id)
        assert session.expires_at > now() + 29 * day
        await Session.filter(id=ann.session_id).update(expires_at=now() - day)
    ann.instance.instance.cache.drop_prefix("")
    async with ann.browser() as browser:
        assert (await browser.get("/bookmarks")).status_code == 303


async def test_nobody_logs_out_by_following_a_link(ann: Person) -> None:
    async with ann.browser() as browser:
        assert (await browser.get("/logout")).status_code == 405
    await ann.get("/users/me")


async def test_pages_with_a_strangers_form_bind_it_to_a_cookie_others_leave_none(alpha: TestInstance) -> None:
    async with alpha.browser({}) as browser:
        for path in ("/", "/local", "/about", "/lookup", "/nowhere"):
            assert "set-cookie" not in (await browser.get(path)).headers, path
        assert GUEST_COOKIE in (await browser.get("/login")).headers["set-cookie"]


async def test_the_first_admin_is_made_from_the_printed_link_once(alpha: TestInstance) -> None:
    token = alpha.instance.tokens.one_time("setup", "", 3600)
    async with alpha.browser({}) as browser:
        for bad in ("", "nonsense", token[:-2]):
            assert (await browser.get("/setup", params={"token": bad})).status_code == 404
        page = f"/setup?token={token}"
        assert "0 members" in (await browser.get("/")).text
        wrong = await submit(browser, "/setup", {**NEW, "token": token, "password": "short"}, on=page)
        assert wrong.status_code == 422
        assert f'name="token" value="{token}"' in wrong.text
        answer = await submit(browser, "/setup", {**NEW, "token": token}, on=page)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await alpha.anon.get("/users/carl"))["role"] == "admin"
        assert "1 member " in (await alpha.anon.page("/")).text
        used = await browser.get(page)
        assert used.status_code == 404 and "This link was used already" in used.text


async def test_whoever_makes_the_first_admin_before_the_server_has_a_name_is_told_that_names_stay() -> None:
    for host, told in (("localhost:8080", True), ("here.test", False)):
        async with world(host, server__base_url=f"http://{host}") as (here,):
            token = here.instance.tokens.one_time("setup", "", 3600)
            page = (await here.anon.page(f"/setup?token={token}")).text
            assert ("Names keep what stands behind the @ for ever" in page) is told


@pytest.mark.parametrize(
    ("plugins", "settings", "said"),
    [
        (("federation", "posts"), {}, True),
        (("posts",), {}, False),
        (("federation", "posts"), {"federation__enabled": False}, False),
        (("federation", "posts"), {"federation__mode": "allowlist"}, False),
    ],
)
async def test_people_of_other_servers_are_told_they_need_no_account_only_where_all_of_them_are_talked_with(
    plugins: tuple[str, ...], settings: dict[str, object], said: bool
) -> None:
    async with world("here.test", plugins=plugins, **settings) as (here,):
        assert ("Already at home elsewhere?" in (await here.anon.page("/")).text) is said


async def test_strangers_are_told_what_this_place_is(anon: Visitor) -> None:
    for path, title in (("/about", "About Kith"), ("/about/rules", "Rules"), ("/about/privacy", "Privacy")):
        answer = await anon.page(path)
        assert answer.status_code == 200
        assert f"<title>{title} · Kith</title>" in answer.text


@pytest.mark.parametrize("path", ["/", "/login", "/local", "/nowhere", "/about"])
async def test_every_page_bears_the_headers_that_guard_it(anon: Visitor, path: str) -> None:
    headers = (await anon.page(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cache-control"] in ("private, no-cache", "no-store")


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/instance", "/api/v1/users/me", "/nodeinfo/2.1", "/actor", "/static/css/base.css", "/healthz"]
)
async def test_no_answer_is_taken_for_something_else_or_asked_for_without_tls(anon: Visitor, path: str) -> None:
    for _ in range(2):  # the second one may come out of memory
        headers = (await anon.page(path)).headers
        assert headers.get_list("x-content-type-options") == ["nosniff"]
        assert headers.get_list("strict-transport-security") == ["max-age=31536000"]


async def test_a_server_without_tls_asks_nobody_for_it() -> None:
    async with world("localhost", server__base_url="http://localhost") as (at,):
        assert "strict-transport-security" not in (await at.anon.page("/")).headers
