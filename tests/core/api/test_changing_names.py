"""Another user name: once in 30 days, with the old one leading to whoever bore it, here and on other servers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.accounts.models import Account
from core.database import now
from core.testing import PASSWORD, Person, TestInstance, settle
from tests.core.mailed import newest, told_of, words_of


async def renamed(at: TestInstance, person: Person, name: str) -> None:
    """Another name, as if the last change were long ago."""
    with at.inside():
        await Account.filter(id=person.id).update(renamed_at=now() - timedelta(days=31))
        at.instance.cache.drop_tag(f"account:{person.id}")
    await person.put("/users/me", {"username": name})


async def test_a_new_name_is_the_one_everybody_sees(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await ann.put("/users/me", {"username": "Anna"})
    seen = await bob.get("/users/anna")
    assert (seen["userId"], seen["username"], seen["url"]) == (ann.id, "Anna", "https://alpha.test/@Anna")
    assert (await ann.get("/users/me"))["fullName"] == "Anna"
    assert "another name" in words_of(await newest(alpha, "ann@example.org"))
    await alpha.anon.post("/auth/login", {"username": "anna", "password": PASSWORD})
    assert await told_of(alpha, "username_changed") == 1


async def test_the_old_name_leads_to_the_new_one(alpha: TestInstance, ann: Person, bob: Person) -> None:
    post = await ann.publish("Hello")
    await ann.put("/users/me", {"username": "anna"})
    answer = await alpha.anon.page("/@ann")
    assert (answer.status_code, answer.headers["location"]) == (302, "/@anna")
    thread = await alpha.anon.page(f"/@ann/{post['postId']}")
    assert thread.headers["location"] == f"/@anna/{post['postId']}"
    assert (await bob.get("/users/ann"))["userId"] == ann.id
    for name in ("ann", "anna"):
        found = (await alpha.anon.page(f"/.well-known/webfinger?resource=acct:{name}@alpha.test")).json()
        assert found["subject"] == "acct:anna@alpha.test"
        assert {"rel": "self", "type": "application/activity+json", "href": ann.uri} in found["links"]


@pytest.mark.parametrize("name", ["ann", "Ann", "ANN"])
async def test_nobody_else_can_have_the_old_name(alpha: TestInstance, ann: Person, bob: Person, name: str) -> None:
    await ann.put("/users/me", {"username": "anna"})
    problem = await bob.refused(409, "PUT", "/users/me", {"username": name})
    assert problem["code"] == "username_taken"
    new = {"username": name, "email": "eve@example.org", "password": PASSWORD}
    await alpha.anon.refused(409, "POST", "/auth/register", new)


async def test_a_name_is_changed_once_in_30_days(alpha: TestInstance, ann: Person) -> None:
    await ann.put("/users/me", {"username": "anna"})
    problem = await ann.refused(422, "PUT", "/users/me", {"username": "annette"})
    assert [error["field"] for error in problem["errors"]] == ["username"]
    await renamed(alpha, ann, "annette")
    assert (await ann.get("/users/me"))["username"] == "annette"


async def test_one_may_go_back_to_a_name_of_ones_own(alpha: TestInstance, ann: Person) -> None:
    await renamed(alpha, ann, "anna")
    await renamed(alpha, ann, "ann")
    assert (await alpha.anon.page("/@anna")).headers["location"] == "/@ann"
    await renamed(alpha, ann, "Ann")
    assert (await alpha.anon.page("/@ann")).headers["location"] == "/@Ann"


@pytest.mark.parametrize(
    ("name", "status"), [("admin", 422), ("", 422), ("a b", 422), ("x" * 31, 422), ("bob", 409), ("B-O-B", 409)]
)
async def test_a_name_that_cannot_be_had_changes_nothing(ann: Person, bob: Person, name: str, status: int) -> None:
    await ann.refused(status, "PUT", "/users/me", {"username": name, "bio": "changed"})
    me = await ann.get("/users/me")
    assert (me["username"], me["bio"]) == ("ann", "")


async def test_followers_elsewhere_see_the_new_name_of_the_same_person(
    alpha_and_beta: tuple[TestInstance, TestInstance]
) -> None:
    alpha, beta = alpha_and_beta
    ann, ben = await alpha.user("ann"), await beta.user("ben")
    await ben.follow(ann.address)
    await settle(alpha, beta)
    known = await ben.get("/users/@ann@alpha.test")
    await ann.put("/users/me", {"username": "anna"})
    await settle(alpha, beta)
    seen = await ben.get(f"/users/{known['userId']}")
    assert (seen["acct"], seen["isFollowing"]) == ("anna@alpha.test", True)
    assert (await ben.get("/users/@anna@alpha.test"))["userId"] == known["userId"]
    await ann.publish("Still me")
    await settle(alpha, beta)
    assert [post["user"]["acct"] for post in await ben.feed()] == ["anna@alpha.test"]
    assert (await ben.get("/users/@ann@alpha.test"))["userId"] == known["userId"]
