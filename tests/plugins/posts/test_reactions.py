"""Likes, shares and bookmarks, and counters that never drift from what they count."""

from __future__ import annotations

import asyncio
import random

import pytest

from core.database import rows
from core.testing import Person, TestInstance, Visitor
from core.testing.people import befriend

VERBS = ("like", "share", "bookmark")
FLAGS = {"like": "isLiked", "share": "isShared", "bookmark": "isBookmarked"}
COUNTS = {"like": "likesCount", "share": "sharesCount"}


@pytest.fixture
async def post(ann: Person) -> str:
    return str((await ann.publish())["postId"])


async def counters_are_exact(at: TestInstance) -> None:
    """Every counter of every entry and actor equals the rows it counts."""
    with at.inside():
        wrong = await rows(
            "SELECT e.id FROM core_entry e"
            " WHERE e.likes_count <> (SELECT COUNT(*) FROM core_like l WHERE l.entry_id = e.id)"
            " OR e.boosts_count <> (SELECT COUNT(*) FROM core_boost b WHERE b.entry_id = e.id)"
            " OR e.replies_count <> (SELECT COUNT(*) FROM core_entry r WHERE r.reply_to_id = e.id"
            " AND r.deleted_at IS NULL)"
            " OR e.open_replies_count <> (SELECT COUNT(*) FROM core_entry r WHERE r.reply_to_id = e.id"
            " AND r.deleted_at IS NULL AND r.visibility IN ('public', 'unlisted'))"
            " OR e.quotes_count <> (SELECT COUNT(*) FROM core_entry r WHERE r.quote_id = e.id"
            " AND r.deleted_at IS NULL AND r.visibility IN ('public', 'unlisted'))"
            " OR e.reactions_count <> (SELECT COUNT(*) FROM core_reaction r WHERE r.entry_id = e.id)"
            " UNION ALL SELECT a.id FROM core_actor a WHERE a.posts_count <> (SELECT COUNT(*) FROM core_entry x"
            " WHERE x.author_id = a.id AND x.deleted_at IS NULL)"
            " OR a.open_posts_count <> (SELECT COUNT(*) FROM core_entry x WHERE x.author_id = a.id"
            " AND x.deleted_at IS NULL AND x.visibility IN ('public', 'unlisted'))"
        )
    assert wrong == []


@pytest.mark.parametrize("verb", VERBS)
async def test_it_is_done_and_taken_back(ann: Person, bob: Person, anon: Visitor, post: str, verb: str) -> None:
    path, flag, count = f"/posts/{post}/{verb}", FLAGS[verb], COUNTS.get(verb)
    done = await bob.post(path)
    assert (done["postId"], done[flag]) == (post, True)
    assert (await bob.get(f"/posts/{post}"))[flag] is True
    for other in (ann, anon):
        assert (await other.get(f"/posts/{post}"))[flag] is False
    if count:
        assert done[count] == (await anon.get(f"/posts/{post}"))[count] == 1
    undone = await bob.delete(path)
    assert (undone["postId"], undone[flag]) == (post, False)
    if count:
        assert undone[count] == (await anon.get(f"/posts/{post}"))[count] == 0


@pytest.mark.parametrize("verb", VERBS)
async def test_twice_is_a_conflict_and_taking_back_nothing_is_404(
    alpha: TestInstance, bob: Person, post: str, verb: str
) -> None:
    path = f"/posts/{post}/{verb}"
    await bob.refused(404, "DELETE", path)
    await bob.post(path)
    assert (await bob.refused(409, "POST", path))["code"].startswith("already_")
    await counters_are_exact(alpha)


@pytest.mark.parametrize("verb", VERBS)
async def test_only_who_is_signed_in_does_it(anon: Visitor, post: str, verb: str) -> None:
    await anon.refused(401, "POST", f"/posts/{post}/{verb}")
    await anon.refused(401, "DELETE", f"/posts/{post}/{verb}")


async def test_nobody_takes_back_what_another_did(alpha: TestInstance, bob: Person, eve: Person, post: str) -> None:
    for verb in VERBS:
        await bob.post(f"/posts/{post}/{verb}")
        await eve.refused(404, "DELETE", f"/posts/{post}/{verb}")
    seen = await bob.get(f"/posts/{post}")
    assert seen["isLiked"] and seen["isShared"] and seen["isBookmarked"]


async def test_ones_own_post_is_liked_like_any(ann: Person, post: str) -> None:
    assert (await ann.post(f"/posts/{post}/like"))["likesCount"] == 1
    assert (await ann.post(f"/posts/{post}/share"))["sharesCount"] == 1


@pytest.mark.parametrize("visibility", ["followers", "friends", "private", "direct"])
async def test_what_is_not_for_everybody_is_not_shared(ann: Person, bob: Person, visibility: str) -> None:
    await befriend(ann, bob)
    closed = (await ann.publish("for @bob", visibility=visibility))["postId"]
    for person in (ann, bob):
        answer = await person.call("POST", f"/posts/{closed}/share")
        assert answer.status_code == (404 if (visibility, person) == ("private", bob) else 422)
    assert (await ann.get(f"/posts/{closed}"))["sharesCount"] == 0


async def test_who_likes_it_is_listed_latest_first(alpha: TestInstance, anon: Visitor, post: str) -> None:
    for name in "fgh":
        await (await alpha.user(name)).post(f"/posts/{post}/like")
    first = await anon.get(f"/posts/{post}/likes", limit=2)
    rest = await anon.get(f"/posts/{post}/likes", limit=2, cursor=first["pagination"]["nextCursor"])
    assert [user["username"] for user in first["users"] + rest["users"]] == ["h", "g", "f"]


