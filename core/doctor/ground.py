"""What the server stands on: clock, disk, keys, database, Redis, jobs."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import stat
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.database import now, row, value, when
from core.doctor.findings import Finding, broken, weak, well
from core.instance import here
from core.sealing import tables_without_a_key

_CLOCK_AWAY = timedelta(seconds=5)
_LATE = timedelta(minutes=10)
_FREE_AT_LEAST = 500 * 1024 * 1024
_FREE_BETTER = 0.1
_NOT_SYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
_TIMEX_BYTES = 512  # more than struct timex has on any Linux; all zero asks and changes nothing


async def clock() -> AsyncIterator[Finding]:
    """Other servers refuse signatures whose date is an hour off; second factors fail half a minute off."""
    away = await _away_from_the_others()
    if away > _CLOCK_AWAY:
        yield broken(
            "clock",
            f"{away.total_seconds():.0f} seconds away from the database's or Redis's",
            "have all machines keep time: timedatectl set-ntp true",
        )
    elif _is_synchronised() is False:
        yield weak("clock", "the system does not say that it is kept right", "timedatectl set-ntp true")
    else:
        yield well("clock", f"{now():%Y-%m-%d %H:%M:%S} UTC")


async def _away_from_the_others() -> timedelta:
    away = timedelta(0)
    if here().database.dialect == "postgres":
        theirs = when(await value("SELECT clock_timestamp()"))
        away = max(away, abs(now() - theirs)) if theirs else away
    if redis := here().redis:
        seconds, micros = await redis.time()
        away = max(away, abs(now() - datetime.fromtimestamp(seconds + micros / 1e6, UTC)))
    return away


def _is_synchronised() -> bool | None:
    """What the Linux kernel says of its clock; None where it does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        found = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    except (AttributeError, OSError):
        return None
    return None if found < 0 else found != _NOT_SYNCHRONISED


async def disk() -> AsyncIterator[Finding]:
    """A full disk stops everything that writes."""
    usage = await asyncio.to_thread(shutil.disk_usage, here().folder)
    free = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB"
    mend = f"make room where {here().folder} lies; kith files prune deletes what nothing uses"
    if usage.free < _FREE_AT_LEAST:
        yield broken("disk", free, mend)
    elif usage.free < usage.total * _FREE_BETTER:
        yield weak("disk", free, mend)
    else:
        yield well("disk", free)


async def keys() -> AsyncIterator[Finding]:
    """Whoever reads the keys reads what is sealed, and signs in as anybody."""
    folder = here().secrets.folder
    for path in (folder, folder / "keys.json"):
        if path.exists() and (open_to := _open_to(path)):
            yield broken(
                "keys", f"{path} can be read by {open_to}", f"chmod {'700' if path.is_dir() else '600'} {path}"
            )
            return
    if closed := await tables_without_a_key():
        mend = "put the keys of this database back: instance/secrets/ of a backup, or what kith keys export wrote"
        yield broken("keys", f"they do not open what is sealed in {', '.join(closed)}", mend)
        return
    source = "SECRET_KEY" if here().settings.secret_key else folder
    yield well("keys", f"in {source}, for nobody else to read; have you a copy elsewhere (kith keys export)?")


def _open_to(path: Path) -> str:
    mode = stat.S_IMODE(os.stat(path).st_mode)
    return "everybody" if mode & 0o007 else "its group" if mode & 0o070 else ""


async def database() -> AsyncIterator[Finding]:
    """Whether it answers, is whole, and has room for our connections."""
    if here().database.dialect == "sqlite":
        found = str(await value("PRAGMA quick_check(1)"))
        if found != "ok":
            yield broken("database", f"SQLite says: {found}", "stop the server and restore a backup")
            return
        yield well("database", f"SQLite {await value('SELECT sqlite_version()')}, whole")
        return
    version, most = str(await value("SHOW server_version")), int(str(await value("SHOW max_connections")))
    settings = here().settings
    wanted = settings.database.pool_size * (settings.server.workers + 1)
    if wanted > most * 0.9:
        yield weak(
            "database",
            f"PostgreSQL {version} takes {most} connections, and we may want {wanted}",
            "lower pool_size of [database], or raise max_connections",
        )
    else:
        yield well("database", f"PostgreSQL {version}, {wanted} of its {most} connections at most")


async def redis() -> AsyncIterator[Finding]:
    """Several processes hear of each other over Redis."""
    if client := here().redis:
        found = await client.info("server")
        yield well("redis", f"Redis {found.get('redis_version', 'of unknown version')} answers")
    else:
        yield well("redis", "not used: one process serves everything")


async def jobs() -> AsyncIterator[Finding]:
    """Work that nobody takes up means that no worker runs, or that they cannot keep up."""
    oldest = await row(
        "SELECT due_at FROM core_job WHERE state = 'waiting' AND due_at < $1 ORDER BY due_at LIMIT 1", now()
    )
    failed = int(str(await value("SELECT COUNT(*) FROM core_job WHERE state = 'failed'")))
    due_at = when(oldest["due_at"]) if oldest else None
    if due_at and now() - due_at > _LATE:
        minutes = (now() - due_at).total_seconds() / 60
        yield broken("jobs", f"the oldest has waited {minutes:.0f} minutes", "start kith serve, or a kith worker")
    elif failed:
        yield weak("jobs", f"{failed} were given up in the last days", "look for job_failed in the log")
    else:
        yield well("jobs", "none waits too long, none was given up")


async def plugins() -> AsyncIterator[Finding]:
    """What crashes while it is loaded is left out, and the server goes on without what it gives."""
    hooks = here().hooks
    for notice in hooks.failed:
        mend = f"mend it, or kith plugin disable {notice.plugin}; kith plugin check {notice.plugin} tries it"
        yield broken("plugins", notice.reason, mend)
    if not hooks.failed:
        yield well("plugins", f"{', '.join(hooks.plugins) or 'none'}: loaded")
