"""kith federation queue and retry: what waits to go to other servers, and have it tried now."""

from __future__ import annotations

import click

from core.commands.context import Failed
from core.commands.output import json_option, print_list
from core.commands.running import in_instance
from core.database import rows, transaction, when
from core.federation.cli import federation
from core.federation.hosts import reopen

__all__ = ["federation"]

_QUEUE = (
    "SELECT d.host, COUNT(*) AS number, MIN(d.due_at) AS due_at, MAX(d.attempts) AS attempts, MAX(d.error) AS error,"
    " MAX(h.failures) AS failures, MAX(h.closed_until) AS closed_until FROM federation_delivery d"
    " LEFT JOIN federation_host h ON h.name = d.host GROUP BY d.host ORDER BY number DESC, d.host"
)


@federation.command()
@json_option
@in_instance
async def queue(as_json: bool) -> None:
    """List what waits to be delivered, by server: how much, how often it was tried, and why it failed."""
    found = [
        {
            "host": one["host"],
            "waiting": one["number"],
            "attempts": one["attempts"],
            "next": when(one["due_at"]),
            "failures": one["failures"] or 0,
            "closedUntil": when(one["closed_until"]),
            "error": one["error"],
        }
        for one in await rows(_QUEUE)
    ]
    columns = {
        "host": "HOST",
        "waiting": "WAITING",
        "attempts": "ATTEMPTS",
        "next": "NEXT ATTEMPT",
        "closedUntil": "CLOSED UNTIL",
        "error": "LAST ERROR",
    }
    print_list(found, columns, as_json=as_json)


@federation.command()
@click.argument("hosts", nargs=-1, metavar="HOST...")
@click.option("--all", "everywhere", is_flag=True, help="Whatever waits, wherever it is to go.")
@in_instance
async def retry(hosts: tuple[str, ...], everywhere: bool) -> None:
    """Try what waits for these servers now, however often they failed."""
    if bool(hosts) == everywhere:
        raise Failed("Name the servers, or say --all.")
    waiting = {one["host"]: one["number"] for one in await rows(_QUEUE)}
    wanted = list(waiting) if everywhere else [host.lower() for host in hosts]
    async with transaction():
        await reopen(wanted)
    for host in wanted:
        print(f"{host}: {waiting.get(host, 0)} tried now.")
