"""Pages of lists, filters, hashtags and choices, used without scripts; and what they put on cards."""

from __future__ import annotations

import re

from core.testing import Person, TestInstance
from core.testing.pages import submit
from core.testing.sockets import Socket
from tests.plugins.posts.test_feeds import texts
from tests.plugins.posts.test_filters import filtering
from tests.plugins.posts.test_people_lists import made


async def page_of(who: Person, path: str) -> str:
    async with who.browser() as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def sent(who: Person, path: str, on: str, **values: str) -> int:
    async with who.browser() as browser:
        return (await submit(browser, path, values, on=on)).status_code


async def test_a_list_is_made_filled_read_and_deleted_on_pages(ann: Person, bob: Person, eve: Person) -> None:
    for person in (bob, eve):
        await ann.follow(person)
        await person.publish(f"by {person.name}")
    assert await sent(ann, "/lists", "/lists", title="Close", replies="none", exclusive="true") == 303
    (found,) = (await ann.get("/lists"))["lists"]
    assert (found["title"], found["replies"], found["exclusive"]) == ("Close", "none", True)
    at = f"/lists/{found['listId']}"
    assert await sent(ann, f"{at}/edit", f"{at}/edit", title="Closer", replies="none", userIds=bob.id) == 303
    page = await page_of(ann, at)
    assert "by bob" in page
    assert "by eve" not in page
    assert "Closer" in await page_of(ann, "/lists")
    assert await sent(ann, f"{at}/edit", f"{at}/edit", title=" ", replies="none") == 422
    assert await sent(ann, f"{at}/delete", f"{at}/edit") == 303
    assert (await ann.get("/lists"))["lists"] == []


