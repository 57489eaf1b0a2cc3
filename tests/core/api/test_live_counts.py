"""Counts that move on open pages, and only for those who may see what is counted."""

from __future__ import annotations

import asyncio

import pytest

from core import live_counts
from core.testing import Person, TestInstance


async def test_counts_are_told_to_those_who_look_and_may(
    ann: Person, bob: Person, eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_counts, "PAUSE_SECONDS", 0.01)
    post = (await ann.publish("open"))["postId"]
    few = (await ann.publish("for few", visibility="followers"))["postId"]
    async with bob.socket() as socket:
        await socket.send({"type": "auth", "token": bob.access_token})
        await socket.receive_type("ready")
        await socket.send({"type": "subscribe", "channel": f"counts:{few}"})
        assert (await socket.receive_type("error"))["data"]["code"] == "not_found"
        await socket.send({"type": "subscribe", "channel": f"counts:{post}"})
        await socket.send({"type": "ping"})
        await socket.receive_type("pong")
        await eve.post(f"/posts/{post}/like")
        frame = await socket.receive_type("counts")
        assert frame["data"] == {"postId": post, "likesCount": 1, "sharesCount": 0, "reactions": []}
        await eve.put(f"/posts/{post}/reactions/🎉")
        frame = await socket.receive_type("counts")
        assert frame["data"]["reactions"] == [{"emoji": "🎉", "url": None, "count": 1}]
        await eve.post(f"/posts/{post}/share")
        assert (await socket.receive_type("counts"))["data"]["sharesCount"] == 1
        await ann.post(f"/users/{bob.id}/block")
        await socket.send({"type": "subscribe", "channel": "local"})
        await socket.send({"type": "ping"})
        await socket.receive_type("pong")
        await eve.delete(f"/posts/{post}/like")
        await eve.publish("after that")
        assert (await socket.receive())["type"] == "post"


async def test_of_a_burst_only_the_first_and_how_it_ends_is_told(
    alpha: TestInstance, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_counts, "PAUSE_SECONDS", 0.6)
    post = (await ann.publish("open"))["postId"]
    fans = await alpha.users(*(f"fan{number}" for number in range(12)))
    async with ann.socket() as socket:
        await socket.send({"type": "auth", "token": ann.access_token})
        await socket.receive_type("ready")
        await socket.send({"type": "subscribe", "channel": f"counts:{post}"})
        await socket.send({"type": "ping"})
        await socket.receive_type("pong")
        for _ in range(2):
            await asyncio.gather(*(fan.post(f"/posts/{post}/like") for fan in fans))
            told = [(await socket.receive_type("counts"))["data"]["likesCount"]]
            while told[-1] < 12:
                told.append((await socket.receive_type("counts"))["data"]["likesCount"])
            assert len(told) < 8
            await asyncio.gather(*(fan.delete(f"/posts/{post}/like") for fan in fans))
            while told[-1] > 0:
                told.append((await socket.receive_type("counts"))["data"]["likesCount"])
            assert len(told) < 14  # of 24 likes given and taken back
