"""What open sockets and streams go on telling those who may not see it any more."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.accounts import administration
from core.database import now, rows
from core.testing import PASSWORD, Person, TestInstance, settle
from core.testing.sockets import Closed

POLL = {"options": ["Rye", "Wheat", "Spelt"], "expiresIn": 3600}


async def listen(socket: Any, token: str, *channels: str) -> None:
    await socket.send({"type": "auth", "token": token})
    await socket.receive_type("ready")
    for channel in channels:
        await socket.send({"type": "subscribe", "channel": channel})
    await told(socket)


async def told(socket: Any) -> list[dict[str, Any]]:
    """All that has come until now."""
    await asyncio.sleep(0.1)
    await socket.send({"type": "ping"})
    found = []
    while (frame := await socket.receive())["type"] != "pong":
        found.append(frame)
    return found


@pytest.mark.parametrize("loss", ["block", "unfollow", "suspension"])
async def test_who_lost_sight_of_a_post_is_told_nothing_more_of_it(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, loss: str
) -> None:
    for person in (bob, eve):
        await person.follow(ann)
    post = await ann.publish("which bread?", poll=POLL, visibility="followers")
    post_id = post["postId"]
    async with eve.socket() as socket:
        await listen(socket, eve.access_token, "home", f"post:{post_id}", f"counts:{post_id}")
        if loss == "block":
            await ann.post(f"/users/{eve.id}/block")
        elif loss == "unfollow":
            await eve.delete(f"/users/{ann.id}/follow")
        else:
            with alpha.inside():
                await administration.suspend(ann.actor)
        if loss != "suspension":
            await bob.post(f"/posts/{post_id}/vote", {"choices": [1]})
            await bob.post(f"/posts/{post_id}/like")
            await ann.publish("for those who follow me", visibility="followers")
        await settle(alpha)
        assert [frame["type"] for frame in await told(socket)] == []


async def test_no_stream_outlives_what_let_it_in(alpha: TestInstance, ann: Person, admin: Person) -> None:
    moderator = await alpha.user("warden", role="moderator")
    wanted = {"name": "script", "scopes": ["read:stream"], "password": PASSWORD}
    made = await moderator.post("/auth/tokens", wanted)
    async with moderator.socket() as first, moderator.socket() as second, moderator.socket() as third:
        await listen(first, moderator.access_token, "local")
        await listen(second, made["token"], "local")
        await listen(third, made["token"], "local")
        await moderator.delete(f"/auth/tokens/{made['tokenId']}")
        for socket in (second, third):
            with pytest.raises(Closed):
                await socket.receive()
        await admin.post(f"/admin/users/{moderator.id}/suspend")
        with pytest.raises(Closed) as closed:
            await first.receive()
        assert closed.value.code == 4403
    for path in ("/admin/users", "/users/me", "/stream"):
        assert (await moderator.call("GET", path)).status_code == 401, path
    assert (await moderator.call("POST", f"/admin/users/{ann.id}/suspend")).status_code == 401


async def test_what_a_token_opened_ends_once_the_token_has_run_out(
    alpha: TestInstance, ann: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = (now() + timedelta(days=1)).isoformat()
    wanted = {"name": "script", "scopes": ["read:stream"], "password": PASSWORD, "expiresAt": tomorrow}
    made = await ann.post("/auth/tokens", wanted)
    async with ann.socket() as socket:
        await listen(socket, made["token"], "local")
        await bob.publish("in time")
        assert (await socket.receive_type("post"))["data"]["user"]["username"] == "bob"
        monkeypatch.setattr("core.api.stream.now", lambda: now() + timedelta(days=2))
        await bob.publish("too late")
        with pytest.raises(Closed) as closed:
            await socket.receive()
    assert closed.value.code == 4401


async def test_votes_and_new_options_at_once_leave_tallies_that_are_true(alpha: TestInstance, ann: Person) -> None:
    voters = await alpha.users(*(f"voter{number}" for number in range(8)))
    post = await ann.publish("which bread?", poll=POLL)
    path = f"/posts/{post['postId']}"
    fewer = {"content": "which bread?", "poll": {"options": ["Oat", "Rye"], "expiresIn": 3600}}
    votes = [one.call("POST", f"{path}/vote", json={"choices": [2]}) for one in voters]
    answers = await asyncio.gather(*votes[:4], ann.call("PUT", path, json=fewer), *votes[4:])
    assert {answer.status_code for answer in answers} <= {200, 409, 422}
    with alpha.inside():
        stored = await rows("SELECT position FROM core_poll_vote")
    poll = (await ann.get(path))["poll"]
    assert [one["title"] for one in poll["options"]] == ["Oat", "Rye"]
    assert (stored, poll["votesCount"], poll["votersCount"]) == ([], 0, 0)
