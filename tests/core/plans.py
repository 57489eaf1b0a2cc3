"""How the database goes about a statement, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.database import execute, rows, transaction
from core.testing import DIALECT


async def plan_of(sql: str, parameters: Sequence[Any]) -> str:
    """How it goes about a statement with these parameters, a line for each step."""
    if DIALECT == "postgres":
        return "\n".join(step["QUERY PLAN"] for step in await rows(f"EXPLAIN {sql}", *parameters))
    return "\n".join(step["detail"] for step in await rows(f"EXPLAIN QUERY PLAN {sql}", *parameters))


async def plans_of(sql: str, parameters: Sequence[Any]) -> list[str]:
    """All ways it may take: PostgreSQL keeps, after five executions, a plan that is made for any parameters."""
    return [await plan_of(sql, parameters)] + ([await _plan_for_any(sql, parameters)] if DIALECT == "postgres" else [])


async def _plan_for_any(sql: str, parameters: Sequence[Any]) -> str:
    async with transaction():
        await execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await execute(f"PREPARE asked_often AS {sql}")
        nothing = ", ".join(["NULL"] * len(parameters))
        steps = await rows(f"EXPLAIN EXECUTE asked_often({nothing})" if nothing else "EXPLAIN EXECUTE asked_often")
        await execute("DEALLOCATE asked_often")
    return "\n".join(step["QUERY PLAN"] for step in steps)
