"""Asking for archives, finding them again, and forgetting them in time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.accounts.audit import record
from core.accounts.models import Account
from core.database import after_commit, execute, is_id, now, rows, transaction
from core.errors import Conflict, Gone, NotFound, RateLimited
from core.instance import here
from core.person_forms import stamp
from core.tasks import periodic, task
from core.transfer.models import Transfer

EXPORT = "export"
UNDER_WAY = ("waiting", "running")
KEEP = timedelta(days=7)
EVERY = timedelta(days=1)
ABANDONED = timedelta(days=2)  # nothing takes that long: whoever worked on it died too often
REMEMBERED = timedelta(days=90)


def folder() -> Path:
    """Where archives lie: beside the database, never among the files that everybody may fetch."""
    return here().folder / "transfers"


async def new_export(account: Account, *, address: str = "", user_agent: str = "") -> Transfer:
    """Note down the wish for an archive, which somebody has to make then.

    Raises Conflict while one is being made, RateLimited within a day of the last one.
    """
    async with transaction():
        await must_be_alone(account)
        last = await Transfer.filter(account_id=account.id, kind=EXPORT, state="done").order_by("-id").first()
        if last and last.created_at > now() - EVERY:
            wait = (last.created_at + EVERY - now()).total_seconds()
            raise RateLimited(wait, "You had one made within the last day; that one is there to download.")
        transfer = await Transfer.create(account_id=account.id, kind=EXPORT)
        await record("export_asked", account_id=account.id, address=address, user_agent=user_agent)
    return transfer


async def must_be_alone(account: Account) -> None:
    """Raise Conflict while something is being taken along or brought already: one thing at a time.

    Of two who ask at once the second waits until the transaction of the first ends.
    """
    await execute("UPDATE core_account SET leaves_at = leaves_at WHERE id = $1", account.id)
    if await Transfer.exists(account_id=account.id, state__in=UNDER_WAY):
        raise Conflict("Something of yours is being exported or imported already.", code="transfer_running")


async def may_ask(account_id: str) -> bool:
    """Whether `new_export` would do."""
    busy = await Transfer.exists(account_id=account_id, state__in=UNDER_WAY)
    late = Transfer.filter(account_id=account_id, kind=EXPORT, state="done", created_at__gt=now() - EVERY)
    return not busy and not await late.exists()


async def transfers_of(account_id: str, before: str | None = None, limit: int = 20) -> list[Transfer]:
    """One more than `limit` of what somebody had exported and imported, latest first."""
    found = Transfer.filter(account_id=account_id)
    if before:
        found = found.filter(id__lt=before)
    return await found.order_by("-id").limit(limit + 1)


async def transfer_of(account_id: str, transfer_id: str) -> Transfer:
    """One of somebody's own. Raises NotFound, also for other people's."""
    found = await Transfer.get_or_none(id=transfer_id, account_id=account_id) if is_id(transfer_id) else None
    if found is None:
        raise NotFound("There is no such export or import.")
    return found


async def ready_export(account_id: str) -> Transfer | None:
    """The latest archive that can be downloaded, unless it is more than a day old."""
    found = await Transfer.filter(account_id=account_id, kind=EXPORT, state="done").order_by("-id").first()
    return found if found and found.created_at > now() - EVERY and file_of(found).exists() else None


def file_of(transfer: Transfer) -> Path:
    """Where the archive lies, or will."""
    return folder() / f"{transfer.id}.zip"


async def download(transfer: Transfer, *, address: str = "", user_agent: str = "") -> Path:
    """The file of a finished export. Raises NotFound where it is none, Gone where it was deleted since."""
    if transfer.kind != EXPORT or transfer.state != "done":
        raise NotFound("There is nothing to download.")
    path = file_of(transfer)
    if not path.exists() or (transfer.expires_at and transfer.expires_at < now()):
        raise Gone("This archive was deleted after a week. You can have a new one made.")
    await record("export_downloaded", account_id=transfer.account_id, address=address, user_agent=user_agent)
    return path


async def step(transfer: Transfer, number: int = 1) -> None:
    """Note down how far it is."""
    transfer.steps_done += number
    await Transfer.filter(id=transfer.id).update(steps_done=transfer.steps_done)


def form_of(transfer: Transfer) -> dict[str, Any]:
    """What the API says about an export or import."""
    is_there = transfer.kind == EXPORT and transfer.state == "done" and file_of(transfer).exists()
    return {
        "transferId": transfer.id,
        "kind": transfer.kind,
        "state": transfer.state,
        "steps": transfer.steps,
        "stepsDone": min(transfer.steps, transfer.steps_done),
        "size": transfer.size or None,
        "report": {name: value for name, value in transfer.report.items() if not name.startswith("_")},
        "downloadUrl": here().url(f"/api/v1/users/me/transfers/{transfer.id}/archive") if is_there else None,
        "createdAt": stamp(transfer.created_at),
        "finishedAt": stamp(transfer.finished_at),
        "expiresAt": stamp(transfer.expires_at),
    }


@periodic(seconds=3600)
@task(lane=9)
async def forget_old_transfers() -> None:
    """Delete archives after a week, the memory of them after a season, and files nobody remembers."""
    await Transfer.filter(state__in=UNDER_WAY, created_at__lt=now() - ABANDONED).update(
        state="failed", finished_at=now(), report={"error": "interrupted"}
    )
    expired = await rows("SELECT id FROM core_transfer WHERE expires_at < $1", now())
    async with transaction():
        await Transfer.filter(id__in=[one["id"] for one in expired]).update(expires_at=None, size=0)
        after_commit(lambda: asyncio.to_thread(_delete, [one["id"] for one in expired]))
    await Transfer.filter(created_at__lt=now() - REMEMBERED).delete()
    names = [path.stem for path in await asyncio.to_thread(_old_files)]
    known = {one.id for one in await Transfer.filter(id__in=names)} if names else set()
    await asyncio.to_thread(_delete, [name for name in names if name not in known])


def _delete(transfer_ids: Sequence[str]) -> None:
    for transfer_id in transfer_ids:
        for path in folder().glob(f"{transfer_id}.*"):
            path.unlink(missing_ok=True)


def _old_files() -> list[Path]:
    """What lies there long enough not to be just under way."""
    if not folder().exists():
        return []
    limit = (now() - timedelta(hours=1)).timestamp()
    return [path for path in folder().iterdir() if is_id(path.stem) and path.stat().st_mtime < limit]
