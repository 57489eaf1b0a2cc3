"""Somebody who wrote very much, without writing it."""

from __future__ import annotations

from core.database import execute, new_id
from core.models import Entry
from core.testing import Person


async def write_many(author: Person, number: int) -> None:
    """So many posts of somebody, each of 500 characters, in their timeline."""
    text = "x" * 500
    made = [
        Entry(id=entry_id, kind="post", author_id=author.id, uri=f"https://alpha.test/objects/{entry_id}", content=text)
        for entry_id in (new_id() for _ in range(number))
    ]
    for entry in made:
        entry.source, entry.language, entry.is_local = text, "en", True
    await Entry.bulk_create(made, batch_size=500)
    await execute(
        "INSERT INTO core_timeline (owner_id, entry_id, position) SELECT author_id, id, id FROM core_entry"
        " WHERE author_id = $1",
        author.id,
    )
    await execute("UPDATE core_actor SET posts_count = $1 WHERE id = $2", number, author.id)
