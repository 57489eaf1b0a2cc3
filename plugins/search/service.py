"""Keeps the index: what is stored, changed or taken away stands there as it is in the same transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core.database import LOWEST_ID, execute, from_json, one_of, row, rows, transaction, value
from core.models import Actor, Entry
from core.tasks import task
from plugins.search.index import index
from plugins.search.material import TICKS, Material, material_of, stored_entries

BATCH = 200
Progress = Callable[[str], object]


async def note_entry(entry: Entry) -> None:
    """Have an entry found by what it says now, or not at all where it was taken away."""
    await _note_entries([entry.id])


async def note_actor(actor: Actor) -> None:
    """Have somebody found by the names they bear now, and their posts as they have agreed to.

    What others find from now on is settled at once; a job writes it into the index.
    """
    if await _note_people([actor.id]):
        await mark_anew.later(actor_id=actor.id)  # beside one that runs: it may have read what they said before


async def _note_entries(entry_ids: Sequence[str]) -> None:
    entries = await stored_entries(entry_ids)
    if strangers := {entry["author_id"] for entry in entries if entry["consents"] is None}:
        await _note_people(list(strangers))
        entries = await stored_entries(entry_ids)
    if written := [entry["id"] for entry in entries if entry["number"] is not None]:
        await execute(f"DELETE FROM search_document WHERE entry_id {one_of(1)}", written)
    for each in await material_of(entries):
        await _write(each)


async def _write(material: Material) -> None:
    """Under its number, or where another entry of this millisecond has it the one after all of that millisecond."""
    number = material.number
    while not await index().write(number, material.entry_id, material.text, material.marks, material.language):
        end = (number >> TICKS) + 1 << TICKS
        last = await value("SELECT MAX(id) FROM search_document WHERE id >= $1 AND id < $2", number, end)
        number = int(last or number) + 1


async def _note_people(actor_ids: Sequence[str]) -> bool:
    """Store the names and the consent of people; whether anybody's consent is another one now."""
    changed = False
    for actor in await rows(
        "SELECT a.id, a.username, a.name, a.domain, a.is_indexable, a.removed_at, c.settings, s.consents,"
        " s.id AS number FROM core_actor a LEFT JOIN core_account c ON c.actor_id = a.id"
        f" LEFT JOIN search_person s ON s.actor_id = a.id WHERE a.id {one_of(1)}",
        list(actor_ids),
    ):
        if actor["removed_at"] is not None:
            await execute("DELETE FROM search_person WHERE actor_id = $1", actor["id"])
            continue
        consents = _consents(actor)
        if actor["number"] is None:
            stored = await row(
                "INSERT INTO search_person (actor_id, consents) VALUES ($1, $2) RETURNING id", actor["id"], consents
            )
            number = stored["id"] if stored else 0
        else:
            number = actor["number"]
            changed = changed or bool(actor["consents"]) != consents
            await execute("UPDATE search_person SET consents = $1 WHERE id = $2", consents, number)
        await index().write_names(number, f"{actor['username']} {actor['name']}")
    return changed


def _consents(actor: dict[str, Any]) -> bool:
    """Whether others find what somebody posts for everybody: here unless they said no, elsewhere if they said yes."""
    if actor["domain"]:
        return bool(actor["is_indexable"])
    settings = actor["settings"]
    chosen = from_json(settings) if isinstance(settings, str | bytes) else settings
    return bool((chosen or {}).get("searchable", True))


@task(lane=8)
async def mark_anew(actor_id: str, after: str = LOWEST_ID) -> None:
    """Write into the index what somebody's posts may be found by, some at a time."""
    async with transaction():
        found = await rows(
            "SELECT id FROM core_entry WHERE author_id = $1 AND id > $2 ORDER BY id LIMIT $3", actor_id, after, BATCH
        )
        if found:
            await _note_entries([entry["id"] for entry in found])
            await mark_anew.later(actor_id=actor_id, after=found[-1]["id"])


# -- All of it anew ------------------------------------------------------------
async def size() -> int:
    """How many steps `rebuild` takes."""
    found = await row(
        "SELECT (SELECT COUNT(*) FROM core_actor) AS people, (SELECT COUNT(*) FROM core_entry) AS entries"
    )
    return sum(-(-number // BATCH) for number in (found or {}).values())


async def rebuild(progress: Progress) -> int:
    """Write the index anew while the server goes on, and return how many posts can be found.

    `progress` is told of each step.
    """
    await _through("core_actor", _note_people, lambda done: progress(f"{done} people"))
    await _through("core_entry", _note_entries, lambda done: progress(f"{done} posts"))
    return int(await value("SELECT COUNT(*) FROM search_document") or 0)


Note = Callable[[Sequence[str]], Awaitable[object]]


async def _through(table: str, note: Note, told: Callable[[int], object]) -> None:
    after, done = LOWEST_ID, 0
    while True:
        async with transaction():
            found = await rows(f"SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT $2", after, BATCH)
            if not found:
                return
            await note([each["id"] for each in found])
        after, done = found[-1]["id"], done + len(found)
        told(done)


async def fill_if_needed() -> None:
    """Have a job write the index where there is none yet, since the search was switched on beside posts that were
    there, or where it was written as it is no more."""
    is_empty = not await value("SELECT 1 FROM search_person LIMIT 1")
    if (is_empty and await value("SELECT 1 FROM core_entry LIMIT 1")) or await index().is_outdated():
        await fill.later(key="search:fill")


@task(lane=9, seconds=3600)
async def fill() -> None:
    """Write the index for what was there before the search was."""
    await rebuild(lambda step: None)


async def erase(actor_id: str) -> None:
    """Forget somebody's names and what they wrote, also where an entry of theirs keeps its place in a conversation."""
    await execute(
        "DELETE FROM search_document WHERE entry_id IN (SELECT e.id FROM core_entry e WHERE e.author_id = $1)", actor_id
    )
    await execute("DELETE FROM search_person WHERE actor_id = $1", actor_id)