async def test_a_cursor_of_one_posts_likes_opens_no_others(alpha: TestInstance, ann: Person, post: str) -> None:
    other = (await ann.publish())["postId"]
    for name in "fg":
        await (await alpha.user(name)).post(f"/posts/{post}/like")
    cursor = (await ann.get(f"/posts/{post}/likes", limit=1))["pagination"]["nextCursor"]
    await ann.refused(422, "GET", f"/posts/{other}/likes?cursor={cursor}")


async def test_bookmarks_are_mine_alone_latest_first(ann: Person, bob: Person, anon: Visitor) -> None:
    posts = [(await ann.publish(str(number)))["postId"] for number in range(3)]
    for post_id in (posts[1], posts[2], posts[0]):
        await bob.post(f"/posts/{post_id}/bookmark")
    listed = [post["postId"] for post in (await bob.get("/bookmarks"))["posts"]]
    assert listed == [posts[0], posts[2], posts[1]]
    assert (await ann.get("/bookmarks"))["posts"] == []
    await anon.refused(401, "GET", "/bookmarks")


async def test_bookmarks_have_pages_and_their_cursors_are_personal(ann: Person, bob: Person) -> None:
    for number in range(3):
        post_id = (await ann.publish(str(number)))["postId"]
        await bob.post(f"/posts/{post_id}/bookmark")
    first = await bob.get("/bookmarks", limit=2)
    cursor = first["pagination"]["nextCursor"]
    assert len((await bob.get("/bookmarks", limit=2, cursor=cursor))["posts"]) == 1
    await ann.refused(422, "GET", f"/bookmarks?cursor={cursor}")


# -- Many at once --------------------------------------------------------------
@pytest.mark.parametrize("verb", ["like", "share"])
async def test_thirty_at_once_count_thirty(alpha: TestInstance, ann: Person, post: str, verb: str) -> None:
    fans = await alpha.users(*(f"fan{number}" for number in range(30)))
    done = await asyncio.gather(*(fan.call("POST", f"/posts/{post}/{verb}") for fan in fans))
    assert {answer.status_code for answer in done} == {200}
    assert (await ann.get(f"/posts/{post}"))[COUNTS[verb]] == 30
    undone = await asyncio.gather(*(fan.call("DELETE", f"/posts/{post}/{verb}") for fan in fans[:20]))
    assert {answer.status_code for answer in undone} == {200}
    assert (await ann.get(f"/posts/{post}"))[COUNTS[verb]] == 10
    await counters_are_exact(alpha)


@pytest.mark.parametrize("verb", VERBS)
async def test_of_one_persons_many_at_once_one_counts(alpha: TestInstance, bob: Person, post: str, verb: str) -> None:
    answers = await asyncio.gather(*(bob.call("POST", f"/posts/{post}/{verb}") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    answers = await asyncio.gather(*(bob.call("DELETE", f"/posts/{post}/{verb}") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 19
    await counters_are_exact(alpha)


async def test_a_thousand_acts_at_once_leave_exact_counters(alpha: TestInstance, ann: Person) -> None:
    """Whatever a crowd does with the same few posts, while some of these and of the answers to them are deleted."""
    crowd = await alpha.users(*(f"fan{number}" for number in range(25)))
    posts = [(await ann.publish(str(number)))["postId"] for number in range(5)]
    answers = [(fan, (await fan.publish("x", inReplyTo=post, quote=post))["postId"])
               for fan in crowd[:8] for post in posts]  # fmt: skip
    open_or_not = ({"visibility": name} for name in ("public", "followers", "unlisted", "direct"))
    dice, bodies = random.Random(7), [{"content": "x @ann", **more} for more in open_or_not]
    acts = [author.call("DELETE", f"/posts/{answer}") for author, answer in dice.sample(answers, 20)]
    acts += [ann.call("PUT", f"/posts/{posts[1]}", json={"content": f"edit {number}"}) for number in range(5)]
    acts += [ann.call("DELETE", f"/posts/{posts[0]}") for _ in range(3)]
    while len(acts) < 1000:
        fan, post, number = dice.choice(crowd), dice.choice(posts), dice.randrange(30)
        about = f"/posts/{post if number else dice.choice(answers)[1]}"
        if not number:
            body = dice.choice(bodies) | dice.choice([{"inReplyTo": post}, {"quote": post}])
            acts.append(fan.call("POST", "/posts", json=body))
        elif number < 4:
            acts.append(fan.call(dice.choice(["PUT", "DELETE"]), f"{about}/reactions/{dice.choice('👍🎉')}"))
        else:
            part = dice.choice(["like", "like", "share", "bookmark"])
            acts.append(fan.call(dice.choice(["POST", "POST", "DELETE"]), f"{about}/{part}"))
    dice.shuffle(acts)
    done = await asyncio.gather(*acts)
    assert {answer.status_code for answer in done} <= {200, 201, 404, 409}
    assert sum(answer.is_success for answer in done) > 300
    await counters_are_exact(alpha)
    seen = await ann.get(f"/posts/{posts[2]}")
    with alpha.inside():
        [likes] = await rows("SELECT COUNT(*) AS number FROM core_like WHERE entry_id = $1", posts[2])
    assert seen["likesCount"] == likes["number"]
