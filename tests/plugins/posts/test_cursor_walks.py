"""Walking through lists page by page while they change, and what a page costs."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from core.testing import Person, TestInstance, counted_queries, settle

FUZZ = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def _png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(file, "PNG")
    return file.getvalue()


PICTURE = ("dot.png", _png(), "image/png")
Act = Callable[[], Awaitable[object]]


async def walk(who: Person, path: str, key: str, limit: int, between: list[Act]) -> list[str]:
    """The ids of all items, page by page; before each next page one thing happens."""
    seen: list[str] = []
    cursor: str | None = None
    pending = iter(between)
    while True:
        page = await who.get(path, limit=limit, cursor=cursor)
        items = next(value for value in page.values() if isinstance(value, list))
        seen += [item[key] for item in items]
        cursor = page["pagination"]["nextCursor"]
        assert page["pagination"]["hasMore"] is (cursor is not None)
        if cursor is None:
            return seen
        if act := next(pending, None):
            await act()


@pytest.mark.parametrize(
    ("path", "is_ascending"),
    [("/feed", False), ("/posts", False), ("/feed?scope=local", False), ("/feed?scope=friends", False),
     ("/users/bob/posts", False), ("/bookmarks", False), ("/posts/{root}/comments", True)],
)  # fmt: skip
@FUZZ
@given(data=st.data())
async def test_what_comes_and_goes_meanwhile_causes_no_repeats_and_no_holes(
    alpha: TestInstance, path: str, is_ascending: bool, data: st.DataObject
) -> None:
    await alpha.empty()
    ann, bob = await alpha.users("ann", "bob")
    await ann.follow(bob)
    await bob.follow(ann)
    root = (await ann.publish("root", visibility="private" if "comments" not in path else "unlisted"))["postId"]
    key = "commentId" if "comments" in path else "postId"

    async def add() -> str:
        if "comments" in path:
            return str((await bob.post(f"/posts/{root}/comments", {"content": "x"}))["commentId"])
        made = str((await bob.publish())["postId"])
        if path == "/bookmarks":
            await ann.post(f"/posts/{made}/bookmark")
        return made

    there = [await add() for _ in range(data.draw(st.integers(3, 9), "items"))]
    gone = data.draw(st.lists(st.sampled_from(there), unique=True, max_size=3), "deleted")
    acts: list[Act] = [lambda post=post: bob.delete(f"/posts/{post}") for post in gone]  # type: ignore[misc]
    acts += [add] * data.draw(st.integers(0, 3), "added")
    between = data.draw(st.permutations(acts), "order")
    limit = data.draw(st.integers(1, 4), "limit")
    seen = await walk(ann, path.format(root=root), key, limit, between)
    assert len(seen) == len(set(seen))
    expected = there if is_ascending else there[::-1]
    assert [post for post in seen if post in there and post not in gone] == [p for p in expected if p not in gone]


CHOSEN = {
    "a list": "/lists/{list}/posts",
    "likes": "/likes",
    "pictures": "/users/bob/posts?media=true",
    "home with hashtags": "/feed",
    "a hashtag": "/tags/tea",
}


@pytest.mark.parametrize("name", CHOSEN)
@FUZZ
@given(data=st.data())
async def test_what_people_chose_to_see_is_walked_without_repeats_and_holes(
    alpha: TestInstance, name: str, data: st.DataObject
) -> None:
    await alpha.empty()
    ann, bob, eve = await alpha.users("ann", "bob", "eve")
    await ann.follow(bob)
    await ann.post("/tags/tea/follow")
    listed = await listing(ann, bob)

    async def add() -> str:
        """Something that stands in each of the lists, for one reason or the other."""
        reason = data.draw(st.sampled_from(REASONS[name]), "reason")
        if reason == "picture":
            picture = (await bob.post("/files", files={"file": PICTURE}))["fileId"]
            return str((await bob.publish("x", fileIds=[picture]))["postId"])
        made = str((await (eve if reason in ("tag", "share") else bob).publish("x #tea"))["postId"])
        if reason == "share":
            await bob.post(f"/posts/{made}/share")
        if reason == "like":
            await ann.post(f"/posts/{made}/like")
        return made

    there = [await add() for _ in range(data.draw(st.integers(3, 8), "items"))]
    gone = data.draw(st.lists(st.sampled_from(there), unique=True, max_size=3), "deleted")
    acts: list[Act] = [lambda post=post: _gone(bob, eve, post) for post in gone]  # type: ignore[misc]
    acts += [add] * data.draw(st.integers(0, 3), "added")
    between = data.draw(st.permutations(acts), "order")
    limit = data.draw(st.integers(1, 4), "limit")
    seen = await walk(ann, CHOSEN[name].format(list=listed), "postId", limit, between)
    assert len(seen) == len(set(seen))
    assert [post for post in seen if post in there and post not in gone] == [p for p in there[::-1] if p not in gone]


async def listing(owner: Person, other: Person) -> str:
    """A list of somebody's that another is on."""
    made = str((await owner.post("/lists", {"title": "Others"}))["listId"])
    await owner.post(f"/lists/{made}/members", {"userIds": [other.id]})
    return made


REASONS = {
    "a list": ["follow", "share"],
    "likes": ["like"],
    "pictures": ["picture"],
    "home with hashtags": ["follow", "tag", "share"],
    "a hashtag": ["follow", "tag"],
}


