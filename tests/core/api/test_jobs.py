"""Work that happens later: homes of many followers, and how jobs are kept, tried again and given up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core import timelines
from core.database import execute, new_id, now, row, rows, transaction, value
from core.models import ACCEPTED, Actor, Follow
from core.tasks import task
from core.testing import Person, TestInstance, settle

heard: list[str] = []


@task(attempts=2)
async def stumble(text: str) -> None:
    """Writes down that it was called, and fails where it is told to."""
    heard.append(text)
    if text == "fall":
        raise ValueError("something secret")


@pytest.fixture(autouse=True)
def _nothing_heard() -> None:
    heard.clear()


async def follow_by(at: TestInstance, target: Person, count: int, domain: str = "") -> list[str]:
    """So many new followers of somebody, as if they had come one by one; their ids."""
    with at.inside():
        made = [
            Actor(
                id=new_id(),
                uri=f"https://{domain or at.host}/crowd/{domain}{number}",
                username=f"crowd{number}",
                username_key=f"crowd{number}",
                domain=domain,
            )
            for number in range(count)
        ]
        await Actor.bulk_create(made)
        await Follow.bulk_create([Follow(follower_id=one.id, target_id=target.id, state=ACCEPTED) for one in made])
        await execute("UPDATE core_actor SET followers_count = followers_count + $1 WHERE id = $2", count, target.id)
    return [one.id for one in made]


async def homes(at: TestInstance, entry_id: str) -> set[str]:
    """Whose homes have an entry."""
    with at.inside():
        found = await rows("SELECT owner_id FROM core_timeline WHERE entry_id = $1", entry_id)
    return {each["owner_id"] for each in found}


async def jobs(at: TestInstance) -> list[dict[str, Any]]:
    with at.inside():
        return await rows("SELECT name, state, attempts, error, due_at FROM core_job WHERE state <> 'turn' ORDER BY id")


# -- Homes ---------------------------------------------------------------------
async def test_an_answer_does_not_wait_for_a_thousand_homes(alpha: TestInstance, ann: Person) -> None:
    crowd = await follow_by(alpha, ann, 1000)
    post = (await ann.publish("to all of you"))["postId"]
    assert await homes(alpha, post) == {ann.id}
    assert [job["name"] for job in await jobs(alpha)] == ["core.timelines.fill_timelines"]
    await settle(alpha)
    assert await homes(alpha, post) == {ann.id, *crowd}
    assert await jobs(alpha) == []


async def test_a_share_does_not_wait_either_nor_does_taking_it_back(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    crowd = await follow_by(alpha, ann, 1000)
    await eve.follow(ann)
    await eve.follow(bob)
    post = (await bob.publish("worth sharing"))["postId"]
    await ann.post(f"/posts/{post}/share")
    assert await homes(alpha, post) == {bob.id, eve.id}
    await settle(alpha)
    assert await homes(alpha, post) == {bob.id, eve.id, *crowd}
    await ann.delete(f"/posts/{post}/share")
    await settle(alpha)
    assert await homes(alpha, post) == {bob.id, eve.id}


async def test_a_few_followers_are_served_before_the_answer(alpha: TestInstance, ann: Person) -> None:
    crowd = await follow_by(alpha, ann, timelines.AT_ONCE)
    post = (await ann.publish())["postId"]
    assert await homes(alpha, post) == {ann.id, *crowd}
    assert await jobs(alpha) == []


@pytest.mark.parametrize("elsewhere", [timelines.AT_ONCE - 1, timelines.AT_ONCE + 100])
async def test_followers_elsewhere_keep_nobody_here_from_being_served(
    alpha: TestInstance, ann: Person, bob: Person, elsewhere: int
) -> None:
    await follow_by(alpha, ann, elsewhere, domain="far.test")
    await bob.follow(ann)
    post = (await ann.publish())["postId"]
    await settle(alpha)
    assert await homes(alpha, post) == {ann.id, bob.id}


async def test_a_batch_is_followed_by_the_next_one(
    alpha: TestInstance, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelines, "BATCH", 100)
    crowd = await follow_by(alpha, ann, 350)
    post = (await ann.publish())["postId"]
    with alpha.inside():
        assert await alpha.instance.jobs.settle(rounds=1) == 1
        assert len(await homes(alpha, post)) == 101
        assert await alpha.instance.jobs.settle(rounds=1) == 1
        assert len(await homes(alpha, post)) == 201
    await settle(alpha)
    assert await homes(alpha, post) == {ann.id, *crowd}


async def test_a_post_deleted_before_its_homes_were_filled_comes_to_none(alpha: TestInstance, ann: Person) -> None:
    await follow_by(alpha, ann, 301)
    post = (await ann.publish())["postId"]
    await ann.delete(f"/posts/{post}")
    await settle(alpha)
    assert await homes(alpha, post) == set()


async def test_who_left_before_their_home_was_filled_gets_nothing(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await bob.follow(ann)
    await follow_by(alpha, ann, 301)
    post = (await ann.publish())["postId"]
    await bob.delete("/users/ann/follow")
    await settle(alpha)
    assert bob.id not in await homes(alpha, post)
    assert await bob.feed() == []


# -- Jobs ----------------------------------------------------------------------
async def test_a_job_runs_once_and_is_forgotten(alpha: TestInstance) -> None:
    with alpha.inside():
        await stumble.later(text="walk")
    await settle(alpha)
    await settle(alpha)
    assert heard == ["walk"]
    assert await jobs(alpha) == []


async def test_a_job_of_a_transaction_that_fails_is_never_queued(alpha: TestInstance) -> None:
    with alpha.inside(), pytest.raises(ZeroDivisionError):
        async with transaction():
            await stumble.later(text="walk")
            raise ZeroDivisionError
    await settle(alpha)
    assert heard == []


async def test_a_job_waits_for_its_time(alpha: TestInstance) -> None:
    with alpha.inside():
        await stumble.later(text="later", delay=3600)
        await settle(alpha)
        assert heard == []
        await execute("UPDATE core_job SET due_at = $1", now())
    await settle(alpha)
    assert heard == ["later"]


async def test_a_key_is_queued_once(alpha: TestInstance) -> None:
    with alpha.inside():
        for text in ("first", "second"):
            await stumble.later(text=text, key="one")
    await settle(alpha)
    assert heard == ["first"]


async def test_what_fails_is_tried_again_later_and_given_up_in_the_end(alpha: TestInstance) -> None:
    with alpha.inside():
        await stumble.later(text="fall")
        await settle(alpha)
        [job] = await jobs(alpha)
        assert (job["state"], job["attempts"], job["error"]) == ("waiting", 1, "ValueError")
        assert await value("SELECT 1 FROM core_job WHERE due_at > $1", now() + timedelta(seconds=5))
        await execute("UPDATE core_job SET due_at = $1", now())
        await settle(alpha)
    [job] = await jobs(alpha)
    assert (job["state"], job["attempts"], heard) == ("failed", 2, ["fall", "fall"])


async def test_one_that_fails_keeps_no_other_from_running(alpha: TestInstance) -> None:
    with alpha.inside():
        for text in ("fall", "walk"):
            await stumble.later(text=text)
    await settle(alpha)
    assert sorted(heard) == ["fall", "walk"]


async def test_what_a_process_held_when_it_died_is_taken_up_when_its_lease_ends(alpha: TestInstance) -> None:
    with alpha.inside():
        await stumble.later(text="walk")
        await execute("UPDATE core_job SET state = 'running', due_at = $1", now() + timedelta(seconds=30))
        await settle(alpha)
        assert heard == []
        await execute("UPDATE core_job SET due_at = $1", now())
    await settle(alpha)
    assert heard == ["walk"]


async def test_a_job_of_a_plugin_that_is_switched_off_waits(alpha: TestInstance) -> None:
    with alpha.inside():
        await stumble.later(text="walk")
        await execute("UPDATE core_job SET name = 'plugins.gone.tasks.work'")
        await settle(alpha)
        kept = await row("SELECT state, error FROM core_job")
    assert kept == {"state": "waiting", "error": "nobody knows this task"}
