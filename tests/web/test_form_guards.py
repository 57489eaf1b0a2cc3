"""Every form there is: taken from our own pages, and from nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import httpx
import pytest

from core.testing import Person, TestInstance
from core.testing.pages import submit, token_of
from core.testing.people import Data
from core.web.csrf import FIELD, GUEST_COOKIE

OTHER_SITES = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.test"},
    {"Origin": "https://alpha.test.evil.test"},
    {"Origin": "null"},
    {"Referer": "https://evil.test/https://alpha.test/"},
    {},
)
BY_MAIL_PROGRAMS = "/mail/unsubscribe/"  # they have no page of ours; the proof in the address is what lets them
GUESTS = ("/login", "/signup", "/setup", "/login/second", "/login/passkey", "/login/oidc/join")
APPS = ("/oauth/token", "/oauth/revoke", "/oauth/introspect")  # asked by programs, which bear no cookie

NOBODYS = "0190a000-0000-7000-8000-000000000000"  # the id of whatever a form is about that is not named below


def forms(instance: TestInstance, values: Mapping[str, str]) -> Iterator[str]:
    """The address of every form of the pages, each verb of those that have several."""
    for rule in instance.instance.app.url_map.iter_rules():
        is_page = not rule.rule.startswith(("/api/", BY_MAIL_PROGRAMS)) and not rule.endpoint.startswith("federation")
        if "POST" in (rule.methods or ()) and is_page:
            verbs = re.search(r"<any\(([\w,]+)\):verb>", rule.rule)
            for verb in verbs[1].split(",") if verbs else [""]:
                asked = dict.fromkeys(rule.arguments, NOBODYS)
                built = rule.build({**asked, **values, "verb": verb}, append_unknown=False)
                assert built, rule.rule
                yield built[1]


@pytest.fixture
async def post(bob: Person) -> Data:
    return await bob.publish("A boat for sale")


def addresses(instance: TestInstance, ann: Person, bob: Person, post: Data) -> list[str]:
    values = {"acct": bob.name, "post_id": post["postId"], "user_id": bob.id, "role": "avatar"}
    return [path for path in forms(instance, values) if path not in (*GUESTS, *APPS)]


async def plain(person: Person) -> httpx.AsyncClient:
    """A browser that says nothing of where its requests come from."""
    browser = person.browser()
    browser.headers.pop("Sec-Fetch-Site")
    return browser


async def test_there_are_forms(alpha: TestInstance, ann: Person, bob: Person, post: Data) -> None:
    found = addresses(alpha, ann, bob, post)
    for known in ("/compose", "/settings", "/settings/profile", "/logout", "/@bob/follow"):
        assert known in found
    assert len(found) > 20


async def test_no_form_is_taken_without_its_token(alpha: TestInstance, ann: Person, bob: Person, post: Data) -> None:
    async with ann.browser() as browser, bob.browser() as other:
        foreign = token_of((await other.get("/")).text)
        for path in addresses(alpha, ann, bob, post):
            for token in ({}, {FIELD: ""}, {FIELD: "made-up"}, {FIELD: foreign}):
                answer = await browser.post(path, data={"content": "forged", **token})
                assert answer.status_code == 403, path
                assert "This page was out of date" in answer.text, path
    assert await ann.get(f"/users/{bob.id}") == {**(await ann.get(f"/users/{bob.id}")), "isFollowing": False}
    assert (await ann.get(f"/posts/{post['postId']}"))["likesCount"] == 0
    assert await ann.feed() == []


async def test_no_form_is_taken_from_another_site(alpha: TestInstance, ann: Person, bob: Person, post: Data) -> None:
    async with await plain(ann) as browser:
        token = token_of((await browser.get("/")).text)
        for path in addresses(alpha, ann, bob, post):
            for headers in OTHER_SITES:
                answer = await browser.post(path, data={FIELD: token, "content": "forged"}, headers=headers)
                assert answer.status_code == 403, (path, headers)
    assert await ann.feed() == []


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "https://alpha.test"}, {"Referer": "https://alpha.test/"}],
)
async def test_a_form_of_our_own_pages_is_taken(ann: Person, headers: dict[str, str]) -> None:
    async with await plain(ann) as browser:
        token = token_of((await browser.get("/")).text)
        answer = await browser.post("/compose", data={FIELD: token, "content": "Hello"}, headers=headers)
    assert answer.status_code == 303
    assert len(await ann.feed()) == 1


async def test_a_token_is_taken_from_a_header_as_well(ann: Person) -> None:
    async with ann.browser() as browser:
        token = token_of((await browser.get("/")).text)
        answer = await browser.post("/compose", data={"content": "Hello"}, headers={"X-CSRF-Token": token})
    assert answer.status_code == 303


@pytest.mark.parametrize("path", GUESTS[:2])
async def test_the_forms_of_strangers_are_guarded_too(alpha: TestInstance, ann: Person, path: str) -> None:
    values = {"login": ann.name, "username": "carl", "email": "carl@example.org", "password": "Quiet-Harbour-47"}
    async with alpha.browser({}) as browser, alpha.browser({}) as other:
        foreign = token_of((await other.get(path)).text)
        own = token_of((await browser.get(path)).text)
        for token in ({}, {FIELD: foreign}, {FIELD: "made-up"}):
            assert (await browser.post(path, data={**values, **token})).status_code == 403
        evil = {"Sec-Fetch-Site": "cross-site"}
        assert (await browser.post(path, data={**values, FIELD: own}, headers=evil)).status_code == 403
        browser.cookies.delete(GUEST_COOKIE)
        assert (await browser.post(path, data={**values, FIELD: own})).status_code == 403


async def test_a_refused_form_leads_back_to_its_page_and_says_who_is_signed_in(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await browser.post("/compose", headers={"Referer": "https://alpha.test/local"})
        assert 'href="/local"' in answer.text
        assert "@ann" in answer.text
        away = await browser.post("/compose", headers={"Referer": "https://evil.test/local"})
        assert "evil.test" not in away.text


async def test_somebody_who_is_signed_out_meanwhile_is_sent_to_log_in(ann: Person, alpha: TestInstance) -> None:
    async with ann.browser() as browser:
        token = token_of((await browser.get("/local")).text)
        await ann.post("/auth/logout")
        answer = await browser.post(
            "/compose", data={FIELD: token, "content": "Hello"}, headers={"Referer": "https://alpha.test/local"}
        )
        assert answer.status_code == 401
        assert 'href="/login?next=/local"' in answer.text


async def test_htmx_is_told_in_a_sentence(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await browser.post("/compose", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert answer.text.startswith("<p data-says>")
    assert answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.test/",
        "//evil.test/",
        "/\\evil.test",
        "/a\r\nSet-Cookie: evil.test=1",
        "javascript:alert(1)",
        "evil",
    ],
)
async def test_no_form_leads_to_another_host(alpha: TestInstance, ann: Person, bob: Person, wanted: str) -> None:
    post = await bob.publish("Hello")
    async with ann.browser() as browser:
        for path in ("/compose", "/@bob/follow", f"/posts/{post['postId']}/like", "/@bob/mute"):
            answer = await submit(browser, path, {"next": wanted, "content": "Hello"})
            assert answer.status_code == 303
            place = answer.headers["location"]
            assert place.startswith("/") and not place.startswith("//") and "evil.test" not in place, (path, place)
        own = (await ann.feed())[0]["postId"]
        assert (await submit(browser, f"/posts/{own}/delete", {"next": wanted})).headers["location"].startswith("/")
    async with alpha.browser({}) as browser:
        page = await browser.get("/login", params={"next": wanted})
        assert 'name="next" value="/"' in page.text
        answer = await submit(
            browser, "/login", {"login": "ann", "password": "Quiet-Harbour-47", "next": wanted}, on="/login"
        )
        assert answer.headers["location"] == "/"
