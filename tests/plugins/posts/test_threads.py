"""Threads: what a post answers, and all that was answered to it."""

from __future__ import annotations

from typing import Any

import pytest

from core.testing import Person, TestInstance, Visitor, counted_queries

Thread = dict[str, Any]


async def thread(who: Visitor, post: str) -> tuple[list[str], str, list[str]]:
    """What stands above a post, what it says, and what stands below it."""
    found: Thread = await who.get(f"/posts/{post}/thread")

    def said(one: dict[str, Any]) -> str:
        return "(deleted)" if one["isDeleted"] else str(one["content"][3:-4])

    return list(map(said, found["ancestors"])), said(found["post"]), list(map(said, found["replies"]))


async def answer(person: Person, post: str, content: str, **more: Any) -> str:
    return str((await person.publish(content, inReplyTo=post, **more))["postId"])


@pytest.fixture
async def posts(ann: Person, bob: Person) -> dict[str, str]:
    """A root with two branches, the first of them with a leaf."""
    root = (await ann.publish("root"))["postId"]
    first = await answer(bob, root, "first")
    leaf = await answer(ann, first, "leaf")
    second = await answer(ann, root, "second")
    return {"root": root, "first": first, "leaf": leaf, "second": second}


async def test_a_thread_has_what_is_above_and_what_is_below(anon: Visitor, posts: dict[str, str]) -> None:
    assert await thread(anon, posts["root"]) == ([], "root", ["first", "leaf", "second"])
    assert await thread(anon, posts["first"]) == (["root"], "first", ["leaf"])
    assert await thread(anon, posts["leaf"]) == (["root", "first"], "leaf", [])


async def test_the_answers_make_a_tree(anon: Visitor, posts: dict[str, str]) -> None:
    below = (await anon.get(f"/posts/{posts['root']}/thread"))["replies"]
    assert {one["postId"]: one["inReplyTo"] for one in below} == {
        posts["first"]: posts["root"],
        posts["second"]: posts["root"],
        posts["leaf"]: posts["first"],
    }


async def test_a_deleted_post_keeps_its_place_while_it_has_answers(
    bob: Person, anon: Visitor, posts: dict[str, str]
) -> None:
    await bob.delete(f"/posts/{posts['first']}")
    assert await thread(anon, posts["root"]) == ([], "root", ["(deleted)", "leaf", "second"])
    assert await thread(anon, posts["leaf"]) == (["root", "(deleted)"], "leaf", [])
    [gone] = (await anon.get(f"/posts/{posts['leaf']}/thread"))["ancestors"][1:]
    assert (gone["content"], gone["source"], gone["tags"], gone["likesCount"]) == ("", None, [], 0)
    await anon.refused(404, "GET", f"/posts/{posts['first']}/thread")


async def test_a_deleted_post_without_answers_vanishes(ann: Person, anon: Visitor, posts: dict[str, str]) -> None:
    await ann.delete(f"/posts/{posts['leaf']}")
    assert await thread(anon, posts["root"]) == ([], "root", ["first", "second"])


async def test_what_answers_a_deleted_post_tells_nobody_whose_that_was(
    ann: Person, bob: Person, anon: Visitor, posts: dict[str, str]
) -> None:
    pages = ("/@ann/replies", f"/@ann/{posts['leaf']}")
    for who in (ann, bob, anon):
        assert (await who.get(f"/posts/{posts['leaf']}"))["inReplyToUser"]["username"] == "bob"
    assert "/@bob" in (await anon.page(pages[0])).text and "/@bob" in (await anon.page(pages[1])).text
    await bob.delete(f"/posts/{posts['first']}")
    for who in (ann, bob, anon):
        seen = await who.get(f"/posts/{posts['leaf']}")
        assert (seen["inReplyTo"], seen["inReplyToUser"]) == (posts["first"], None)
        seen = await who.get(f"/posts/{posts['leaf']}/thread")
        assert [seen["post"]["inReplyToUser"], seen["ancestors"][1]["user"]] == [None, None]
    for path in pages:
        page = (await anon.page(path)).text
        assert "leaf" in page and "bob" not in page.lower()
    assert "Replying to another post" in (await anon.page(pages[0])).text


async def test_deleting_costs_the_same_however_many_answered(alpha: TestInstance, ann: Person, bob: Person) -> None:
    costs = []
    for number in (1, 12):
        post = (await ann.publish("root"))["postId"]
        answers = [await answer(bob, post, str(one)) for one in range(number)]
        assert (await ann.get(f"/posts/{answers[-1]}"))["inReplyToUser"]
        with counted_queries(alpha) as asked:
            await ann.delete(f"/posts/{post}")
        assert [(await ann.get(f"/posts/{one}"))["inReplyToUser"] for one in answers] == [None] * number
        costs.append(len(asked))
    assert costs[0] == costs[1]


async def test_the_blocked_and_the_muted_have_no_place_among_the_answers(
    alpha: TestInstance, bob: Person, anon: Visitor, posts: dict[str, str]
) -> None:
    for name, verb in (("dora", "mute"), ("emil", "block")):
        person = await alpha.user(name)
        await person.post(f"/users/bob/{verb}")
        assert await thread(person, posts["root"]) == ([], "root", ["leaf", "second"]), verb
    assert (await thread(anon, posts["root"]))[2] == ["first", "leaf", "second"]


async def test_what_i_look_at_is_shown_even_if_i_muted_who_wrote_it(
    alpha: TestInstance, ann: Person, bob: Person, posts: dict[str, str]
) -> None:
    dora = await alpha.user("dora")
    await dora.post("/users/bob/mute")
    assert await thread(dora, posts["first"]) == (["root"], "first", ["leaf"])
    assert (await thread(dora, posts["leaf"]))[0] == ["root", "first"]


async def test_answers_for_a_few_are_shown_to_them_alone(
    ann: Person, bob: Person, eve: Person, anon: Visitor, posts: dict[str, str]
) -> None:
    hidden = await answer(bob, posts["root"], "for ann", visibility="direct")
    assert "for ann" in (await thread(ann, posts["root"]))[2]
    for outsider in (eve, anon):
        assert "for ann" not in (await thread(outsider, posts["root"]))[2]
        await outsider.refused(404, "GET", f"/posts/{hidden}/thread")


async def test_a_thread_costs_the_same_however_long_it_is(
    alpha: TestInstance, ann: Person, bob: Person, posts: dict[str, str]
) -> None:
    path = f"/posts/{posts['root']}/thread"
    await ann.get(path)
    with counted_queries(alpha) as short:
        await ann.get(path)
    last = posts["leaf"]
    for number in range(30):
        last = await answer(bob, last, f"{number} @ann #tag")
    await ann.get(path)
    with counted_queries(alpha) as long:
        assert len((await ann.get(path))["replies"]) == 33
    assert len(long) == len(short)


async def test_an_endless_thread_is_cut_and_survived(alpha: TestInstance, ann: Person) -> None:
    last = root = (await ann.publish("root"))["postId"]
    for number in range(120):
        last = await answer(ann, last, str(number))
    found = await ann.get(f"/posts/{last}/thread")
    assert len(found["ancestors"]) == 100
    assert len((await ann.get(f"/posts/{root}/thread"))["replies"]) == 120
