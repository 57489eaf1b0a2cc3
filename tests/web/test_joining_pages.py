"""The pages to join by: invited, asking, waiting, welcomed; and what bots are told."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from core.accounts.models import Account
from core.accounts.sessions import COOKIE
from core.accounts.waiting_room import COOKIE as WAITING
from core.models import Actor
from core.testing import PASSWORD, Person, TestInstance, settle, world
from core.testing.pages import submit
from core.web.bots import DAY, SHOWN, TRAP

NEW = {"username": "carl", "email": "carl@example.org", "password": PASSWORD, "fullName": "Carl"}
ASKS = {**NEW, "reason": "I walk the valley."}


async def is_there(at: TestInstance, name: str = "carl") -> bool:
    with at.inside():
        return await Actor.exists(username_key=name)


@pytest.fixture
async def careful() -> AsyncIterator[TestInstance]:
    """An instance where somebody looks at each request, once the address is proved."""
    async with world("careful.test", accounts__registration="approval", accounts__require_verified_email=True) as (
        instance,
    ):
        yield instance


# -- Waiting -------------------------------------------------------------------
async def test_who_asks_proves_an_address_waits_and_is_welcomed(careful: TestInstance) -> None:
    keeper = await careful.user("keeper", role="moderator")
    async with careful.browser({}) as browser, keeper.browser() as other:
        answer = await submit(browser, "/signup", ASKS, on="/signup")
        assert (answer.status_code, answer.headers["location"]) == (303, "/signup/wait")
        assert COOKIE not in browser.cookies
        page = (await browser.get("/signup/wait")).text
        assert "Look into your mail" in page and "carl@example.org" in page
        await settle(careful)
        assert not careful.mails("keeper@example.org")
        link = re.search(r"/verify\?token=[\w-]+", careful.mails("carl@example.org")[0].as_string().replace("=\n", ""))
        assert link
        token = link[0].partition("=")[2].removeprefix("3D")
        await submit(browser, "/verify", {"token": token}, on=f"/verify?token={token}")
        assert "Somebody will look at it" in (await browser.get("/signup/wait")).text
        await settle(careful)
        assert len(careful.mails("keeper@example.org")) == 1
        login = {"login": "carl", "password": PASSWORD}
        assert (await submit(browser, "/login", login, on="/login")).headers["location"] == "/signup/wait"
        assert re.search(r'data-count="admin">.*?1</span>', (await other.get("/local")).text)
        waiting = (await other.get("/admin/users?state=waiting")).text
        assert "I walk the valley." in waiting
        person = re.search(r'href="(/admin/users/[\w-]{36})"', waiting)
        assert person and "Let them in" in (await other.get(person[1])).text
        let_in = await submit(other, f"{person[1]}/approve", {"sentence": "Come in!"}, on=person[1])
        assert let_in.headers["location"] == "/admin/users?state=waiting&saved"
        assert (await browser.get("/signup/wait")).headers["location"] == "/login"
        assert (await submit(browser, "/login", login, on="/login")).headers["location"] == "/"
        assert (await browser.get("/")).headers["location"] == "/welcome"


async def test_all_that_is_wrong_is_said_at_once() -> None:
    async with world("ruled.test", accounts__registration="approval", server__rules=("Be kind.",)) as (ruled,):
        async with ruled.browser({}) as browser:
            typed = {"username": "a b", "email": "no address", "password": "short", "reason": ""}
            page = await submit(browser, "/signup", typed, on="/signup")
    assert page.status_code == 422
    wrong = {field for field in ("username", "email", "password", "reason", "rules") if f'id="e-{field}"' in page.text}
    assert wrong == {"username", "email", "password", "reason", "rules"}


async def test_the_mail_is_sent_again_from_where_one_waits(careful: TestInstance) -> None:
    async with careful.browser({}) as browser:
        await submit(browser, "/signup", ASKS, on="/signup")
        await settle(careful)
        page = await submit(browser, "/signup/wait", on="/signup/wait")
        assert "It is sent again." in page.text
        await settle(careful)
        assert len(careful.mails("carl@example.org")) == 2


async def test_who_mistyped_an_address_starts_over(careful: TestInstance) -> None:
    async with careful.browser({}) as browser:
        await submit(browser, "/signup", {**ASKS, "email": "crl@example.org"}, on="/signup")
        answer = await submit(browser, "/signup/withdraw", on="/signup/wait")
        assert (answer.status_code, answer.headers["location"]) == (303, "/signup")
        assert not await is_there(careful)
        assert (await submit(browser, "/signup", ASKS, on="/signup")).headers["location"] == "/signup/wait"


async def test_nobody_takes_back_the_request_of_another(careful: TestInstance, alpha: TestInstance) -> None:
    async with careful.browser({}) as browser, careful.browser({}) as thief, alpha.browser({}) as elsewhere:
        await submit(browser, "/signup", ASKS, on="/signup")
        for cookie in ("", "nonsense", browser.cookies[WAITING][:-6] + "AAAAA=", elsewhere.cookies.get(WAITING, "x")):
            thief.cookies.set(WAITING, cookie, domain="careful.test", path="/signup")
            assert (await thief.get("/signup/wait")).headers["location"] == "/login"
            await submit(thief, "/signup/withdraw", on="/signup")
        assert await is_there(careful)
        browser.cookies.delete(WAITING)
        assert (await browser.get("/signup/wait")).headers["location"] == "/login"


async def test_who_came_in_long_ago_cannot_be_withdrawn(alpha: TestInstance) -> None:
    async with world("proof.test", accounts__require_verified_email=True) as (proof,), proof.browser({}) as browser:
        await submit(browser, "/signup", NEW, on="/signup")
        with proof.inside():
            await Account.all().update(stage="")
        await submit(browser, "/signup/withdraw", on="/signup/wait")
        assert await is_there(proof)


# -- Invited -------------------------------------------------------------------
async def test_an_invite_shows_who_invites_and_leads_to_the_form() -> None:
    async with world("private.test", accounts__registration="invite", accounts__invites_by="user") as (private,):
        ann = await private.user("ann")
        async with ann.browser() as hers, private.browser({}) as browser:
            form = {"uses": "2", "days": "7", "note": "for Carl"}
            made = await submit(hers, "/settings/invites", form, on="/settings/invites")
            assert made.headers["location"] == "/settings/invites?saved"
            page = (await hers.get("/settings/invites")).text
            link = re.search(r'value="https://private.test(/invite/[\w-]{22})"', page)
            assert link and "0 of 2 used" in page
            assert "already" in (await hers.get(link[1])).text
            invite = (await browser.get(link[1])).text
            assert "ann would like to have you here." in invite
            way = re.search(r'href="(/signup\?invite=[\w-]{22})"', invite)
            assert way
            code = way[1].partition("=")[2]
            assert f'name="inviteCode" type="text" value="{code}"' in (await browser.get(way[1])).text
            answer = await submit(browser, "/signup", {**NEW, "inviteCode": code}, on=way[1])
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
            assert "You came here because of" in (await browser.get("/settings/invites")).text
            assert 'href="/settings/invites"' in (await browser.get("/settings")).text
            page = (await hers.get("/settings/invites")).text
            assert 'href="/@carl"' in page
            invite_id = re.search(r"/settings/invites/([\w-]{36})/revoke", page)
            assert invite_id
            await submit(hers, f"/settings/invites/{invite_id[1]}/revoke")
            assert (await browser.get(link[1])).status_code == 404


async def test_a_wrong_invite_is_told_beside_its_field_and_the_rest_comes_back() -> None:
    async with world("private.test", accounts__registration="invite") as (private,), private.browser({}) as browser:
        answer = await submit(browser, "/signup", {**NEW, "inviteCode": "made-up"}, on="/signup")
        assert answer.status_code == 422
        assert re.search(r'id="e-inviteCode">.*This invite is not good', answer.text)
        assert 'value="carl"' in answer.text and PASSWORD not in answer.text


async def test_what_is_wrong_with_an_invite_stands_beside_its_field(alpha: TestInstance, admin: Person) -> None:
    async with admin.browser() as browser:
        wrong = {"uses": "many", "days": "7", "note": "x" * 201}
        answer = await submit(browser, "/settings/invites", wrong, on="/settings/invites")
        assert answer.status_code == 422
        assert 'id="e-note"' in answer.text and "A number from 1 to" in answer.text


async def test_those_in_charge_see_everybodys_invites_and_members_do_not(
    alpha: TestInstance, ann: Person, admin: Person
) -> None:
    invite = await admin.post("/invites", {"note": "for the fair"})
    async with ann.browser() as browser:
        assert (await browser.get("/admin/invites")).status_code == 403
        assert (await submit(browser, f"/admin/invites/{invite['inviteId']}/revoke")).status_code == 403
        assert "Members do not invite people here." in (await browser.get("/settings/invites")).text
        assert 'href="/settings/invites"' not in (await browser.get("/settings")).text
        refused = await submit(browser, "/settings/invites", {"uses": "1", "days": "7"}, on="/settings")
        assert refused.status_code == 403
    async with admin.browser() as browser:
        assert "for the fair" in (await browser.get("/admin/invites")).text
        await submit(browser, f"/admin/invites/{invite['inviteId']}/revoke")
        assert "Revoked" in (await browser.get("/admin/invites")).text


# -- Welcomed ------------------------------------------------------------------
async def test_who_joins_is_welcomed_once_and_may_say_who_they_are(alpha: TestInstance, bob: Person) -> None:
    await bob.publish("The ferry runs again.")
    async with alpha.browser({}) as browser:
        await submit(browser, "/signup", NEW, on="/signup")
        page = (await browser.get("/", follow_redirects=True)).text
        assert "Welcome to Kith" in page and "@bob" in page
        answer = await submit(browser, "/welcome", {"fullName": "Carl Mill", "bio": "I *row*."}, on="/welcome")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert (await browser.get("/")).status_code == 200
        wrong = await submit(browser, "/welcome", {"fullName": "x" * 101, "bio": ""}, on="/welcome")
        assert wrong.status_code == 422 and 'id="e-fullName"' in wrong.text
    carl = await alpha.anon.get("/users/carl")
    assert (carl["fullName"], carl["bio"]) == ("Carl Mill", "<p>I <em>row</em>.</p>")


async def test_strangers_and_old_hands_are_not_led_to_the_welcome(alpha: TestInstance, ann: Person) -> None:
    async with alpha.browser({}) as browser:
        assert (await browser.get("/")).status_code == 200
        assert (await browser.get("/welcome")).headers["location"] == "/login?next=/welcome"
    async with ann.browser() as browser:
        assert (await browser.get("/")).status_code == 200


# -- Bots ----------------------------------------------------------------------
@pytest.mark.parametrize(
    "manners",
    [{TRAP: "https://buy.example"}, {SHOWN: ""}, {SHOWN: "made-up"}, {SHOWN: "eyJhbGciOiJub25lIn0.e30."}],
)
async def test_a_bot_is_answered_like_anybody_and_nothing_is_stored(
    alpha: TestInstance, manners: dict[str, str]
) -> None:
    async with alpha.browser({}) as browser, alpha.browser({}) as person:
        caught = await submit(browser, "/signup", {**NEW, **manners}, on="/signup")
        assert not await is_there(alpha)
        taken = await submit(person, "/signup", NEW, on="/signup")
        assert (caught.status_code, caught.headers["location"]) == (taken.status_code, taken.headers["location"])
        assert len(caught.headers["set-cookie"]) == len(taken.headers["set-cookie"].partition(", kith_guest")[0])
        assert "Log in" in (await browser.get("/")).text


async def test_where_people_wait_a_bot_waits_too(careful: TestInstance) -> None:
    async with careful.browser({}) as browser:
        caught = await submit(browser, "/signup", {**ASKS, TRAP: "x"}, on="/signup")
        assert caught.headers["location"] == "/signup/wait"
        assert "Look into your mail" in (await browser.get("/signup/wait")).text
        await submit(browser, "/signup/wait", on="/signup/wait")
        await settle(careful)
    assert not await is_there(careful) and not careful.mails()


async def test_nobody_fills_in_the_form_in_less_than_the_seconds_it_takes() -> None:
    async with world("slow.test", accounts__seconds_to_sign_up=60) as (slow,), slow.browser({}) as browser:
        await submit(browser, "/signup", NEW, on="/signup")
        assert not await is_there(slow)
        a_minute_ago = slow.instance.tokens.one_time("form:signup", "", DAY - 61)
        wrong = await submit(browser, "/signup", {**NEW, "password": "short", SHOWN: a_minute_ago}, on="/signup")
        assert f'name="shown" value="{a_minute_ago}"' in wrong.text
        await submit(browser, "/signup", {**NEW, SHOWN: a_minute_ago}, on="/signup")
        assert await is_there(slow)


async def test_a_form_that_lay_open_for_days_is_taken_when_sent_once_more(alpha: TestInstance) -> None:
    old = alpha.instance.tokens.one_time("form:signup", "", -1)
    async with alpha.browser({}) as browser:
        answer = await submit(browser, "/signup", {**NEW, SHOWN: old}, on="/signup")
        assert answer.status_code == 403
        assert "lay open for too long" in answer.text and 'value="Carl"' in answer.text
        shown = re.search(r'name="shown" value="([^"]+)"', answer.text)
        assert shown and shown[1] != old
        assert (await submit(browser, "/signup", {**NEW, SHOWN: shown[1]}, on="/signup")).status_code == 303
        assert await is_there(alpha)


async def test_an_old_hand_who_must_prove_an_address_is_not_told_of_being_erased() -> None:
    async with world("later.test", accounts__require_verified_email=True) as (later,), later.browser({}) as browser:
        await later.user("ann", verified=False)
        login = {"login": "ann", "password": PASSWORD}
        assert (await submit(browser, "/login", login, on="/login")).headers["location"] == "/signup/wait"
        page = (await browser.get("/signup/wait")).text
        assert "Send it again" in page and "Start over" not in page


async def test_the_field_for_bots_is_kept_from_people(alpha: TestInstance) -> None:
    async with alpha.browser({}) as browser:
        page = (await browser.get("/signup")).text
    trap = re.search(rf'<div class="leave-empty" aria-hidden="true">.*?name="{TRAP}".*?</div>', page)
    assert trap and 'tabindex="-1"' in trap[0] and 'autocomplete="off"' in trap[0]
