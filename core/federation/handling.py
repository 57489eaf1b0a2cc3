"""Which handlers an activity goes to, and what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from core.database import IntegrityError, OperationalError, transaction
from core.errors import Conflict, KithError, Rejected
from core.federation.incoming import UNKNOWN, Incoming, Later, Missing
from core.hook_calls import trace
from core.instance import here

log = structlog.get_logger(__name__)
HANDLER_SECONDS = 20.0
LONGEST_REASON = 200

Handler = Callable[[Incoming], Awaitable[str | None]]


class Outcome(NamedTuple):
    """What became of an activity: `done`, `ignored`, `refused`, or `waiting` where it is to be tried again."""

    state: str
    reason: str = ""


def handlers() -> dict[str, list[Handler]]:
    """All handlers by what they are for: the activity's type, and its object's behind it where that is needed."""
    found: dict[str, list[Handler]] = {}
    for name, handler in here().hooks.collected("inbox"):
        found.setdefault(name, []).append(handler)
    return found


def is_handled(activity_type: str) -> bool:
    """Whether anything here acts on activities of this type."""
    return any(name.partition(" ")[0] == activity_type for name, _ in here().hooks.collected("inbox"))


def handlers_for(incoming: Incoming, table: dict[str, list[Handler]]) -> list[Handler]:
    """The handlers to ask, in order: those for the type with its object's type, then those for the type alone.

    Of an Undo that only names what it undoes, all that undo something are asked.
    """
    verb, inner = incoming.type, incoming.activity.object_type
    if verb == "Undo" and incoming.activity.object is None:
        return [one for name, some in table.items() if name.startswith("Undo ") for one in some]
    return [*table.get(f"{verb} {inner}", ()), *table.get(verb, ())]


async def handle(incoming: Incoming, table: dict[str, list[Handler]]) -> Outcome:
    """Act on an activity inside a savepoint, so that what fails leaves nothing behind. Raises Missing, nothing else."""
    try:
        async with asyncio.timeout(HANDLER_SECONDS), transaction():
            return await _handled(incoming, table)
    except Missing:
        raise
    except Later as delay:
        return Outcome("waiting", delay.sentence)
    except Conflict:
        return Outcome("ignored", "This is so already.")
    except KithError as refusal:
        return Outcome("refused", refusal.sentence[:LONGEST_REASON])
    except (IntegrityError, OperationalError) as error:  # somebody else did the same thing at the same time
        log.info("activity_collided", verb=incoming.type, error=type(error).__name__)
        return Outcome("waiting", f"failed: {type(error).__name__}")
    except Exception as error:
        log.error("activity_failed", verb=incoming.type, error=type(error).__name__, trace=trace(error))
        return Outcome("waiting", f"failed: {type(error).__name__}")


async def _handled(incoming: Incoming, table: dict[str, list[Handler]]) -> Outcome:
    if not incoming.actor.is_here:
        raise Rejected("The sender was suspended here, or has left.")
    await here().hooks.before_receive(activity=incoming.document)
    reason: str | None = UNKNOWN
    for handler in handlers_for(incoming, table):
        reason = await handler(incoming)
        if reason != UNKNOWN:
            break
    return Outcome("done") if reason is None else Outcome("ignored", reason[:LONGEST_REASON])
