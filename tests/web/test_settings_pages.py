"""The pages where people say who they are, how they want things, and where they are signed in."""

from __future__ import annotations

import re

import pytest

from core.accounts import sessions
from core.accounts.devices import device_words
from core.accounts.models import Account
from core.testing import Person, Visitor
from core.testing.pages import submit

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHOICES = {"language": "en", "theme": "dark", "defaultVisibility": "followers"}


async def settings(person: Person) -> dict[str, object]:
    found = (await person.get("/users/me"))["settings"]
    return {**found}


# -- General -------------------------------------------------------------------
async def test_settings_are_kept_and_said_to_be(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, "/settings", CHOICES, on="/settings")
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings?saved")
        page = (await browser.get("/settings?saved")).text
    assert "Saved." in page
    assert '<option value="dark" selected>' in page
    assert '<option value="followers" selected>' in page
    assert not re.search(r'name="mailSignIns" value="true" checked', page)
    kept = await settings(ann)
    assert {name: kept[name] for name in CHOICES} == CHOICES
    assert (kept["mailSignIns"], kept["discoverable"]) == (False, True)


async def test_who_learns_what_is_kept_and_said_to_be(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, "/settings/privacy", {"searchable": "true"}, on="/settings/privacy")
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings/privacy?saved")
        page = (await browser.get("/settings/privacy?saved")).text
    assert re.search(r'name="searchable" value="true" checked', page)
    assert not re.search(r'name="discoverable" value="true" checked', page)
    kept = await settings(ann)
    assert (kept["searchable"], kept["discoverable"], kept["indexable"], kept["hideNetwork"]) == (
        True, False, False, False,
    )  # fmt: skip
    assert kept["mailSignIns"] is True


async def test_the_chosen_colours_are_there_before_any_script(ann: Person) -> None:
    async with ann.browser() as browser:
        assert "data-theme=" not in (await browser.get("/")).text
        await submit(browser, "/settings", CHOICES)
        for path in ("/", "/local", "/nowhere"):
            assert re.search(r'<html lang="en"[^>]* data-theme="dark"', (await browser.get(path)).text), path


@pytest.mark.parametrize(
    "wrong", [{"language": "tlh"}, {"theme": "pink"}, {"defaultVisibility": "direct"}, {"language": "x" * 50}]
)
async def test_a_wrong_choice_is_named_and_nothing_is_kept(ann: Person, wrong: dict[str, str]) -> None:
    before = await settings(ann)
    async with ann.browser() as browser:
        answer = await submit(browser, "/settings", {**CHOICES, **wrong, "mailSignIns": "true"})
    assert answer.status_code == 422
    assert 'class="field-error"' in answer.text
    assert re.search(r'name="mailSignIns" value="true" checked', answer.text)
    assert await settings(ann) == before


async def test_who_does_not_want_to_be_found_is_in_no_directory(ann: Person, anon: Visitor) -> None:
    assert [user["username"] for user in (await anon.get("/users"))["users"]] == ["ann"]
    async with ann.browser() as browser:
        await submit(browser, "/settings/privacy")
    assert (await anon.get("/users"))["users"] == []
    document = (await anon.page("/@ann", headers={"Accept": "application/activity+json"})).json()
    assert document["discoverable"] is False


# -- Profile -------------------------------------------------------------------
async def test_a_profile_is_written_and_comes_back_as_it_was_typed(ann: Person, anon: Visitor) -> None:
    assert "Ann Larsen" not in (await anon.page("/@ann")).text
    values = {
        "fullName": "Ann Larsen",
        "bio": "I *pour*.\r\n\r\nhttps://ann.example/ #tea",
        "fieldName": ["Site", "", "Pronouns"],
        "fieldValue": ["https://ann.example/a/rather/long/address/indeed", "", "she & her"],
        "isLocked": "true",
    }
    async with ann.browser() as browser:
        answer = await submit(browser, "/settings/profile", values, on="/settings/profile")
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings/profile?saved")
        form = (await browser.get("/settings/profile")).text
    assert 'value="Ann Larsen"' in form
    assert ">I *pour*.\n\nhttps://ann.example/ #tea</textarea>" in form
    assert 'value="https://ann.example/a/rather/long/address/indeed"' in form
    assert 'value="she &amp; her"' in form
    assert re.search(r'name="isLocked" value="true" checked', form)
    shown = (await anon.page("/@ann")).text
    assert "<em>pour</em>" in shown
    assert "she &amp; her" in shown
    user = await anon.get("/users/ann")
    assert (user["fullName"], user["isLocked"], user["isBot"]) == ("Ann Larsen", True, False)
    assert [field.keys() for field in user["fields"]] == [{"name", "value", "verifiedAt"}] * 2


