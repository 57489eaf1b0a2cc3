"""Where the links in mails lead, and the page where somebody changes how they get into their account."""

from __future__ import annotations

import re

import pytest

from core.accounts import verification
from core.accounts.models import Account
from core.testing import PASSWORD, Person, TestInstance, settle, world
from core.testing.pages import submit
from tests.core.mailed import count, links_of, newest, token_for

ANN = "ann@example.org"
OTHER = "Deep-Forest-93"
ACCOUNT = "/settings/account"


@pytest.fixture
async def unverified(alpha: TestInstance) -> Person:
    """Somebody with the mail to confirm their address."""
    person = await alpha.user("ann", verified=False)
    with alpha.inside():
        await verification.ask_to_verify(await Account.get(id=person.id))
    return person


def error_of(page: str, field: str) -> str:
    found = re.search(rf'<p class="field-error" id="e-{field}">.*?</i>(.*?)</p>', page)
    return found[1] if found else ""


async def path_in_mail(at: TestInstance, to: str, path: str) -> str:
    (link,) = links_of(await newest(at, to), path)
    return link.removeprefix(at.base_url)


# -- An address ------------------------------------------------------------------
async def test_a_program_that_looks_at_the_link_uses_nothing_up(alpha: TestInstance, unverified: Person) -> None:
    path = await path_in_mail(alpha, ANN, "/verify")
    for method in ("GET", "HEAD", "GET"):
        assert (await alpha.anon.page(path, method)).status_code == 200
    assert (await unverified.get("/users/me"))["emailVerified"] is False
    async with alpha.browser({}) as browser:
        page = await submit(browser, "/verify", {"token": path.partition("token=")[2]}, on=path)
        assert "Your address is confirmed." in page.text
        assert 'href="/login"' in page.text
    assert (await unverified.get("/users/me"))["emailVerified"] is True


async def test_a_form_from_another_site_confirms_nothing(alpha: TestInstance, unverified: Person) -> None:
    token = await token_for(alpha, ANN, "/verify")
    for path in ("/verify", "/reset", "/email/confirm", "/email/stop", "/forgot", "/verify/again"):
        answer = await alpha.anon.page(path, "POST", data={"token": token, "email": ANN})
        assert answer.status_code == 403, path
    assert (await unverified.get("/users/me"))["emailVerified"] is False


@pytest.mark.parametrize("path", ["/verify", "/reset", "/email/confirm", "/email/stop"])
@pytest.mark.parametrize("token", ["", "made-up", "é", "%00", "x" * 4000])
async def test_a_link_that_is_no_good_says_so_and_what_to_do(alpha: TestInstance, path: str, token: str) -> None:
    page = await alpha.anon.page(f"{path}?token={token}")
    assert page.status_code == 422
    assert "This link is no good any more" in page.text
    assert 'class="button primary"' in page.text


async def test_the_mail_is_sent_again_on_request(alpha: TestInstance, unverified: Person) -> None:
    async with alpha.browser({}) as browser:
        known = await submit(browser, "/verify/again", {"email": ANN}, on="/verify/again")
        unknown = await submit(browser, "/verify/again", {"email": "nobody@example.org"}, on="/verify/again")
    assert "Look into your mail" in known.text
    strip = re.compile(r'(?:value|content)="[^"]*"')
    assert strip.sub("", known.text) == strip.sub("", unknown.text)
    assert await count(alpha, ANN) == 2


async def test_whoever_is_not_confirmed_yet_is_told_so_in_the_settings(alpha: TestInstance, unverified: Person) -> None:
    async with unverified.browser() as browser:
        page = (await browser.get(ACCOUNT)).text
        assert "Not confirmed yet" in page
        answer = await submit(browser, f"{ACCOUNT}/verify", on=ACCOUNT)
        assert answer.headers["location"] == f"{ACCOUNT}?mailed"
        assert "Look into your mail" in (await browser.get(f"{ACCOUNT}?mailed")).text
        token = await token_for(alpha, ANN, "/verify")
        assert "To the start" in (await submit(browser, "/verify", {"token": token}, on=f"/verify?token={token}")).text
        assert "Not confirmed yet" not in (await browser.get(ACCOUNT)).text


# -- A password ------------------------------------------------------------------
async def test_a_forgotten_password_is_replaced(alpha: TestInstance, ann: Person) -> None:
    async with alpha.browser({}) as browser:
        assert 'href="/forgot"' in (await browser.get("/login")).text
        assert "Look into your mail" in (await submit(browser, "/forgot", {"email": ANN}, on="/forgot")).text
        path = await path_in_mail(alpha, ANN, "/reset")
        token = path.partition("token=")[2]
        weak = await submit(browser, "/reset", {"token": token, "newPassword": "short"}, on=path)
        assert weak.status_code == 422
        assert "at least 8" in error_of(weak.text, "newPassword").lower()
        assert token in weak.text
        done = await submit(browser, "/reset", {"token": token, "newPassword": OTHER}, on=path)
        assert "You have another password" in done.text
        again = await submit(browser, "/reset", {"token": token, "newPassword": PASSWORD}, on="/forgot")
        assert again.status_code == 422
        answer = await submit(browser, "/login", {"login": "ann", "password": OTHER}, on="/login")
        assert answer.status_code == 303
    assert (await ann.call("GET", "/users/me")).status_code == 401


async def test_asking_too_often_is_said_in_words() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,), alpha.browser({}) as browser:
        for _ in range(3):
            await submit(browser, "/forgot", {"email": ANN}, on="/forgot")
        page = await submit(browser, "/forgot", {"email": ANN}, on="/forgot")
        assert page.status_code == 429
        assert f'value="{ANN}"' in page.text
        assert "retry-after" in page.headers


