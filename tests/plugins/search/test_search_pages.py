"""The page to search on, without scripts."""

from __future__ import annotations

import pytest

from core.testing import Foreign, Person, Visitor


async def shown(viewer: Visitor, **params: str) -> str:
    answer = await viewer.page("/search", params=params)
    assert answer.status_code == 200
    return answer.text


async def test_the_field_of_every_page_leads_to_the_search(anon: Visitor) -> None:
    assert 'action="/search"' in (await anon.page("/about")).text
    page = await shown(anon)
    assert "has:image" in page and 'name="q" value=""' in page


async def test_all_kinds_stand_on_one_page_and_each_on_its_own(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("ann writes #annals")
    links = {
        "people": 'href="/@ann"',
        "posts": f"/@ann/{post['postId']}",
        "tags": 'class="tag-row" href="/tags/annals"',
    }
    everything = await shown(anon, q="ann")
    assert all(link in everything for link in links.values())
    assert links["tags"] in await shown(anon, q="ann", **{"in": "tags"})
    assert links["posts"] in await shown(anon, q="ann", **{"in": "posts"})
    assert '<ul class="people sheet">' in await shown(anon, q="ann", **{"in": "people"})


async def test_older_posts_are_a_link_away_and_keep_the_words(ann: Person, anon: Visitor) -> None:
    for number in range(23):
        await ann.publish(f"tea & cake {number}")
    page = await shown(anon, q="tea & cake", **{"in": "posts"})
    more = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    rest = (await anon.page(more)).text
    assert "tea &amp; cake 0<" in rest and 'rel="next"' not in rest
    part = await anon.page(more, headers={"HX-Request": "true"})
    assert "<html" not in part.text and "tea &amp; cake 0<" in part.text


@pytest.mark.parametrize(
    ("kind", "words"),
    [("", "Nothing found"), ("posts", "agree to it"), ("people", "@name@host"), ("tags", "you are the first")],
)
async def test_where_nothing_is_found_the_page_helps(anon: Visitor, kind: str, words: str) -> None:
    assert words in await shown(anon, q="nowhere", **({"in": kind} if kind else {}))


async def test_what_cannot_be_understood_is_said_and_what_was_typed_stays(anon: Visitor) -> None:
    page = await shown(anon, q="tea before:soon", **{"in": "posts"})
    assert "needs a day such as" in page and 'value="tea before:soon"' in page


async def test_what_was_typed_is_text(anon: Visitor) -> None:
    assert "<script>alert" not in await shown(anon, q='"><script>alert(1)</script>')


async def test_strangers_are_told_that_members_find_more(foreign: Foreign, ann: Person, anon: Visitor) -> None:
    foreign.person("zoe")
    assert "looked up for members only" in await shown(anon, q="@zoe@foreign.test")
    answer = await ann.browser().get("/search", params={"q": "@zoe@foreign.test"})
    assert 'href="/@zoe@foreign.test"' in answer.text
