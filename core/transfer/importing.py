"""Bring in what somebody took along elsewhere, line by line: each counts once, whatever happens in between."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any

import structlog

from core.accounts.audit import record
from core.accounts.models import Account
from core.accounts.profile_pictures import set_picture
from core.database import OperationalError, now, transaction
from core.errors import Conflict, Invalid, KithError
from core.instance import here
from core.models import Actor
from core.storage.models import ProfilePicture
from core.tasks import task
from core.transfer import choices, reading
from core.transfer.bringing import Act, Pace, act_of, bring_profile
from core.transfer.models import Transfer
from core.transfer.reading import ARCHIVE, FILES, Zip
from core.transfer.report import Report
from core.transfer.service import UNDER_WAY, folder, must_be_alone

log = structlog.get_logger(__name__)
FINISHED_AFTER = 6 * 3600.0  # the job finishes what a command began and was killed over
SLICE_SECONDS = 60.0  # then the next job goes on, so that none runs for hours
BATCH = 50  # posts brought in one transaction
PROFILE, POSTS, PLUGIN, CHOICES = "profile", "posts", "plugin", "choices"
UNREADABLE = "This could not be read."
Line = tuple[str, Any]


async def ask_for(account: Account, kind: str, content: bytes | Path, *, delay: float = 0) -> Transfer:
    """Have a file imported, by a job that begins in `delay` seconds.

    Raises Invalid for what is none of what is understood, Conflict while something else is under way.
    """
    transfer = Transfer(account_id=account.id, kind=kind[:20])
    path = upload_of(transfer)
    await asyncio.to_thread(_keep, path, content)
    try:
        await asyncio.to_thread(reading.check, path, kind)
        async with transaction():
            await must_be_alone(account)
            await transfer.save(force_create=True)
            await run_import.later(transfer_id=transfer.id, key=f"import:{transfer.id}", delay=delay)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return transfer


def upload_of(transfer: Transfer) -> Path:
    """Where what was brought lies until all of it is in."""
    return folder() / f"{transfer.id}.upload"


def _keep(path: Path, content: bytes | Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        if isinstance(content, bytes):
            file.write(content)
            return
        with open(content, "rb") as source:
            while piece := source.read(1_048_576):
                file.write(piece)


@task(lane=8, attempts=20, seconds=3600)
async def run_import(transfer_id: str, whole: bool = False) -> None:
    """Go on with an import where it is, for a while; then the next job does. `whole`: to the end."""
    transfer = await Transfer.get_or_none(id=transfer_id).select_related("account__actor")
    if transfer is None or transfer.state not in UNDER_WAY:
        return
    if not transfer.account.actor.is_here:
        await _finish(transfer, Report(transfer.report), "failed", error="account")
        return
    try:
        is_done = await _Import(transfer, math.inf if whole else SLICE_SECONDS).go_on()
    except Invalid as error:  # what was not seen when it came
        report = Report(transfer.report)
        await _finish(transfer, report, "failed", error=next(iter(error.errors.values())))
        return
    if is_done:
        await _finish(transfer, Report(transfer.report), "done")
    else:
        await run_import.later(transfer_id=transfer_id, key=f"import:{transfer_id}:{transfer.steps_done}")


async def _finish(transfer: Transfer, report: Report, state: str, error: str = "") -> None:
    async with transaction():
        told = report.told() | ({"error": error} if error else {})
        await Transfer.filter(id=transfer.id).update(state=state, finished_at=now(), report=told)
        counts = {name: told[name] for name in ("done", "already", "failed")}
        await record("import_done", account_id=transfer.account_id, kind=transfer.kind, **counts)
    await asyncio.to_thread(upload_of(transfer).unlink, missing_ok=True)


class _Import:
    """One stretch of an import."""

    def __init__(self, transfer: Transfer, seconds: float) -> None:
        self.transfer = transfer
        self.account: Account = transfer.account
        self.actor: Actor = transfer.account.actor
        self.report = Report(transfer.report)
        self.pace = Pace()
        self.until = time.monotonic() + seconds

    async def go_on(self) -> bool:
        """Take line after line from where it stopped; whether that was all."""
        with ExitStack() as stack:
            path = upload_of(self.transfer)
            archive = stack.enter_context(reading.opened(path)) if self.transfer.kind == ARCHIVE else None
            if self.transfer.state == "waiting":
                steps = await asyncio.to_thread(lambda: sum(1 for _ in _lines(path, self.transfer.kind, archive)))
                self.transfer.state, self.transfer.steps = "running", steps
                await self.transfer.save(update_fields=["state", "steps"])
            posts: list[Any] = []
            for number, (part, content) in enumerate(_lines(path, self.transfer.kind, archive)):
                if number < self.transfer.steps_done:
                    continue
                if part == POSTS:
                    posts.append(content)
                    if len(posts) < BATCH:
                        continue
                await self._posts(archive, posts)
                posts = []
                if part != POSTS:
                    await self._line(part, content, archive)
                if time.monotonic() > self.until:
                    return False
            await self._posts(archive, posts)
        return True

    async def _line(self, part: str, content: Any, archive: Zip | None) -> None:
        if part == PLUGIN and archive:
            await self._plugin(content, archive)
        elif part == PROFILE and archive:
            await self._profile(archive)
        elif part == CHOICES:
            await self._choice(*content)
        else:
            await self._tie(part, content)

    async def _tie(self, part: str, line: str) -> None:
        """Whom or what it names is looked for first: nothing is asked of another server inside a transaction."""
        try:
            act = await act_of(self.actor, part, line, self.pace)
        except KithError as error:
            async with transaction():
                self.report.failed(line, error.sentence)
                await self._progress()
            return
        await self._act(line, act)

    async def _choice(self, part: str, one: Any) -> None:
        await self._act(part, lambda: choices.bring(self.actor, part, one))

    async def _act(self, line: str, act: Act) -> None:
        """Do what a line asks for; one that nobody thought of fails alone, and stops nothing that comes after it."""
        async with transaction():
            try:
                async with transaction():
                    await act()
                self.report.add("done")
            except Conflict:
                self.report.add("already")
            except KithError as error:
                self.report.failed(line, _reason(error))
            except OperationalError:
                raise
            except Exception:
                log.exception("import_failed", transfer=self.transfer.id)
                self.report.failed(line, UNREADABLE)
            await self._progress()

    async def _posts(self, archive: Zip | None, posts: Sequence[Any]) -> None:
        """Bring posts, as far as they are the archive's own actor's; never by anybody else than who imports."""
        if not posts or archive is None:
            return
        person = _json(archive, "actor.json", 1_048_576)
        origin = person.get("id") if isinstance(person, dict) else None
        followers = person.get("followers") if isinstance(person, dict) else None
        outbox = {"actor": origin, "followers": followers, "orderedItems": list(posts)}
        async with transaction():
            taken = await self._hook({"core": {"outbox.json": outbox}}, len(posts), transaction())
            nobody = {"failed": len(posts), "reasons": {"Nothing here takes posts in.": len(posts)}}
            self.report.add_counts(taken or nobody)
            await self._progress(len(posts))

    async def _plugin(self, plugin: str, archive: Zip) -> None:
        names = archive.plugins().get(plugin, ())
        if archive.size(f"{plugin}/{name}" for name in names) > reading.PLUGIN_BYTES:
            most = reading.PLUGIN_BYTES // 1_048_576
            raise Invalid({"file": f"What lies in “{plugin}” in it is too large: at most {most} MB."})
        files = {name: archive.json(f"{plugin}/{name}", reading.PLUGIN_BYTES) for name in names}
        files = {name: content for name, content in files.items() if content is not None}
        taken = await self._hook({plugin: files}, 1)  # which may ask other servers, and may come twice
        async with transaction():
            self.report.add_counts(taken)
            await self._progress()

    async def _hook(
        self, content: dict[str, Any], number: int, scope: AbstractAsyncContextManager[object] | None = None
    ) -> dict[str, Any]:
        """What plugins say came of it: together they answer for so many things at most, or for all with failure.

        `scope` is a transaction of its own, so that a failure spoils none around it.
        """
        try:
            async with scope or nullcontext():
                answers = await here().hooks.import_account(account=self.account, archive=content)
        except Exception as error:
            if isinstance(error.__cause__ or error, OperationalError):
                raise  # the database is busy or away: it is tried again
            log.exception("import_failed", transfer=self.transfer.id)
            return {"failed": number, "reasons": {UNREADABLE: number}}
        return next((answer for answer in answers if isinstance(answer, dict)), {})

    async def _profile(self, archive: Zip) -> None:
        person, stored = (_json(archive, name, 20 * 1_048_576) for name in ("actor.json", "account.json"))
        async with transaction():
            try:
                async with transaction():
                    await bring_profile(self.account, self.actor, person, stored)
            except KithError as error:
                self.report.failed(PROFILE, _reason(error))
            await self._progress()
        for role in ("avatar", "cover"):
            await self._picture(archive, role)

    async def _picture(self, archive: Zip, role: str) -> None:
        """Show a picture where none is shown yet; what it is, its bytes say."""
        name = next((one for one in sorted(archive.names) if one.partition(".")[0] == role and "/" not in one), None)
        if name is None or await ProfilePicture.exists(actor_id=self.actor.id, role=role):
            return
        try:
            await set_picture(self.actor, role, archive.read(name, reading.PICTURE_BYTES))
        except KithError as error:
            self.report.failed(name, _reason(error))

    async def _progress(self, number: int = 1) -> None:
        """Note down how far it is, in the transaction of what was done."""
        self.transfer.steps_done += number
        self.transfer.report = self.report.told()
        await self.transfer.save(update_fields=["steps_done", "report"])


def _lines(path: Path, kind: str, archive: Zip | None) -> Iterator[Line]:
    """Everything there is to bring, always in the same order: what keeps people apart before what ties them."""
    if archive is None:
        yield from ((kind, line) for line in reading.rows_of(path.read_bytes(), kind))
        return
    yield PROFILE, None
    for part in ("domain_blocks", "blocks", "mutes", "follows", "lists", "bookmarks"):
        name = next((one for one in FILES[part] if one in archive.names), None)
        if name and name.endswith(".csv"):
            yield from ((part, line) for line in reading.rows_of(archive.read(name, reading.LIST_BYTES), part))
        elif name:
            yield from ((part, one) for one in archive.items(name, reading.ROWS_AT_MOST) if isinstance(one, str))
    yield from ((CHOICES, one) for one in choices.parts_of(_json(archive, choices.FILE, choices.BYTES)))
    if "outbox.json" in archive.names:
        yield from ((POSTS, item) for item in archive.items("outbox.json", reading.POSTS_AT_MOST))
    yield from ((PLUGIN, name) for name in archive.plugins() if name in here().hooks.plugins)


def _json(archive: Zip, name: str, most: int) -> Any:
    return archive.json(name, most) if name in archive.names else None


def _reason(error: KithError) -> str:
    return next(iter(error.errors.values()), error.sentence) if isinstance(error, Invalid) else error.sentence
