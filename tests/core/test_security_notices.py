"""Mails that tell somebody what is done to their account."""

from __future__ import annotations

import re

import pytest

from core.accounts.models import Account
from core.accounts.notices import What, security_changed
from core.testing import PASSWORD, Person, TestInstance, settle, world
from tests.core.mailed import count, newest, words_of

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"
NEW_DEVICE = "You signed in on a new device"


async def log_in(at: TestInstance, user_agent: str, address: str = "198.51.100.7") -> None:
    answer = await at.anon.call(
        "POST",
        "/auth/login",
        json={"username": "ann", "password": PASSWORD},
        headers={"User-Agent": user_agent, "X-Forwarded-For": address},
    )
    assert answer.status_code == 200, answer.text


async def told(at: TestInstance) -> int:
    await settle(at)
    return sum(mail["subject"] == NEW_DEVICE for mail in at.mails("ann@example.org"))


async def test_a_device_never_seen_is_told_of_and_a_known_one_is_not(alpha: TestInstance, ann: Person) -> None:
    await log_in(alpha, FIREFOX.format(140, 140))
    assert await told(alpha) == 1
    mail = words_of(await newest(alpha, ann.email))
    assert "Firefox on Linux" in mail
    assert "127.0.0.1" in mail
    await log_in(alpha, FIREFOX.format(141, 141))
    assert await told(alpha) == 1
    await log_in(alpha, CHROME.format(150))
    assert await told(alpha) == 2


async def test_the_first_sign_in_of_all_is_nothing_to_tell_of(alpha: TestInstance) -> None:
    body = {"username": "carl", "email": "carl@example.org", "password": PASSWORD}
    await alpha.anon.post("/auth/register", body)
    await settle(alpha)
    assert NEW_DEVICE not in [mail["subject"] for mail in alpha.mails()]


async def test_a_known_device_in_another_network_is_told() -> None:
    async with world("alpha.test", server__trusted_proxies=("127.0.0.1",)) as (alpha,):
        await alpha.user("ann")
        await log_in(alpha, FIREFOX.format(140, 140), "198.51.100.7")
        assert await told(alpha) == 1
        await log_in(alpha, FIREFOX.format(140, 140), "198.51.200.9")
        assert await told(alpha) == 1
        await log_in(alpha, FIREFOX.format(140, 140), "203.0.113.9")
        assert await told(alpha) == 2
        await log_in(alpha, FIREFOX.format(140, 140), "2001:db8:1::7")
        await log_in(alpha, FIREFOX.format(140, 140), "2001:db8:2::9")
        assert await told(alpha) == 3


async def test_nothing_of_a_sign_in_is_told_at_an_address_that_may_be_a_strangers(alpha: TestInstance) -> None:
    await alpha.user("ann", verified=False)
    await log_in(alpha, FIREFOX.format(140, 140))
    assert await told(alpha) == 0


async def test_a_failed_sign_in_is_told_to_nobody(alpha: TestInstance, ann: Person) -> None:
    await alpha.anon.refused(401, "POST", "/auth/login", {"username": "ann", "password": "Wrong-Harbour-1"})
    assert await count(alpha, ann.email) == 0


async def test_one_click_in_a_mail_program_ends_such_mails(alpha: TestInstance, ann: Person) -> None:
    await log_in(alpha, FIREFOX.format(140, 140))
    mail = await newest(alpha, ann.email)
    assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    (link,) = re.findall(r"<https://alpha\.test(/\S+)>", mail["list-unsubscribe"])
    answer = await alpha.anon.page(link, "POST", data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert (await ann.get("/users/me"))["settings"]["mailSignIns"] is False
    await log_in(alpha, CHROME.format(150))
    assert await told(alpha) == 1


async def test_looking_at_the_link_switches_nothing_off(alpha: TestInstance, ann: Person) -> None:
    await log_in(alpha, FIREFOX.format(140, 140))
    (link,) = re.findall(r"<https://alpha\.test(/\S+)>", (await newest(alpha, ann.email))["list-unsubscribe"])
    page = await alpha.anon.page(link)
    assert "Switch them off" in page.text
    assert (await ann.get("/users/me"))["settings"]["mailSignIns"] is True


async def test_a_link_that_was_made_up_or_is_for_something_else_is_nothing(alpha: TestInstance, ann: Person) -> None:
    await log_in(alpha, FIREFOX.format(140, 140))
    (link,) = re.findall(r"<https://alpha\.test(/\S+)>", (await newest(alpha, ann.email))["list-unsubscribe"])
    eve = await alpha.user("eve")
    for forged in (
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        link.replace(ann.id, eve.id),
        link.replace("mailSignIns", "searchable"),
        link.replace(link.rpartition("/")[2], "é"),
    ):
        assert (await alpha.anon.page(forged, "POST")).status_code == 404
    assert (await ann.get("/users/me"))["settings"]["mailSignIns"] is True


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("password", "The password of your account was changed."),
        ("app_on", "a code from an app as well"),
        ("passkey_off", "A passkey was taken away"),
        ("recovery_codes", "New recovery codes"),
        ("login_on", "by another service"),
    ],
)
async def test_what_is_changed_about_signing_in_is_said_in_words(
    alpha: TestInstance, ann: Person, what: What, words: str
) -> None:
    with alpha.inside():
        await security_changed(await Account.get(id=ann.id), what)
    mail = await newest(alpha, ann.email)
    assert words in words_of(mail)
    assert mail["list-unsubscribe"] is None  # nobody may do without it