async def test_switches_are_switched_off_again(ann: Person) -> None:
    async with ann.browser() as browser:
        await submit(browser, "/settings/profile", {"fullName": "Ann", "isLocked": "true", "isBot": "true"})
        assert (await ann.get("/users/me"))["isBot"] is True
        await submit(browser, "/settings/profile", {"fullName": "Ann"})
    me = await ann.get("/users/me")
    assert (me["isLocked"], me["isBot"], me["fields"]) == (False, False, [])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"fullName": "x" * 101}, "at most 100"),
        ({"bio": "x" * 1001}, "at most 1000"),
        ({"fieldName": [""], "fieldValue": ["lost"]}, "Give each line a name."),
        ({"fieldName": ["n" * 101], "fieldValue": ["v"]}, "A name has at most"),
        ({"fieldName": ["n"] * 9, "fieldValue": ["v"] * 9}, "At most 8"),
    ],
)
async def test_what_is_wrong_stands_beside_what_was_typed(
    ann: Person, values: dict[str, str | list[str]], words: str
) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, "/settings/profile", {"fullName": "Kept", **values})
    assert answer.status_code == 422
    assert words in answer.text
    for typed in values.values():
        assert (typed if isinstance(typed, str) else typed[0]) in answer.text
    assert (await ann.get("/users/me"))["fullName"] == "ann"


# -- Devices -------------------------------------------------------------------
async def other_device(ann: Person, user_agent: str) -> Person:
    with ann.instance.inside():
        account = await Account.get(id=ann.id)
        grant = await sessions.begin(account, ann.actor, user_agent=user_agent, address="192.0.2.7")
    return Person(ann.instance, ann.actor, grant)


async def test_devices_are_listed_and_one_is_ended(ann: Person) -> None:
    phone = await other_device(ann, FIREFOX)
    async with ann.browser() as browser:
        assert (await browser.get("/settings/sessions")).headers["location"] == "/settings/security#devices"
        page = (await browser.get("/settings/security")).text
        assert "Firefox on Linux" in page and "192.0.2.7" in page and "This device" in page
        assert page.index("This device") < page.index("Firefox on Linux")
        answer = await submit(browser, f"/settings/sessions/{phone.session_id}/end", on="/settings/security")
        assert answer.headers["location"] == "/settings/security?ended"
        assert "Signed out there." in (await browser.get("/settings/security?ended")).text
        assert "Firefox" not in (await browser.get("/settings/security")).text
    await phone.refused(401, "GET", "/users/me")
    await ann.get("/users/me")


async def test_all_others_are_ended_at_once_and_their_sockets_with_them(ann: Person, bob: Person) -> None:
    devices = [await other_device(ann, FIREFOX) for _ in range(2)]
    async with devices[0].socket() as socket:
        await socket.send({"type": "auth", "token": devices[0].access_token})
        await socket.receive_type("ready")
        async with ann.browser() as browser:
            await submit(browser, "/settings/sessions/end-others", on="/settings/security")
            assert "End all others" not in (await browser.get("/settings/security")).text
        with pytest.raises(Exception, match="closed"):
            await socket.receive()
    for device in devices:
        await device.refused(401, "GET", "/users/me")
    await ann.get("/users/me")
    await bob.get("/users/me")


async def test_nobody_ends_the_sessions_of_others(ann: Person, bob: Person) -> None:
    async with ann.browser() as browser:
        for session_id in (bob.session_id, "nonsense"):
            assert (await submit(browser, f"/settings/sessions/{session_id}/end")).status_code == 404
    await bob.get("/users/me")


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("TeaClient/2.1 (+https://tea.example)", "TeaClient"),
        ("", "A program without a name"),
        ("<script>", "A program without a name"),
    ],
)
def test_a_device_is_called_what_people_call_it(user_agent: str, words: str) -> None:
    assert device_words(user_agent) == words
