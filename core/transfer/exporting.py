"""Make the archive of everything that is stored about somebody: one zip file, written as it is read."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import structlog

from core import domain_blocks
from core.accounts.audit import record
from core.accounts.models import Account
from core.accounts.profile import settings_of
from core.database import HIGHEST_ID, LOWEST_ID, DatabaseUnavailable, execute, now, row, rows, transaction
from core.instance import here
from core.mail.outgoing import send
from core.models import ACCEPTED, Actor
from core.person_forms import stamp
from core.storage.backends import SUFFIXES
from core.storage.models import File, ProfilePicture
from core.tasks import task
from core.transfer import about_account, choices
from core.transfer.models import Transfer
from core.transfer.outbox import activities, path_in_archive
from core.transfer.service import EXPORT, KEEP, file_of, must_be_alone, new_export, step
from core.transfer.writing import Archive, csv_lines, json_object
from core.web.language import speaking

log = structlog.get_logger(__name__)
PAGE = 500
CONTEXT: Sequence[Any] = (
    "https://www.w3.org/ns/activitystreams",
    {
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "schema": "http://schema.org#",
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
    },
)
_ADDRESS = "CASE WHEN a.domain = '' THEN a.username || '@' || $4 ELSE a.username || '@' || a.domain END AS address"
_YES_OR_NO = "CASE WHEN {column} THEN 'true' ELSE 'false' END"
# The columns are those other servers write and read; the last ones as SQL.
LISTS: Sequence[tuple[str, str, Sequence[str], Sequence[str]]] = (
    (
        "following_accounts.csv",
        "core_follow t JOIN core_actor a ON a.id = t.target_id AND t.follower_id = $1",
        ("Account address", "Show boosts", "Notify on new posts", "Languages"),
        (_YES_OR_NO.format(column="t.shows_shares"), "'false'", "''"),
    ),
    (
        "followers.csv",
        f"core_follow t JOIN core_actor a ON a.id = t.follower_id AND t.target_id = $1 AND t.state = '{ACCEPTED}'",
        ("Account address",),
        (),
    ),
    ("blocked_accounts.csv", "core_block t JOIN core_actor a ON a.id = t.target_id AND t.actor_id = $1", (), ()),
    (
        "muted_accounts.csv",
        # But for those who are muted for a while: where nobody knows until when it would be for good.
        "core_mute t JOIN core_actor a ON a.id = t.target_id AND t.actor_id = $1 AND t.expires_at IS NULL",
        ("Account address", "Hide notifications"),
        ("'true'",),
    ),
)


async def ask_for(account: Account, *, address: str = "", user_agent: str = "", delay: float = 0) -> Transfer:
    """Have an archive made, by a job that begins in `delay` seconds. Raises Conflict, RateLimited as `new_export`."""
    async with transaction():
        transfer = await new_export(account, address=address, user_agent=user_agent)
        await make_export.later(transfer_id=transfer.id, key=f"export:{transfer.id}", delay=delay)
    return transfer


@task(lane=8, attempts=3, seconds=6 * 3600)
async def make_export(transfer_id: str) -> None:
    """Make an archive that was asked for; whoever died over it is followed by somebody who begins anew."""
    transfer = await Transfer.get_or_none(id=transfer_id).select_related("account__actor")
    if transfer is None or transfer.state not in ("waiting", "running"):
        return
    account: Account = transfer.account
    path = file_of(transfer)
    part = path.with_suffix(".part")
    try:
        await _begin(transfer, account.actor)
        with await asyncio.to_thread(Archive, part) as archive:
            await _write(archive, account, account.actor, transfer)
        await asyncio.to_thread(os.replace, part, path)
        await _finish(transfer, account, path.stat().st_size)
    except DatabaseUnavailable:
        raise
    except Exception:
        log.exception("export_failed", transfer=transfer_id)
        part.unlink(missing_ok=True)
        await Transfer.filter(id=transfer_id).update(state="failed", finished_at=now(), report={"error": "unexpected"})


async def begin_for_file(account: Account) -> Transfer:
    """Note down that whoever runs the server exports an account to a file of theirs; the person's own come first.

    Raises Conflict while something of theirs is under way.
    """
    async with transaction():
        await must_be_alone(account)
        await record("export_asked", account_id=account.id)
        return await Transfer.create(account_id=account.id, kind=EXPORT, state="running")


async def write_to(path: Path, transfer: Transfer) -> None:
    """Write an archive to a file. It is nothing the person asked for, so nothing is remembered of it among theirs."""
    account = await Account.get(id=transfer.account_id).select_related("actor")
    part = path.with_name(f"{path.name}.part")
    try:
        await _begin(transfer, account.actor)
        with await asyncio.to_thread(Archive, part) as archive:
            await _write(archive, account, account.actor, transfer)
        await asyncio.to_thread(os.replace, part, path)
    finally:
        part.unlink(missing_ok=True)
        await transfer.delete()


async def _begin(transfer: Transfer, actor: Actor) -> None:
    counts = await row(
        "SELECT (SELECT COUNT(*) FROM core_entry WHERE author_id = $1 AND deleted_at IS NULL)"
        " + (SELECT COUNT(*) FROM core_boost WHERE actor_id = $1) AS published",
        actor.id,
    )
    parts = len(LISTS) + 6
    transfer.state, transfer.steps, transfer.steps_done = "running", counts["published"] + parts if counts else parts, 0
    await transfer.save(update_fields=["state", "steps", "steps_done"])


async def _finish(transfer: Transfer, account: Account, size: int) -> None:
    finished_at = now()
    async with transaction():
        done = await execute(
            "UPDATE core_transfer SET state = 'done', steps_done = steps, size = $1, path = $2, finished_at = $3,"
            " expires_at = $4 WHERE id = $5 AND state = 'running'",
            size,
            file_of(transfer).name,
            finished_at,
            finished_at + KEEP,
            transfer.id,
        )
        if done:
            day, link = (finished_at + KEEP).date(), here().url("/settings/data")
            await send(account.email, "export_ready", account_id=account.id, day=day, link=link)


async def _write(archive: Archive, account: Account, actor: Actor, transfer: Transfer) -> None:
    async def progress(number: int) -> None:
        await step(transfer, number)

    await archive.add("outbox.json", _collection("outbox.json", activities(actor, progress), actor.posts_count))
    for name, table in (("likes.json", "core_like"), ("bookmarks.json", "core_bookmark")):
        await archive.add(name, _collection(name, _uris(table, actor)))
        await progress(1)
    await archive.add("bookmarks.csv", csv_lines(_single(_uris("core_bookmark", actor))))
    for name, source, heading, rest in LISTS:
        await archive.add(name, csv_lines(_people(source, actor, rest), heading))
        await progress(1)
    await archive.add("blocked_domains.csv", csv_lines(_single(_blocked_domains(actor))))
    await _uploads(archive, actor)
    await archive.add("lists.csv", csv_lines(_on_lists(actor), ("List name", "Account address")))
    pictures = await _pictures(archive, actor)
    await archive.add_whole("actor.json", orjson.dumps(_person(actor, pictures), option=orjson.OPT_INDENT_2))
    await archive.add("account.json", about_account.everything(account, actor))
    await archive.add(choices.FILE, choices.chosen_by(actor))
    await progress(2)
    for answer in await here().hooks.export_account.answers(account=account):
        for name, content in answer.value.items():
            if not _is_file_name(name):
                raise ValueError(f"the plugin {answer.plugin} cannot name a file so")
            await archive.add_whole(f"{answer.plugin}/{name}", orjson.dumps(content, default=str))
    await progress(1)
    await archive.add_whole("README.html", _index(account, actor, archive.names))
    await progress(1)


def _is_file_name(name: str) -> bool:
    return bool(name) and not name.startswith((".", "/")) and not any(one in name for one in ("..", "\\", "\0", ":"))


async def _collection(name: str, items: AsyncIterator[Any], total: int | None = None) -> AsyncIterator[bytes]:
    head: dict[str, Any] = {"@context": CONTEXT, "id": name, "type": "OrderedCollection"}
    async for piece in json_object(head | ({} if total is None else {"totalItems": total}), orderedItems=items):
        yield piece


async def _uris(table: str, actor: Actor) -> AsyncIterator[str]:
    """The addresses of what somebody likes or wants to find again, the latest first."""
    before = HIGHEST_ID
    while found := await rows(
        f"SELECT t.id, e.uri FROM {table} t JOIN core_entry e ON e.id = t.entry_id"
        " WHERE t.actor_id = $1 AND t.id < $2 ORDER BY t.id DESC LIMIT $3",
        actor.id,
        before,
        PAGE,
    ):
        before = found[-1]["id"]
        for one in found:
            yield one["uri"]


async def _blocked_domains(actor: Actor) -> AsyncIterator[str]:
    """The servers somebody blocks; like elsewhere, the table has no heading."""
    before: str | None = None
    while found := await domain_blocks.listed(actor, before, PAGE - 1):
        before = found[-1]["position"]
        for one in found:
            yield one["domain"]


async def _single(values: AsyncIterator[str]) -> AsyncIterator[Sequence[str]]:
    async for value in values:
        yield (value,)


async def _people(source: str, actor: Actor, rest: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    before, columns = HIGHEST_ID, "".join(f", {sql} AS rest_{number}" for number, sql in enumerate(rest))
    while found := await rows(
        f"SELECT t.id, {_ADDRESS}{columns} FROM {source} WHERE t.id < $2 AND a.removed_at IS NULL"
        " ORDER BY t.id DESC LIMIT $3",
        actor.id,
        before,
        PAGE,
        here().domain,
    ):
        before = found[-1]["id"]
        for one in found:
            yield (one["address"], *(one[f"rest_{number}"] for number in range(len(rest))))


async def _on_lists(actor: Actor) -> AsyncIterator[Sequence[str]]:
    before = HIGHEST_ID
    while found := await rows(
        f"SELECT m.id, l.title, {_ADDRESS} FROM core_list l JOIN core_list_member m ON m.list_id = l.id"
        " JOIN core_follow f ON f.id = m.follow_id JOIN core_actor a ON a.id = f.target_id"
        " WHERE l.owner_id = $1 AND m.id < $2 AND a.removed_at IS NULL ORDER BY m.id DESC LIMIT $3",
        actor.id,
        before,
        PAGE,
        here().domain,
    ):
        before = found[-1]["id"]
        for one in found:
            yield one["title"], one["address"]


async def _pictures(archive: Archive, actor: Actor) -> dict[str, str]:
    """Write the pictures somebody shows of themselves; their names by role."""
    names = {}
    for picture in await ProfilePicture.filter(actor_id=actor.id, role__in=("avatar", "cover")).select_related("blob"):
        name = f"{picture.role}.{SUFFIXES.get(picture.blob.media_type, 'bin')}"
        await archive.add(name, here().storage.read(picture.blob))
        names[picture.role] = name
    return names


async def _uploads(archive: Archive, actor: Actor) -> None:
    """Write what somebody uploaded, each as everybody sees it."""
    after = LOWEST_ID
    while found := await File.filter(owner_id=actor.id, state="ready", id__gt=after).order_by("id").limit(PAGE):
        after = found[-1].id
        for file in found:
            content = here().storage.read_version(file.versions["plain"])
            await archive.add(path_in_archive(file.id, file.media_type), content)


def _person(actor: Actor, pictures: dict[str, str]) -> dict[str, Any]:
    """The actor, whose collections and pictures are the files of the archive."""
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "id": actor.uri,
        "type": "Service" if actor.is_bot else "Person",
        "preferredUsername": actor.username,
        "name": actor.name,
        "summary": actor.summary,
        "source": {"content": actor.summary_source, "mediaType": "text/markdown"},
        "url": actor.url,
        "published": stamp(actor.created_at),
        "manuallyApprovesFollowers": actor.is_locked,
        "discoverable": actor.is_discoverable,
        "indexable": actor.is_indexable,
        "attachment": [
            {"type": "PropertyValue", "name": field["name"], "value": field["value"]} for field in actor.profile_fields
        ],
        "alsoKnownAs": actor.also_known_as,
        "outbox": "outbox.json",
        "likes": "likes.json",
        "bookmarks": "bookmarks.json",
    }
    for role, key in (("avatar", "icon"), ("cover", "image")):
        if role in pictures:
            document[key] = {"type": "Image", "url": pictures[role]}
    return document


def _index(account: Account, actor: Actor, names: Sequence[str]) -> bytes:
    """A page that says what lies where, in the person's language."""
    languages = here().settings.server.languages
    chosen = settings_of(account)["language"]
    with speaking(chosen if chosen in languages else languages[0]) as language:
        template = here().pages.environment.get_template("transfer/index.html")
        html: str = template.render(
            names=sorted(names),
            person=actor.username,
            host=here().domain,
            day=now().date(),
            language=language.code,
            direction=language.direction,
        )
    return html.encode()
