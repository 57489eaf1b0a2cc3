"""Whom somebody may like to follow, why, and whom two know in common."""

from __future__ import annotations

from typing import Any

import pytest

from core.database import execute
from core.testing import Person, TestInstance
from core.testing.people import fields_of


@pytest.fixture
async def circle(alpha: TestInstance) -> dict[str, Person]:
    """Ann follows Bo and Cleo, who follow Dora; Eve is known to nobody."""
    people = {name: await alpha.user(name) for name in ("ann", "bo", "cleo", "dora", "eve")}
    for one, other in (("ann", "bo"), ("ann", "cleo"), ("bo", "dora"), ("cleo", "dora")):
        await people[one].follow(people[other])
    return people


async def suggested(person: Person) -> dict[str, list[dict[str, Any]]]:
    """The reasons, by name."""
    found = (await person.get("/suggestions", limit=50))["suggestions"]
    return {one["user"]["username"]: one["reasons"] for one in found}


def forget(alpha: TestInstance, person: Person) -> None:
    """As if what was found had been found long ago."""
    alpha.instance.cache.drop(f"suggestions:{person.id}")


async def test_whom_those_follow_whom_one_follows_is_suggested(circle: dict[str, Person]) -> None:
    found = await suggested(circle["ann"])
    [reason] = found["dora"]
    assert (reason["type"], reason["count"], reason["names"]) == ("followedBy", 2, ["bo", "cleo"])
    assert reason["sentence"] == "Followed by bo and cleo"
    assert not found.keys() & {"ann", "bo", "cleo", "eve"}


async def test_likes_and_tags_are_reasons_and_the_likeliest_comes_first(
    alpha: TestInstance, circle: dict[str, Person]
) -> None:
    ann, eve = circle["ann"], circle["eve"]
    for _ in range(5):
        post = await eve.publish("on the #harbour and its #fog")
        await ann.post(f"/posts/{post['postId']}/like")
    await ann.publish("I see #Fog")
    found = (await ann.get("/suggestions"))["suggestions"]
    assert [one["user"]["username"] for one in found] == ["eve", "dora"]
    reasons = {reason["type"]: reason for reason in found[0]["reasons"]}
    assert reasons["liked"]["sentence"] == "You liked 5 of their posts"
    assert reasons["tag"]["tag"] == "fog" and reasons["newcomer"]["sentence"] == "New here"


async def test_who_is_dismissed_followed_blocked_or_hides_is_not_suggested(
    alpha: TestInstance, circle: dict[str, Person]
) -> None:
    ann, dora = circle["ann"], circle["dora"]
    assert "dora" in await suggested(ann)
    await ann.delete(f"/suggestions/{dora.id}")
    await ann.delete("/suggestions/dora")
    assert "dora" not in await suggested(ann)
    forget(alpha, ann)
    assert "dora" not in await suggested(ann)
    assert fields_of(await ann.refused(422, "DELETE", "/suggestions/ann")) == ["userId"]
    with alpha.inside():
        await execute("DELETE FROM core_dismissed_suggestion")
    forget(alpha, ann)
    for verb in ("mute", "block"):
        assert "dora" in await suggested(ann)
        await ann.post(f"/users/{dora.id}/{verb}")
        assert "dora" not in await suggested(ann)
        await ann.delete(f"/users/{dora.id}/{verb}")
    await dora.put("/users/me", {"settings": {"discoverable": False}})
    assert "dora" not in await suggested(ann)


async def test_whoever_dismissed_the_likeliest_is_suggested_the_next(
    alpha: TestInstance, circle: dict[str, Person]
) -> None:
    ann, bo = circle["ann"], circle["bo"]
    for number in range(6):
        await bo.follow(await alpha.user(f"friend{number}"))
    forget(alpha, ann)
    order = list(await suggested(ann))
    assert order[0] == "dora" and len(order) == 7
    for name in order[:4]:  # all of the first few that are looked up, and one more
        await ann.delete(f"/suggestions/{name}")
    found = (await ann.get("/suggestions", limit=1))["suggestions"]
    assert [one["user"]["username"] for one in found] == order[4:5]
    found = (await ann.get("/suggestions", limit=2))["suggestions"]
    assert [one["user"]["username"] for one in found] == order[4:6]


async def test_who_keeps_to_themselves_whom_they_follow_is_no_reason(circle: dict[str, Person]) -> None:
    for name in ("bo", "cleo"):
        await circle[name].put("/users/me", {"settings": {"hideNetwork": True}})
    assert "dora" not in await suggested(circle["ann"])


async def test_a_profile_says_who_follows_of_those_one_follows(
    alpha: TestInstance, circle: dict[str, Person]
) -> None:
    ann, dora = circle["ann"], circle["dora"]
    for name in ("eve", "bo"):
        await circle[name].follow(await alpha.user(f"far{name}"))
    for name in ("fay", "gus"):
        person = await alpha.user(name)
        await ann.follow(person)
        await person.follow(dora)
    mutual = await ann.get(f"/users/{dora.id}/mutuals")
    assert {one["username"] for one in mutual["users"]} == {"bo", "cleo", "fay", "gus"}
    async with ann.browser() as browser:
        assert "Followed by bo, cleo and 2 you follow" in (await browser.get("/@dora")).text
        assert "gus" in (await browser.get("/@dora/mutuals")).text
        page = (await browser.get("/suggestions")).text
    assert "People to follow" in page
    await dora.put("/users/me", {"settings": {"hideNetwork": True}})
    await ann.refused(403, "GET", f"/users/{dora.id}/mutuals")
    async with ann.browser() as browser:
        assert "Followed by" not in (await browser.get("/@dora")).text
