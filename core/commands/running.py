"""Run a command inside an instance: its database open, `here()` at hand, and failures told in one line.

Commands of plugins do the same:

    @click.command("import-recipes")
    @click.argument("file", type=click.File())
    @in_instance
    async def import_recipes(file):
        print(await service.import_from(file), "recipes")
"""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from tortoise.exceptions import DBConnectionError, OperationalError

from core.accounts.audit import done_by_command_line
from core.commands.context import Failed, folder
from core.config import ConfigError
from core.errors import Invalid, KithError
from core.lazily import lazily
from core.logs import configure
from core.migrate import MigrationFailed, NewerDatabase
from core.opening import for_a_command, opened
from core.plugins import PluginError
from core.secrets import SecretsError

if TYPE_CHECKING:
    from redis import exceptions as redis_errors
else:
    redis_errors = lazily("redis.exceptions")

P = ParamSpec("P")
T = TypeVar("T")
_EXPECTED = (
    ConfigError,
    DBConnectionError,
    KithError,
    MigrationFailed,
    NewerDatabase,
    OperationalError,
    PluginError,
    SecretsError,
)


def in_instance(function: Callable[P, Awaitable[T]]) -> Callable[P, T]:
    """Make a coroutine function a command's callback that runs inside the instance; it must be the inmost decorator."""

    @functools.wraps(function)
    def command(*arguments: P.args, **options: P.kwargs) -> T:
        with plain_errors():
            configure("development", "warning")
            instance = opened(folder(), os.environ, works_here=False)

            async def work() -> T:
                async with for_a_command(instance):
                    with done_by_command_line():
                        return await function(*arguments, **options)

            return asyncio.run(work())

    return command


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what may well happen into one line without a traceback; what may not keeps its own."""
    try:
        yield
    except (*_EXPECTED, redis_errors.RedisError) as error:
        raise Failed(sentence_of(error)) from error


def sentence_of(error: Exception) -> str:
    """What went wrong, for whoever typed the command."""
    if isinstance(error, Invalid):
        return "\n".join(f"{field}: {message}" for field, message in error.errors.items())
    return str(error) or type(error).__name__
