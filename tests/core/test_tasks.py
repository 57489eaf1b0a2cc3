"""What becomes of jobs that are done, that fail, and that nobody wants to hear of any more."""

from __future__ import annotations

from datetime import timedelta

from core import job_table
from core.database import now
from core.metrics import exposition
from core.tasks import task
from core.testing import TestInstance, settle
from core.upkeep_models import Job

CAME: list[str] = []


@task(lane=4)
async def note(word: str) -> None:
    CAME.append(word)


@task(attempts=1)
async def stumble() -> None:
    raise RuntimeError("on purpose")


async def test_a_job_that_is_done_leaves_no_row_and_is_counted(alpha: TestInstance) -> None:
    with alpha.inside():
        await note.later(word="hello")
        await job_table.count_waiting()
        assert 'kith_jobs_waiting{lane="4"} 1.0' in exposition().decode()
        await settle(alpha)
        await job_table.count_waiting()
        assert not await Job.exists(name=note.name)
    page = exposition().decode()
    assert CAME.pop() == "hello"
    assert f'kith_jobs_total{{outcome="done",task="{note.name}"}} 1.0' in page
    assert f'kith_job_seconds_count{{task="{note.name}"}} 1.0' in page
    assert 'kith_jobs_waiting{lane="4"} 0.0' in page


async def test_a_job_that_was_given_up_is_kept_for_a_week_and_then_its_key_is_free(alpha: TestInstance) -> None:
    with alpha.inside():
        await stumble.later(key="once")
        await settle(alpha)
        await job_table.forget_failed()
        kept = await Job.get(key="once")
        assert (kept.state, kept.error) == ("failed", "RuntimeError")
        await Job.filter(key="once").update(due_at=now() - timedelta(days=8))
        await job_table.forget_failed()
        await stumble.later(key="once")
        assert (await Job.get(key="once")).state == "waiting"
