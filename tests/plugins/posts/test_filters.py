"""Filters: what they catch, where, until when, and that they break no list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.database import execute, now
from core.person_forms import stamp
from core.testing import Person, TestInstance, counted_queries
from tests.plugins.posts.test_feeds import texts
from tests.plugins.posts.test_people_lists import made


async def filtering(who: Person, *words: str, whole: bool = True, **wanted: Any) -> str:
    """A filter that hides posts with these words."""
    body = {"title": "No", "action": "hide", "words": [{"text": word, "wholeWord": whole} for word in words], **wanted}
    return str((await who.post("/filters", body))["filterId"])


async def test_what_a_filter_hides_is_left_out_and_what_it_warns_of_says_so(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await bob.publish("a spoiler")
    await bob.publish("nothing")
    filter_id = await filtering(ann, "spoiler", action="warn", title="Film")
    posts = (await ann.get("/feed"))["posts"]
    assert [post["filtered"] for post in posts] == [None, [{"filterId": filter_id, "title": "Film"}]]
    body = {"title": "Film", "action": "hide", "words": [{"text": "Spoiler"}]}
    await ann.put(f"/filters/{filter_id}", body)
    assert await texts(ann) == ["nothing"]
    await ann.delete(f"/filters/{filter_id}")
    assert await texts(ann) == ["nothing", "a spoiler"]


@pytest.mark.parametrize(
    ("word", "whole", "caught", "passed"),
    [
        ("cat", True, ["a CAT sat", "#cat", "cat's", "ｃａｔ"], ["concatenate", "cats"]),
        ("cat", False, ["concatenate", "Cats"], ["dog"]),
        ("new  york", True, ["New\n\nYork!", "in **new** york"], ["newyork", "new yorker"]),
        ("#cat", True, ["a #cat"], ["cat", "#cats"]),
        ("straße", True, ["STRASSE"], ["strass"]),
        ("c++", True, ["I like C++."], ["c"]),
        ("猫", False, ["黒猫です"], ["犬"]),
    ],
)
async def test_words_are_found_however_they_are_written(
    ann: Person, bob: Person, word: str, whole: bool, caught: list[str], passed: list[str]
) -> None:
    await ann.follow(bob)
    await filtering(ann, word, whole=whole, action="warn")
    for words in [*caught, *passed]:
        await bob.publish(words)
    posts = (await ann.get("/feed"))["posts"][::-1]
    assert [bool(post["filtered"]) for post in posts] == [True] * len(caught) + [False] * len(passed)


async def test_content_warnings_and_quotes_count_as_words(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await filtering(ann, "spider", action="warn")
    quoted = await bob.publish("a spider")
    await bob.publish("look", contentWarning="Spider")
    await bob.publish("this", quote=quoted["postId"])
    assert all(post["filtered"] for post in (await ann.get("/feed"))["posts"])


async def test_people_and_languages_can_be_filtered_too(ann: Person, bob: Person, eve: Person) -> None:
    for person in (bob, eve):
        await ann.follow(person)
    await filtering(ann, people=["eve"])
    await filtering(ann, languages=["de-AT"])
    hers = await eve.publish("hers")
    await eve.post(f"/posts/{(await bob.publish('shared by her'))['postId']}/share")
    await bob.publish("deutsch", language="de-CH")
    await bob.publish("english", language="en")
    assert await texts(ann) == ["english", "shared by her"]
    assert (await ann.get(f"/posts/{hers['postId']}"))["postId"] == hers["postId"]


async def test_a_filter_counts_in_its_contexts_and_never_for_ones_own(ann: Person, bob: Person) -> None:
    list_id = await made(ann, bob)
    root = await ann.publish("mine, a spoiler")
    post = await bob.publish("a spoiler")
    await bob.publish("a spoiler too", inReplyTo=root["postId"])
    places = {
        "home": "/feed",
        "lists": f"/lists/{list_id}/posts",
        "public": "/feed?scope=local",
        "profile": "/users/bob/posts",
        "thread": f"/posts/{root['postId']}/comments",
    }
    filter_id = await filtering(ann, "spoiler")
    for chosen in [[context] for context in places] + [["notifications"]]:
        body = {"title": "x", "action": "hide", "words": [{"text": "spoiler"}], "contexts": chosen}
        await ann.put(f"/filters/{filter_id}", body)
        for context, path in places.items():
            page = await ann.call("GET", path)
            listed = page.json()["data"]
            authors = {one["user"]["username"] for one in listed.get("posts", listed.get("comments"))}
            assert ("bob" in authors) is (context not in chosen), (context, chosen)
            assert ("ann" in authors) is (context in ("home", "public"))
    assert (await ann.get(f"/posts/{post['postId']}"))["filtered"] is None
    assert await texts(bob, "local") == ["a spoiler", "mine, a spoiler"]


async def test_a_filter_ends_when_its_time_is_over(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await filtering(ann, "spoiler", expiresAt=stamp(now() + timedelta(hours=1)))
    await bob.publish("a spoiler")
    assert await texts(ann) == []
    with alpha.inside():
        await execute("UPDATE core_filter SET expires_at = $1", now() - timedelta(seconds=1))
    alpha.instance.cache.drop_prefix("sieve:")
    assert await texts(ann) == ["a spoiler"]


async def test_pages_go_on_where_everything_on_one_was_hidden(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await filtering(ann, "spoiler")
    for number in range(9):
        await bob.publish(f"{number} spoiler" if 2 <= number <= 6 else str(number))
    seen, sizes, cursor = [], [], None
    while True:
        page = await ann.get("/feed", limit=2, cursor=cursor)
        seen += [post["content"] for post in page["posts"]]
        sizes.append(len(page["posts"]))
        if (cursor := page["pagination"]["nextCursor"]) is None:
            break
    assert seen == [f"<p>{number}</p>" for number in (8, 7, 1, 0)]
    assert sizes == [2, 0, 0, 1, 1]


async def test_filters_cost_no_query_for_each_post_and_none_once_they_are_known(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await ann.follow(bob)
    for number in range(30):
        await bob.publish(f"number {number}")
    await filtering(ann, *(f"word{number}" for number in range(50)))
    costs = []
    for limit in (5, 30):
        alpha.instance.cache.drop_prefix("")
        await ann.get("/auth/sessions")
        for _ in range(2):
            with counted_queries(alpha) as queries:
                await ann.get("/feed", limit=limit)
            costs.append(len(queries))
    assert costs == [5, 2, 5, 2]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "\u200b"}, "title"),
        ({"action": "burn"}, "action"),
        ({"contexts": []}, "contexts"),
        ({"contexts": ["bath"]}, "contexts.0"),
        ({"words": []}, "words"),
        ({"words": [{"text": "  "}]}, "words"),
        ({"people": ["nobody"]}, "people"),
        ({"languages": ["english"]}, "languages"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
    ],
)
async def test_what_is_no_filter_is_refused(ann: Person, wrong: dict[str, Any], field: str) -> None:
    body = {"title": "x", "words": [{"text": "y"}], **wrong}
    problem = await ann.refused(422, "POST", "/filters", body)
    assert field in [error["field"] for error in problem["errors"]]
    assert (await ann.get("/filters"))["filters"] == []


async def test_nobody_else_sees_or_changes_a_filter(ann: Person, bob: Person, eve: Person) -> None:
    filter_id = await filtering(ann, "spoiler", people=["bob"])
    for method, body in (("GET", None), ("PUT", {"title": "x", "words": [{"text": "y"}]}), ("DELETE", None)):
        await eve.refused(404, method, f"/filters/{filter_id}", body)
    assert (await eve.get("/filters"))["filters"] == []
    (mine,) = (await ann.get("/filters"))["filters"]
    assert [person["username"] for person in mine["people"]] == ["bob"]
    assert mine["words"] == [{"text": "spoiler", "wholeWord": True}]


async def test_all_filters_of_somebody_together_have_only_so_many_words(ann: Person) -> None:
    first = await filtering(ann, *(f"{number}{'a' * 190}" for number in range(30)))
    more = [{"text": f"{number}{'b' * 190}"} for number in range(30)]
    refused = await ann.refused(422, "POST", "/filters", {"title": "No", "words": more})
    assert "words" in str(refused["errors"])
    await ann.put(f"/filters/{first}", {"title": "No", "words": more})  # instead of the words of before
    await ann.refused(
        422,
        "PUT",
        f"/filters/{first}",
        {"title": "No", "words": [*more, *({"text": f"ﷺ{number}" * 60} for number in range(9))]},
    )
