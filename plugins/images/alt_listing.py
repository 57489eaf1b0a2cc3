"""Which descriptions of pictures were suggested to whom, and whom a picture's description is owed to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import present
from core.audience import Viewer, viewer_of, visible_sql
from core.database import HIGHEST_ID, LOWEST_ID, one_of, rows
from core.file_forms import file_form
from core.models import Actor
from core.storage.models import File
from plugins.images.alt_counting import FOR_AUTHOR, IN_A_POST

Row = dict[str, Any]

_LISTED = "SELECT s.*, s.id AS position, e.id AS entry_id FROM images_alt_suggestion s"


async def waiting(author: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of the suggestions that wait for an author's answer, the latest first."""
    return await rows(
        f"{_LISTED}{FOR_AUTHOR} AND s.id < $2 ORDER BY s.id DESC LIMIT $3", author.id, before or HIGHEST_ID, limit + 1
    )


async def made(actor: Actor, before: str | None, limit: int) -> list[Row]:
    """One more than `limit` of what somebody suggested for pictures they may still see, the latest first."""
    viewer = viewer_of(actor)
    return await rows(
        f"{_LISTED}{IN_A_POST} JOIN core_actor a ON a.id = e.author_id"
        f" WHERE s.actor_id = $1 AND s.id < $2 AND {visible_sql(viewer, 1)} ORDER BY s.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
    )


async def one(suggestion_id: str) -> list[Row]:
    """A suggestion as the lists have it."""
    return await rows(f"{_LISTED}{IN_A_POST} WHERE s.id = $1", suggestion_id)


async def forms_of(found: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows of these lists as the API answers them; `usedAlt` is what the author made of it."""
    files = {file.id: file for file in await File.filter(id__in=[one["file_id"] for one in found])} if found else {}
    people = {one[key] for one in found for key in ("actor_id", "author_id")}
    known = await rows(f"SELECT * FROM core_actor WHERE id {one_of(1)}", list(people)) if people else []
    users = {one["id"]: present.user_short(one) for one in known}
    return [
        {
            "suggestionId": one["id"],
            "postId": one["entry_id"],
            "fileId": one["file_id"],
            "picture": file_form(files[one["file_id"]]),
            "user": users[one["actor_id"]],
            "author": users[one["author_id"]],
            "alt": one["alt"],
            "usedAlt": one["used"] or None,
            "credit": bool(one["is_credited"]),
            "state": one["state"],
            "createdAt": present.stamp(one["created_at"]),
            "answeredAt": present.stamp(one["answered_at"]),
        }
        for one in found
        if one["file_id"] in files
    ]


async def credits(entry_id: str, viewer: Viewer) -> list[Row]:
    """Who the descriptions of a post's pictures are owed to, of those who want that told: actors with `file_id`.

    It is told while the picture is described as it was then, and to nobody whom a block keeps apart from them.
    """
    return await rows(
        "SELECT a.*, CAST(h.file_id AS TEXT) AS file_id, h.position FROM core_attachment h"
        " JOIN core_file f ON f.id = h.file_id JOIN images_alt_suggestion s ON s.file_id = f.id"
        " JOIN core_actor a ON a.id = s.actor_id"
        " WHERE h.entry_id = $1 AND s.state = 'accepted' AND s.is_credited AND s.used = f.alt"
        " AND a.suspended_at IS NULL AND a.removed_at IS NULL AND NOT EXISTS (SELECT 1 FROM core_block b"
        " WHERE (b.actor_id = $2 AND b.target_id = a.id) OR (b.actor_id = a.id AND b.target_id = $2))"
        " ORDER BY h.position, s.id",
        entry_id,
        viewer.actor_id or LOWEST_ID,
    )


async def pictures(entry_id: str) -> list[Row]:
    """The pictures of a post of somebody here in their order: `file_id` and `alt`."""
    return await rows(
        "SELECT CAST(f.id AS TEXT) AS file_id, f.alt FROM core_attachment h JOIN core_file f ON f.id = h.file_id"
        " WHERE h.entry_id = $1 AND f.type = 'image' AND f.state = 'ready' ORDER BY h.position",
        entry_id,
    )


async def exported(actor_id: str) -> dict[str, list[dict[str, Any]]]:
    """What somebody suggested and what was suggested to them, to take along: by whom, only of the latter."""
    found = await rows(
        "SELECT s.*, e.uri, a.uri AS by_uri FROM images_alt_suggestion s"
        " JOIN core_attachment h ON h.file_id = s.file_id JOIN core_entry e ON e.id = h.entry_id"
        " JOIN core_actor a ON a.id = s.actor_id WHERE s.actor_id = $1 OR s.author_id = $1 ORDER BY s.id",
        actor_id,
    )
    parts: dict[str, list[dict[str, Any]]] = {"made": [], "received": []}
    for one in found:
        said = {"post": one["uri"], "alt": one["alt"], "state": one["state"], "credit": bool(one["is_credited"])}
        if one["actor_id"] == actor_id:
            parts["made"].append(said)
        else:
            parts["received"].append({**said, "by": one["by_uri"]})
    return parts
