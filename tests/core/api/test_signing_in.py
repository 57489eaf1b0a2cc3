"""Signing in with a password: the same answer and the same work whoever it is, and passwords brought from elsewhere."""

from __future__ import annotations

import asyncio

import bcrypt
import httpx
import pytest

from core.accounts import administration
from core.accounts.models import Account
from core.testing import PASSWORD, Person, TestInstance
from core.testing.people import data_of, problem_of

OTHER = "Wrong-Harbour-1"


async def login(at: TestInstance, name: str = "ann", password: str = PASSWORD) -> httpx.Response:
    return await at.anon.call("POST", "/auth/login", json={"username": name, "password": password})


async def stored(person: Person) -> str:
    with person.instance.inside():
        return (await Account.get(id=person.id)).password_hash


async def keep(person: Person, **values: object) -> None:
    with person.instance.inside():
        await Account.filter(id=person.id).update(**values)


def elsewhere(prefix: str = "2b") -> str:
    """The hash another server had of the password."""
    return bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode().replace("2b", prefix, 1)


# -- The same for whatever is wrong --------------------------------------------
async def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    await keep(bob, password_hash="")
    with alpha.inside():
        await administration.suspend(eve.actor)
    passwords, told = alpha.instance.passwords, []
    for name, password in [
        ("ann", OTHER),
        ("nobody", OTHER),
        ("nobody@example.org", OTHER),
        ("bob", ""),
        ("bob", OTHER),
        ("eve", PASSWORD),
        ("ann", "x" * 1000),
        ("ann", "ﷺ" * 300),
    ]:
        before = passwords.computed
        problem = problem_of(await login(alpha, name, password), 401)
        told.append((problem, passwords.computed - before))
    assert [work for _, work in told] == [1] * len(told)
    assert all(problem == told[0][0] for problem, _ in told)
    assert told[0][0]["code"] == "bad_credentials"


async def test_an_account_without_a_password_opens_to_none(alpha: TestInstance, ann: Person) -> None:
    await keep(ann, password_hash="")
    for password in ("", PASSWORD, " "):
        assert (await login(alpha, "ann", password)).status_code == 401


@pytest.mark.parametrize("state", ["suspended", "removed"])
async def test_who_was_sent_away_does_not_come_back_in(alpha: TestInstance, ann: Person, state: str) -> None:
    with alpha.inside():
        await (administration.suspend if state == "suspended" else administration.remove)(ann.actor)
    assert problem_of(await login(alpha), 401)["code"] == "bad_credentials"


async def test_who_must_wait_is_told_so_after_the_right_password_only(alpha: TestInstance, ann: Person) -> None:
    await keep(ann, is_waiting=True)
    assert problem_of(await login(alpha, password=OTHER), 401)["code"] == "bad_credentials"
    assert problem_of(await login(alpha), 403)["code"] == "awaiting_approval"


# -- Brought from elsewhere ----------------------------------------------------
@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
async def test_an_imported_password_signs_in_and_is_kept_anew(alpha: TestInstance, ann: Person, prefix: str) -> None:
    await keep(ann, password_hash=elsewhere(prefix))
    assert (await login(alpha, password=OTHER)).status_code == 401
    assert (await stored(ann)).startswith(f"${prefix}$")
    data_of(await login(alpha))
    fresh = await stored(ann)
    assert fresh.startswith("$argon2id$")
    data_of(await login(alpha))
    assert await stored(ann) == fresh


async def test_two_who_sign_in_at_once_with_an_imported_password_both_get_in(alpha: TestInstance, ann: Person) -> None:
    await keep(ann, password_hash=elsewhere())
    answers = await asyncio.gather(*(login(alpha) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert (await stored(ann)).startswith("$argon2id$")
