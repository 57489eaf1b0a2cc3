"""kith account export and import: what is stored about somebody, to a file and from one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click

from core.accounts import administration
from core.accounts.models import Account
from core.commands.context import Failed
from core.commands.output import progress
from core.commands.running import in_instance
from core.people import find
from core.transfer import exporting, importing
from core.transfer.models import Transfer
from core.transfer.reading import ARCHIVE, KINDS

LOOK_SECONDS = 0.2
TENTHS = 10


@click.command("export")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, writable=True))
@in_instance
async def export_account(name: str, file: Path) -> None:
    """Write everything that is stored about somebody into FILE, a zip archive."""
    account = await _account(name)
    if file.exists():
        raise Failed(f"{file} is there already.")
    if not file.absolute().parent.is_dir():
        raise Failed(f"There is no folder {file.absolute().parent}.")
    transfer = await exporting.begin_for_file(account)
    await _watched(exporting.write_to(file.absolute(), transfer), transfer, "Exporting")
    print(f"{file}: {file.stat().st_size} bytes. Nobody but {name} should get to read them.")


@click.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--type", "kind", type=click.Choice(KINDS), default=ARCHIVE, show_default=True, help="What FILE is.")
@in_instance
async def import_account(name: str, file: Path, kind: str) -> None:
    """Bring what lies in FILE to somebody's account; what is there already stays."""
    account = await _account(name)
    transfer = await importing.ask_for(account, kind, file, delay=importing.FINISHED_AFTER)
    await _watched(importing.run_import(transfer_id=transfer.id, whole=True), transfer, "Importing")
    transfer = await Transfer.get(id=transfer.id)
    report = transfer.report
    print(f"{report['done']} brought in, {report['already']} there already, {report['failed']} failed.")
    for line in report["lines"]:
        print(f"{line['line']}: {line['reason']}")
    if transfer.state != "done":
        raise Failed(str(report.get("error", "It could not be finished.")))


async def _account(name: str) -> Account:
    actor = await find(name)
    if actor is None:
        raise Failed(f"There is nobody called {name}.")
    return await administration.account_of(actor)


async def _watched(work: Coroutine[Any, Any, None], transfer: Transfer, label: str) -> None:
    """Do it, and show how far it is: every tenth."""
    doing, shown = asyncio.ensure_future(work), 0
    with progress(label, TENTHS) as step:
        while not doing.done():
            await asyncio.wait({doing}, timeout=LOOK_SECONDS)
            known = await Transfer.get_or_none(id=transfer.id)
            is_done = doing.done() and doing.exception() is None
            tenths = TENTHS if is_done else known.steps_done * TENTHS // known.steps if known and known.steps else 0
            while shown < min(TENTHS, tenths):
                shown += 1
                step(f"{label}: {shown * 100 // TENTHS} %")
    await doing
