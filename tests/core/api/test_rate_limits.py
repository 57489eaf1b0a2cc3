"""How often somebody may ask: told with every answer, and refused when it is too often."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.testing import PASSWORD, Foreign, TestInstance, world
from core.testing.people import data_of, problem_of

WRONG = "Wrong-Harbour-12"


@pytest.fixture
async def limited() -> AsyncIterator[TestInstance]:
    """An instance that counts: three requests of a person, four of an address."""
    async with world(
        "limited.test",
        rate_limits__enabled=True,
        rate_limits__user_per_hour=3,
        rate_limits__signed_out_per_five_minutes=4,
    ) as (instance,):
        yield instance


@pytest.fixture
async def guarded() -> AsyncIterator[TestInstance]:
    """An instance with the usual limits, behind a proxy that tells whom it speaks for."""
    async with world("guarded.test", rate_limits__enabled=True, server__trusted_proxies=["127.0.0.1"]) as (instance,):
        yield instance


@pytest.fixture
async def sparing() -> AsyncIterator[TestInstance]:
    """One behind such a proxy that lets an address do little: a use comes back after more than a minute."""
    few = {"rate_limits__signed_out_per_five_minutes": 4}
    async with world(
        "sparing.test", rate_limits__enabled=True, server__trusted_proxies=["127.0.0.1"], **few
    ) as (instance,):
        yield instance


def left(answer: Any) -> tuple[int, int]:
    """The limit and what is left of it, as an answer tells; it also tells when all of it is back."""
    assert int(answer.headers["RateLimit-Reset"]) > 0
    return int(answer.headers["RateLimit-Limit"]), int(answer.headers["RateLimit-Remaining"])


async def log_in(at: TestInstance, name: str, password: str, address: str = "198.51.100.7") -> int:
    """The status of a try to sign in from an address."""
    body = {"email" if "@" in name.lstrip("@") else "username": name, "password": password}
    headers = {"X-Forwarded-For": address}
    return (await at.anon.call("POST", "/auth/login", json=body, headers=headers)).status_code


async def register(at: TestInstance, name: str, address: str) -> int:
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    return (await at.anon.call("POST", "/auth/register", json=body, headers={"X-Forwarded-For": address})).status_code


# -- Looking for people elsewhere ----------------------------------------------
async def test_who_looks_for_too_many_people_of_other_servers_is_told_when_to_go_on() -> None:
    async with world("limited.test", rate_limits__enabled=True, rate_limits__look_ups_per_hour=2) as (limited,):
        ann, bob = await limited.users("ann", "bob")
        far = Foreign("far.test").join(limited)
        for name in ("one", "two", "three"):
            far.person(name)
        await ann.get("/users/@one@far.test")
        await ann.get("/users/@one@far.test")  # known by now: nobody is asked
        await ann.refused(404, "GET", "/users/@nobody@far.test")
        refused = await ann.call("GET", "/users/@three@far.test")
        assert problem_of(refused, 429)["code"] == "rate_limited"
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        assert int(refused.headers["RateLimit-Remaining"]) > 900  # of what else Ann may do, nothing is lost
        page = await ann.browser().get("/lookup", params={"q": "@three@far.test"})
        assert page.status_code == 429 and int(page.headers["Retry-After"]) > 0 and "Please try again in " in page.text
        await ann.refused(429, "POST", "/posts", {"content": "hello @three@far.test"})
        await ann.publish("hello @one@far.test")
        await bob.get("/users/@three@far.test")


# -- Requests ------------------------------------------------------------------
async def test_every_answer_tells_what_is_left(limited: TestInstance) -> None:
    ann = await limited.user("ann")
    assert left(await ann.call("GET", "/users/me")) == (3, 2)
    assert left(await ann.call("POST", "/posts", json={})) == (3, 1)
    assert left(await limited.anon.call("GET", "/instance")) == (4, 3)
    assert left(await limited.anon.call("GET", "/users/me")) == (4, 2)
    assert left(await limited.anon.call("GET", "/nowhere")) == (4, 1)


async def test_who_asks_too_often_is_told_when_to_come_again(limited: TestInstance) -> None:
    ann = await limited.user("ann")
    for _ in range(3):
        await ann.get("/users/me")
    refused = await ann.call("GET", "/users/me")
    assert problem_of(refused, 429)["code"] == "rate_limited"
    assert left(refused) == (3, 0)
    assert 0 < int(refused.headers["Retry-After"]) <= 3600


async def test_one_person_uses_up_nobody_elses_requests(limited: TestInstance) -> None:
    ann, bob = await limited.users("ann", "bob")
    for _ in range(4):
        await ann.call("GET", "/users/me")
    await bob.get("/users/me")
    await limited.anon.get("/instance")


async def test_a_bad_token_counts_for_its_address(limited: TestInstance) -> None:
    for remaining in (3, 2, 1, 0):
        answer = await limited.anon.call("GET", "/users/me", headers={"Authorization": "Bearer x.y.z"})
        problem_of(answer, 401)
        assert left(answer) == (4, remaining)
    for headers in ({}, {"Authorization": "Bearer x.y.z"}):
        problem_of(await limited.anon.call("GET", "/instance", headers=headers), 429)


async def test_the_question_of_another_origins_browser_is_not_counted(limited: TestInstance) -> None:
    for _ in range(9):
        assert (await limited.anon.call("OPTIONS", "/posts")).status_code == 200
    await limited.anon.get("/instance")


async def test_a_forwarded_address_is_believed_from_trusted_proxies_only(
    limited: TestInstance, guarded: TestInstance
) -> None:
    for number in range(4):
        await limited.anon.call("GET", "/instance", headers={"X-Forwarded-For": f"198.51.100.{number}"})
    problem_of(await limited.anon.call("GET", "/instance", headers={"X-Forwarded-For": "203.0.113.1"}), 429)
    for number in range(4):
        answer = await guarded.anon.call("GET", "/instance", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        assert left(answer) == (300, 299)


async def test_what_a_client_writes_before_the_proxys_address_is_not_believed(sparing: TestInstance) -> None:
    for number in range(3):
        chain = {"X-Forwarded-For": f"203.0.113.{number}, 198.51.100.7"}
        assert left(await sparing.anon.call("GET", "/instance", headers=chain)) == (4, 3 - number)


async def test_the_addresses_of_one_ipv6_network_count_as_one(sparing: TestInstance) -> None:
    for number in range(3):
        headers = {"X-Forwarded-For": f"2001:db8:1:2::{number}"}
        assert left(await sparing.anon.call("GET", "/instance", headers=headers)) == (4, 3 - number)


async def test_where_limits_are_off_nothing_is_told(alpha: TestInstance) -> None:
    assert "RateLimit-Limit" not in (await alpha.anon.call("GET", "/instance")).headers


# -- Signing up and in ---------------------------------------------------------
@pytest.mark.parametrize("address", ["198.51.100.7", "2001:db8:1:2::{}"])
async def test_an_address_makes_three_accounts_an_hour(guarded: TestInstance, address: str) -> None:
    for number in range(3):
        assert await register(guarded, f"u{number}", address.format(number)) == 201
    assert await register(guarded, "u3", address.format(3)) == 429
    assert await register(guarded, "u3", "203.0.113.1") == 201


async def test_the_sixth_try_on_an_account_is_refused_even_if_right(guarded: TestInstance) -> None:
    await guarded.user("ann")
    assert [await log_in(guarded, "ann", WRONG) for _ in range(6)] == [401] * 5 + [429]
    assert await log_in(guarded, "ann", PASSWORD) == 429
    assert await log_in(guarded, "ann", PASSWORD, "203.0.113.1") == 200


async def test_all_names_of_an_account_count_together_but_look_like_strangers(guarded: TestInstance) -> None:
    await guarded.user("ann")
    for name in ("ann", "@ann", "ANN", "ann@example.org", "Ann@Example.org"):
        assert await log_in(guarded, name, WRONG) == 401
    assert await log_in(guarded, "ann", PASSWORD) == 401
    assert await log_in(guarded, "ann", PASSWORD, "203.0.113.1") == 200


async def test_success_forgets_the_failures_of_the_account(guarded: TestInstance) -> None:
    await guarded.user("ann")
    for password in (*[WRONG] * 4, PASSWORD, *[WRONG] * 5):
        assert await log_in(guarded, "ann", password) == (200 if password == PASSWORD else 401)
    assert await log_in(guarded, "ann", WRONG) == 429


async def test_one_address_fails_twenty_times_whatever_the_accounts(guarded: TestInstance) -> None:
    await guarded.user("ann")
    for number in range(20):
        assert await log_in(guarded, f"nobody{number}", WRONG) == 401
    assert await log_in(guarded, "ann", PASSWORD) == 429
    assert await log_in(guarded, "ann", PASSWORD, "203.0.113.1") == 200


async def test_neither_answers_nor_limits_tell_who_exists(guarded: TestInstance) -> None:
    await guarded.user("ann")
    known = [await log_in(guarded, "ann", WRONG) for _ in range(6)]
    assert known == [await log_in(guarded, "nobody", WRONG) for _ in range(6)]


async def test_signing_in_rightly_costs_the_address_nothing(guarded: TestInstance) -> None:
    await guarded.user("ann")
    for _ in range(25):
        assert await log_in(guarded, "ann", PASSWORD) == 200


async def test_the_address_of_a_session_is_the_visitors(guarded: TestInstance) -> None:
    ann = await guarded.user("ann")
    body = {"username": "ann", "password": PASSWORD}
    headers = {"X-Forwarded-For": "2001:db8::7", "User-Agent": "Browser/1"}
    data_of(await guarded.anon.call("POST", "/auth/login", json=body, headers=headers))
    [*_, newest] = (await ann.get("/auth/sessions"))["sessions"]
    assert (newest["address"], newest["userAgent"], newest["isCurrent"]) == ("2001:db8::7", "Browser/1", False)
