"""Settings over the API, and what each of them changes."""

from __future__ import annotations

from typing import Any

import pytest

from core.testing import Person, TestInstance, befriend, settle, world
from core.testing.people import fields_of


async def wish(person: Person, **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await person.put("/users/me", {"settings": settings}))["settings"]
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [("theme", "pink"), ("language", "tlh"), ("language", "de"), ("defaultVisibility", "direct"), ("groupInvites", ""),
     ("hideNetwork", "yes"), ("hideNetwork", 1), ("searchable", None), ("showCamera", []), ("mailSignIns", {})],
)  # fmt: skip
async def test_a_wrong_setting_is_named_and_nothing_is_kept(ann: Person, name: str, value: object) -> None:
    before = (await ann.get("/users/me"))["settings"]
    body = {"settings": {"indexable": True, name: value}, "bio": "new"}
    assert fields_of(await ann.refused(422, "PUT", "/users/me", body)) == [f"settings.{name}"]
    me = await ann.get("/users/me")
    assert me["settings"] == before and me["bio"] == ""


async def test_a_language_that_is_spoken_here_can_be_chosen_and_nothing_unknown_is_kept() -> None:
    async with world("alpha.test", server__languages=("en", "ar")) as (alpha,):
        ann = await alpha.user("ann")
        kept = await wish(ann, language="ar", nonsense=1)
        assert kept["language"] == "ar" and "nonsense" not in kept
        async with ann.browser() as browser:
            assert '<html lang="ar" dir="rtl"' in (await browser.get("/settings")).text
        assert (await wish(ann, language=""))["language"] == ""


async def test_a_post_is_for_whom_posts_are_for_unless_it_says(ann: Person, bob: Person) -> None:
    assert (await ann.publish("As it was at first"))["visibility"] == "public"
    await wish(ann, defaultVisibility="followers")
    post = await ann.publish("Quietly")
    assert post["visibility"] == "followers" and not await bob.sees(post["postId"])
    assert (await ann.publish("Aloud", visibility="public"))["visibility"] == "public"
    await wish(ann, defaultVisibility="unlisted")
    assert (await ann.publish("To those who look"))["visibility"] == "unlisted"
    await wish(ann, defaultVisibility="followers")
    theirs = await bob.publish("Hello")
    assert (await ann.publish("Hello you", inReplyTo=theirs["postId"]))["visibility"] == "public"


LISTS = ("followers", "following", "friends")


async def test_whoever_keeps_their_lists_to_themselves_shows_them_to_nobody_else(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await befriend(ann, bob)
    for name in LISTS:
        assert [one["userId"] for one in (await alpha.anon.get(f"/users/{ann.id}/{name}"))["users"]] == [bob.id]
    await wish(ann, hideNetwork=True)
    admin = await alpha.user("ada", role="admin")
    for name in LISTS:
        for who in (alpha.anon, bob, admin):
            assert (await who.refused(403, "GET", f"/users/{ann.id}/{name}"))["code"] == "network_hidden"
        assert [one["userId"] for one in (await ann.get(f"/users/{ann.id}/{name}"))["users"]] == [bob.id]
    assert (await alpha.anon.get(f"/users/{ann.id}"))["followersCount"] == 1
    assert (await bob.get(f"/users/{ann.id}"))["isFriend"] is True
    for path in ("/@ann/followers", "/@ann/following"):
        page = (await alpha.anon.page(path)).text
        assert "keeps this list to themselves" in page and "bob" not in page
        async with ann.browser() as browser:
            assert "@bob" in (await browser.get(path)).text
    await wish(ann, hideNetwork=False)
    assert "@bob" in (await alpha.anon.page("/@ann/followers")).text


async def test_other_servers_learn_how_long_hidden_lists_are_and_not_who_is_on_them() -> None:
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, zoe = await alpha.user("ann"), await beta.user("zoe")
        await zoe.follow(ann.address)
        await settle(alpha, beta)
        for name in ("followers", "following"):
            before = await _document(alpha, f"{ann.uri}/{name}")
            assert (await alpha.anon.page(before["first"])).status_code == 200
        await wish(ann, hideNetwork=True)
        for name in ("followers", "following"):
            hidden = await _document(alpha, f"{ann.uri}/{name}")
            assert hidden["totalItems"] == (1 if name == "followers" else 0)
            assert not hidden.keys() & {"first", "items", "orderedItems"}
            page = f"{ann.uri}/{name}?before=ffffffff-ffff-ffff-ffff-ffffffffffff"
            assert (await alpha.anon.page(page)).status_code == 404
        post = await ann.publish("Still read by whoever follows")
        await settle(alpha, beta)
        assert [one["content"] for one in await zoe.feed("home")] == [post["content"]]


async def _document(at: TestInstance, address: str) -> dict[str, Any]:
    answer = await at.anon.page(address, headers={"Accept": "application/activity+json"})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found
