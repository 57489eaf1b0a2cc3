"""What a plugin that fails, dawdles or keeps failing cannot do to the others."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.errors import Forbidden, Rejected
from core.metrics import exposition
from core.plugins import HookFailed
from tests.core.plugin_folder import PluginFolder, kitchen, kitchen_heard, listener


@pytest.fixture
def folder(tmp_path: Path) -> PluginFolder:
    return kitchen(tmp_path / "plugins")


async def test_a_check_that_crashes_refuses_with_a_sentence_that_gives_nothing_away(folder: PluginFolder) -> None:
    folder.add("broken", "@hookimpl\ndef before_serving(dish): raise KeyError('secret')")
    with pytest.raises(Rejected) as refusal:
        await folder.hooks().before_serving(dish="soup")
    assert refusal.value.sentence == "This could not be checked just now. Please try again later."


async def test_a_gathered_answer_that_matters_is_not_passed_over(folder: PluginFolder) -> None:
    folder.add("broken", "@hookimpl\ndef hidden(): raise KeyError\n@hookimpl\nasync def opinions(): raise KeyError")
    hooks = folder.hooks()
    with pytest.raises(HookFailed) as failure:
        hooks.hidden(dish="soup")
    assert (failure.value.plugin, failure.value.hook, failure.value.status) == ("broken", "hidden", 500)
    with pytest.raises(HookFailed, match="“broken”, is not working"):
        await hooks.opinions(dish="soup", guest="ann")
    assert hooks.switched_off == []


async def test_a_told_error_of_a_gathered_answer_passes(folder: PluginFolder) -> None:
    folder.add("strict", "from core.errors import Forbidden\n@hookimpl\ndef opinions(): raise Forbidden('No soup.')")
    with pytest.raises(Forbidden, match="No soup"):
        await folder.hooks().opinions(dish="soup", guest="ann")


async def test_a_plugin_that_fails_when_asked_is_passed_over(folder: PluginFolder) -> None:
    folder.add("broken", "@hookimpl\ndef best_spoon(): raise KeyError")
    folder.add("good", "@hookimpl\ndef best_spoon(size): return size")
    assert await folder.hooks().best_spoon(size=3) == 3


async def test_a_listener_that_takes_too_long_is_cut_off_and_named(folder: PluginFolder) -> None:
    sleepy = "import asyncio\n" + listener("await asyncio.sleep(60)\n    HEARD.append('awake')", "table_cleared", "")
    folder.add("sleepy", sleepy).add("good", listener("HEARD.append('good')", "table_cleared", ""))
    hooks = folder.hooks()
    with capture_logs() as logs:
        await hooks.table_cleared()
    assert kitchen_heard(hooks) == ["good"]
    assert {"plugin": "sleepy", "hook": "table_cleared", "error": "Overrun"}.items() <= logs[-1].items()


async def test_a_timeout_of_the_plugins_own_is_not_taken_for_an_overrun(folder: PluginFolder) -> None:
    folder.add("impatient", listener("raise TimeoutError"))
    with capture_logs() as logs:
        await folder.hooks().dish_served(dish="soup")
    assert [line["error"] for line in logs] == ["TimeoutError"]


async def test_an_answer_that_matters_and_takes_too_long_fails_the_call(folder: PluginFolder) -> None:
    folder.add("sleepy", "import asyncio\n@hookimpl\nasync def slow(dish): await asyncio.sleep(60)")
    with pytest.raises(HookFailed, match="“sleepy”"):
        await folder.hooks().slow(dish="soup")


async def test_a_plain_function_that_blocks_too_long_is_named_in_the_log(folder: PluginFolder) -> None:
    folder.add("blocker", "import time\n@hookimpl\ndef table_cleared(): time.sleep(0.05)")
    with capture_logs() as logs:
        await folder.hooks().table_cleared()
    assert [(line["event"], line["plugin"], line["hook"]) for line in logs] == [
        ("hook_slow", "blocker", "table_cleared")
    ]


async def test_whoever_is_cancelled_while_a_plugin_answers_stays_cancelled(folder: PluginFolder) -> None:
    folder.add("sleepy", "import asyncio\n@hookimpl\nasync def dish_served(dish): await asyncio.sleep(60)")
    task = asyncio.create_task(folder.hooks().dish_served(dish="soup"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_log_of_a_failure_names_the_place_but_not_what_the_error_says(folder: PluginFolder) -> None:
    folder.add("leaky", listener("raise ValueError(f'cannot cook for {dish}')"))
    with capture_logs() as logs:
        await folder.hooks().dish_served(dish="ann@example.org")
    assert "ann@example.org" not in str(logs)
    assert "plugins/leaky/__init__.py" in logs[0]["trace"]
    assert (logs[0]["plugin"], logs[0]["hook"], logs[0]["error"]) == ("leaky", "dish_served", "ValueError")


async def test_calls_and_failures_are_counted_for_each_plugin_and_hook(folder: PluginFolder) -> None:
    folder.add("counted_and_broken", "@hookimpl\ndef dish_served(dish): raise KeyError")
    await folder.hooks().dish_served(dish="soup")
    page = exposition().decode()
    assert 'kith_hook_failures_total{hook="dish_served",plugin="counted_and_broken"} 1.0' in page
    assert 'kith_hook_seconds_count{hook="dish_served",plugin="counted_and_broken"} 1.0' in page


# -- Switching off what keeps failing


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moody(folder: PluginFolder) -> PluginFolder:
    body = "HEARD.append(dish)\n    if dish == 'bad': raise KeyError"
    return folder.add("moody", listener(body)).add("good", listener("HEARD.append('good')"))


async def test_a_listener_that_fails_three_times_in_a_minute_is_switched_off(moody: PluginFolder) -> None:
    hooks = moody.hooks()
    for _ in range(5):
        await hooks.dish_served(dish="bad")
    assert kitchen_heard(hooks) == ["bad", "good"] * 3 + ["good"] * 2
    [notice] = hooks.switched_off
    assert (notice.plugin, notice.hook) == ("moody", "dish_served")
    assert notice.reason == "It failed 3 times within a minute, the last time: KeyError at __init__.py:8"
    assert 'kith_hook_switched_off{hook="dish_served",plugin="moody"} 1.0' in exposition().decode()


async def test_failures_further_apart_are_forgiven(moody: PluginFolder) -> None:
    clock = Clock()
    hooks = moody.hooks(clock=clock)
    for second in (0, 40, 61, 102):
        clock.now = second
        await hooks.dish_served(dish="bad")
    assert hooks.switched_off == []
    clock.now = 103
    await hooks.dish_served(dish="bad")
    assert [notice.plugin for notice in hooks.switched_off] == ["moody"]


async def test_a_hook_that_was_switched_off_can_be_switched_on_and_takes_its_old_place(moody: PluginFolder) -> None:
    hooks = moody.hooks()
    for _ in range(3):
        await hooks.dish_served(dish="bad")
    kitchen_heard(hooks).clear()
    assert hooks.switch_on("moody", "dish_served")
    assert not hooks.switch_on("moody", "dish_served")
    assert hooks.switched_off == []
    await hooks.dish_served(dish="fine")
    assert kitchen_heard(hooks) == ["fine", "good"]
    await hooks.dish_served(dish="bad")
    assert hooks.switched_off == []


async def test_a_fragile_answer_is_left_out_and_switched_off_like_an_event(folder: PluginFolder) -> None:
    folder.add("broken", "from core.errors import NotFound\n@hookimpl\nasync def garnish(name): raise NotFound()")
    folder.add("good", "@hookimpl\nasync def garnish(name): return name")
    hooks = folder.hooks()
    for _ in range(3):
        assert await hooks.garnish(name="parsley") == ["parsley"]
    assert [(notice.plugin, notice.hook) for notice in hooks.switched_off] == [("broken", "garnish")]


async def test_a_check_and_an_answer_that_matters_are_never_switched_off(folder: PluginFolder) -> None:
    folder.add("broken", "@hookimpl\ndef before_serving(): raise KeyError")
    hooks = folder.hooks()
    for _ in range(4):
        with pytest.raises(Rejected):
            await hooks.before_serving(dish="soup")
    assert hooks.switched_off == []
