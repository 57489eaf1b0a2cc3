"""Joining with an address that has an account: where addresses are proved, only who reads it learns of that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.accounts import requests
from core.accounts.models import Account
from core.database import now
from core.models import Actor
from core.testing import PASSWORD, Person, TestInstance, Visitor, data_of, fields_of, problem_of, settle, world
from tests.core.mailed import count, links_of, newest, words_of

ANN = "ann@example.org"
TAKEN = "You have an account with this address"


@pytest.fixture
async def proving() -> AsyncIterator[TestInstance]:
    """An instance that lets nobody in before they have proved their address; ann is there."""
    async with world("proving.test", accounts__require_verified_email=True) as (at,):
        await at.user("ann")
        yield at


@contextmanager
def letting_everybody_in(at: TestInstance) -> Iterator[None]:
    """What an admin may allow later: nobody has to prove an address any more."""
    before = at.instance.settings
    at.instance.settings = replace(before, accounts=replace(before.accounts, require_verified_email=False))
    try:
        yield
    finally:
        at.instance.settings = before


async def join(at: TestInstance, name: str, email: str, **more: Any) -> httpx.Response:
    body = {"username": name, "email": email, "password": PASSWORD, **more}
    return await at.anon.call("POST", "/auth/register", json=body)


async def what_a_stranger_sees(at: TestInstance, name: str, email: str, **more: Any) -> list[Any]:
    """All that somebody sees who joins with an address, and then tries what might tell whether it led anywhere."""
    joined = await join(at, name, email, **more)
    told = data_of(joined)
    login = {"username": name, "password": PASSWORD}
    again = await join(at, name.upper(), f"another.{email}", **more)
    answers = [
        joined,
        await at.anon.call("POST", "/auth/login", json=login),
        await at.anon.call("POST", "/auth/login", json=login | {"password": "Wrong-Harbour-47"}),
        again,
        await at.anon.call("GET", f"/users/{told['userId']}"),
        await at.anon.call("GET", f"/users/{name}"),
        await at.anon.call("POST", "/auth/resend-verification", json={"email": email}),
        await join(at, f"{name}2", email, **more),
    ]
    return [
        sorted(told),
        told.get("nextStep"),
        *((answer.status_code, answer.json().get("code"), answer.json().get("detail")) for answer in answers),
        {name for name in joined.headers if name not in ("date", "content-length", "x-request-id")},
    ]


async def test_nobody_learns_by_joining_who_has_an_account(proving: TestInstance) -> None:
    free = await what_a_stranger_sees(proving, "mallory", "nobody@example.org")
    assert free[1] == "verify_email"
    assert await what_a_stranger_sees(proving, "trudy", ANN) == free


async def test_nor_where_somebody_looks_at_each_request() -> None:
    settings: dict[str, Any] = {"accounts__require_verified_email": True, "accounts__registration": "approval"}
    async with world("proving.test", **settings) as (at,):
        keeper, _ann = await at.user("keeper", role="admin"), await at.user("ann")
        free = await what_a_stranger_sees(at, "mallory", "nobody@example.org", reason="I walk.")
        assert await what_a_stranger_sees(at, "trudy", ANN, reason="I walk.") == free
        # Nobody lets in by mistake what nobody could prove, and whoever has the address hears of no answer.
        before = await count(at, ANN)
        assert (await keeper.refused(409, "POST", "/admin/users/trudy/approve"))["code"] == "address_taken"
        await keeper.post("/admin/users/trudy/reject", {"sentence": "No."})
        assert await count(at, ANN) == before
        data_of(await join(at, "trudy", "trudy@example.org", reason="I walk."))


async def test_whoever_has_the_address_is_told_in_a_mail_and_which_account_it_is(proving: TestInstance) -> None:
    data_of(await join(proving, "ann2", ANN))
    mail = await newest(proving, ANN)
    assert mail["subject"] == TAKEN
    assert "@ann" in words_of(mail)
    assert "ann2" not in words_of(mail)
    assert links_of(mail, "/login") and links_of(mail, "/forgot")
    assert not links_of(mail, "/verify")


async def test_such_mails_are_few_however_often_somebody_tries() -> None:
    settings: dict[str, Any] = {"rate_limits__enabled": True, "rate_limits__register_per_hour": 100}
    async with world("proving.test", accounts__require_verified_email=True, **settings) as (at,):
        await at.user("ann")
        for number in range(6):
            data_of(await join(at, f"mallory{number}", ANN))
        assert await count(at, ANN) == 3


async def test_what_led_nowhere_never_becomes_an_account(proving: TestInstance) -> None:
    joined = data_of(await join(proving, "trudy", ANN))
    await proving.anon.post("/auth/resend-verification", {"email": ANN})
    await proving.anon.post("/auth/forgot-password", {"email": ANN})
    await settle(proving)
    with proving.inside():
        ann, trudy = await Account.get(actor__username="ann"), await Account.get(id=joined["userId"])
        assert ann.email_key == ANN and trudy.email_key != ANN
    with letting_everybody_in(proving):
        answer = await proving.anon.call("POST", "/auth/login", json={"username": "trudy", "password": PASSWORD})
        assert problem_of(answer, 403)["code"] == "email_not_verified"
    await proving.anon.post("/auth/login", {"email": ANN, "password": PASSWORD})


async def test_what_led_nowhere_is_erased_after_some_days_even_where_nobody_has_to_prove_an_address_any_more(
    proving: TestInstance,
) -> None:
    data_of(await join(proving, "trudy", ANN))
    with proving.inside(), letting_everybody_in(proving):
        await Account.filter(actor__username="trudy").update(created_at=now() - timedelta(days=8))
        await requests.erase_the_unverified()
        assert not await Actor.exists(username="trudy")
        assert await Actor.exists(username="ann")


async def test_where_nobody_proves_an_address_they_are_told_at_once(anon: Visitor, ann: Person) -> None:
    body = {"username": "trudy", "email": ANN, "password": PASSWORD}
    assert (await anon.refused(409, "POST", "/auth/register", body))["code"] == "email_taken"


async def test_those_who_make_accounts_for_others_are_told(proving: TestInstance) -> None:
    admin = await proving.user("keeper", role="admin")
    body = {"username": "trudy", "email": ANN, "password": PASSWORD}
    assert (await admin.refused(409, "POST", "/users", body))["code"] == "email_taken"


async def test_what_is_wrong_is_still_told_by_field(proving: TestInstance) -> None:
    assert fields_of(problem_of(await join(proving, "trudy", "ann@"), 422)) == ["email"]
