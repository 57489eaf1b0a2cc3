"""kith keys."""

from __future__ import annotations

import os
from pathlib import Path

import click

from core.accounts import audit
from core.commands.context import Failed
from core.commands.running import in_instance
from core.instance import here
from core.sealing import keys_in_use, seal_anew


@click.group()
def keys() -> None:
    """Copy out, or change, the keys that open what is stored secretly."""


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@in_instance
async def export(file: Path) -> None:
    """Copy the keys to FILE, which must not exist. Keep it apart from your backups: together they open everything."""
    secrets = here().secrets
    stored = secrets.exported()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failed(f"{file} exists already; nothing was written.") from None
    except OSError as error:
        raise Failed(f"{file} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "wb") as out:
        out.write(stored)
        out.flush()
        os.fsync(out.fileno())
    await audit.record("keys_exported")
    print(f"The keys are in {file}. Whoever has it and a copy of the database can read what is sealed there.")


@keys.command()
@click.option("--forget", is_flag=True, help="Drop the old keys as well, once nothing needs them any more.")
@in_instance
async def rotate(forget: bool) -> None:
    """Make a fresh key, and seal with it what older ones have sealed. Nobody is signed out."""
    secrets = here().secrets
    key_id = secrets.rotate()
    count = 0
    async for table, number in seal_anew():
        count += number
        if number:
            print(f"{table}: {number}")
    await audit.record("keys_rotated", key=key_id)
    print(f"Sealed {count} secrets with the new key {key_id}.")
    if forget:
        needed = await keys_in_use()
        old = [key for key in secrets.ids if key not in needed and key != key_id]
        secrets.forget(old)
        print(f"Dropped {len(old)} old keys: copies of the database made before today need a copy of them.")
        if kept := needed - {key_id}:
            print(f"Kept {len(kept)}, which still open something; try again in a while.")
