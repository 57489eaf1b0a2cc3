"""The plugin manual tells the truth about every hook."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from textwrap import dedent
from types import ModuleType

import pytest

from core import hookspecs, hookspecs_events
from core.hook_shapes import Spec, implementations_in, specs_in
from core.plugin_manifest import places

MANUAL = [
    pytest.param(getattr(module, name), spec, id=name)
    for module in (hookspecs, hookspecs_events)
    for name, spec in specs_in(module, "core").items()
]
pages = pytest.mark.parametrize(("function", "spec"), MANUAL)


def page_of(function: object) -> str:
    return inspect.getdoc(function) or ""


@pages
def test_each_hook_says_when_it_is_called_what_to_return_and_who_uses_it(function: ModuleType, spec: Spec) -> None:
    first, page = page_of(function).split("\n")[0], page_of(function)
    assert re.match(r"(At|After|Before|Inside|When|Whenever|In) ", first), first
    assert re.search(r"^Return: \S", page, re.MULTILINE)
    assert re.search(r"^Used by: \S", page, re.MULTILINE)


@pages
def test_each_argument_is_explained_and_each_explained_argument_exists(function: ModuleType, spec: Spec) -> None:
    explained = re.findall(r"^([a-z_]+): \S", page_of(function), re.MULTILINE)
    assert explained == list(inspect.signature(function).parameters)


@pages
def test_each_example_is_three_lines_that_would_work(function: ModuleType, spec: Spec) -> None:
    example = dedent(page_of(function).split("\n\n")[-1])
    assert len(example.splitlines()) == 3
    [implementation] = ast.parse(example).body
    assert isinstance(implementation, (ast.FunctionDef, ast.AsyncFunctionDef))
    assert implementation.name == spec.name
    assert ast.unparse(implementation.decorator_list[0]) == "hookimpl"
    assert {argument.arg for argument in implementation.args.args} <= spec.arguments
    assert isinstance(implementation, ast.AsyncFunctionDef) is not spec.shape.sync


def built_ins_at(hook: str) -> set[str]:
    """The plugins that come with Kith and do something at a hook."""
    built_in = [place for place in places([]) if place.source == "built-in"]
    return {
        place.name
        for place in built_in
        if any(one.hook == hook for one in implementations_in(importlib.import_module(place.package)))
    }


@pages
def test_each_hook_names_the_built_in_plugins_that_use_it_and_no_other(function: ModuleType, spec: Spec) -> None:
    used = re.search(r"^Used by: (.*?)\n\n", page_of(function), re.MULTILINE | re.DOTALL)
    assert used, "it does not say who uses it"
    named = {re.match(r"[a-z_]+", one.strip())[0] for one in used[1].removesuffix(".").split(";")}  # type: ignore[index]
    users = built_ins_at(spec.name)
    if used[1].startswith("every plugin"):
        assert len(users) > 2
    elif used[1].startswith("none of the built-in plugins"):
        assert not users
    else:
        assert named == users


@pages
def test_a_specification_is_async_just_where_the_hook_is_awaited(function: ModuleType, spec: Spec) -> None:
    assert inspect.iscoroutinefunction(function) is not spec.shape.sync


def test_no_two_hooks_share_a_name() -> None:
    assert not specs_in(hookspecs, "core").keys() & specs_in(hookspecs_events, "core").keys()
