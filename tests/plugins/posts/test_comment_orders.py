"""Comments oldest first, newest first and most liked first; and threads too long for one page."""

from __future__ import annotations

from html import unescape

import pytest

from core.database import new_id
from core.models import Entry
from core.testing import Person, TestInstance, Visitor, counted_queries
from plugins.posts import conversations


@pytest.fixture
async def post(ann: Person) -> str:
    return str((await ann.publish("Comment on me"))["postId"])


@pytest.fixture
async def made(bob: Person, post: str) -> list[str]:
    """Six comments, in the order in which they were written."""
    return [str((await bob.post(f"/posts/{post}/comments", {"content": str(n)}))["commentId"]) for n in range(6)]


async def walk(who: Visitor, post: str, sort: str, between: object = None) -> list[str]:
    """The ids of all comments, two at a time; `between` is awaited after each page."""
    found: list[str] = []
    query: dict[str, object] = {"sort": sort, "limit": 2}
    while True:
        page = await who.get(f"/posts/{post}/comments", **query)
        found += [one["commentId"] for one in page["comments"]]
        if not page["pagination"]["hasMore"]:
            return found
        query["cursor"] = page["pagination"]["nextCursor"]
        if callable(between):
            await between(len(found))


async def test_comments_come_oldest_newest_or_most_liked_first(
    ann: Person, bob: Person, anon: Visitor, post: str, made: list[str]
) -> None:
    for person, liked in ((ann, made[4]), (bob, made[4]), (ann, made[1]), (ann, made[3])):
        await person.post(f"/posts/{liked}/like")
    assert await walk(anon, post, "oldest") == made
    assert await walk(anon, post, "newest") == made[::-1]
    assert await walk(anon, post, "top") == [made[4], made[1], made[3], made[0], made[2], made[5]]


async def test_likes_given_and_taken_back_meanwhile_neither_repeat_nor_hide_a_comment(
    ann: Person, bob: Person, eve: Person, post: str, made: list[str]
) -> None:
    for person, liked in ((ann, made[5]), (bob, made[5]), (ann, made[3]), (bob, made[2])):
        await person.post(f"/posts/{liked}/like")

    async def between(seen: int) -> None:
        if seen == 2:  # what was shown first falls, what comes last rises
            await ann.delete(f"/posts/{made[5]}/like")
            await bob.delete(f"/posts/{made[5]}/like")
            for person in (ann, bob, eve):
                await person.post(f"/posts/{made[0]}/like")
                await person.post(f"/posts/{made[4]}/like")

    assert sorted(await walk(eve, post, "top", between)) == made
    assert (await walk(eve, post, "top"))[:2] == [made[0], made[4]]


async def test_the_most_liked_are_found_behind_many_one_does_not_want_to_see(
    ann: Person, bob: Person, eve: Person, anon: Visitor, post: str, made: list[str]
) -> None:
    made += [(await bob.post(f"/posts/{post}/comments", {"content": "more"}))["commentId"] for _ in range(8)]
    for comment in made:
        await ann.post(f"/posts/{comment}/like")
    hers = [(await eve.post(f"/posts/{post}/comments", {"content": "hers"}))["commentId"] for _ in range(3)]
    await ann.post(f"/users/{bob.id}/mute")
    assert await walk(ann, post, "top") == hers
    assert await walk(anon, post, "top") == made + hers


async def test_a_deleted_comment_keeps_its_place_while_there_are_answers_to_it(
    ann: Person, bob: Person, anon: Visitor, post: str, made: list[str]
) -> None:
    await ann.post(f"/comments/{made[0]}/reply", {"content": "Well said"})
    await bob.delete(f"/comments/{made[0]}")
    await bob.delete(f"/comments/{made[1]}")
    for sort in ("oldest", "top"):
        listed = (await anon.get(f"/posts/{post}/comments", sort=sort))["comments"]
        assert {one["commentId"]: one["isDeleted"] for one in listed} == {made[0]: True} | dict.fromkeys(
            made[2:], False
        )
        (gone,) = [one for one in listed if one["isDeleted"]]
        assert (gone["content"], gone["user"], gone["userId"], gone["username"]) == ("", None, None, None)
        assert gone["commentId"] == made[0] and gone["createdAt"]
    thread = await anon.get(f"/posts/{post}/thread")
    (gone,) = [one for one in thread["replies"] if one["isDeleted"]]
    assert (gone["user"], gone["url"], gone["uri"], gone["mentions"]) == (None, None, None, [])
    assert bob.id not in str(gone) and bob.name not in str(gone)


async def test_there_are_no_other_orders_and_a_cursor_belongs_to_its_own(
    anon: Visitor, post: str, made: list[str]
) -> None:
    await anon.refused(422, "GET", f"/posts/{post}/comments?sort=controversial")
    cursor = (await anon.get(f"/posts/{post}/comments", sort="top", limit=2))["pagination"]["nextCursor"]
    await anon.refused(422, "GET", f"/posts/{post}/comments?sort=newest&cursor={cursor}")


async def test_the_page_of_a_thread_has_the_orders_and_goes_on(
    ann: Person, anon: Visitor, post: str, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await ann.post(f"/posts/{made[5]}/like")
    monkeypatch.setattr("plugins.posts.thread_pages.PAGE", 4)
    monkeypatch.setattr("plugins.posts.listing.PAGE", 4)
    page = (await anon.page(f"/@ann/{post}?sort=top")).text
    places = [page.index(f'id="post-{each}"') for each in (made[5], made[0], made[2])]
    assert places == sorted(places)
    assert f'id="post-{made[4]}"' not in page
    more = unescape(page.partition('hx-get="')[2].partition('"')[0])
    rest = (await anon.page(more, headers={"HX-Request": "true"})).text
    assert f'id="post-{made[4]}"' in rest and f'id="post-{made[0]}"' not in rest and "<html" not in rest


async def test_a_very_long_thread_comes_in_parts(
    alpha: TestInstance, anon: Visitor, ann: Person, post: str, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = (await ann.post(f"/comments/{made[5]}/reply", {"content": "deep"}))["commentId"]
    monkeypatch.setattr(conversations, "THREAD_AT_MOST", 4)
    first = await anon.get(f"/posts/{post}/thread")
    rest = await anon.get(f"/posts/{post}/thread", cursor=first["pagination"]["nextCursor"])
    assert [one["postId"] for one in first["replies"] + rest["replies"]] == [*made, deep]
    assert rest["pagination"] == {"nextCursor": None, "hasMore": False}
    assert [one["postId"] for one in (await anon.get(f"/posts/{made[5]}/thread"))["replies"]] == [deep]


async def test_a_page_of_comments_costs_no_query_more_however_long_it_is(
    alpha: TestInstance, bob: Person, post: str, made: list[str]
) -> None:
    with alpha.inside():
        root = await Entry.get(id=post)
        author = (await Entry.get(id=made[0])).author_id
        for n in range(30):
            entry_id = new_id()
            await Entry.create(
                id=entry_id,
                kind="post",
                author_id=author,
                uri=f"https://alpha.test/objects/{entry_id}",
                reply_to_id=root.id,
                reply_to_uri=root.uri,
                root_id=root.id,
                content=f"<p>{n}</p>",
            )
    counts = []
    for limit in (3, 30):
        await bob.get(f"/posts/{post}/comments", sort="top", limit=limit)  # their forms are made
        with counted_queries(alpha) as queries:
            await bob.get(f"/posts/{post}/comments", sort="top", limit=limit)
        counts.append(len(queries))
    assert counts == [3, 3]  # whether the post may be seen, its answers, what ties Bob to these
