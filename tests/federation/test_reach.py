"""What authors are told of where their posts went, and what "send again" does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.database import execute, now
from core.federation import reach
from core.federation.bookkeeping import forget_outgoing
from core.models import Follow
from core.testing import Person, TestInstance, Visitor, settle, world
from tests.federation.crowd import Crowd, Post


@pytest.fixture
def crowd(alpha: TestInstance) -> Crowd:
    return Crowd(alpha)


async def sent(ann: Person, crowd: Crowd, *hosts: str, **more: object) -> str:
    """A post that was sent to a follower on each of these."""
    for host in hosts:
        await crowd.follower(ann, host)
    post = str((await ann.publish("To all of you", **more))["postId"])
    await settle(ann.instance)
    return post


async def told(ann: Person, post: str) -> tuple[int, int, int, dict[str, str]]:
    """Reached, waiting, refused, and the reasons by server."""
    found = await ann.get(f"/posts/{post}/delivery")
    reasons = {one["server"]: one["reason"] for one in found["servers"]}
    return found["reachedCount"], found["waitingCount"], found["refusedCount"], reasons


def answers(post: Post) -> int:
    return {"no.test": 403, "ill.test": 503}.get(post.host, 202)


async def test_authors_learn_which_servers_have_a_post_and_why_others_do_not(alpha, crowd, ann) -> None:
    crowd.answer = answers
    post = await sent(ann, crowd, "one.test", "two.test", "no.test", "ill.test")
    reached, waiting, refused, reasons = await told(ann, post)
    assert (reached, waiting, refused) == (2, 1, 1)
    assert reasons == {
        "no.test": "It takes no posts from this server, or from you.",
        "ill.test": "It is not working properly just now.",
    }
    page = (await ann.page(f"/@ann/{post}")).text
    assert "Reached 2 other servers" in page and "no.test" in page and "Send again" in page


async def test_two_inboxes_of_one_server_are_one_server(alpha, crowd, ann) -> None:
    post = await sent(ann, crowd, "one.test")
    with alpha.inside():
        await execute(
            "INSERT INTO federation_reach (id, entry_id, inbox, host, state, reason, noted_at) SELECT"
            " '0190a000-0000-7000-8000-000000000001', entry_id, inbox || '/other', host, 'refused', '404', noted_at"
            " FROM federation_reach"
        )
    assert (await told(ann, post))[:3] == (1, 0, 0)


async def test_what_is_sent_again_reaches_who_takes_it_now(alpha, crowd, ann) -> None:
    crowd.answer = answers
    post = await sent(ann, crowd, "no.test", "ill.test", "one.test")
    crowd.answer = lambda post: 202
    came = len(crowd.came)
    assert (await ann.post(f"/posts/{post}/delivery/retry"))["triedCount"] == 2
    await settle(alpha)
    assert sorted(post.host for post in crowd.came[came:]) == ["ill.test", "no.test"]
    assert await told(ann, post) == (3, 0, 0, {})
    await ann.refused(409, "POST", f"/posts/{post}/delivery/retry")


async def test_a_server_that_is_left_in_peace_is_tried_when_the_author_asks(alpha, crowd, ann) -> None:
    crowd.answer = answers
    post = await sent(ann, crowd, "ill.test")
    with alpha.inside():
        await execute(
            "UPDATE federation_host SET failures = 9, closed_until = $1 WHERE name = 'ill.test'",
            now() + timedelta(hours=1),
        )
    crowd.answer = lambda post: 202
    await ann.post(f"/posts/{post}/delivery/retry")
    await settle(alpha)
    assert await told(ann, post) == (1, 0, 0, {})


async def test_who_follows_no_longer_is_sent_nothing_again(alpha, crowd, ann) -> None:
    crowd.answer = answers
    post = await sent(ann, crowd, "no.test", visibility="followers")
    with alpha.inside():
        await Follow.all().delete()
    came = len(crowd.came)
    await ann.refused(409, "POST", f"/posts/{post}/delivery/retry")
    await settle(alpha)
    assert len(crowd.came) == came


async def test_nobody_but_the_author_learns_of_it(crowd, ann: Person, bob: Person, anon: Visitor) -> None:
    post = await sent(ann, crowd, "one.test")
    for who, status in ((bob, 403), (anon, 401)):
        await who.refused(status, "GET", f"/posts/{post}/delivery")
        await who.refused(status, "POST", f"/posts/{post}/delivery/retry")
    assert "Reached" not in (await bob.page(f"/@ann/{post}")).text
    hidden = (await ann.publish("mine", visibility="private"))["postId"]
    await bob.refused(404, "GET", f"/posts/{hidden}/delivery")


async def test_it_can_be_asked_for_once_in_a_while_only() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        crowd, ann = Crowd(alpha), await alpha.user("ann")
        crowd.answer = lambda post: 403
        post = await sent(ann, crowd, "no.test")
        await ann.post(f"/posts/{post}/delivery/retry")
        await ann.refused(429, "POST", f"/posts/{post}/delivery/retry")


async def test_what_waited_for_a_week_is_told_as_given_up(alpha, crowd, ann, monkeypatch) -> None:
    crowd.answer = answers
    post = await sent(ann, crowd, "ill.test")
    monkeypatch.setattr("core.federation.hosts.DEAD_AFTER", timedelta(0) - timedelta(seconds=5))
    with alpha.inside():
        await forget_outgoing()
    assert await told(ann, post) == (0, 0, 1, {"ill.test": "It is not working properly just now."})


async def test_it_is_forgotten_with_the_post_and_after_a_while(alpha, crowd, ann) -> None:
    first, second = await sent(ann, crowd, "one.test"), await sent(ann, crowd)
    await ann.delete(f"/posts/{first}")
    await settle(alpha)
    assert (await told(ann, second))[0] == 1
    with alpha.inside():
        assert await reach.rows("SELECT DISTINCT entry_id FROM federation_reach") == [{"entry_id": second}]
        await execute("UPDATE federation_reach SET noted_at = $1", now() - timedelta(days=400))
        await reach.forget_reach()
    assert (await told(ann, second))[:3] == (0, 0, 0)
    assert "Reached" not in (await ann.page(f"/@ann/{second}")).text
