"""Albums and collections as the API answers them and pages show them, out of rows of the service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core import present
from core.database import one_of, rows
from core.models import Actor
from core.present import PAGE_COLUMNS
from plugins.images.albums import Row
from plugins.images.forms import image_form


def album_form(album: Row, authors: Sequence[Row] = (), asked: Sequence[Row] = ()) -> dict[str, Any]:
    """One of them without a cover."""
    return {
        "albumId": album["album_id"],
        "kind": album["album_kind"],
        "title": album["title"],
        "description": album["description"],
        "privacy": album["privacy"],
        "imagesCount": album["images_count"],
        "user": present.user_short(album),
        "authors": [present.user_short(one) for one in authors],
        "asked": [present.user_short(one) for one in asked],
        "url": f"/albums/{album['album_id']}",
        "createdAt": present.stamp(album["made_at"]),
    }


async def album_forms(albums: Sequence[Row], viewer: Actor | None) -> list[dict[str, Any]]:
    """Several of them with the covers this viewer sees, and whether these are sensitive; nobody else is named."""
    cover_ids = list({one["cover_id"] for one in albums if one["cover_id"]})
    page = await rows(
        f"SELECT {PAGE_COLUMNS} FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.id {one_of(1)}",
        cover_ids,
    )
    posts = {one["postId"]: one for one in present.unpacked(await present.posts(page, viewer))}
    forms = []
    for album in albums:
        post = posts.get(album["cover_id"])
        image = image_form(post) if post else None
        cover = image["images"][0] if image and image["images"] else None
        forms.append(album_form(album) | {"cover": cover, "sensitive": bool(cover and image and image["sensitive"])})
    return forms
