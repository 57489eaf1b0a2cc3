"""Call a hook in its shape: each plugin timed, held to its budget, named when it fails, and harming nobody else."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import structlog

from core.errors import KithError, Rejected
from core.hook_shapes import Spec, parameters_of
from core.metrics import hook_failures, hook_seconds

log = structlog.get_logger(__name__)


class HookFailed(KithError):
    """A plugin failed where its answer cannot be done without."""

    status, code, title = 500, "plugin_failed", "Something went wrong"

    def __init__(self, plugin: str, hook: str) -> None:
        super().__init__(f"A part of this server, “{plugin}”, is not working.")
        self.plugin = plugin
        self.hook = hook


class Overrun(Exception):
    """A plugin took longer than its budget."""


class Breaker(Protocol):
    """Counts the failures of fragile hooks, and switches off what keeps failing."""

    def strike(self, plugin: str, hook: str, reason: str) -> None: ...


class Answer(NamedTuple):
    """What one plugin said."""

    plugin: str
    value: Any


class Bound:
    """One plugin's implementation of one hook, ready to be called with the hook's arguments."""

    __slots__ = ("failures", "function", "plugin", "seconds", "takes")

    def __init__(self, plugin: str, function: Callable[..., Any], spec: Spec) -> None:
        parameters = parameters_of(function)
        takes_all = parameters.open_ended or (parameters.names == spec.arguments and not spec.open_ended)
        self.plugin = plugin
        self.function = function
        self.takes = None if takes_all else tuple(parameters.names)  # None: whatever the caller gives
        self.seconds = hook_seconds.labels(plugin, spec.name)
        self.failures = hook_failures.labels(plugin, spec.name)

    def __call__(self, arguments: Mapping[str, Any]) -> Any:
        if self.takes is None:
            return self.function(**arguments)
        return self.function(**{name: arguments[name] for name in self.takes if name in arguments})


class Caller:
    """A hook as the core calls it. `bound` is replaced, never changed, so that a call under way keeps its own."""

    def __init__(self, spec: Spec, bound: list[Bound], breaker: Breaker) -> None:
        self.spec = spec
        self.bound = bound
        self._arguments = spec.arguments
        self._breaker = breaker

    def _expect(self, arguments: Mapping[str, Any]) -> None:
        """Raise TypeError where the caller gives other arguments than the hook has."""
        given = arguments.keys()
        if given != self._arguments and not (self.spec.open_ended and given >= self._arguments):
            wanted = ", ".join(sorted(self._arguments)) or "none"
            raise TypeError(f"the hook {self.spec.name} takes the arguments {wanted}; got {', '.join(given) or 'none'}")

    async def _run(self, bound: Bound, arguments: Mapping[str, Any]) -> Any:
        """What a plugin answers; raises Overrun where it had to be cut off."""
        started = perf_counter()
        try:
            answer = bound(arguments)
            if not hasattr(answer, "__await__"):
                return answer
            limit = asyncio.timeout(self.spec.shape.budget)
            try:
                async with limit:
                    return await answer
            except TimeoutError:
                if limit.expired():
                    raise Overrun(f"It took longer than {self.spec.shape.budget:g} s") from None
                raise
        finally:
            self._time(bound, perf_counter() - started)

    def _time(self, bound: Bound, seconds: float) -> None:
        bound.seconds.observe(seconds)
        budget = self.spec.shape.budget
        if budget is not None and seconds > budget:
            log.warning("hook_slow", plugin=bound.plugin, hook=self.spec.name, seconds=round(seconds, 3))

    def _failed(self, bound: Bound, error: Exception) -> None:
        """Put a failure down to its plugin. The error's text stays out of the log: it may quote what people wrote."""
        bound.failures.inc()
        log.error(
            "hook_failed", plugin=bound.plugin, hook=self.spec.name, error=type(error).__name__, trace=trace(error)
        )
        if self.spec.shape.fragile:
            self._breaker.strike(bound.plugin, self.spec.name, reason(error))

    def _without(self, bound: Bound, error: Exception) -> None:
        """Go on without an answer where the hook is fragile; raise where the answer matters."""
        if isinstance(error, KithError) and not self.spec.shape.fragile:
            raise error
        self._failed(bound, error)
        if not self.spec.shape.fragile:
            raise HookFailed(bound.plugin, self.spec.name) from error


class Ask(Caller):
    """The first answer that is not None; a plugin that fails is passed over."""

    async def __call__(self, **arguments: Any) -> Any:
        self._expect(arguments)
        for bound in self.bound:
            try:
                answer = await self._run(bound, arguments)
            except KithError:
                raise
            except Exception as error:
                self._failed(bound, error)
            else:
                if answer is not None:
                    return answer
        return None


class Gather(Caller):
    """All answers that are not None, in the order of the plugins."""

    async def __call__(self, **arguments: Any) -> list[Any]:
        if not self.bound:
            self._expect(arguments)
            return []
        return [answer.value for answer in await self.answers(**arguments)]

    async def answers(self, **arguments: Any) -> list[Answer]:
        """The same, each with the plugin that gave it."""
        self._expect(arguments)
        found = []
        for bound in self.bound:
            try:
                value = await self._run(bound, arguments)
            except Exception as error:
                self._without(bound, error)
            else:
                if value is not None:
                    found.append(Answer(bound.plugin, value))
        return found


class GatherNow(Caller):
    """All answers that are not None, of plain functions, on hot paths: neither awaited nor measured."""

    def __call__(self, **arguments: Any) -> list[Any]:
        self._expect(arguments)
        found = []
        for bound in self.bound:
            try:
                value = bound(arguments)
            except Exception as error:
                self._without(bound, error)
            else:
                if value is not None:
                    found.append(value)
        return found


class Check(Caller):
    """Each plugin in order may refuse; one that fails refuses too, for what cannot be checked is not let through."""

    async def __call__(self, **arguments: Any) -> None:
        self._expect(arguments)
        for bound in self.bound:
            try:
                await self._run(bound, arguments)
            except KithError:
                raise
            except Exception as error:
                self._failed(bound, error)
                raise Rejected("This could not be checked just now. Please try again later.") from error


class Event(Caller):
    """Each plugin hears of it, whatever becomes of the others."""

    async def __call__(self, **arguments: Any) -> None:
        self._expect(arguments)
        for bound in self.bound:
            try:
                await self._run(bound, arguments)
            except Exception as error:
                self._failed(bound, error)


class Collected:
    """What the plugins answered at start."""

    def __init__(self, spec: Spec, answers: list[Answer]) -> None:
        self.spec = spec
        self._answers = answers

    def __call__(self) -> list[Any]:
        return [answer.value for answer in self._answers]

    def answers(self) -> list[Answer]:
        """The same, each with the plugin that gave it."""
        return list(self._answers)


def reason(error: Exception) -> str:
    """What went wrong and where, without the error's own text."""
    if isinstance(error, Overrun):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"


def trace(error: BaseException) -> str:
    """The frames of an error and of what caused it, without their texts."""
    lines = [*traceback.format_tb(error.__traceback__), type(error).__name__]
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return (trace(cause) + "\n" if cause else "") + "".join(lines)


SHAPES: dict[str, type[Caller]] = {"ask": Ask, "gather": Gather, "check": Check, "event": Event}
