"""What the composer offers, and to whom."""

from __future__ import annotations

import re

import pytest

from core.testing import Person, TestInstance
from core.testing.pages import submit
from core.testing.people import befriend
from tests.plugins.posts.page_reader import shown


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


async def test_circles_are_offered_with_the_names_of_who_is_in_them(alpha: TestInstance, ann: Person) -> None:
    people = [await alpha.user(name) for name in ("bo", "cleo", "dora", "eli")]
    for person in people:
        await person.put("/users/me", {"fullName": person.name.capitalize()})
        await befriend(ann, person)
    for name, members in (("All", people), ("Pair", people[:2]), ("Empty", [])):
        await ann.post("/circles", {"name": name, "userIds": [one.id for one in members]})
    page = await shown(ann, "/compose")
    assert "Bo, Cleo and 2 others will see this" in page and "Bo and Cleo will see this" in page
    assert re.findall(r'<b dir="auto">(All|Pair|Empty)</b>', page) == ["All", "Pair"]


async def test_a_post_is_written_for_a_circle_without_scripts(ann: Person, bob: Person, alpha: TestInstance) -> None:
    eve = await alpha.user("eve")
    await befriend(ann, bob)
    await befriend(ann, eve)
    async with ann.browser() as browser:
        made = await submit(browser, "/circles", {"name": "Choir"})
        at = made.headers["location"]
        chosen = await submit(browser, at, {"name": "The choir", "userIds": bob.id})
        assert chosen.status_code == 303
        circle = at.removeprefix("/circles/")
        form = {"content": "psst", "visibility": f"circle:{circle}"}
        assert (await submit(browser, "/compose", form)).status_code == 303
        assert (await submit(browser, "/circles", {"name": "The choir"})).status_code == 409
        assert "The choir" in (await browser.get(at)).text
    [post] = await bob.feed()
    assert post["visibility"] == "circle" and await eve.feed() == []
    assert "Only those who were sent what you answer will see this" in await shown(
        bob, f"/compose?reply={post['postId']}"
    )
