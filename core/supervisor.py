"""Serve an instance in several processes: a parent that migrates, binds the socket and keeps the others alive."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess
from pathlib import Path

import structlog
from prometheus_client.multiprocess import mark_process_dead

from core.app import connect, disconnect
from core.instance import Instance
from core.opening import opened
from core.serve import STOP_SECONDS, announce, listening, run, server_of, web, work

log = structlog.get_logger(__name__)
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a process that has lived so long was started well
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_fork = multiprocessing.get_context("fork")


@dataclass
class Place:
    """One process that is to be there, and how its starts went."""

    name: str
    target: Callable[[], None]
    process: ForkProcess | None = None
    began: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    due: float = 0.0


def supervise(folder: Path, overrides: Mapping[str, object], *, web_processes: int, worker_processes: int) -> None:
    """Serve until SIGTERM or SIGINT. Raises what stops the start, before any process is begun."""
    instance = opened(folder, os.environ, overrides=overrides, works_here=False)
    server_of(instance)
    with listening(instance) as listener:
        asyncio.run(_prepare(instance))
        reading, writing = os.pipe()

        def serves() -> None:
            os.close(writing)
            own = opened(folder, os.environ, overrides=overrides, works_here=False)
            run(lambda stopping: web(own, listener, stopping, announcing=False), parent=reading)

        def works() -> None:
            os.close(writing)
            listener.close()
            own = opened(folder, os.environ, overrides=overrides)
            run(lambda stopping: work(own, stopping), parent=reading)

        places = [Place(f"web {number + 1}", serves) for number in range(web_processes)]
        places += [Place(f"worker {number + 1}", works) for number in range(worker_processes)]
        # What is in memory now is shared by all processes, as long as nobody writes to it.
        gc.collect()
        gc.freeze()
        _keep_alive(places)


async def _prepare(instance: Instance) -> None:
    await connect(instance)
    try:
        await announce(instance)
    finally:
        await disconnect(instance)


def _keep_alive(places: list[Place]) -> None:
    with _told_to_stop() as told:
        while True:
            now = time.monotonic()
            for place in places:
                if place.process is None and place.due <= now:
                    _begin(place)
            sentinels = {place.process.sentinel: place for place in places if place.process is not None}
            pauses = [place.due - now for place in places if place.process is None]
            ready = wait([*sentinels, told], max(0.0, min(pauses)) if pauses else None)
            if told in ready:
                break
            for sentinel in ready:
                _mourn(sentinels[sentinel])  # type: ignore[index]  # sentinels are numbers
        _end_all(places)


def _begin(place: Place) -> None:
    place.began = time.monotonic()
    place.process = _fork.Process(target=_be, args=(place.target,), name=place.name)
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    place.process.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)


def _be(target: Callable[[], None]) -> None:
    """The child: told to stop before it listens to signals, it simply ends."""
    signal.set_wakeup_fd(-1)
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    target()


def _mourn(place: Place) -> None:
    """Note that a process ended, and when there is to be another."""
    assert place.process is not None
    place.process.join()
    lived = time.monotonic() - place.began
    place.pause = FIRST_PAUSE_SECONDS if lived > STEADY_SECONDS else min(place.pause * 2, LONGEST_PAUSE_SECONDS)
    place.due = place.began + lived + (0 if lived > STEADY_SECONDS else place.pause / 2)
    log.error("process_ended", process=place.name, code=place.process.exitcode, lived=round(lived, 1))
    _forget(place.process)
    place.process = None


def _end_all(places: list[Place]) -> None:
    running = [place.process for place in places if place.process is not None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS + 1
    for process in running:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            log.error("process_killed", process=process.name)
            process.kill()
            process.join()
        _forget(process)


def _forget(process: ForkProcess) -> None:
    """Count what a process that is gone held open no longer, where the processes answer /metrics as one."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(process.pid)  # type: ignore[no-untyped-call]


@contextmanager
def _told_to_stop() -> Iterator[int]:
    """The reading end of a pipe into which SIGTERM and SIGINT write."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = {number: signal.signal(number, _noted) for number in STOP_SIGNALS}
    old = signal.set_wakeup_fd(writing)
    try:
        yield reading
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(reading)
        os.close(writing)


def _noted(number: int, frame: object) -> None:
    """The pipe says so."""
