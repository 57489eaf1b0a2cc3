"""What somebody tries who wants to see or do what they may not, through the API, the pages and the sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from core.accounts import administration
from core.database import execute
from core.testing import Person, TestInstance, Visitor, befriend, settle, world
from core.testing.pages import submit

DOCUMENT, PAGE = "application/activity+json", "text/html,application/xhtml+xml"


async def _a_day_later(alpha: TestInstance) -> None:
    with alpha.inside():
        await execute("UPDATE core_job SET due_at = $1", datetime.now(UTC) - timedelta(seconds=1))
    await settle(alpha)


async def _asked(alpha: TestInstance, path: str, headers: Sequence[tuple[str, str]] = ()) -> httpx.Response:
    """A stranger's request whose headers may stand there twice."""
    return await alpha.client.request("GET", path, headers=list(headers))


# -- Seeing what is for a few --------------------------------------------------
@pytest.mark.parametrize("wish", [{}, {"visibility": "public"}])
@pytest.mark.parametrize("visibility", ["direct", "followers", "friends"])
async def test_an_answer_for_later_stays_as_narrow_as_what_it_answered_even_if_that_has_gone(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, visibility: str, wish: dict[str, str]
) -> None:
    await befriend(ann, bob)
    root = (await ann.publish("@bob the secret?", visibility=visibility))["postId"]
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    later = await bob.post("/posts", {"content": "the secret", "inReplyTo": root, "publishAt": at, **wish})
    await ann.delete(f"/posts/{root}")
    await _a_day_later(alpha)
    assert not await anon_sees(anon, later["postId"])
    post = await _draft_published(bob)
    assert post["visibility"] == visibility and not await anon_sees(anon, post["postId"])


async def _draft_published(who: Person) -> dict[str, Any]:
    """What could not be published at its time, published as it was kept."""
    (draft,) = (await who.get("/drafts"))["drafts"]
    return dict(await who.post(f"/drafts/{draft['draftId']}/publish"))


async def anon_sees(anon: Visitor, post_id: str) -> bool:
    return (await anon.call("GET", f"/posts/{post_id}")).status_code == 200


