"""How many answers and posts there are is counted by what whoever asks may see."""

from __future__ import annotations

import pytest

from core.accounts import administration
from core.api.instance_routes import counts
from core.models import Actor
from core.testing import Person, TestInstance, Visitor, befriend, counted_queries, settle

AP = {"Accept": "application/activity+json"}


@pytest.fixture
async def post(ann: Person, bob: Person, carl: Person) -> str:
    """Ann's post with four answers: one open, one for Bob's followers, one for Ann alone, one of Carl's for friends."""
    await ann.follow(bob)
    await befriend(carl, ann)
    post = str((await ann.publish("What is there to eat?"))["postId"])
    await bob.publish("Soup", inReplyTo=post)
    await bob.publish("For followers: cake", inReplyTo=post, visibility="followers")
    await bob.publish("@ann between us: nothing", inReplyTo=post, visibility="direct")
    await carl.publish("Friends: beans", inReplyTo=post, visibility="friends")
    return post


@pytest.fixture
async def carl(alpha: TestInstance) -> Person:
    return await alpha.user("carl")


async def counted(visitor: Visitor, post: str) -> tuple[int, int]:
    """How many answers a visitor is told of, and how many are shown."""
    told = (await visitor.get(f"/posts/{post}"))["commentsCount"]
    return told, len((await visitor.get(f"/posts/{post}/comments"))["comments"])


async def test_everybody_is_told_of_as_many_answers_as_they_are_shown(
    alpha: TestInstance, ann: Person, bob: Person, carl: Person, anon: Visitor, post: str
) -> None:
    dora = await alpha.user("dora")
    expected = {ann: 4, bob: 3, carl: 2, dora: 1, anon: 1}
    assert {person: await counted(person, post) for person in expected} == {
        person: (number, number) for person, number in expected.items()
    }


async def test_strangers_and_other_servers_are_told_of_what_everybody_may_see(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, post: str
) -> None:
    await bob.publish("Only here: bread", inReplyTo=post, localOnly=True)
    document = (await anon.page(f"/objects/{post}", headers=AP)).json()
    collection = (await anon.page(document["replies"]["id"], headers=AP)).json()
    assert document["replies"]["totalItems"] == collection["totalItems"] == 1
    assert (await anon.get(f"/posts/{post}"))["commentsCount"] == 2


async def test_an_answer_that_is_taken_away_counts_no_more(
    ann: Person, bob: Person, anon: Visitor, post: str
) -> None:
    for answer in (await ann.get(f"/posts/{post}/comments"))["comments"]:
        if answer["username"] == "bob":
            await bob.delete(f"/posts/{answer['commentId']}")
    assert (await counted(ann, post), await counted(anon, post)) == ((1, 1), (0, 0))


async def test_of_what_somebody_wrote_others_are_told_of_what_is_open(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    for visibility in ("public", "unlisted", "followers", "friends", "private", "direct"):
        made = await ann.publish("hello", visibility=visibility)
        if visibility == "unlisted":
            await ann.delete(f"/posts/{made['postId']}")
    assert [(await who.get("/users/ann"))["postsCount"] for who in (ann, bob, anon)] == [5, 1, 1]
    assert (await ann.get("/users/me"))["postsCount"] == 5
    outbox = await anon.page(f"/actors/{ann.id}/outbox", headers=AP)
    assert outbox.json()["totalItems"] == 1


async def test_the_server_tells_of_as_many_posts_as_everybody_may_see(
    alpha: TestInstance, ann: Person, anon: Visitor
) -> None:
    for visibility in ("public", "unlisted", "followers", "friends", "private", "direct"):
        await ann.publish("hello", visibility=visibility)
    alpha.instance.cache.drop_prefix("")
    assert (await anon.page("/nodeinfo/2.1")).json()["usage"]["localPosts"] == 2
    with alpha.inside():
        assert (await counts())["posts"] == 2


async def test_counting_for_whoever_is_signed_in_costs_no_query_each(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await ann.follow(bob)

    async def queries(posts: int) -> int:
        for _ in range(posts):
            post = (await ann.publish("hello"))["postId"]
            await bob.publish("psst", inReplyTo=post, visibility="followers")
        alpha.instance.cache.drop_prefix("")
        with counted_queries(alpha) as asked:
            feed = await ann.feed("local", limit=posts)
        assert [one["commentsCount"] for one in feed] == [1] * posts
        return len(asked)

    assert await queries(2) == await queries(20)


async def test_with_an_account_its_answers_are_counted_no_more(
    alpha: TestInstance, ann: Person, bob: Person, carl: Person, anon: Visitor, post: str
) -> None:
    with alpha.inside():
        await administration.remove(await Actor.get(id=bob.id))
    await settle(alpha)
    assert (await counted(ann, post), await counted(carl, post), await counted(anon, post)) == ((1, 1), (1, 1), (0, 0))
