"""kith demo."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from subprocess import Popen

import click

from core.commands.output import progress
from core.commands.running import plain_errors
from core.demo.servers import Demo, Server, must_run, prepared, running
from core.demo.story import load
from core.demo.telling import STEPS, tell
from core.logs import configure

LOGIN = "mara"
LOOK_SECONDS = 0.5


@click.command()
@click.option(
    "--folder",
    metavar="DIR",
    default="instance-demo",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where both servers are kept; made and filled where it is missing.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), envvar="PORT", show_envvar=True, help="Of The Harbour; 8080 at first."
)
@click.option("--second-port", type=click.IntRange(1, 65535), help="Of Lighthouse; the next one at first.")
def demo(folder: Path, port: int | None, second_port: int | None) -> None:
    """Serve two servers with sample content that federate with each other, until told to stop (SIGTERM, Ctrl-C)."""
    configure("development", "warning")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # which nohup means
            signal.signal(number, signal.default_int_handler)
    story = load()
    with plain_errors():
        found = prepared(folder, story, (port, second_port or (port + 1 if port else None)))
        with running(list(found.servers.values())) as processes:
            if not found.is_told:
                print(f"Filling them with {len(story.people)} people and {len(story.posts)} posts …", flush=True)
                with progress("Filling", len(STEPS)) as step:
                    asyncio.run(tell(found, story, step))
                found.told()
            _announce(found)
            _wait(dict(zip(found.servers.values(), processes, strict=True)))


def _announce(found: Demo) -> None:
    for server in found.servers.values():
        print(f"{server.title} is at {server.base_url}")
    home = next(iter(found.servers.values()))
    print(f"Log in at {home.base_url}/login as {LOGIN} with the password {found.password}")
    print("(it is everybody's, on both servers). Ctrl-C stops both; what is there stays for the next time.", flush=True)


def _wait(processes: Mapping[Server, Popen[bytes]]) -> None:
    """Until somebody says stop. Raises DemoError where a server ends by itself."""
    try:
        while True:
            for server, process in processes.items():
                must_run(server, process)
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        print("Stopping …", flush=True)