async def test_a_filter_is_made_changed_and_deleted_on_pages(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await bob.publish("a spoiler")
    on = "/settings/filters/new"
    typed = {"title": "Film", "words": "spoiler\r\nthe end", "wholeWord": "true", "action": "warn", "contexts": "home"}
    assert await sent(ann, on, on, **{**typed, "people": "@nobody"}) == 422
    assert await sent(ann, on, on, **typed, people="@bob", until="day") == 303
    (rule,) = (await ann.get("/filters"))["filters"]
    assert [word["text"] for word in rule["words"]] == ["spoiler", "the end"]
    assert rule["expiresAt"] is not None
    assert "Film" in await page_of(ann, "/settings/filters")
    home = await page_of(ann, "/")
    assert re.search(r"Filtered:\s*<bdi>Film</bdi>", home)
    at = f"/settings/filters/{rule['filterId']}"
    assert await sent(ann, at, at, **{**typed, "action": "hide", "until": "keep"}) == 303
    assert "a spoiler" not in await page_of(ann, "/")
    assert (await ann.get("/filters"))["filters"][0]["expiresAt"] == rule["expiresAt"]
    assert await sent(ann, f"{at}/delete", at) == 303
    assert "a spoiler" in await page_of(ann, "/")


async def test_a_hashtag_is_followed_on_its_page_and_cards_say_why_they_came(ann: Person, eve: Person) -> None:
    await eve.publish("roses #garden")
    assert await sent(ann, "/tags/garden/follow", "/tags/garden", next="/tags/garden") == 303
    assert "/tags/garden/unfollow" in await page_of(ann, "/tags/garden")
    assert re.search(r'You follow <a href="/tags/garden"', await page_of(ann, "/"))
    assert "#garden" in await page_of(ann, "/settings/tags")
    assert await sent(ann, "/tags/garden/unfollow", "/settings/tags") == 303
    assert await texts(ann) == []


async def test_a_conversation_is_muted_on_its_page(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    root = await bob.publish("root")
    page = f"/@bob/{root['postId']}"
    assert await sent(ann, f"/posts/{root['postId']}/mute-thread", page) == 303
    assert "You have muted this conversation" in await page_of(ann, page)
    await bob.publish("more", inReplyTo=root["postId"])
    assert await texts(ann) == ["root"]
    assert await sent(ann, f"/posts/{root['postId']}/unmute-thread", page) == 303
    assert "You have muted this conversation" not in await page_of(ann, page)


async def test_what_one_sees_of_somebody_is_chosen_on_a_page(ann: Person, bob: Person) -> None:
    list_id = await made(ann)
    await ann.follow(bob)
    at = "/@bob/choices"
    assert await sent(ann, at, at, showReplies="true", listIds=list_id) == 303
    state = await ann.put("/users/bob/follow", {})
    assert (state["showShares"], state["showReplies"]) == (False, True)
    assert (await ann.get(f"/lists/{list_id}"))["membersCount"] == 1
    assert await sent(ann, at, at, showShares="true") == 303
    assert (await ann.get(f"/lists/{list_id}"))["membersCount"] == 0
    assert await sent(ann, "/@bob/mute-for", at, duration="hour") == 303
    assert [each["username"] for each in (await ann.get("/mutes"))["users"]] == ["bob"]


async def test_the_home_feed_says_where_one_has_read_to(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    old = await bob.publish("old")
    assert "You are all caught up" not in await page_of(ann, "/")
    assert await sent(ann, "/caught-up", "/", postId=old["postId"]) == 303
    assert (await page_of(ann, "/")).index("You are all caught up") < (await page_of(ann, "/")).index("<p>old</p>")
    await bob.publish("new")
    page = await page_of(ann, "/")
    assert page.index("<p>new</p>") < page.index("You are all caught up") < page.index("<p>old</p>")
    for number in range(25):
        await bob.publish(str(number))
    first = await page_of(ann, "/")
    assert "You are all caught up" not in first
    cursor = re.search(r'href="/\?cursor=([^"]+)"', first)
    assert cursor
    rest = await page_of(ann, f"/?cursor={cursor[1]}")
    assert rest.index("<p>new</p>") < rest.index("You are all caught up") < rest.index("<p>old</p>")


async def test_what_one_likes_has_a_page(ann: Person, bob: Person) -> None:
    post = await bob.publish("likeable")
    await ann.post(f"/posts/{post['postId']}/like")
    assert "likeable" in await page_of(ann, "/likes")
    assert "likeable" not in await page_of(bob, "/likes")


async def come_in(socket: Socket, who: Person) -> None:
    await socket.send({"type": "auth", "token": who.access_token})
    await socket.receive_type("ready")


async def watch(socket: Socket, channel: str) -> None:
    """Listen to a channel, and wait until that is so."""
    await socket.send({"type": "subscribe", "channel": channel})
    await socket.send({"type": "ping"})
    await socket.receive_type("pong")


# -- Live ----------------------------------------------------------------------
async def test_a_socket_says_nothing_of_what_filters_hide(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    await filtering(ann, "spoiler")
    await filtering(ann, "rumour", action="warn", title="Talk")
    async with ann.socket() as socket:
        await come_in(socket, ann)
        await watch(socket, "home")
        await bob.publish("a spoiler")
        await bob.publish("a rumour")
        frame = await socket.receive_type("post")
    assert "rumour" in frame["data"]["content"]
    assert [rule["title"] for rule in frame["data"]["filtered"]] == ["Talk"]


async def test_a_list_is_live_for_its_owner_alone(ann: Person, bob: Person, eve: Person) -> None:
    list_id = await made(ann, bob, exclusive=True)
    async with ann.socket() as socket, eve.socket() as other:
        await come_in(socket, ann)
        await come_in(other, eve)
        await other.send({"type": "subscribe", "channel": f"list:{list_id}"})
        assert (await other.receive_type("error"))["data"]["code"] == "not_found"
        await watch(socket, f"list:{list_id}")
        await bob.publish("for the list")
        frame = await socket.receive_type("post")
    assert "for the list" in frame["data"]["content"]


async def test_what_friends_publish_has_a_page_of_its_own_beside_home(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    await ann.follow(bob)
    await bob.follow(ann)
    await ann.follow(eve)
    for person in (bob, eve):
        for number in range(21):
            await person.publish(f"{number} by {person.name}")
    await bob.publish("for friends only", visibility="friends")
    home = await page_of(ann, "/")
    at = re.search(r'<a href="(/[a-z/]+)">Friends</a><a href="/local">', home)[1]
    page = await page_of(ann, at)
    assert "for friends only" in page
    assert "by bob" in page
    assert "by eve" not in page
    assert f'<a href="{at}" aria-current="page">' in page
    more = re.search(rf'"({at}\?cursor=[^"]+)"', page)[1]
    assert "0 by bob" in await page_of(ann, more)
    async with eve.browser() as browser:
        alone = (await browser.get(at)).text
        assert "by bob" not in alone
        assert "by eve" in alone
    stranger = await alpha.client.get(at)
    assert stranger.headers["location"].startswith("/login")
    assert at not in (await alpha.client.get("/local")).text


async def test_who_has_no_friends_yet_is_told_how_to_find_some(ann: Person) -> None:
    page = await page_of(ann, "/friends/posts")
    assert "Friends are people who follow each other" in page
    assert 'href="/suggestions"' in page