async def test_the_password_is_changed_in_the_settings(alpha: TestInstance, ann: Person) -> None:
    async with ann.browser() as browser:
        wrong = {"currentPassword": "Wrong-Harbour-1", "newPassword": OTHER}
        page = await submit(browser, f"{ACCOUNT}/password", wrong, on=ACCOUNT)
        assert page.status_code == 422
        assert error_of(page.text, "currentPassword") == "This is not your password."
        assert OTHER not in page.text
        good = {"currentPassword": PASSWORD, "newPassword": OTHER}
        answer = await submit(browser, f"{ACCOUNT}/password", good, on=ACCOUNT)
        assert answer.headers["location"] == f"{ACCOUNT}?saved"
        assert (await browser.get(ACCOUNT)).status_code == 200
    await alpha.anon.post("/auth/login", {"username": "ann", "password": OTHER})


async def test_who_has_no_password_gets_a_link_to_choose_one(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await Account.filter(id=ann.id).update(password_hash="")
        alpha.instance.cache.drop_tag(f"account:{ann.id}")
    async with ann.browser() as browser:
        assert "currentPassword" not in (await browser.get(ACCOUNT)).text
        await submit(browser, f"{ACCOUNT}/first-password", on=ACCOUNT)
        token = await token_for(alpha, ANN, "/reset")
        await submit(browser, "/reset", {"token": token, "newPassword": OTHER}, on=f"/reset?token={token}")
    await alpha.anon.post("/auth/login", {"username": "ann", "password": OTHER})


async def test_who_has_a_password_gets_no_such_link(alpha: TestInstance, ann: Person) -> None:
    async with ann.browser() as browser:
        assert (await submit(browser, f"{ACCOUNT}/first-password", on=ACCOUNT)).status_code == 409
    assert await count(alpha, ANN) == 0


# -- Another address -----------------------------------------------------------------
async def test_another_address_takes_both_mails(alpha: TestInstance, ann: Person) -> None:
    async with ann.browser() as browser:
        wrong = await submit(browser, f"{ACCOUNT}/email", {"email": "a@new.example", "password": "x"}, on=ACCOUNT)
        assert error_of(wrong.text, "password") == "This is not your password."
        assert 'value="a@new.example"' in wrong.text
        await submit(browser, f"{ACCOUNT}/email", {"email": "a@new.example", "password": PASSWORD}, on=ACCOUNT)
        assert "It is to be a@new.example." in (await browser.get(ACCOUNT)).text
    async with alpha.browser({}) as elsewhere:
        for to, said in ((ANN, "One more"), ("a@new.example", "Your account has another address")):
            path = await path_in_mail(alpha, to, "/email/confirm")
            page = await submit(elsewhere, "/email/confirm", {"token": path.partition("token=")[2]}, on=path)
            assert said in page.text
    assert (await ann.get("/users/me"))["email"] == "a@new.example"


async def test_one_may_keep_the_address_after_all(alpha: TestInstance, ann: Person) -> None:
    async with ann.browser() as browser:
        await submit(browser, f"{ACCOUNT}/email", {"email": "a@new.example", "password": PASSWORD}, on=ACCOUNT)
        await submit(browser, f"{ACCOUNT}/email/forget", on=ACCOUNT)
        assert "a@new.example" not in (await browser.get(ACCOUNT)).text
    path = await path_in_mail(alpha, ANN, "/email/confirm")
    assert (await alpha.anon.page(path)).status_code == 422


async def test_it_was_not_me_leads_to_another_password(alpha: TestInstance, ann: Person) -> None:
    await ann.put("/users/me", {"email": "eve@new.example", "password": PASSWORD})
    async with alpha.browser({}) as browser:
        path = await path_in_mail(alpha, ANN, "/email/stop")
        answer = await submit(browser, "/email/stop", {"token": path.partition("token=")[2]}, on=path)
        assert answer.status_code == 303
        onward = answer.headers["location"]
        token = onward.partition("token=")[2]
        await submit(browser, "/reset", {"token": token, "newPassword": OTHER}, on=onward)
    assert (await ann.call("GET", "/users/me")).status_code == 401
    await alpha.anon.post("/auth/login", {"email": ANN, "password": OTHER})


# -- Another name ------------------------------------------------------------------
async def test_another_name_is_chosen_in_the_settings(alpha: TestInstance, ann: Person, bob: Person) -> None:
    async with ann.browser() as browser:
        page = await submit(browser, f"{ACCOUNT}/username", {"username": "@bob"}, on=ACCOUNT)
        assert error_of(page.text, "username") == "This name is taken."
        answer = await submit(browser, f"{ACCOUNT}/username", {"username": "anna"}, on=ACCOUNT)
        assert answer.headers["location"] == f"{ACCOUNT}?saved"
        page = await browser.get(ACCOUNT)
        assert "You are @anna. You can change it again on" in page.text
        assert 'name="username" autocomplete="username" value="anna"' in page.text


@pytest.mark.parametrize("path", ["password", "email", "email/forget", "verify", "username", "first-password"])
async def test_only_pages_of_ours_change_an_account(ann: Person, path: str) -> None:
    async with ann.browser() as browser:
        assert (await browser.post(f"{ACCOUNT}/{path}", data={"username": "eve"})).status_code == 403
    assert (await ann.get("/users/me"))["username"] == "ann"


async def test_strangers_are_sent_to_log_in(alpha: TestInstance) -> None:
    assert (await alpha.anon.page(ACCOUNT)).headers["location"] == "/login?next=/settings/account"
    await settle(alpha)
