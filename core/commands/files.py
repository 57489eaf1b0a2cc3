"""kith files."""

from __future__ import annotations

from dataclasses import asdict

import click

from core.commands.context import Failed
from core.commands.output import json_option, print_thing
from core.commands.running import in_instance
from core.instance import here
from core.purging import service as purging


@click.group()
def files() -> None:
    """Look after the files people uploaded."""


@files.command()
@click.option("--deep", is_flag=True, help="Read every byte and compare it with its fingerprint; this takes a while.")
@json_option
@in_instance
async def check(deep: bool, as_json: bool) -> None:
    """Compare the files that should be there with those that are."""
    found = await here().storage.check(deep=deep)
    print_thing(asdict(found), as_json=as_json)
    if found.missing or found.damaged:
        raise Failed(f"{len(found.missing)} files are missing, {len(found.damaged)} are damaged: restore a backup.")


@files.command()
@click.option("--remote-older-than", metavar="DAYS", help="Also pictures and films from elsewhere unused for so long.")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@json_option
@in_instance
async def prune(remote_older_than: str | None, dry_run: bool, as_json: bool) -> None:
    """Delete files that nothing has used for long enough, those nobody knows of, and half ones in a bucket."""
    days = _days(remote_older_than)
    storage = here().storage
    unused = await storage.count_unused() if dry_run else await storage.sweep()
    stray = len(await storage.prune_strays(dry_run=dry_run))
    counts = {"unused": unused, "stray": stray}
    if here().settings.storage.backend == "s3":
        counts["unfinished"] = await storage.end_unfinished(dry_run=dry_run)
    if days is not None:
        counts["remote"] = await here().remote_room.trim(unused_seconds=days * 86_400, dry_run=dry_run)
    print_thing(counts, as_json=as_json)


@files.command()
@click.argument("digest")
@click.option("--reason", default="", help="Why, for those who come after you.")
@json_option
@in_instance
async def purge(digest: str, reason: str, as_json: bool) -> None:
    """Take away whatever has this SHA-256, wherever it is shown, and refuse it from now on.

    DIGEST is that of the file somebody uploaded, or what stands in the address of one that is shown.
    """
    print_thing(await purging.purge(digest, reason=reason), as_json=as_json)


def _days(text: str | None) -> int | None:
    if text is None:
        return None
    number = text.removesuffix("d")
    if not number.isascii() or not number.isdigit():
        raise click.BadParameter("a number of days is expected, like 30d", param_hint="--remote-older-than")
    return int(number)
