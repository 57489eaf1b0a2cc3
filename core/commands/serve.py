"""kith serve."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import click

from core.commands.context import Failed, folder
from core.commands.only_process import only_process
from core.config import Settings, ensure_instance, load
from core.folders import ROOT_CONFIG


@click.command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port to listen on.")
@click.option("--workers", type=click.IntRange(1, 256), help="How many web processes; more than one needs Redis.")
@click.option("--no-worker", is_flag=True, help="Leave the jobs to `kith worker`; needs Redis.")
def serve(host: str | None, port: int | None, workers: int | None, no_worker: bool) -> None:
    """Serve the instance until it is told to stop (SIGTERM, Ctrl-C).

    Without Redis everything is in this one process. With Redis it keeps the web processes and a worker alive.
    """
    gc.disable()  # until it serves: loading makes no garbage, and looking for some takes a sixth of the start
    given = {"server.host": host, "server.port": port, "server.workers": workers}
    overrides = {key: value for key, value in given.items() if value is not None}
    ensure_instance(folder())
    settings = load(folder(), os.environ, ROOT_CONFIG, overrides=overrides)
    if settings.redis.url:
        _in_several(folder(), settings, overrides, worker_processes=0 if no_worker else 1)
    elif no_worker:
        raise Failed("--no-worker needs redis.url: without Redis this process is the only one")
    else:
        with only_process(folder()):
            _prepared(settings)
            plainly = import_module("core.commands.running").plain_errors
            with plainly():
                import_module("core.serve").serve_alone(folder(), overrides)


def _in_several(folder: Path, settings: Settings, overrides: Mapping[str, object], worker_processes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="kith-metrics-") as metrics:
        # Read when the metrics are imported: the processes then answer /metrics as one.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        _prepared(settings)
        with import_module("core.commands.running").plain_errors():
            import_module("core.supervisor").supervise(
                folder, overrides, web_processes=settings.server.workers, worker_processes=worker_processes
            )


def _prepared(settings: Settings) -> None:
    """Begin to log as the settings say."""
    log = settings.log
    import_module("core.logs").configure(settings.server.environment, log.level, as_json=log.format == "json")
