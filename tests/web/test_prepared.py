"""What strangers are shown is prepared once, costs no query the second time, and is never out of date."""

from __future__ import annotations

import pytest

from core.testing import Person, TestInstance, Visitor, counted_queries
from core.testing.people import Data

PAGES = ("/", "/local", "/explore", "/global", "/tags/tea", "/@ann", "/@ann/replies", "/@ann/{post}")


@pytest.fixture
async def post(ann: Person) -> Data:
    return await ann.publish("Some **tea** #tea")


async def text_of(anon: Visitor, path: str) -> str:
    answer = await anon.page(path)
    assert answer.status_code == 200, path
    return answer.text


async def prepared(anon: Visitor, post: Data) -> dict[str, str]:
    """Every page that is prepared, asked for once."""
    return {path: await text_of(anon, path.format(post=post["postId"])) for path in PAGES}


def listing(post: Data) -> list[str]:
    """The pages that show a post of ann's with a hashtag."""
    return ["/", "/local", "/global", "/tags/tea", "/@ann", f"/@ann/{post['postId']}"]


async def test_a_second_stranger_costs_no_query(alpha: TestInstance, anon: Visitor, post: Data) -> None:
    first = await prepared(anon, post)
    with counted_queries(alpha) as queries:
        second = await prepared(anon, post)
    assert queries == []
    assert second == first


async def test_who_is_signed_in_is_never_given_what_was_prepared(ann: Person, anon: Visitor, post: Data) -> None:
    await prepared(anon, post)
    async with ann.browser() as browser:
        for path in ("/local", "/@ann", f"/@ann/{post['postId']}"):
            assert 'data-viewer="' in (await browser.get(path)).text
    for text in (await prepared(anon, post)).values():
        assert "data-viewer" not in text


async def test_who_has_a_page_already_is_told_that_it_is_the_same(ann: Person, anon: Visitor, post: Data) -> None:
    first = await anon.page("/local")
    again = await anon.page("/local", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.text) == (304, "")
    await ann.publish("News")
    assert (await anon.page("/local", headers={"If-None-Match": first.headers["etag"]})).status_code == 200


async def test_each_language_has_its_own(alpha: TestInstance, anon: Visitor, post: Data) -> None:
    german = await anon.page("/local", headers={"Accept-Language": "de"})
    english = await anon.page("/local", headers={"Accept-Language": "en"})
    assert "Accept-Language" in english.headers["vary"]
    assert german.status_code == english.status_code == 200


async def test_a_new_post_is_in_every_list_at_once(ann: Person, anon: Visitor, post: Data) -> None:
    await prepared(anon, post)
    await ann.publish("A second cup #tea")
    for path in ("/", "/local", "/global", "/tags/tea", "/@ann"):
        assert "A second cup" in await text_of(anon, path), path


async def test_new_words_are_shown_at_once(ann: Person, anon: Visitor, post: Data) -> None:
    await prepared(anon, post)
    await ann.put(f"/posts/{post['postId']}", {"content": "Some coffee #tea #coffee"})
    for path in [*listing(post), "/tags/coffee"]:
        text = await text_of(anon, path)
        assert "Some coffee" in text, path
        assert "<strong>tea</strong>" not in text, path


async def test_a_tag_that_is_edited_in_puts_the_post_into_its_list(ann: Person, anon: Visitor, post: Data) -> None:
    assert "Some" not in await text_of(anon, "/tags/coffee")
    await ann.put(f"/posts/{post['postId']}", {"content": "Some coffee #coffee"})
    assert "Some coffee" in await text_of(anon, "/tags/coffee")
    assert "Some coffee" not in await text_of(anon, "/tags/tea")


async def test_a_deleted_post_is_gone_at_once(ann: Person, anon: Visitor, post: Data) -> None:
    await prepared(anon, post)
    await ann.delete(f"/posts/{post['postId']}")
    for path in listing(post)[:-1]:
        assert "<strong>tea</strong>" not in await text_of(anon, path), path
    assert (await anon.page(f"/@ann/{post['postId']}")).status_code == 410


