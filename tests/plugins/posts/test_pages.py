"""Pages of posts and people, as they come over the wire."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest

from core.testing import Person, TestInstance, Visitor, counted_queries
from core.testing.people import Data, befriend
from tests.plugins.posts.page_reader import posts_of, shown, words

NOBODY = "0190a000-0000-7000-8000-000000000000"


# -- Lists ---------------------------------------------------------------------
async def test_a_list_goes_on_where_it_ended(ann: Person) -> None:
    written = [(await ann.publish(f"Number {number}"))["postId"] for number in range(45)]
    found: list[str] = []
    path = "/local"
    for _page in range(3):
        page = await shown(ann, path)
        found += posts_of(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(following[1]) if following else ""
    assert found == written[::-1]
    assert path == ""


async def test_htmx_gets_the_cards_alone(ann: Person) -> None:
    for number in range(25):
        await ann.publish(f"Number {number}")
    whole = await shown(ann, "/")
    following = re.search(r'hx-get="([^"]+)"', whole)
    assert following
    part = await shown(ann, unescape(following[1]), HX_Request="true")
    assert len(posts_of(part)) == 5
    assert "<html" not in part
    back = await shown(ann, "/", HX_Request="true", HX_History_Restore_Request="true")
    assert "<html" in back


@pytest.mark.parametrize("cursor", ["nonsense", "", "'", "%00", "a" * 3000])
async def test_a_cursor_that_is_no_good_begins_anew(ann: Person, cursor: str) -> None:
    post = await ann.publish("Here")
    async with ann.browser() as browser:
        for path in ("/", "/local", "/@ann", "/@ann/followers", "/bookmarks"):
            answer = await browser.get(path, params={"cursor": cursor})
            assert answer.status_code == 200
            assert path in ("/@ann/followers", "/bookmarks") or posts_of(answer.text) == [post["postId"]]


async def test_home_shows_who_shared_a_post(ann: Person, bob: Person, eve: Person) -> None:
    post = await eve.publish("Worth sharing")
    await ann.follow(bob)
    await bob.post(f"/posts/{post['postId']}/share")
    page = await shown(ann, "/")
    assert posts_of(page) == [post["postId"]]
    assert "bob shared" in words(page)


async def test_bookmarks_are_for_those_who_are_signed_in(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("Keep me")
    await ann.post(f"/posts/{post['postId']}/bookmark")
    assert posts_of(await shown(ann, "/bookmarks")) == [post["postId"]]
    for path in ("/bookmarks", "/requests", "/settings/blocks", "/settings", "/compose?reply=1&x=2"):
        answer = await anon.page(path)
        assert answer.status_code == 303
        assert httpx.URL(answer.headers["location"]).params["next"] == path


async def test_a_tag_is_found_in_every_spelling(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("#Küste")
    for path in ("/tags/Küste", "/tags/küste", "/tags/K%C3%BCste", "/tags/%23Küste"):
        answer = await anon.page(path)
        assert posts_of(answer.text) == [post["postId"]], path
        assert "<title>#K" in answer.text or "<title>#k" in answer.text


async def test_no_page_costs_more_the_more_is_on_it(alpha: TestInstance, ann: Person, bob: Person, eve: Person) -> None:
    root = await ann.publish("Here #tea")
    await ann.post(f"/posts/{root['postId']}/bookmark")
    await befriend(ann, bob)
    await eve.publish("There", inReplyTo=root["postId"])
    people, thread = ["/tags/tea", "/@ann", "/@ann/media", "/@ann/followers"], "/@ann/" + root["postId"]
    paths = ["/", "/local", "/global", *people, "/bookmarks", "/likes", thread]

    async def costs() -> dict[str, int]:
        found = {}
        for path in paths:
            await shown(eve, path)
            await shown(ann, path)
            with counted_queries(alpha) as queries:
                await shown(ann, path)
            found[path] = len(queries)
        return found

    before = await costs()
    for number in range(18):
        author = (ann, bob, eve)[number % 3]
        post = await author.publish(f"Number {number} @bob @eve #tea", inReplyTo=root["postId"] if number % 2 else None)
        await ann.post(f"/posts/{post['postId']}/bookmark")
        await eve.call("POST", f"/posts/{post['postId']}/like")
    await eve.follow(ann)
    assert await costs() == before
    assert max(before.values()) <= 12, before
    assert before["/"] <= 6, before  # with whom to follow


# -- People --------------------------------------------------------------------
async def test_a_profile_says_who_somebody_is(ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    fields = [{"name": "Site", "value": "https://ann.example/"}]
    await ann.put("/users/me", {"fullName": "Ann Larsen", "bio": "I *pour*.", "fields": fields})
    page = await shown(bob, "/@ann")
    assert "<title>Ann Larsen · Kith</title>" in page
    assert "<em>pour</em>" in page
    assert 'href="https://ann.example/"' in page
    assert "Friends" in words(page)
    assert "/settings/profile" not in page.replace('href="/settings"', "")
    assert "/settings/profile" in await shown(ann, "/@ann")


async def test_replies_have_a_tab_of_their_own(ann: Person, bob: Person) -> None:
    post = await bob.publish("A question")
    first = await ann.publish("First words")
    answer = await ann.publish("An answer", inReplyTo=post["postId"])
    assert posts_of(await shown(bob, "/@ann")) == [first["postId"]]
    assert posts_of(await shown(bob, "/@ann/replies")) == [answer["postId"]]


@pytest.mark.parametrize("path", ["/@ANN", "/@ANN/replies", "/@ann@alpha.test", "/@ANN?cursor=x"])
async def test_another_spelling_of_a_name_leads_to_the_profile(ann: Person, anon: Visitor, path: str) -> None:
    answer = await anon.page(path)
    assert answer.status_code == 302
    assert answer.headers["location"] == path.replace("ANN", "ann").replace("@alpha.test", "")


async def test_who_follows_whom_is_listed(ann: Person, bob: Person, eve: Person) -> None:
    await bob.follow(ann)
    await eve.follow(ann)
    assert re.findall(r'class="name" href="(/@\w+)"', await shown(ann, "/@ann/followers")) == ["/@eve", "/@bob"]
    assert re.findall(r'class="name" href="(/@\w+)"', await shown(ann, "/@bob/following")) == ["/@ann"]


async def test_requests_wait_with_a_number_beside_them(ann: Person, bob: Person, eve: Person) -> None:
    await ann.put("/users/me", {"isLocked": True})
    await bob.follow(ann)
    await eve.post("/friends/request", {"targetUserId": ann.id})
    page = await shown(ann, "/requests")
    assert "would like to follow you" in words(page)
    assert "would like to be friends" in words(page)
    assert page.count("/accept") == 2
    assert "2 new" in words(page)
    assert "Nobody is waiting" in await shown(bob, "/requests")


async def test_whom_one_blocks_or_mutes_can_be_found_again(ann: Person, bob: Person, eve: Person) -> None:
    await ann.post(f"/users/{bob.id}/block")
    await ann.post(f"/users/{eve.id}/mute")
    assert 'formaction="/@bob/unblock"' in await shown(ann, "/settings/blocks")
    assert 'formaction="/@eve/unmute"' in await shown(ann, "/settings/mutes")
    settings = await shown(ann, "/settings")
    assert 'href="/settings/blocks"' in settings and 'href="/settings/mutes"' in settings


async def test_somebody_who_blocks_one_is_not_there(ann: Person, bob: Person) -> None:
    post = await bob.publish("Not for Ann")
    await bob.post(f"/users/{ann.id}/block")
    async with ann.browser() as browser:
        for path in ("/@bob", "/@bob/followers", f"/@bob/{post['postId']}", f"/@bob/{post['postId']}/history"):
            assert (await browser.get(path)).status_code == 404, path


@pytest.mark.parametrize(
    "path",
    ["/@nobody", "/@ann/nonsense", f"/@ann/{NOBODY}", f"/@ann/{NOBODY}/history", "/@", "/@%00", "/@ann%00", "/nowhere"],
)
async def test_what_is_not_there_is_404(ann: Person, anon: Visitor, path: str) -> None:
    answer = await anon.page(path)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert answer.headers["cache-control"] == "no-store"


# -- Threads -------------------------------------------------------------------
async def chain(people: list[Person], length: int) -> list[Data]:
    """Posts each of which answers the one before."""
    posts = [await people[0].publish("Number 0")]
    for number in range(1, length):
        posts.append(await people[number % len(people)].publish(f"Number {number}", inReplyTo=posts[-1]["postId"]))
    return posts


async def test_a_thread_shows_what_is_above_and_below(ann: Person, bob: Person) -> None:
    posts = [post["postId"] for post in await chain([ann, bob], 5)]
    page = await shown(ann, f"/@ann/{posts[2]}")
    assert posts_of(page) == posts
    assert f'class="entry entry-focused" id="post-{posts[2]}"' in page


async def test_what_lies_deep_stands_behind_a_link(ann: Person, bob: Person) -> None:
    posts = [post["postId"] for post in await chain([ann, bob], 8)]
    page = await shown(ann, f"/@ann/{posts[0]}")
    assert posts_of(page) == posts[:5]
    assert re.search(rf'href="/@ann/{posts[4]}">1 more reply<', page)


async def test_answers_one_may_not_see_are_not_promised(ann: Person, bob: Person, eve: Person) -> None:
    post = await ann.publish("A question")
    await bob.publish("Only for Ann @ann", inReplyTo=post["postId"], visibility="direct")
    page = await shown(eve, f"/@ann/{post['postId']}")
    assert posts_of(page) == [post["postId"]]
    assert "more repl" not in page


async def test_a_deleted_post_keeps_its_place_and_nothing_else(ann: Person, bob: Person, eve: Person) -> None:
    posts = await chain([ann, bob, eve], 3)
    await bob.delete(f"/posts/{posts[1]['postId']}")
    for path in (f"/@ann/{posts[0]['postId']}", f"/@eve/{posts[2]['postId']}"):
        page = await shown(ann, path)
        assert "This post was deleted." in page
        assert posts_of(page) == [posts[0]["postId"], posts[2]["postId"]]
        assert "@bob" not in page


async def test_a_post_is_found_under_its_authors_name_only(ann: Person, bob: Person, anon: Visitor) -> None:
    post = await bob.publish("Mine")
    answer = await anon.page(f"/@ann/{post['postId']}")
    assert answer.headers["location"] == f"/@bob/{post['postId']}"


async def test_earlier_versions_are_shown_newest_first(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("One")
    for text in ("Two", "Three"):
        await ann.put(f"/posts/{post['postId']}", {"content": text})
    page = (await anon.page(f"/@ann/{post['postId']}/history")).text
    # What each version said, and what went from the one before it.
    versions = [words(part) for part in page.split('class="sheet version"')[1:]]
    assert [text.count("As it looked") for text in versions] == [1, 1, 0]
    shown = [text.rpartition("As it looked")[2] or text for text in versions]
    assert all(word in text for word, text in zip(("Three", "Two", "One"), shown, strict=True))
    assert "removed: Two" in versions[0] and "added: Three" in versions[0] and "Three" not in versions[1]
