"""People and posts are found by name and by address."""

from __future__ import annotations

import pytest

from core.testing import Foreign, Person, Visitor
from tests.plugins.posts.page_reader import posts_of, shown


async def test_people_and_posts_are_found_by_name_and_by_address(ann: Person, bob: Person, anon: Visitor) -> None:
    post = await bob.publish("Find me")
    for query in ("bob", "@bob", "@bob@alpha.test", "https://alpha.test/@bob", bob.uri, "@BOB"):
        answer = await anon.page("/lookup", params={"q": query})
        assert 'class="name" href="/@bob"' in answer.text, query
    for query in (post["url"], post["uri"], f"{post['url']}?x=1"):
        answer = await anon.page("/lookup", params={"q": query})
        assert posts_of(answer.text) == [post["postId"]], query


async def test_people_are_found_by_a_part_of_their_name(ann: Person, bob: Person) -> None:
    await bob.put("/users/me", {"fullName": "Robert Ferry"})
    assert 'href="/@bob"' in await shown(ann, "/lookup?q=ferry")


@pytest.mark.parametrize(
    "query", ["nobody", "@nobody@alpha.test", "https://alpha.test/nothing", "%00", "%25", "@", "x" * 5000]
)
async def test_nothing_found_says_what_to_do(anon: Visitor, ann: Person, query: str) -> None:
    answer = await anon.page(f"/lookup?q={query}")
    assert answer.status_code == 200
    assert query in ("%00", "@", "%25") or "Nobody found" in answer.text


async def test_people_elsewhere_are_looked_up_for_members(ann: Person, anon: Visitor, foreign: Foreign) -> None:
    foreign.person("carla")
    assert "Log in first" in (await anon.page("/lookup", params={"q": "@carla@foreign.test"})).text
    assert foreign.asked == []
    page = await shown(ann, "/lookup?q=@carla@foreign.test")
    assert 'href="/@carla@foreign.test"' in page
    assert "Open on foreign.test" in await shown(ann, "/@carla@foreign.test")


async def test_a_server_that_does_not_answer_is_no_failure_of_ours(ann: Person, foreign: Foreign) -> None:
    foreign.status = 503
    page = await shown(ann, "/lookup?q=@carla@foreign.test")
    assert "Nobody found" in page or "did not answer" in page or "alert" in page