async def test_a_comment_is_under_the_post_and_counted_everywhere(
    ann: Person, bob: Person, anon: Visitor, post: Data
) -> None:
    await prepared(anon, post)
    answer = await bob.publish("Biscuits?", inReplyTo=post["postId"])
    assert "Biscuits?" in await text_of(anon, f"/@ann/{post['postId']}")
    for path in listing(post):
        assert "1 reply" in await text_of(anon, path), path
    await ann.publish("Two, please", inReplyTo=answer["postId"])
    assert "Two, please" in await text_of(anon, f"/@ann/{post['postId']}")
    assert "Two, please" in await text_of(anon, f"/@bob/{answer['postId']}")
    assert "Two, please" in await text_of(anon, "/@ann/replies")
    await bob.delete(f"/posts/{answer['postId']}")
    assert "Biscuits?" not in await text_of(anon, f"/@ann/{post['postId']}")
    assert "1 reply" not in await text_of(anon, "/local")


@pytest.mark.parametrize(("verb", "words"), [("like", "like"), ("share", "share")])
async def test_counts_are_shown_at_once(bob: Person, anon: Visitor, post: Data, verb: str, words: str) -> None:
    shown = f'<span class="sr-only"> {words}</span>'
    await prepared(anon, post)
    await bob.post(f"/posts/{post['postId']}/{verb}")
    for path in listing(post):
        assert shown in await text_of(anon, path), path
    await bob.delete(f"/posts/{post['postId']}/{verb}")
    for path in listing(post):
        assert shown not in await text_of(anon, path), path


async def test_a_new_name_is_shown_wherever_the_old_one_was(
    ann: Person, bob: Person, anon: Visitor, post: Data
) -> None:
    answer = await bob.publish("Biscuits?", inReplyTo=post["postId"])
    await prepared(anon, post)
    await text_of(anon, "/@bob/replies")
    await ann.put("/users/me", {"fullName": "Ann of the Teapot", "bio": "I pour."})
    for path in [*listing(post), "/@bob/replies", f"/@bob/{answer['postId']}"]:
        assert "Ann of the Teapot" in await text_of(anon, path), path
    assert "I pour." in await text_of(anon, "/@ann")
    await bob.put("/users/me", {"fullName": "Bob of the Biscuits"})
    assert "Bob of the Biscuits" in await text_of(anon, f"/@ann/{post['postId']}")


async def test_followers_are_counted_at_once_and_a_block_ends_them(
    ann: Person, bob: Person, anon: Visitor, post: Data
) -> None:
    assert "<b>0</b> followers" in await text_of(anon, "/@ann")
    await bob.follow(ann)
    assert "<b>1</b> follower" in await text_of(anon, "/@ann")
    assert "<b>1</b> following" in await text_of(anon, "/@bob")
    await ann.post(f"/users/{bob.id}/block")
    assert "<b>0</b> followers" in await text_of(anon, "/@ann")
    assert "<b>0</b> following" in await text_of(anon, "/@bob")


async def test_what_is_for_followers_is_never_prepared_for_strangers(ann: Person, anon: Visitor, post: Data) -> None:
    secret = await ann.publish("Between us #tea", visibility="followers")
    for text in (await prepared(anon, post)).values():
        assert "Between us" not in text
    assert (await anon.page(f"/@ann/{secret['postId']}")).status_code == 404


async def test_the_parts_for_htmx_are_kept_apart_from_whole_pages(anon: Visitor, post: Data) -> None:
    whole = await text_of(anon, "/local")
    part = (await anon.page("/local", headers={"HX-Request": "true"})).text
    assert "<!doctype html>" in whole
    assert "<!doctype html>" not in part
    assert "<strong>tea</strong>" in part
    assert await text_of(anon, "/local") == whole
