"""kith shell."""

from __future__ import annotations

import ast
import asyncio
import code
import inspect
import os
import sys
from contextvars import copy_context
from types import CodeType, FunctionType
from typing import Any

import click

from core import database, models
from core.accounts.models import Account
from core.commands.context import folder
from core.commands.running import plain_errors
from core.instance import Instance, here
from core.logs import configure
from core.opening import for_a_command, opened


@click.command()
def shell() -> None:
    """A Python prompt inside the instance, where `await` works; what is piped in is run instead.

    At hand: here(), the models (Actor, Entry …), transaction(), and row, rows, value, execute for SQL.
    """
    configure("development", "warning")
    with plain_errors():
        instance = opened(folder(), os.environ, works_here=False)
        opening = for_a_command(instance)
        # One context for all that is typed, so that it stays inside the instance.
        context = copy_context()
        with asyncio.Runner() as runner:
            runner.run(opening.__aenter__(), context=context)
            try:
                console = Console(_names(instance), runner, context)
                if sys.stdin.isatty():
                    console.interact(banner=f"Inside {instance.base_url}; Ctrl-D leaves.", exitmsg="")
                else:
                    console.run_script(sys.stdin.read())
            finally:
                runner.run(opening.__aexit__(None, None, None), context=context)


class Console(code.InteractiveConsole):
    """Runs what it is given in the event loop, so that it may await."""

    def __init__(self, names: dict[str, Any], runner: asyncio.Runner, context: Any) -> None:
        super().__init__(names)
        self._runner, self._context = runner, context
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

    def runcode(self, code: CodeType) -> None:
        """Run one statement; an exception is shown and the prompt comes back."""
        try:
            self._run(code)
        except SystemExit:
            raise
        except BaseException:  # Ctrl-C too ends the statement, not the shell
            self.showtraceback()

    def run_script(self, text: str) -> None:
        """Run a whole script; its exceptions are the caller's."""
        self._run(compile(text, "<stdin>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))

    def _run(self, code: CodeType) -> None:
        async def run() -> None:
            answer = FunctionType(code, self.locals)()
            if inspect.iscoroutine(answer):
                await answer

        self._runner.run(run(), context=self._context)


def _names(instance: Instance) -> dict[str, Any]:
    at_hand: dict[str, Any] = {"instance": instance, "here": here, "Account": Account}
    at_hand |= {name: value for name, value in vars(models).items() if inspect.isclass(value)}
    for name in ("execute", "now", "row", "rows", "transaction", "value"):
        at_hand[name] = getattr(database, name)
    return at_hand
