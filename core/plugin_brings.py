"""What a plugin brings at the start, held against what the hook that asks for it can use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

# What each hook of the core takes a list of. By their names, for the modules of these classes call hooks themselves.
_LISTS = {
    "blueprints": "Blueprint",
    "kinds": "Kind",
    "doors": "Door",
    "sealed": "Sealed",
    "commands": "Command",
    "examinations": "function",
}
_MAPPINGS = ("inbox", "outbox")


def what_is_wrong(hook: str, answer: Any) -> str:
    """Why nobody could use what a plugin answered to a collect hook, as a sentence; empty where all is well."""
    if hook == "settings_schema":
        return _of_schema(answer)
    if hook in _LISTS:
        return _of_list(hook, answer, _LISTS[hook])
    if hook in _MAPPINGS:
        return _of_mapping(hook, answer)
    if isinstance(answer, str | bytes) or not hasattr(answer, "__iter__"):
        return f"{hook}() must return a list or a mapping, and returned {_kind_of(answer)}"
    return ""


def _of_list(hook: str, answer: Any, wanted: str) -> str:
    begin = f"{hook}() must return a list of {wanted}s, and"
    if isinstance(answer, str | bytes | Mapping) or not hasattr(answer, "__iter__"):
        return f"{begin} returned {_kind_of(answer)}"
    fits: Callable[[Any], bool] = callable if wanted == "function" else lambda one: wanted in _classes_of(one)
    return next((f"{begin} one of what it returned is {_kind_of(one)}" for one in answer if not fits(one)), "")


def _of_mapping(hook: str, answer: Any) -> str:
    begin = f"{hook}() must return a mapping of texts to functions, and"
    if not isinstance(answer, Mapping):
        return f"{begin} returned {_kind_of(answer)}"
    for key, value in answer.items():
        if not isinstance(key, str):
            return f"{begin} a key of it is {_kind_of(key)}"
        if not callable(value):
            return f"{begin} “{key}” leads to {_kind_of(value)}"
    return ""


def _of_schema(answer: Any) -> str:
    begin = "settings_schema() must return a frozen dataclass"
    if not isinstance(answer, type):
        return f"{begin}, and returned {_kind_of(answer)}"
    if not is_dataclass(answer) or not answer.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return f"{begin}, and returned the class {answer.__name__}"
    bare = [one.name for one in fields(answer) if one.default is MISSING and one.default_factory is MISSING]
    return f"{begin} whose fields have defaults, and there is none for {', '.join(bare)}" if bare else ""


def _classes_of(thing: object) -> Iterator[str]:
    return (each.__name__ for each in type(thing).__mro__)


def _kind_of(thing: object) -> str:
    return "nothing" if thing is None else type(thing).__name__
