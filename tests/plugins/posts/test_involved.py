"""Who likes a post and who shared it: lists for whoever sees the post, without those they have nothing to do with."""

from __future__ import annotations

from typing import Any

import pytest

from core.testing import Person, TestInstance, Visitor

WAYS = [("like", "likes", "Who likes it"), ("share", "shares", "Who shared it")]


async def names(visitor: Visitor, path: str) -> list[str]:
    return [one["username"] for one in (await visitor.get(path))["users"]]


@pytest.mark.parametrize(("verb", "which", "heading"), WAYS)
async def test_everybody_who_sees_a_post_sees_who_did_latest_first(
    alpha: TestInstance, ann: Person, anon: Visitor, verb: str, which: str, heading: str
) -> None:
    post: dict[str, Any] = await ann.publish("Hello")
    people = await alpha.users("bea", "cem", "dan")
    for person in people:
        await person.post(f"/posts/{post['postId']}/{verb}")
    path = f"/posts/{post['postId']}/{which}"
    for visitor in (ann, anon):
        assert await names(visitor, path) == ["dan", "cem", "bea"]
    first = await anon.get(f"{path}?limit=2")
    second = await anon.get(f"{path}?limit=2&cursor={first['pagination']['nextCursor']}")
    assert [one["username"] for one in (*first["users"], *second["users"])] == ["dan", "cem", "bea"]
    for page in (await ann.browser().get(f"/@ann/{post['postId']}"), await anon.page(f"/@ann/{post['postId']}")):
        assert f'href="/@ann/{post["postId"]}/{which}"' in page.text
    for page in (
        await ann.browser().get(f"/@ann/{post['postId']}/{which}"),
        await anon.page(f"/@ann/{post['postId']}/{which}"),
    ):
        assert heading in page.text and "@cem" in page.text and "Hello" in page.text
    assert (
        (await anon.page(f"/@bea/{post['postId']}/{which}"))
        .headers["location"]
        .endswith(f"/@ann/{post['postId']}/{which}")
    )
    await people[1].delete(f"/posts/{post['postId']}/{verb}")
    assert await names(anon, path) == ["dan", "bea"]


@pytest.mark.parametrize(("verb", "which", "heading"), WAYS)
async def test_whom_one_has_nothing_to_do_with_and_who_is_gone_is_in_no_list(
    alpha: TestInstance, ann: Person, anon: Visitor, admin: Person, verb: str, which: str, heading: str
) -> None:
    post = await ann.publish("Hello")
    bea, cem, dan, eli = await alpha.users("bea", "cem", "dan", "eli")
    for person in (bea, cem, dan):
        await person.post(f"/posts/{post['postId']}/{verb}")
    path = f"/posts/{post['postId']}/{which}"
    await eli.post(f"/users/{bea.id}/block")
    await cem.post(f"/users/{eli.id}/block")
    assert await names(eli, path) == ["dan"]
    page = (await eli.browser().get(f"/@ann/{post['postId']}/{which}")).text
    assert "@dan" in page and "@bea" not in page and "@cem" not in page
    await admin.post(f"/admin/users/{dan.id}/suspend")
    assert await names(anon, path) == ["cem", "bea"]


async def test_of_what_is_not_for_everybody_only_those_learn_it_who_see_it(
    ann: Person, bob: Person, eve: Person, anon: Visitor
) -> None:
    await bob.follow(ann)
    post = await ann.publish("For followers", visibility="followers")
    await bob.post(f"/posts/{post['postId']}/like")
    assert await names(ann, f"/posts/{post['postId']}/likes") == ["bob"]
    for visitor in (eve, anon):
        for which in ("likes", "shares"):
            await visitor.refused(404, "GET", f"/posts/{post['postId']}/{which}")
            assert (await visitor.page(f"/@ann/{post['postId']}/{which}")).status_code == 404
