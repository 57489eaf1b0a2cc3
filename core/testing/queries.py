"""Count what is asked of a database, so that no list costs more queries the longer it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from core.testing.instances import TestInstance

_METHODS = (
    "fetch",
    "run",
    "run_many",
    "execute_insert",
    "execute_query",
    "execute_query_dict",
    "execute_many",
    "execute_script",
)
_within: ContextVar[bool] = ContextVar("counted_query", default=False)
_counting_for: ContextVar[list[str] | None] = ContextVar("counting_for", default=None)


@contextmanager
def counted_queries(instance: TestInstance) -> Iterator[list[str]]:
    """The SQL of every query the instance makes meanwhile, in order; `len` of it is their number.

    Wrap single requests in it: what they begin in the background is counted as well, and what the server does by the
    clock is not.
    """
    engine, queries = instance.instance.database.engine, list[str]()
    originals = {name: getattr(engine, name) for name in _METHODS}
    for name, original in originals.items():
        setattr(engine, name, _counting(original, queries))
    token = _counting_for.set(queries)
    try:
        yield queries
    finally:
        _counting_for.reset(token)
        for name in originals:
            delattr(engine, name)


def _counting(original: Callable[..., Any], queries: list[str]) -> Callable[..., Any]:
    async def counted(sql: str, *arguments: Any) -> Any:
        if _within.get() or _counting_for.get() is not queries:  # one method in terms of another; somebody else's
            return await original(sql, *arguments)
        queries.append(sql)
        token = _within.set(True)
        try:
            return await original(sql, *arguments)
        finally:
            _within.reset(token)

    return counted
