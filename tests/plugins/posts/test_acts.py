"""What people do with the forms of pages, with and without htmx."""

from __future__ import annotations

import re

import pytest

from core.testing import Person, TestInstance, Visitor
from core.testing.pages import submit
from core.testing.people import Data, befriend

NOBODY = "0190a000-0000-7000-8000-000000000000"


@pytest.fixture
async def post(bob: Person) -> Data:
    return await bob.publish("A boat for sale")


# -- Writing -------------------------------------------------------------------
async def test_a_post_written_at_home_leads_back_home(ann: Person) -> None:
    values = {"content": "Hello *you*\r\nand you", "visibility": "followers", "language": "en", "next": "/"}
    async with ann.browser() as browser:
        answer = await submit(browser, "/compose", values)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    (post,) = await ann.feed()
    assert (post["source"], post["visibility"]) == ("Hello *you*\nand you", "followers")


async def test_a_post_written_on_a_page_of_its_own_leads_to_itself(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, "/compose", {"content": "Hello", "next": "/compose"}, on="/compose")
    (post,) = await ann.feed()
    assert answer.headers["location"] == f"/@ann/{post['postId']}"


async def test_an_answer_leads_back_to_the_thread(ann: Person, bob: Person, post: Data) -> None:
    thread = f"/@bob/{post['postId']}"
    async with ann.browser() as browser:
        values = {"content": "How much?", "inReplyTo": post["postId"], "visibility": "public", "next": thread}
        answer = await submit(browser, "/compose", values, on=thread)
        assert answer.headers["location"] == thread
        assert "How much?" in (await browser.get(thread)).text
    (comment,) = (await bob.get(f"/posts/{post['postId']}/comments"))["comments"]
    assert comment["userId"] == ann.id


async def test_htmx_gets_the_card_of_what_was_written(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, "/compose", {"content": "Hello"}, HX_Request="true")
    assert answer.status_code == 200
    assert re.match(r'\s*<article class="entry"', answer.text)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"content": " "}, "Write something first."),
        ({"content": "x" * 5001, "contentWarning": "Long"}, "at most 5000"),
        ({"content": "Kept", "contentWarning": "w" * 501}, "at most 500"),
        ({"content": "Kept", "visibility": "everyone"}, "Choose who will see this."),
    ],
)
async def test_what_is_refused_comes_back_with_what_was_typed(ann: Person, values: dict[str, str], words: str) -> None:
    async with ann.browser() as browser:
        for headers in ({}, {"HX_Request": "true"}):
            answer = await submit(browser, "/compose", values, **headers)
            assert answer.status_code == 422
            assert words in answer.text
            assert f">{values['content']}</textarea>" in answer.text
            assert values.get("contentWarning", "") in answer.text
            assert ("<html" in answer.text) is not bool(headers)
    assert await ann.feed() == []


async def test_an_answer_to_what_has_gone_keeps_its_words(ann: Person, bob: Person, post: Data) -> None:
    async with ann.browser() as browser:
        await bob.delete(f"/posts/{post['postId']}")
        values = {"content": "Long thought about", "inReplyTo": post["postId"]}
        answer = await submit(browser, "/compose", values)
        assert answer.status_code == 422
        assert "Long thought about</textarea>" in answer.text
        assert "has gone" in answer.text
        assert (await submit(browser, "/compose", values, HX_Request="true")).status_code == 404
    assert await ann.feed() == []


