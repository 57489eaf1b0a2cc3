"""One address for people and for servers: each gets what it asks for, prepared or not."""

from __future__ import annotations

import pytest

from core.testing import Person, TestInstance, Visitor, counted_queries
from core.testing.people import Data

ACTIVITY = "application/activity+json"
LD = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
SERVERS = (ACTIVITY, LD, f"{LD}, {ACTIVITY}", f"{ACTIVITY}, {LD}, text/html;q=0.1", "application/json")
BROWSERS = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "*/*",
    "",
    f"text/html, {ACTIVITY};q=0.5",
)


@pytest.fixture
async def post(ann: Person) -> Data:
    return await ann.publish("Some tea")


def addresses(ann: Person, post: Data) -> dict[str, str]:
    """Pages, and the identity of what stands on each."""
    return {"/@ann": ann.uri, "/@ANN": ann.uri, f"/@ann/{post['postId']}": post["uri"]}


@pytest.mark.parametrize("accept", SERVERS)
async def test_servers_get_the_document(anon: Visitor, ann: Person, post: Data, accept: str) -> None:
    for path, uri in addresses(ann, post).items():
        answer = await anon.page(path, headers={"Accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == ACTIVITY
        assert answer.json()["id"] == uri
        assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize("accept", BROWSERS)
async def test_browsers_get_the_page(anon: Visitor, ann: Person, post: Data, accept: str) -> None:
    for path in ("/@ann", f"/@ann/{post['postId']}"):
        answer = await anon.page(path, headers={"Accept": accept})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "Accept" in answer.headers["vary"]


async def test_what_is_prepared_for_one_is_not_given_to_the_other(
    alpha: TestInstance, anon: Visitor, ann: Person, post: Data
) -> None:
    for path in ("/@ann", f"/@ann/{post['postId']}"):
        for _time in range(2):
            for accept, kind in ((ACTIVITY, ACTIVITY), ("text/html", "text/html; charset=utf-8")):
                answer = await anon.page(path, headers={"Accept": accept})
                assert answer.headers["content-type"] == kind
        with counted_queries(alpha) as queries:
            for accept in (ACTIVITY, "text/html"):
                await anon.page(path, headers={"Accept": accept})
        assert queries == []


async def test_a_page_names_the_document_beside_it(anon: Visitor, ann: Person, post: Data) -> None:
    for path in ("/@ann", f"/@ann/{post['postId']}"):
        page = (await anon.page(path)).text
        assert f'<link rel="alternate" type="{ACTIVITY}" href="{path}">' in page


async def test_who_is_signed_in_still_gets_a_page(ann: Person, post: Data) -> None:
    async with ann.browser() as browser:
        answer = await browser.get("/@ann", headers={"Accept": BROWSERS[0]})
    assert 'data-viewer="' in answer.text


async def test_what_is_for_a_few_has_no_document_for_strangers(anon: Visitor, ann: Person) -> None:
    secret = await ann.publish("Between us", visibility="followers")
    for accept in (ACTIVITY, "text/html"):
        answer = await anon.page(f"/@ann/{secret['postId']}", headers={"Accept": accept})
        assert answer.status_code == 404
        assert "Between us" not in answer.text


async def test_a_deleted_post_leaves_a_tombstone_for_servers_and_a_word_for_people(
    anon: Visitor, ann: Person, post: Data
) -> None:
    await ann.delete(f"/posts/{post['postId']}")
    path = f"/@ann/{post['postId']}"
    document = await anon.page(path, headers={"Accept": ACTIVITY})
    assert (document.status_code, document.json()["type"]) == (410, "Tombstone")
    page = await anon.page(path)
    assert page.status_code == 410
    assert "This was taken away" in page.text


async def test_changes_reach_both_forms_at_once(anon: Visitor, ann: Person, post: Data) -> None:
    path = f"/@ann/{post['postId']}"
    for accept in (ACTIVITY, "text/html"):
        assert "Some tea" in (await anon.page(path, headers={"Accept": accept})).text
    await ann.put(f"/posts/{post['postId']}", {"content": "Some coffee"})
    for accept in (ACTIVITY, "text/html"):
        assert "Some coffee" in (await anon.page(path, headers={"Accept": accept})).text
    await ann.put("/users/me", {"fullName": "Ann of the Teapot"})
    for accept in (ACTIVITY, "text/html"):
        assert "Ann of the Teapot" in (await anon.page("/@ann", headers={"Accept": accept})).text
