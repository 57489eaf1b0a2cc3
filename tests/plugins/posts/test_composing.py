"""What the composer offers, and to whom."""

from __future__ import annotations

import re

import pytest
from page_reader import shown

from core.testing import Person, TestInstance
from core.testing.people import befriend


def chosen(page: str) -> str:
    found = re.search(r'name="visibility" value="(\w+)" checked', page)
    return found[1] if found else ""


def offered(page: str) -> list[str]:
    return re.findall(r'name="visibility" value="(\w+)"', page)


async def test_a_post_begins_with_the_audience_chosen_in_the_settings(ann: Person) -> None:
    assert chosen(await shown(ann, "/")) == "public"
    await ann.put("/users/me", {"settings": {"defaultVisibility": "followers"}})
    for path in ("/", "/compose"):
        assert chosen(await shown(ann, path)) == "followers"


@pytest.mark.parametrize(
    ("parent", "usual", "expected"),
    [
        ("public", "public", "public"),
        ("public", "followers", "followers"),
        ("followers", "public", "followers"),
        ("unlisted", "friends", "friends"),
        ("direct", "private", "direct"),
    ],
)
async def test_an_answer_is_never_offered_to_more_people_than_what_it_answers(
    ann: Person, bob: Person, parent: str, usual: str, expected: str
) -> None:
    await befriend(ann, bob)
    await ann.put("/users/me", {"settings": {"defaultVisibility": usual}})
    post = await bob.publish("Hello @ann", visibility=parent)
    page = await shown(ann, f"/compose?reply={post['postId']}")
    assert chosen(page) == expected
    widths = ["public", "unlisted", "followers", "friends", "direct", "private"]
    assert offered(page) == widths[widths.index(parent) :]
    assert "Only @bob and the people you mention will see this" in page


async def test_languages_are_called_by_their_own_names(alpha: TestInstance, ann: Person) -> None:
    page = await shown(ann, "/compose")
    assert '<option value="en" selected>English</option>' in page
