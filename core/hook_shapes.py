"""The marks on hooks: in which of five shapes a hook is called, and who implements it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Literal, TypeVar, overload

import pluggy

PROJECT = "kith"
BUDGET = 5.0  # seconds a plugin has for one call, unless the hook says otherwise
F = TypeVar("F", bound=Callable[..., Any])

hookimpl = pluggy.HookimplMarker(PROJECT)
_hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True)
class Shape:
    """How a hook is called.

    `budget` is in seconds, None for work that may take as long as it takes. Implementations of a `sync` hook are
    plain functions. A `fragile` one that fails is left out, and switched off when it keeps failing.
    """

    name: Literal["collect", "ask", "gather", "check", "event"]
    sync: bool = False
    fragile: bool = False
    budget: float | None = BUDGET


@dataclass(frozen=True)
class Mark:
    """A decorator for hook specifications, as `@gather` or as `@gather(budget=60)`."""

    shape: Shape

    @overload
    def __call__(self, function: F, /) -> F: ...
    @overload
    def __call__(self, /, **options: Any) -> Mark: ...
    def __call__(self, function: F | None = None, /, **options: Any) -> F | Mark:
        if function is None:
            if self.shape.name != "gather" and options.keys() - {"budget"}:
                raise TypeError(f"@{self.shape.name} takes no other option than budget")
            return Mark(replace(self.shape, **options))
        if self.shape.name == "collect" and inspect.signature(function).parameters:
            raise TypeError(f"{function.__name__}: a @collect hook is called once, at start, without arguments")
        function.kith_shape = self.shape  # type: ignore[attr-defined]
        return _hookspec(function)


collect = Mark(Shape("collect", sync=True))
ask = Mark(Shape("ask"))
gather = Mark(Shape("gather"))
check = Mark(Shape("check"))
event = Mark(Shape("event", fragile=True))


@dataclass(frozen=True)
class Parameters:
    """What a function takes; `open_ended` is any further named argument."""

    names: frozenset[str]
    required: frozenset[str]
    open_ended: bool


@dataclass(frozen=True)
class Spec:
    """A hook on offer: `owner` is "core" or a plugin's name."""

    name: str
    owner: str
    shape: Shape
    arguments: frozenset[str]
    open_ended: bool


@dataclass(frozen=True)
class Implementation:
    """A function that stands in a plugin's package under `@hookimpl`, its hook known or misspelt."""

    hook: str
    parameters: Parameters
    is_optional: bool
    is_wrapper: bool
    is_async: bool


def specs_in(module: ModuleType, owner: str) -> dict[str, Spec]:
    """The hooks a module offers, by name; what it merely imports is not counted."""
    found = {}
    for name, function in vars(module).items():
        shape = getattr(function, "kith_shape", None)
        if isinstance(shape, Shape) and function.__module__ == module.__name__:
            parameters = parameters_of(function)
            found[name] = Spec(name, owner, shape, parameters.names, parameters.open_ended)
    return found


def implementations_in(module: ModuleType) -> list[Implementation]:
    """What a plugin's package does at hooks."""
    return [
        Implementation(
            hook=options["specname"] or name,
            parameters=parameters_of(function),
            is_optional=options["optionalhook"],
            is_wrapper=options["wrapper"] or options["hookwrapper"],
            is_async=inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function),
        )
        for name, function in vars(module).items()
        if inspect.isroutine(function) and isinstance(options := getattr(function, f"{PROJECT}_impl", None), dict)
    ]


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """The names a function can be called with."""
    parameters = inspect.signature(function).parameters.values()
    named = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    return Parameters(
        names=frozenset(p.name for p in named),
        required=frozenset(p.name for p in named if p.default is p.empty),
        open_ended=any(p.kind == p.VAR_KEYWORD for p in parameters),
    )