async def test_a_local_answer_for_later_stays_local_even_if_what_it_answered_has_gone(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    root = (await ann.publish("between us", localOnly=True))["postId"]
    at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    await bob.post("/posts", {"content": "yes", "inReplyTo": root, "publishAt": at})
    await ann.delete(f"/posts/{root}")
    await _a_day_later(alpha)
    assert (await _draft_published(bob))["localOnly"] is True


@pytest.mark.parametrize("visibility", ["direct", "followers", "friends"])
async def test_a_deleted_answer_that_was_for_a_few_leaves_no_trace_for_others(
    ann: Person, bob: Person, eve: Person, anon: Visitor, visibility: str
) -> None:
    await befriend(ann, bob)
    root = (await eve.publish("root"))["postId"]
    hidden = (await ann.publish("@bob pst", inReplyTo=root, visibility=visibility))["postId"]
    answer = (await bob.publish("@ann yes", inReplyTo=hidden, visibility=visibility))["postId"]
    await ann.delete(f"/posts/{hidden}")
    assert (await anon.get(f"/posts/{root}/thread"))["replies"] == []
    assert "@ann" not in (await anon.page(f"/@eve/{root}")).text
    assert [one["isDeleted"] for one in (await bob.get(f"/posts/{answer}/thread"))["ancestors"]] == [False, True]
    assert [one["postId"] for one in (await bob.get(f"/posts/{root}/thread"))["replies"]] == [hidden, answer]


async def test_what_somebody_deleted_is_no_trace_of_them_for_whom_they_block(
    ann: Person, bob: Person, eve: Person
) -> None:
    root = (await bob.publish("root"))["postId"]
    gone = (await ann.publish("gone", inReplyTo=root))["postId"]
    await bob.publish("answer", inReplyTo=gone)
    await ann.delete(f"/posts/{gone}")
    await ann.post(f"/users/{eve.id}/block")
    assert gone not in [one["postId"] for one in (await eve.get(f"/posts/{root}/thread"))["replies"]]


async def test_deleted_posts_of_who_was_suspended_are_not_shown(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    root = (await bob.publish("root"))["postId"]
    gone = (await ann.publish("gone", inReplyTo=root))["postId"]
    answer = (await bob.publish("answer", inReplyTo=gone))["postId"]
    await ann.delete(f"/posts/{gone}")
    with alpha.inside():
        await administration.suspend(ann.actor)
    assert [one["postId"] for one in (await anon.get(f"/posts/{root}/thread"))["replies"]] == [answer]


async def test_who_is_answered_is_not_named_once_they_were_suspended(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    answer = await bob.publish("answer", inReplyTo=(await ann.publish())["postId"])
    assert (await anon.get(f"/posts/{answer['postId']}"))["inReplyToUser"]["username"] == "ann"
    with alpha.inside():
        await administration.suspend(ann.actor)
    assert (await anon.get(f"/posts/{answer['postId']}"))["inReplyToUser"] is None


# -- What is kept for strangers ------------------------------------------------
async def test_a_quote_does_not_outlive_what_it_quotes_on_kept_pages(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    quoted = (await bob.publish("a regrettable thing"))["postId"]
    post = (await ann.publish("look", quote=quoted))["postId"]
    for path in ("/@ann", f"/@ann/{post}"):
        await anon.page(path)
    await bob.delete(f"/posts/{quoted}")
    for path in ("/@ann", f"/@ann/{post}"):
        assert "a regrettable thing" not in (await anon.page(path)).text


@pytest.mark.parametrize("path", ["/@ann", "/local"])
async def test_nobody_puts_another_answer_in_the_place_of_a_kept_one_with_two_headers(
    alpha: TestInstance, ann: Person, anon: Visitor, path: str
) -> None:
    await ann.publish("hello")
    await _asked(alpha, path, [("Accept", DOCUMENT), ("Accept", PAGE)])
    await _asked(alpha, path, [("Accept", PAGE), ("HX-Request", "true"), ("HX-Request", "")])
    answer = await _asked(alpha, path, [("Accept", PAGE)])
    assert answer.headers["content-type"].startswith("text/html") and "<!doctype html>" in answer.text.lower()


@pytest.mark.parametrize(
    "first", [{"HX-Request": "no"}, {"HX-Request": "true", "HX-History-Restore-Request": "true"}], ids=str
)
async def test_nobody_puts_a_page_in_the_place_of_a_kept_fragment(
    alpha: TestInstance, ann: Person, first: dict[str, str]
) -> None:
    await ann.publish("hello")
    await _asked(alpha, "/local", [("Accept", PAGE), *first.items()])
    fragment = await _asked(alpha, "/local", [("Accept", PAGE), ("HX-Request", "true")])
    assert "<html" not in fragment.text and "hello" in fragment.text


# -- Sockets -------------------------------------------------------------------
async def _listening(socket: Any, person: Person, channel: str = "home") -> None:
    await socket.send({"type": "auth", "token": person.access_token})
    await socket.receive_type("ready")
    await socket.send({"type": "subscribe", "channel": channel})
    await socket.send({"type": "ping"})
    await socket.receive_type("pong")


async def test_a_socket_is_not_told_what_is_quoted_of_who_blocks(ann: Person, bob: Person, eve: Person) -> None:
    await eve.follow(ann)
    await bob.post(f"/users/{eve.id}/block")
    quoted = (await bob.publish("not for eve"))["postId"]
    async with eve.socket() as socket:
        await _listening(socket, eve)
        await ann.publish("look", quote=quoted)
        frame = await socket.receive_type("post")
    assert "look" in frame["data"]["content"] and frame["data"]["quote"] is None


async def test_a_socket_that_resumes_is_told_nothing_of_who_was_suspended(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    async with eve.socket() as socket:
        await _listening(socket, eve, "local")
        await bob.publish("first")
        seen = (await socket.receive_type("post"))["id"]
    await ann.publish("spam")
    await bob.publish("last")
    with alpha.inside():
        await administration.suspend(ann.actor)
    async with eve.socket() as socket:
        await _listening(socket, eve, "local")
        await socket.send({"type": "resume", "lastId": seen})
        assert "last" in (await socket.receive_type("post"))["data"]["content"]


async def test_a_share_by_who_is_muted_does_not_reach_a_socket(ann: Person, bob: Person, eve: Person) -> None:
    await eve.follow(ann)
    await eve.post(f"/users/{ann.id}/mute")
    shared = (await bob.publish("shared"))["postId"]
    async with eve.socket() as socket:
        await _listening(socket, eve)
        await ann.post(f"/posts/{shared}/share")
        await asyncio.sleep(0.1)
        await socket.send({"type": "ping"})
        assert (await socket.receive())["type"] == "pong"


async def test_a_socket_that_resumes_is_told_nothing_of_what_was_deleted(ann: Person, bob: Person, eve: Person) -> None:
    await eve.follow(ann)
    async with eve.socket() as socket:
        await _listening(socket, eve)
        await ann.publish("first")
        seen = (await socket.receive_type("post"))["id"]
    slip = (await ann.publish("a slip", visibility="followers"))["postId"]
    quoted = (await bob.publish("another slip"))["postId"]
    await ann.publish("look", quote=quoted)
    await ann.delete(f"/posts/{slip}")
    await bob.delete(f"/posts/{quoted}")
    async with eve.socket() as socket:
        await _listening(socket, eve)
        await socket.send({"type": "resume", "lastId": seen})
        post = (await socket.receive_type("post"))["data"]
    assert "look" in post["content"] and post["quote"] is None


async def test_a_socket_that_resumes_is_not_told_what_it_may_not_see_any_more(ann: Person, eve: Person) -> None:
    await eve.follow(ann)
    async with eve.socket() as socket:
        await _listening(socket, eve)
        await ann.publish("first")
        seen = (await socket.receive_type("post"))["id"]
    await ann.publish("for followers", visibility="followers")
    await ann.publish("for all")
    await eve.delete(f"/users/{ann.id}/follow")
    async with eve.socket() as socket:
        await _listening(socket, eve)
        await socket.send({"type": "resume", "lastId": seen})
        assert "for all" in (await socket.receive_type("post"))["data"]["content"]


# -- Limits --------------------------------------------------------------------
async def test_addresses_mapped_into_ipv6_do_not_share_one_limit() -> None:
    async with world("alpha.test", rate_limits__enabled=True, rate_limits__signed_out_per_five_minutes=3) as (alpha,):
        statuses = []
        for number in (1, 1, 1, 1, 2):
            transport = httpx.ASGITransport(app=alpha.instance.asgi, client=(f"::ffff:198.51.100.{number}", 5000))
            async with httpx.AsyncClient(transport=transport, base_url=alpha.base_url) as client:
                statuses.append((await client.get("/api/v1/posts")).status_code)
    assert statuses == [200, 200, 200, 429, 200]


async def test_who_has_used_up_the_limit_does_not_go_on_with_forms_of_pages() -> None:
    async with world("alpha.test", rate_limits__enabled=True, rate_limits__user_per_hour=3) as (alpha,):
        ann = await alpha.user("ann")
        for _ in range(2):
            await ann.publish()
        async with ann.browser() as browser:
            statuses = [(await submit(browser, "/compose", {"content": "x"})).status_code for _ in range(2)]
        assert statuses == [303, 429]
        assert len((await alpha.anon.get("/posts"))["posts"]) == 3


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/login", {"login": "a\0b", "password": "x"}),
        ("/login", {"login": "a\0@b.c", "password": "x"}),
        ("/signup", {"username": "zed", "email": "a\0b@example.org", "password": "Quiet-Harbour-47"}),
        ("/signup", {"username": "zed", "email": "a@example.org", "password": "Quiet-Harbour-47", "fullName": "\0"}),
    ],
)
async def test_strangers_forms_with_a_nul_are_no_failures(
    alpha: TestInstance, path: str, values: dict[str, str]
) -> None:
    async with alpha.browser({}) as browser:
        answer = await submit(browser, path, values, on=path)
    assert answer.status_code < 500


@pytest.mark.parametrize(
    ("path", "values", "on"),
    [
        ("/compose", {"content": "x", "contentWarning": "a\0b"}, "/compose"),
        ("/compose", {"content": "x", "language": "a\0b"}, "/compose"),
        ("/settings/profile", {"fullName": "a\0b", "bio": "c\0d"}, "/settings/profile"),
        ("/settings/profile", {"fullName": "a", "fieldName": "a\0", "fieldValue": "b\0"}, "/settings/profile"),
        ("/settings/sessions/nobody/end", {}, "/settings/sessions"),
    ],
)
async def test_members_forms_with_what_cannot_be_stored_are_no_failures(
    ann: Person, path: str, values: dict[str, str], on: str
) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, path, values, on=on)
    assert answer.status_code < 500


async def test_an_address_with_a_nul_leads_nowhere(anon: Visitor) -> None:
    for path in ("/tags/a%00", "/@a%00", "/static/%00", "/objects/%00"):
        assert (await anon.page(path)).status_code == 404, path
