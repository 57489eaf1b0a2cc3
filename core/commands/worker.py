"""kith worker."""

from __future__ import annotations

import os

import click

from core.commands.context import Failed, folder
from core.commands.running import plain_errors
from core.config import ensure_instance, load
from core.folders import ROOT_CONFIG
from core.logs import configure
from core.opening import opened
from core.serve import run, work


@click.command()
def worker() -> None:
    """Do the instance's jobs until told to stop; any number of these may run, on any machine that shares Redis."""
    ensure_instance(folder())
    settings = load(folder(), os.environ, ROOT_CONFIG)
    if not settings.redis.url:
        raise Failed("kith worker needs redis.url: without Redis `kith serve` is the only process, and does the jobs")
    configure(settings.server.environment, settings.log.level, as_json=settings.log.format == "json")
    with plain_errors():
        instance = opened(folder(), os.environ)
        print(f"Doing the jobs of {instance.base_url}", flush=True)
        run(lambda stopping: work(instance, stopping))
