"""Real time: frames over a WebSocket, and the same one way as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from core.accounts import administration
from core.accounts.sessions import COOKIE
from core.database import execute, now
from core.testing import Closed, Person, Socket, TestInstance, Visitor, world
from core.testing.people import problem_of


class Listener:
    """A socket of somebody who is signed in, listening to their home and further channels."""

    def __init__(self, person: Person, socket: Socket) -> None:
        self.person, self.socket = person, socket
        self.send, self.receive, self.receive_type = socket.send, socket.receive, socket.receive_type

    async def heard(self) -> list[str]:
        """What came since, as types and the ids of posts or codes of errors."""
        instance = self.person.instance.instance
        await self.send({"type": "ping"})  # what was sent before is answered before
        heard = await self._until("pong")
        with self.person.instance.inside():
            await instance.database.engine.settle()
        instance.live.publish(f"home:{self.person.id}", {"type": "count", "data": {}}, replay=False)
        return heard + await self._until("count")

    async def _until(self, kind: str) -> list[str]:
        heard = []
        while (frame := await self.receive())["type"] != kind:
            heard.append(f"{frame['type']} {frame['data'].get('postId') or frame['data'].get('code')}")
        return heard


@asynccontextmanager
async def streaming(person: Person, *channels: str) -> AsyncIterator[Listener]:
    """Somebody who listens to their home and these channels."""
    async with person.socket() as socket:
        await socket.send({"type": "auth", "token": person.access_token})
        ready = await socket.receive()
        assert (ready["type"], ready["data"]) == ("ready", {"userId": person.id})
        for channel in ("home", *channels):
            await socket.send({"type": "subscribe", "channel": channel})
        listener = Listener(person, socket)
        assert await listener.heard() == []
        yield listener


# -- Who may listen ------------------------------------------------------------
@pytest.mark.parametrize(
    "frame",
    [
        {"type": "auth", "token": "x.y.z"},
        {"type": "auth"},
        {"type": "ping"},
        "not json",
        "[]",
        {"type": "auth", "token": 5},
    ],
)
async def test_the_first_frame_must_authenticate(anon: Visitor, frame: object) -> None:
    async with anon.socket() as socket:
        await socket.send(frame)
        refused = await socket.receive()
        assert (refused["type"], refused["data"]["code"]) == ("error", "unauthenticated")
        with pytest.raises(Closed) as closed:
            await socket.receive()
        assert closed.value.code == 4401


async def test_a_browsers_cookie_serves_from_our_own_pages(ann: Person) -> None:
    cookie = f"{COOKIE}={ann.refresh_token}"
    async with ann.socket(Cookie=cookie, Origin="https://alpha.test") as socket:
        assert (await socket.receive())["data"] == {"userId": ann.id}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://alpha.test.evil.example", "http://alpha.test", "null", ""]
)
async def test_a_cookie_from_another_sites_page_is_nobody(ann: Person, origin: str) -> None:
    async with ann.socket(Cookie=f"{COOKIE}={ann.refresh_token}", Origin=origin) as socket:
        await socket.send({"type": "subscribe", "channel": "home"})
        assert (await socket.receive())["data"]["code"] == "unauthenticated"


async def test_a_cookie_without_an_origin_is_nobody(ann: Person) -> None:
    async with ann.socket(Cookie=f"{COOKIE}={ann.refresh_token}") as socket:
        await socket.send({"type": "ping"})
        assert (await socket.receive())["data"]["code"] == "unauthenticated"


async def test_the_stream_of_a_suspended_person_closes(alpha: TestInstance, ann: Person, bob: Person) -> None:
    async with streaming(ann) as socket, streaming(bob) as other:
        with alpha.inside():
            await administration.suspend(ann.actor)
        with pytest.raises(Closed) as closed:
            await socket.receive()
        assert closed.value.code == 4403
        assert await other.heard() == []


async def test_the_stream_of_a_session_that_ended_closes_and_no_other(alpha: TestInstance, ann: Person) -> None:
    other = await alpha.anon.post("/auth/login", {"username": "ann", "password": "Quiet-Harbour-47"})
    async with streaming(ann) as socket, ann.socket() as second:
        await second.send({"type": "auth", "token": other["accessToken"]})
        await second.receive_type("ready")
        await ann.post("/auth/logout")
        with pytest.raises(Closed):
            await socket.receive()
        await second.send({"type": "ping"})
        await second.receive_type("pong")


async def test_a_reused_refresh_token_closes_the_stream_of_its_family(alpha: TestInstance, ann: Person) -> None:
    async with streaming(ann) as socket:
        await alpha.anon.post("/auth/refresh", {"refreshToken": ann.refresh_token})
        with alpha.inside():  # long enough ago that nobody could merely have missed the answer
            await execute("UPDATE core_spent_token SET spent_at = $1", now() - timedelta(minutes=1))
        await alpha.anon.refused(401, "POST", "/auth/refresh", {"refreshToken": ann.refresh_token})
        with pytest.raises(Closed):
            await socket.receive()


# -- What comes ----------------------------------------------------------------
async def test_home_hears_of_those_i_follow_as_they_publish(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    async with streaming(ann) as socket:
        await eve.publish("not for her")
        post = await bob.publish("hello", visibility="followers")
        frame = await socket.receive()
        assert (frame["type"], frame["data"]["postId"], frame["data"]["content"]) == (
            "post",
            post["postId"],
            "<p>hello</p>",
        )
        assert frame["id"] and frame["data"]["source"] is None
        assert frame["channel"] == "home"
        await bob.delete(f"/posts/{post['postId']}")
        assert await socket.heard() == [f"postDeleted {post['postId']}"]


async def test_a_share_comes_with_who_shared_it(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    post = (await eve.publish("hers"))["postId"]
    async with streaming(ann) as socket:
        await bob.post(f"/posts/{post}/share")
        frame = await socket.receive()
        assert (frame["data"]["postId"], frame["data"]["sharedBy"]["username"]) == (post, "bob")


async def test_local_hears_what_is_public_here(ann: Person, bob: Person) -> None:
    async with streaming(ann, "local") as socket:
        post = (await bob.publish("public"))["postId"]
        for visibility in ("unlisted", "followers", "private", "direct"):
            closed = await bob.publish(visibility, visibility=visibility)
            await bob.delete(f"/posts/{closed['postId']}")
        await bob.post(f"/posts/{post}/comments", {"content": "an answer"})
        assert await socket.heard() == [f"post {post}"]


async def test_a_posts_channel_hears_its_answers_and_its_end(ann: Person, bob: Person, eve: Person) -> None:
    post = (await ann.publish())["postId"]
    async with streaming(eve, f"post:{post}") as socket:
        answer = (await bob.post(f"/posts/{post}/comments", {"content": "x"}))["commentId"]
        deeper = (await bob.post(f"/comments/{answer}/reply", {"content": "y"}))["commentId"]
        await bob.delete(f"/comments/{deeper}")
        await ann.delete(f"/posts/{post}")
        assert await socket.heard() == [
            f"post {answer}",
            f"post {deeper}",
            f"postDeleted {deeper}",
            f"postDeleted {post}",
        ]


async def test_each_frame_says_by_which_channel_it_came(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    post = (await bob.publish("first"))["postId"]
    async with streaming(ann, "home", f"post:{post}") as socket:
        await bob.publish("an answer to oneself", inReplyTo=post)
        await bob.publish("another")
        came = [await socket.receive() for _ in range(3)]
    assert sorted(frame["channel"] for frame in came) == ["home", "home", f"post:{post}"]
    assert {frame["channel"] for frame in came if not frame["data"]["inReplyTo"]} == {"home"}


async def test_answers_for_a_few_are_not_told_to_everybody(ann: Person, bob: Person, eve: Person) -> None:
    post = (await ann.publish())["postId"]
    async with streaming(eve, f"post:{post}") as socket:
        hidden = await bob.publish("for ann", inReplyTo=post, visibility="direct")
        await bob.delete(f"/posts/{hidden['postId']}")
        assert await socket.heard() == []


@pytest.mark.parametrize("verb", ["block", "mute"])
async def test_nothing_comes_of_those_i_block_or_mute(ann: Person, bob: Person, eve: Person, verb: str) -> None:
    await ann.follow(eve)
    async with streaming(ann, "local") as socket:
        await ann.post(f"/users/bob/{verb}")
        post = await bob.publish("his")
        await eve.post(f"/posts/{post['postId']}/share")
        assert await socket.heard() == []
        await ann.delete(f"/users/bob/{verb}")
        await bob.publish("his again")
        assert len(await socket.heard()) == 1


async def test_nothing_comes_by_a_sharer_i_mute_nor_of_who_blocks_me(ann: Person, bob: Person, eve: Person) -> None:
    await ann.follow(bob)
    async with streaming(ann, "local") as socket:
        await ann.post("/users/bob/mute")
        await eve.post("/users/ann/block")
        post = await eve.publish("hers")
        await bob.post(f"/posts/{post['postId']}/share")
        assert await socket.heard() == []


async def test_a_quote_of_who_blocks_me_is_not_shown(ann: Person, bob: Person, eve: Person) -> None:
    first = await eve.publish("hers")
    await eve.post("/users/ann/block")
    async with streaming(ann, "local") as socket:
        await bob.publish("look", quote=first["postId"])
        frame = await socket.receive_type("post")
        assert (frame["data"]["content"], frame["data"]["quote"]) == ("<p>look</p>", None)


async def test_a_channel_is_left(ann: Person, bob: Person) -> None:
    post = (await bob.publish())["postId"]
    async with streaming(ann, "local", f"post:{post}") as socket:
        await bob.delete(f"/posts/{post}")
        for channel in ("local", f"post:{post}"):
            await socket.send({"type": "unsubscribe", "channel": channel})
        await socket.heard()
        await bob.publish()
        assert await socket.heard() == []


# -- What clients say ----------------------------------------------------------
@pytest.mark.parametrize(
    "frame",
    ["not json", "[1]", "5", '"x"', "", "{}", {"type": "dance"}, {"type": 5}, {"type": "subscribe"},
     {"type": "subscribe", "channel": "nonsense"}, {"type": "subscribe", "channel": ["home"]},
     {"type": "subscribe", "channel": "home:someone-else"}, {"type": "subscribe", "channel": "post:nonsense"},
     {"type": "subscribe", "channel": "post:"}, {"type": "unsubscribe", "channel": 7}, {"type": "resume"},
     {"type": "resume", "lastId": "nonsense"}, {"type": "resume", "lastId": {}}, '{"type": "\\ud800"}',
     '{"type": "ping", "x": ' + "[" * 5000 + "]" * 5000 + "}", "x" * 70_000],
)  # fmt: skip
async def test_a_bad_frame_gets_an_error_and_breaks_nothing(ann: Person, frame: object) -> None:
    async with streaming(ann, "local") as socket:
        await socket.send(frame)
        assert (await socket.receive())["type"] == "error"
        assert await socket.heard() == []
        await ann.publish()
        assert (await socket.receive())["type"] == "post"


async def test_nobody_listens_to_what_they_may_not_see(ann: Person, eve: Person) -> None:
    hidden = (await ann.publish(visibility="private"))["postId"]
    async with streaming(eve) as socket:
        await socket.send({"type": "subscribe", "channel": f"post:{hidden}"})
        assert (await socket.receive())["data"]["code"] == "not_found"


async def test_channels_are_bounded(ann: Person) -> None:
    async with streaming(ann) as socket:
        for _ in range(52):
            post = (await ann.publish(visibility="private"))["postId"]
            await socket.send({"type": "subscribe", "channel": f"post:{post}"})
        assert await socket.heard() == ["error invalid"] * 3


async def test_after_a_break_nothing_is_missed(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    async with streaming(ann) as socket:
        await bob.publish("first")
        last_id = (await socket.receive())["id"]
    missed = [(await bob.publish(text))["postId"] for text in ("second", "third")]
    async with streaming(ann) as socket:
        await socket.send({"type": "resume", "lastId": last_id})
        assert await socket.heard() == [f"post {post}" for post in missed]


async def test_who_says_resume_first_misses_nothing_either(ann: Person, bob: Person) -> None:
    async with streaming(ann, "local") as socket:
        await bob.publish("first")
        last_id = (await socket.receive())["id"]
    missed = (await bob.publish("second"))["postId"]
    async with streaming(ann) as socket:
        await socket.send({"type": "resume", "lastId": last_id})
        await socket.send({"type": "subscribe", "channel": "local"})
        assert await socket.heard() == [f"post {missed}"]


# -- How many at once ----------------------------------------------------------
@pytest.fixture
async def narrow() -> AsyncIterator[TestInstance]:
    """A server where two streams may be open at once."""
    async with world("narrow.test", rate_limits__enabled=True, rate_limits__open_streams=2) as (instance,):
        yield instance


async def refused(socket: Socket) -> None:
    """What a socket is told that is one too many."""
    told = await socket.receive()
    assert (told["type"], told["data"]["code"]) == ("error", "rate_limited") and told["data"]["retryAfter"] > 0
    with pytest.raises(Closed) as closed:
        await socket.receive()
    assert closed.value.code == 4429


async def test_one_person_has_so_many_streams_open_and_no_more(narrow: TestInstance) -> None:
    ann, bob = await narrow.users("ann", "bob")
    async with streaming(ann) as first:
        async with streaming(ann):
            async with ann.socket() as third:
                await third.send({"type": "auth", "token": ann.access_token})
                await refused(third)
            answer = await ann.call("GET", "/stream")
            assert problem_of(answer, 429)["code"] == "rate_limited" and int(answer.headers["Retry-After"]) > 0
            async with streaming(bob):
                pass
        async with streaming(ann):
            await first.send({"type": "ping"})
            assert await first.receive_type("pong")


async def test_one_address_has_so_many_sockets_open_that_have_not_signed_in(narrow: TestInstance) -> None:
    ann = await narrow.user("ann")
    async with narrow.anon.socket(), narrow.anon.socket() as second:
        async with narrow.anon.socket() as third:
            await refused(third)
        await second.send({"type": "auth", "token": ann.access_token})
        assert (await second.receive())["type"] == "ready"
        async with streaming(ann):
            pass
