"""Signing up and signing in, over the API."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.accounts import administration
from core.testing import PASSWORD, Person, TestInstance, Visitor, world
from core.testing.people import data_of, fields_of, problem_of


def form(name: str = "dora", **more: Any) -> dict[str, Any]:
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **more}


# -- Signing up ----------------------------------------------------------------
async def test_signing_up_gives_an_account_and_tokens(anon: Visitor) -> None:
    answer = await anon.call("POST", "/auth/register", json=form(fullName="Dora Day"))
    assert answer.status_code == 201
    grant = data_of(answer)
    assert grant["expiresIn"] == 900
    assert answer.headers["Location"] == f"/api/v1/users/{grant['userId']}"
    me = await anon.call("GET", "/users/me", headers={"Authorization": f"Bearer {grant['accessToken']}"})
    assert data_of(me)["fullName"] == "Dora Day"
    assert grant["refreshToken"]


async def test_a_new_person_is_an_ordinary_one_whatever_they_send(anon: Visitor) -> None:
    grant = await anon.post("/auth/register", form(role="admin", isVerified=True, followersCount=9))
    seen = await anon.get(f"/users/{grant['userId']}")
    assert (seen["role"], seen["isVerified"], seen["followersCount"]) == ("user", False, 0)


@pytest.mark.parametrize(
    ("username", "email"),
    [("ann", "new@example.org"), ("ANN", "new@example.org"), ("new", "ann@example.org"), ("new", "ANN@Example.Org")],
)
async def test_a_taken_name_or_address_is_a_conflict(ann: Person, anon: Visitor, username: str, email: str) -> None:
    await anon.refused(409, "POST", "/auth/register", form(username=username, email=email))


async def test_of_many_who_want_one_name_at_once_one_gets_it(alpha: TestInstance, anon: Visitor) -> None:
    forms = [form(username="dora", email=f"dora{number}@example.org") for number in range(8)]
    answers = await asyncio.gather(*(anon.call("POST", "/auth/register", json=each) for each in forms))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert (await anon.get("/users"))["pagination"]["total"] == 1


@pytest.mark.parametrize(
    "name",
    ["", "two words", "a/b", "<b>", "x" * 31, "a@b", "admin", "ME", "-a", "a.", "ünal", "a\nb", None, 5, ["a"]],
)
async def test_a_name_that_cannot_be_is_refused(anon: Visitor, name: object) -> None:
    problem = await anon.refused(422, "POST", "/auth/register", form(username=name, email="new@example.org"))
    assert fields_of(problem) == ["username"]


@pytest.mark.parametrize("name", ["dora", "Dora_9", "d", "x" * 30, "d-o.r_a"])
async def test_a_name_that_can_be_is_taken(anon: Visitor, name: str) -> None:
    assert await anon.post("/auth/register", form(username=name, email="new@example.org"))


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@", "@b.org", "a b@c.org", "a@b@c.org", "a@b", "x" * 300 + "@c.org", "a@b..org", 7, None]
)
async def test_what_is_no_address_is_refused(anon: Visitor, email: object) -> None:
    assert fields_of(await anon.refused(422, "POST", "/auth/register", form(email=email))) == ["email"]


@pytest.mark.parametrize(
    "password", ["Ab1!", "Short-1", "qwmzpvkgtx", "password1", "dora-dora", "x" * 1001, "a" * 16, 12345678, None]
)
async def test_a_weak_password_is_refused(anon: Visitor, password: object) -> None:
    assert fields_of(await anon.refused(422, "POST", "/auth/register", form(password=password))) == ["password"]


async def test_a_long_password_of_one_class_is_good_enough(anon: Visitor) -> None:
    assert await anon.post("/auth/register", form(password="vmqkzrtwyplghdnbfsj"))


async def test_every_wrong_field_of_a_sign_up_is_named(anon: Visitor) -> None:
    missing = await anon.refused(422, "POST", "/auth/register", {})
    assert fields_of(missing) == ["username", "email", "password"]
    wrong = form(username="a b", email="nobody", password="x", fullName="x" * 101)
    assert len(fields_of(await anon.refused(422, "POST", "/auth/register", wrong))) == 4


async def test_a_closed_instance_takes_nobody() -> None:
    async with world("closed.test", accounts__registration="closed") as (closed,):
        problem = await closed.anon.refused(403, "POST", "/auth/register", form())
        assert problem["code"] == "registration_closed"


# -- Signing in ----------------------------------------------------------------
@pytest.mark.parametrize(
    "name", [{"username": "ann"}, {"username": "@ANN"}, {"email": "Ann@example.org"}, {"username": "ann@example.org"}]
)
async def test_signing_in_takes_a_name_or_an_address(ann: Person, anon: Visitor, name: dict[str, str]) -> None:
    grant = await anon.post("/auth/login", {**name, "password": PASSWORD})
    assert (grant["userId"], grant["expiresIn"]) == (ann.id, 900)


async def test_a_wrong_password_and_an_unknown_name_look_the_same(ann: Person, anon: Visitor) -> None:
    tries = [("ann", "Wrong-Harbour-1"), ("nobody", PASSWORD), ("nobody@example.org", PASSWORD), ("ann", "")]
    problems = [
        await anon.refused(401, "POST", "/auth/login", {"username": name, "password": password})
        for name, password in tries
    ]
    assert all(problem == problems[0] for problem in problems)
    assert problems[0]["code"] == "bad_credentials"


@pytest.mark.parametrize(
    "body", [{}, {"username": "ann"}, {"password": PASSWORD}, {"username": 5, "password": PASSWORD}]
)
async def test_half_a_sign_in_is_422(anon: Visitor, body: dict[str, Any]) -> None:
    await anon.refused(422, "POST", "/auth/login", body)


async def test_an_endless_name_or_password_is_422(anon: Visitor) -> None:
    for body, field in (
        ({"username": "x" * 321, "password": PASSWORD}, "username"),
        ({"email": "x" * 321, "password": PASSWORD}, "email"),
        ({"username": "ann", "password": "x" * 1001}, "password"),
    ):
        assert fields_of(await anon.refused(422, "POST", "/auth/login", body)) == [field]


async def test_neither_password_nor_refresh_token_stands_in_the_database(alpha: TestInstance, anon: Visitor) -> None:
    headers = {"Idempotency-Key": "again"}
    first = data_of(await anon.call("POST", "/auth/register", json=form(), headers=headers))
    bearer = {"Authorization": f"Bearer {first['accessToken']}", **headers}
    second = data_of(await anon.call("POST", "/auth/login", json=form(), headers=bearer))
    dumped = await everything(alpha)
    assert "dora@example.org" in dumped
    for secret in (PASSWORD, first["refreshToken"], second["refreshToken"], second["accessToken"]):
        assert secret not in dumped


async def everything(instance: TestInstance) -> str:
    """All rows of all tables as one text."""
    engine = instance.instance.database.engine
    listed = (
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if instance.instance.database.dialect == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    )
    names = [found["name"] for found in await engine.fetch(listed, [])]
    return "".join([repr(await engine.fetch(f'SELECT * FROM "{name}"', [])) for name in names])


async def test_an_account_that_is_suspended_cannot_sign_in(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    with alpha.inside():
        await administration.suspend(ann.actor)
    problem = await anon.refused(401, "POST", "/auth/login", {"username": "ann", "password": PASSWORD})
    assert problem["code"] == "bad_credentials"


async def test_signing_up_needs_no_cookie_and_sets_none(anon: Visitor) -> None:
    answer = await anon.call("POST", "/auth/register", json=form())
    assert "Set-Cookie" not in answer.headers
    problem_of(await anon.call("GET", "/users/me"), 401)
