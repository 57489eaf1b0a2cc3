"""Without Redis an instance is served by one process: the first takes a lock, and a second is refused."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.commands.context import Failed


@contextmanager
def only_process(folder: Path) -> Iterator[None]:
    """Hold the instance while the block runs; a process that dies holds nothing. Raises Failed where another has it."""
    with (folder / ".serving").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Failed(
                f"{folder} is being served already, by process {file.read().strip() or 'unknown'};"
                " more than one process needs redis.url"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
