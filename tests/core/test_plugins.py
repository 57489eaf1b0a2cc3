"""Hooks in their five shapes, what their callers may do, and what stops the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import Forbidden, Rejected
from core.hook_shapes import collect, event
from core.plugins import Hooks, PluginError, PluginFailed, start
from tests.core.plugin_folder import PluginFolder, kitchen, kitchen_heard, listener


@pytest.fixture
def folder(tmp_path: Path) -> PluginFolder:
    return kitchen(tmp_path / "plugins")


# -- The five shapes


async def test_a_collect_hook_gives_what_each_plugin_brings_in_the_order_of_the_config(folder: PluginFolder) -> None:
    folder.add("wood", "@hookimpl\ndef spoons(): return ['ladle']").add("nothing", "@hookimpl\ndef spoons(): ...")
    folder.add("steel", "@hookimpl\ndef spoons():\n    yield 'tea'\n    yield 'soup'")
    hooks = folder.hooks("kitchen", "steel", "nothing", "wood")
    assert hooks.spoons() == [["tea", "soup"], ["ladle"]]
    assert hooks.collected("spoons") == ["tea", "soup", "ladle"]
    assert dict(hooks.spoons.answers()) == {"steel": ["tea", "soup"], "wood": ["ladle"]}


async def test_collected_mappings_are_given_pair_by_pair(folder: PluginFolder) -> None:
    folder.add("wood", "@hookimpl\ndef inbox(): return {'Like': print}")
    folder.add("steel", "@hookimpl\ndef inbox(): return {'Undo Like': len}")
    assert folder.hooks().collected("inbox") == [("Like", print), ("Undo Like", len)]


async def test_an_ask_hook_takes_the_first_answer_that_is_not_none(folder: PluginFolder) -> None:
    folder.add("shy", "@hookimpl\nasync def best_spoon(size): return None")
    folder.add("bold", "@hookimpl\ndef best_spoon(): return 'ladle'")
    folder.add("late", "@hookimpl\nasync def best_spoon(size): return 'tea'")
    assert await folder.hooks().best_spoon(size=3) == "ladle"
    assert await folder.hooks("kitchen", "late", "bold").best_spoon(size=3) == "tea"
    assert await folder.hooks("kitchen", "shy").best_spoon(size=3) is None


async def test_a_gather_hook_takes_all_answers_of_plain_and_async_functions(folder: PluginFolder) -> None:
    folder.add("one", "@hookimpl\nasync def opinions(guest): return guest")
    folder.add("two", "@hookimpl\ndef opinions(dish, guest): return dish + guest")
    folder.add("three", "@hookimpl\ndef opinions(): return None")
    hooks = folder.hooks()
    assert await hooks.opinions(dish="soup", guest="ann") == ["ann", "soupann"]
    assert dict(await hooks.opinions.answers(dish="soup", guest="ann")) == {"one": "ann", "two": "soupann"}


async def test_a_sync_gather_hook_answers_without_being_awaited(folder: PluginFolder) -> None:
    folder.add("one", "@hookimpl\ndef hidden(dish): return dish.upper()")
    assert folder.hooks().hidden(dish="soup") == ["SOUP"]
    assert folder.hooks("kitchen").hidden(dish="soup") == []


async def test_an_open_ended_hook_hands_on_what_else_is_given(folder: PluginFolder) -> None:
    folder.add("all", "@hookimpl\ndef garnish(name, **context): return (name, context)")
    folder.add("some", "@hookimpl\ndef garnish(name, dish=None): return (name, dish)")
    hooks = folder.hooks()
    assert await hooks.garnish(name="top", dish="soup", guest=1) == [
        ("top", {"dish": "soup", "guest": 1}),
        ("top", "soup"),
    ]
    assert await hooks.garnish(name="top") == [("top", {}), ("top", None)]


async def test_a_check_hook_lets_a_rejection_and_every_other_told_error_pass(folder: PluginFolder) -> None:
    reject = "from core.errors import Rejected\n@hookimpl\ndef before_serving(dish):\n    raise Rejected('Too hot.')"
    forbid = "from core.errors import Forbidden\n@hookimpl\nasync def before_serving():\n    raise Forbidden()"
    folder.add("waiter", reject).add("cook", forbid)
    with pytest.raises(Rejected, match="Too hot"):
        await folder.hooks("kitchen", "waiter", "cook").before_serving(dish="soup")
    with pytest.raises(Forbidden):
        await folder.hooks("kitchen", "cook", "waiter").before_serving(dish="soup")


async def test_an_event_reaches_every_listener_even_behind_one_that_fails(folder: PluginFolder) -> None:
    folder.add("broken", "@hookimpl\ndef dish_served(dish): raise KeyError(dish)")
    folder.add("good", listener("HEARD.append(dish)"))
    hooks = folder.hooks()
    await hooks.dish_served(dish="soup")
    assert kitchen_heard(hooks) == ["soup"]


async def test_a_plugin_may_go_before_or_behind_all_others(folder: PluginFolder) -> None:
    folder.add("one", "@hookimpl(trylast=True)\ndef opinions(): return 1").add(
        "two", "@hookimpl\ndef opinions(): return 2"
    )
    folder.add("three", "@hookimpl(tryfirst=True)\ndef opinions(): return 3")
    assert await folder.hooks().opinions(dish="", guest="") == [3, 2, 1]


async def test_a_function_of_another_name_can_say_which_hook_it_is_for(folder: PluginFolder) -> None:
    folder.add("one", "@hookimpl(specname='opinions')\ndef what_i_think(dish): return dish")
    assert await folder.hooks().opinions(dish="soup", guest="") == ["soup"]


async def test_a_hook_of_a_plugin_that_is_off_may_be_implemented_as_optional(folder: PluginFolder) -> None:
    folder.add("guest", "@hookimpl(optionalhook=True)\nasync def dish_served(dish): ...")
    assert list(folder.hooks("guest").plugins) == ["guest"]
    with pytest.raises(PluginError, match="no argument “dihs”; did you mean “dish”"):
        folder.add("typo", "@hookimpl(optionalhook=True)\nasync def dish_served(dihs): ...").hooks("kitchen", "typo")


# -- What the caller may do


async def test_calling_an_unknown_hook_names_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match="“entry_publish”; did you mean “entry_published”"):
        Hooks().entry_publish(entry=None)


async def test_calling_a_hook_with_other_arguments_than_it_has_is_refused_even_if_nobody_listens() -> None:
    with pytest.raises(TypeError, match="entry_published takes the arguments entry, quiet; got entri"):
        await Hooks().entry_published(entri=None)
    with pytest.raises(TypeError, match="visible takes the arguments parameter, viewer; got viewer"):
        Hooks().visible(viewer=None)
    with pytest.raises(TypeError, match="slot takes the arguments name, viewer; got none"):
        await Hooks().slot()


def test_a_hook_is_not_offered_in_a_shape_that_makes_no_sense() -> None:
    with pytest.raises(TypeError, match="without arguments"):
        collect(lambda size: None)
    with pytest.raises(TypeError, match="no other option than budget"):
        event(sync=True)


# -- What stops the start


@pytest.mark.parametrize(
    ("init", "complaint"),
    [
        ("@hookimpl\ndef dish_serfed(dish): ...", "no hook “dish_serfed”; did you mean “dish_served”"),
        ("@hookimpl\ndef dish_served(dihs): ...", "“dish_served” has no argument “dihs”; did you mean “dish”"),
        ("@hookimpl\ndef dish_served(*, dihs=1): ...", "“dish_served” has no argument “dihs”"),
        ("@hookimpl\nasync def spoons(): ...", "“spoons” is called without awaiting"),
        ("@hookimpl\nasync def hidden(dish): ...", "“hidden” is called without awaiting"),
        ("@hookimpl\ndef garnish(name, dish): ...", "not every call of “garnish” has the argument “dish”"),
        ("@hookimpl(wrapper=True)\ndef opinions(dish): yield", "“opinions” cannot be wrapped"),
    ],
)
async def test_a_hook_that_is_got_wrong_stops_the_start(folder: PluginFolder, init: str, complaint: str) -> None:
    folder.add("sloppy", init)
    with pytest.raises(PluginError, match=f"The plugin “sloppy”: .*{complaint}"):
        folder.hooks()


async def test_a_hook_offered_twice_stops_the_start_and_names_both(folder: PluginFolder) -> None:
    again = "from core.plugins import event\n@event\nasync def {}(): ..."
    folder.add("diner", hookspecs=again.format("dish_served")).add("posh", hookspecs=again.format("entry_published"))
    with pytest.raises(PluginError, match="“diner”: it offers a hook “dish_served”, but so does the plugin “kitchen”"):
        folder.hooks("kitchen", "diner")
    with pytest.raises(PluginError, match="“posh”: it offers a hook “entry_published”, but so does the core"):
        folder.hooks("posh")


async def test_a_hook_cannot_take_a_name_the_hooks_object_needs(folder: PluginFolder) -> None:
    folder.add("greedy", hookspecs="from core.plugins import event\n@event\nasync def switch_on(): ...")
    with pytest.raises(PluginError, match="“greedy”: “switch_on” cannot be the name of a hook"):
        folder.hooks("greedy")


async def test_a_plugin_that_crashes_when_it_is_asked_what_it_brings_is_named(folder: PluginFolder) -> None:
    folder.add("broken", "@hookimpl\ndef spoons(): return 1 / 0")
    with pytest.raises(PluginFailed, match="“broken” could not be loaded: ZeroDivisionError") as failure:
        folder.hooks()
    assert failure.value.name == "broken"


async def test_in_safe_mode_the_server_starts_without_it_and_without_those_that_require_it(
    folder: PluginFolder,
) -> None:
    folder.add("broken", "@hookimpl\ndef spoons(): return 1 / 0").add("child", "REQUIRES = ['broken']")
    folder.add("wood", "@hookimpl\ndef spoons(): return ['ladle']")
    hooks = start(folder.names, [folder.path])
    assert list(hooks.plugins) == ["kitchen", "wood"]
    assert hooks.spoons() == [["ladle"]]
    assert [(notice.plugin, notice.hook) for notice in hooks.failed] == [("broken", ""), ("child", "")]
    assert hooks.failed[1].reason == "It requires “broken”, which was left out"


@pytest.mark.parametrize(
    ("hook", "answer", "complaint"),
    [
        ("kinds", "5", "kinds() must return a list of Kinds, and returned int"),
        ("kinds", "'abc'", "kinds() must return a list of Kinds, and returned str"),
        ("kinds", "['abc']", "kinds() must return a list of Kinds, and one of what it returned is str"),
        ("blueprints", "{'a': 1}", "blueprints() must return a list of Blueprints, and returned dict"),
        ("commands", "[print]", "commands() must return a list of Commands, and one of what it returned is builtin_"),
        ("doors", "[7]", "doors() must return a list of Doors, and one of what it returned is int"),
        ("sealed", "['x']", "sealed() must return a list of Sealeds, and one of what it returned is str"),
        ("examinations", "['x']", "examinations() must return a list of functions, and one of what it returned is str"),
        ("inbox", "['Like']", "inbox() must return a mapping of texts to functions, and returned list"),
        ("inbox", "{'Like': 'x'}", "inbox() must return a mapping of texts to functions, and “Like” leads to str"),
        ("outbox", "{3: print}", "outbox() must return a mapping of texts to functions, and a key of it is int"),
        ("settings_schema", "{'a': 1}", "settings_schema() must return a frozen dataclass, and returned dict"),
        ("settings_schema", "Plain", "settings_schema() must return a frozen dataclass, and returned the class Plain"),
        ("settings_schema", "Bare", "settings_schema() must return a frozen dataclass whose fields have defaults"),
        ("spoons", "5", "spoons() must return a list or a mapping, and returned int"),
    ],
)
async def test_what_a_plugin_brings_and_nobody_can_use_leaves_it_out_and_says_what_was_wanted(
    folder: PluginFolder, hook: str, answer: str, complaint: str
) -> None:
    classes = "from dataclasses import dataclass\nclass Plain: ...\n@dataclass(frozen=True)\nclass Bare:\n    a: int\n"
    folder.add("sloppy", f"{classes}@hookimpl\ndef {hook}(): return {answer}").add("wood")
    hooks = start(folder.names, [folder.path])
    assert list(hooks.plugins) == ["kitchen", "wood"]
    (notice,) = hooks.failed
    assert notice.plugin == "sloppy"
    assert complaint in notice.reason


async def test_a_plugin_that_fails_says_in_which_line_of_which_of_its_files(folder: PluginFolder) -> None:
    folder.add("dividing", "import json\n@hookimpl\ndef spoons():\n    return json.loads('{')")
    folder.add("raising", "from . import oven", oven="\nraise RuntimeError('cold')")
    folder.add("unreadable", "def (:")
    reasons = {notice.plugin: notice.reason for notice in start(folder.names, [folder.path]).failed}
    assert "(dividing/__init__.py, line 7)" in reasons["dividing"]
    assert "RuntimeError: cold (raising/oven.py, line 2)" in reasons["raising"]
    assert "(__init__.py, line 4)" in reasons["unreadable"]