async def test_a_post_gets_other_words(ann: Person, bob: Person, post: Data) -> None:
    path = f"/posts/{post['postId']}/edit"
    async with bob.browser() as browser:
        page = await browser.get(path)
        assert "A boat for sale</textarea>" in page.text
        answer = await submit(browser, path, {"content": "Sold", "contentWarning": "Boats"}, on=path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/@bob/{post['postId']}")
        answer = await submit(browser, path, {"content": "Sold!"}, on=path, HX_Request="true")
        assert answer.headers["hx-redirect"] == f"/@bob/{post['postId']}"
        assert (await submit(browser, path, {"content": ""}, on=path)).status_code == 422
    changed = await bob.get(f"/posts/{post['postId']}")
    assert (changed["source"], changed["contentWarning"]) == ("Sold!", None)


async def test_other_peoples_posts_are_theirs(ann: Person, post: Data) -> None:
    async with ann.browser() as browser:
        assert (await browser.get(f"/posts/{post['postId']}/edit")).status_code == 403
        for act in ("edit", "delete"):
            answer = await submit(browser, f"/posts/{post['postId']}/{act}", {"content": "Mine"})
            assert answer.status_code == 403
    assert await ann.sees(post["postId"])


@pytest.mark.parametrize("on_thread", [True, False])
async def test_a_post_is_taken_away(bob: Person, post: Data, on_thread: bool) -> None:
    page = f"/@bob/{post['postId']}" if on_thread else "/local"
    async with bob.browser() as browser:
        answer = await submit(browser, f"/posts/{post['postId']}/delete", {"next": page}, on=page)
        assert answer.headers["location"] == ("/@bob" if on_thread else "/local")
        assert (await submit(browser, f"/posts/{post['postId']}/delete")).status_code == 404
    assert not await bob.sees(post["postId"])


# -- Liking, sharing, keeping --------------------------------------------------
@pytest.mark.parametrize(
    ("verb", "undo", "key"),
    [("like", "unlike", "isLiked"), ("share", "unshare", "isShared"), ("bookmark", "unbookmark", "isBookmarked")],
)
async def test_what_one_does_with_a_post_can_be_taken_back(
    ann: Person, post: Data, verb: str, undo: str, key: str
) -> None:
    path = f"/posts/{post['postId']}"
    async with ann.browser() as browser:
        for act, expected in ((verb, True), (verb, True), (undo, False), (undo, False)):
            answer = await submit(browser, f"{path}/{act}", {"next": "/local?cursor=x"})
            assert answer.headers["location"] == f"/local?cursor=x#post-{post['postId']}"
            assert (await ann.get(path))[key] is expected
        card = await submit(browser, f"{path}/{verb}", HX_Request="true")
        assert f'formaction="{path}/{undo}"' in card.text
        assert (await browser.get(f"{path}/{verb}")).status_code == 405


async def test_what_one_may_not_see_cannot_be_liked(ann: Person, bob: Person) -> None:
    secret = await bob.publish("Not for Ann", visibility="private")
    async with ann.browser() as browser:
        for post_id in (secret["postId"], NOBODY, "nonsense"):
            assert (await submit(browser, f"/posts/{post_id}/like")).status_code == 404


async def test_what_is_for_a_few_is_not_shared(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    post = await bob.publish("For followers", visibility="followers")
    async with ann.browser() as browser:
        answer = await submit(browser, f"/posts/{post['postId']}/share")
    assert answer.status_code == 422
    assert "Only what everybody may see can be shared." in answer.text


# -- Who knows whom ------------------------------------------------------------
async def relation(ann: Person, bob: Person) -> set[str]:
    return {key for key, value in (await ann.get(f"/users/{bob.id}")).items() if key.startswith("is") and value is True}


async def test_people_follow_befriend_and_part_again(ann: Person, bob: Person) -> None:
    async with ann.browser() as browser, bob.browser() as other:
        answer = await submit(browser, "/@bob/follow", {"next": "/@bob"}, on="/@bob")
        assert (answer.status_code, answer.headers["location"]) == (303, "/@bob")
        assert await relation(ann, bob) == {"isFollowing"}
        await submit(browser, "/@bob/befriend")
        assert "would like to be friends" in (await other.get("/requests")).text
        answer = await submit(other, f"/requests/{ann.id}/accept", {"next": "/requests"}, on="/requests")
        assert answer.headers["location"] == "/requests"
        assert "isFriend" in await relation(ann, bob)
        await submit(browser, "/@bob/unfollow")
        assert await relation(ann, bob) == {"isFollowedBy"}
        await submit(browser, "/@bob/befriend")
        assert "isFriend" in await relation(ann, bob)


async def test_a_request_is_turned_down(ann: Person, bob: Person) -> None:
    await bob.put("/users/me", {"isLocked": True})
    async with ann.browser() as browser, bob.browser() as other:
        await submit(browser, "/@bob/follow")
        assert await relation(ann, bob) == {"isRequested", "isLocked"}
        answer = await submit(other, f"/requests/{ann.id}/reject", on="/requests", HX_Request="true")
        assert 'class="relation"' in answer.text
        assert await relation(ann, bob) == {"isLocked"}
        assert (await submit(other, f"/requests/{ann.id}/accept")).status_code == 404


@pytest.mark.parametrize(("verb", "undo", "key"), [("mute", "unmute", "isMuted"), ("block", "unblock", "isBlocked")])
async def test_people_are_kept_away_and_let_back(ann: Person, bob: Person, verb: str, undo: str, key: str) -> None:
    await ann.follow(bob)
    async with ann.browser() as browser:
        for act, expected in ((verb, True), (verb, True), (undo, False), (undo, False)):
            answer = await submit(browser, f"/@bob/{act}", HX_Request="true")
            assert answer.status_code == 200
            assert (key in await relation(ann, bob)) is expected
            assert (f'formaction="/@bob/{undo}"' in answer.text) is expected


async def test_who_blocks_one_can_be_blocked_as_well(ann: Person, bob: Person) -> None:
    await bob.post(f"/users/{ann.id}/block")
    async with ann.browser() as browser:
        assert (await submit(browser, "/@bob/follow")).status_code == 404
        assert (await submit(browser, "/@bob/block")).status_code == 303
        assert 'formaction="/@bob/unblock"' in (await browser.get("/settings/blocks")).text


async def test_rows_of_people_keep_their_short_buttons(ann: Person, bob: Person) -> None:
    async with ann.browser() as browser:
        whole = await submit(browser, "/@bob/follow", HX_Request="true")
        short = await submit(browser, "/@bob/follow", {"compact": "true"}, HX_Request="true")
    assert "Ask to be friends" in whole.text
    assert "Ask to be friends" not in short.text
    assert 'name="compact"' in short.text


async def test_nobody_follows_themselves_or_nobody(ann: Person) -> None:
    async with ann.browser() as browser:
        assert (await submit(browser, "/@ann/follow")).status_code == 422
        assert (await submit(browser, "/@nobody/follow")).status_code == 404


async def test_strangers_are_asked_to_log_in(alpha: TestInstance, anon: Visitor, post: Data) -> None:
    async with alpha.browser({}) as browser:
        for path in ("/compose", f"/posts/{post['postId']}/like", "/@bob/follow", "/settings", "/settings/profile"):
            answer = await submit(browser, path, on="/login")
            assert answer.status_code == 401
            assert "Please log in first" in answer.text
