"""Answers by a sign: one emoji each, counted exactly, taken back, and only where one may see the post."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest

from core.accounts.erasing import erase
from core.database import execute, now, value
from core.signs import sign_of
from core.testing import world


@pytest.fixture
async def three():
    async with world("alpha.test") as (alpha,):
        yield alpha, *await alpha.users("ann", "bob", "eve")


def at(post, sign):
    return f"/posts/{post['postId']}/reactions/{quote(sign)}"


def signs(post):
    return [(one["emoji"], one["count"], one["isMine"]) for one in post["reactions"]]


async def test_people_answer_with_signs_and_take_them_back(three):
    _, ann, bob, eve = three
    post = await ann.publish("Good morning.")
    assert post["reactions"] == []
    await bob.put(at(post, "🎉"))
    await bob.put(at(post, "❤"))
    await eve.put(at(post, "❤️"))
    assert signs(await eve.put(at(post, "❤️"))) == [("❤️", 2, True), ("🎉", 1, False)]
    (listed,) = await bob.feed("local")
    assert signs(listed) == [("❤️", 2, True), ("🎉", 1, True)]
    assert signs(await ann.instance.anon.get(f"/posts/{post['postId']}")) == [("❤️", 2, False), ("🎉", 1, False)]
    assert signs(await bob.delete(at(post, "❤️"))) == [("❤️", 1, False), ("🎉", 1, True)]
    await bob.refused(404, "DELETE", at(post, "❤️"))


async def test_who_answered_with_what_is_told_in_pages(three):
    _, ann, bob, eve = three
    post = await ann.publish("Good morning.")
    for person, sign in ((bob, "🎉"), (eve, "🎉"), (eve, "👍")):
        await person.put(at(post, sign))
    path = f"/posts/{post['postId']}/reactions"
    first = await ann.get(path, limit=2)
    rest = await ann.get(path, limit=2, cursor=first["pagination"]["nextCursor"])
    told = [(one["emoji"], one["user"]["username"]) for one in first["reactions"] + rest["reactions"]]
    assert told == [("👍", "eve"), ("🎉", "eve"), ("🎉", "bob")]
    assert len((await ann.get(path, emoji="🎉"))["reactions"]) == 2


@pytest.mark.parametrize("sign", ["x", "👌👌", ":nothing:", "hello", "~", "1", "\u200d", "a" * 500])
async def test_what_is_no_sign_is_refused(three, sign):
    _, ann, bob, _ = three
    post = await ann.publish("Good morning.")
    await bob.refused(422, "PUT", at(post, sign))
    assert (await ann.get(f"/posts/{post['postId']}"))["reactions"] == []


@pytest.mark.parametrize("sign", ["👍", "👍🏽", "🇩🇪", "👩‍👩‍👧", "❤️‍🔥", "7️⃣", "☕", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🫠"])
def test_signs_of_all_kinds_are_known(sign):
    assert sign_of(sign) is not None


async def test_who_may_not_see_a_post_does_not_answer_it(three):
    _, ann, bob, eve = three
    post = await ann.publish("Psst @bob", visibility="direct")
    await eve.refused(404, "PUT", at(post, "👍"))
    await eve.refused(404, "GET", f"/posts/{post['postId']}/reactions")
    await bob.put(at(post, "👍"))
    await ann.instance.anon.refused(401, "PUT", at(post, "👍"))


async def test_signs_are_counted_exactly_and_go_with_the_post_and_with_who_leaves(three):
    alpha, ann, bob, _ = three
    post, other = await ann.publish("Good morning."), await ann.publish("And a good day.")
    people = [await alpha.user(f"guest{number}") for number in range(8)]

    async def waver(person):
        await person.call("PUT", at(post, "👍"))
        await asyncio.gather(person.call("PUT", at(post, "👍")), person.call("PUT", at(post, "🎉")))
        await asyncio.gather(*(person.call("DELETE", at(post, "👍")) for _ in range(3)))

    await asyncio.gather(*map(waver, people))
    await bob.put(at(other, "👍"))
    assert signs(await ann.get(f"/posts/{post['postId']}")) == [("🎉", 8, False)]
    with alpha.inside():
        assert await value("SELECT reactions_count FROM core_entry WHERE id = $1", post["postId"]) == 8
        await execute("UPDATE core_actor SET removed_at = $1 WHERE id = $2", now(), bob.id)
        await erase(actor_id=bob.id)
    assert (await ann.get(f"/posts/{other['postId']}"))["reactions"] == []
    await ann.delete(f"/posts/{post['postId']}")
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM core_reaction") == 0
        assert await value("SELECT SUM(reactions_count) FROM core_entry") == 0