async def _gone(bob: Person, eve: Person, post: str) -> None:
    """Whoever wrote it deletes it."""
    for author in (bob, eve):
        await author.call("DELETE", f"/posts/{post}")


@pytest.mark.parametrize("path", ["/users/ann/followers", "/posts/{post}/likes"])
@FUZZ
@given(data=st.data())
async def test_lists_of_people_have_no_repeats_and_no_holes_either(
    alpha: TestInstance, path: str, data: st.DataObject
) -> None:
    await alpha.empty()
    ann, *fans = await alpha.users("ann", *(f"fan{number}" for number in range(8)))
    post = (await ann.publish())["postId"]
    way = "/users/ann/follow" if "followers" in path else f"/posts/{post}/like"
    early, late = fans[:5], fans[5:]
    for fan in early:
        await fan.post(way)
    gone = data.draw(st.lists(st.sampled_from(early), unique=True, max_size=2), "gone")
    acts: list[Act] = [lambda fan=fan: fan.delete(way) for fan in gone]  # type: ignore[misc]
    acts += [lambda fan=fan: fan.post(way) for fan in late]  # type: ignore[misc]
    between = data.draw(st.permutations(acts), "order")
    seen = await walk(ann, path.format(post=post), "userId", data.draw(st.integers(1, 3), "limit"), between)
    assert len(seen) == len(set(seen))
    stayed = [fan.id for fan in early[::-1] if fan not in gone]
    assert [one for one in seen if one in stayed] == stayed


@FUZZ
@given(junk=st.one_of(st.text(max_size=60), st.binary(max_size=40).map(lambda b: base64.urlsafe_b64encode(b).decode())))
async def test_no_made_up_cursor_is_believed(alpha: TestInstance, ann: Person, junk: str) -> None:
    answer = await ann.call("GET", "/feed", params={"cursor": junk})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


@FUZZ
@given(position=st.integers(0, 1000), letter=st.sampled_from("ABCxyz019-_"))
async def test_no_letter_of_a_cursor_can_be_changed(
    alpha: TestInstance, ann: Person, position: int, letter: str
) -> None:
    for _ in range(2):
        await ann.publish()
    cursor = (await ann.get("/feed", limit=1))["pagination"]["nextCursor"]
    place = position % (len(cursor) - 1)  # the last letter has bits that mean nothing
    changed = cursor[:place] + letter + cursor[place + 1 :]
    expected = 200 if changed == cursor else 422
    assert (await ann.call("GET", "/feed", params={"cursor": changed})).status_code == expected


# -- What a page costs ---------------------------------------------------------
FEEDS = [
    "/feed",
    "/feed?scope=friends",
    "/feed?scope=local",
    "/feed?scope=global",
    "/posts",
    "/users/bob/posts",
    "/bookmarks",
    "/likes",
    "/lists/{list}/posts",
    "/tags/tag",
    "/users/bob/posts?media=true",
    "/posts/{root}/comments",
]


@pytest.fixture
async def busy(alpha: TestInstance, ann: Person, bob: Person, eve: Person) -> dict[str, Any]:
    """A place where everything is on one page: tags, mentions, quotes, polls, answers, shares, likes, filters."""
    await ann.follow(bob)
    await bob.follow(ann)
    root = (await bob.publish("root #tag"))["postId"]
    for number in range(40):
        post = await bob.publish(f"{number} #tag{number} @ann @eve", quote=root)
        await bob.post(f"/posts/{root}/comments", {"content": f"{number} @ann"})
        await ann.post(f"/posts/{post['postId']}/bookmark")
    for number in range(8):
        other = await eve.publish(f"hers {number}")
        await bob.post(f"/posts/{other['postId']}/share")
    for number in range(5):
        picture = (await bob.post("/files", files={"file": PICTURE}))["fileId"]
        await ann.post(f"/posts/{(await bob.publish(f'{number} #tag', fileIds=[picture]))['postId']}/like")
    await ann.post("/tags/tag/follow")
    await ann.post("/filters", {"title": "Birds", "words": [{"text": "heron"}], "people": [eve.id]})
    await bob.publish("Which? #tag", poll={"options": ["Tea", "Milk"]}, quote=root)
    await eve.publish("hers #tag")
    await settle(alpha)  # what goes on in the background is counted too
    return {"root": root, "list": await listing(ann, bob)}


async def test_a_page_costs_five_queries_at_most_whatever_its_size(
    alpha: TestInstance, ann: Person, busy: dict[str, Any]
) -> None:
    for path in (path.format(**busy) for path in FEEDS):
        glue = "&" if "?" in path else "?"
        extra = (
            2 if any(word in path for word in ("users/", "comments", "lists/", "tags/")) else 0
        )  # who or what the list is about, and whether it is seen
        for limit in (1, 20, 50):
            alpha.instance.cache.drop_prefix("")
            await ann.get("/auth/sessions")  # who asks is known for half a minute
            with counted_queries(alpha) as cold:
                page = await ann.get(f"{path}{glue}limit={limit}")
            assert len(cold) <= 5 + extra, (path, cold)
            with counted_queries(alpha) as warm:
                assert await ann.get(f"{path}{glue}limit={limit}") == page
            assert len(warm) <= 2 + extra, (path, warm)


async def test_to_know_who_asks_costs_one_query_in_half_a_minute(alpha: TestInstance, ann: Person) -> None:
    with counted_queries(alpha) as first:
        await ann.get("/feed")
    with counted_queries(alpha) as second:
        await ann.get("/feed")
    assert len(first) == len(second) + 1
