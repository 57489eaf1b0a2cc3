"""kith search: look after the index."""

from __future__ import annotations

import click

from core.commands.output import progress
from core.commands.running import in_instance
from plugins.search import service


@click.group()
def search() -> None:
    """Look after the index that posts and people are found by."""


@search.command()
@in_instance
async def rebuild() -> None:
    """Write the index anew; the server may go on meanwhile."""
    with progress("Writing the index", await service.size()) as told:
        found = await service.rebuild(told)
    print(f"{found} posts can be found.")
