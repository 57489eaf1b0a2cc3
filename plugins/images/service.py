"""Sharing pictures, and what is kept of them besides the post they are; with the albums' all that writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, groupby, repeat
from typing import Any

from core.accounts.profile import usual
from core.database import execute, one_of, rows, transaction
from core.entries import Draft, publishing
from core.errors import Invalid
from core.html import find_tags, tag_key
from core.models import Actor, Entry
from core.storage import files
from core.storage.files import keep_upload
from core.uploads import KeptFile
from plugins.images.models import Image
from plugins.images.spots import Spot
from plugins.posts import service as posts

KIND = "image"
TAGS_AT_MOST = 30


async def share(
    author: Actor,
    caption: str,
    uploads: Sequence[KeptFile],
    *,
    alts: Sequence[str] = (),
    tags: Sequence[str] = (),
    spot: Spot | None = None,
    visibility: str | None = None,
    show_camera: bool | None = None,
) -> Entry:
    """Upload pictures, described in their order by `alts`, and publish them; where that fails none of them is kept.

    Raises as `keep_upload` and `publish` do, naming "image" for a file that is no good.
    """
    if not uploads:
        raise Invalid({"image": "Choose a picture."})
    if len(alts) > len(uploads):
        raise Invalid({"alt": "These are more descriptions than pictures."})
    kept: list[str] = []
    try:
        for upload, alt in zip(uploads, chain(alts, repeat("")), strict=False):
            file = await keep_upload(author.id, upload.path, upload.digest, alt=alt, name="image")
            kept.append(file.id)
            if file.type != "image":
                raise Invalid({"image": "Only pictures can be shared here."})
        return await publish(
            author, caption, kept, tags=tags, spot=spot, visibility=visibility, show_camera=show_camera
        )
    except BaseException:
        async with transaction():
            await files.discard(kept)
        raise


async def publish(
    author: Actor,
    caption: str,
    file_ids: Sequence[str],
    *,
    tags: Sequence[str] = (),
    spot: Spot | None = None,
    visibility: str | None = None,
    circle_id: str | None = None,
    show_camera: bool | None = None,
) -> Entry:
    """Publish pictures that were uploaded before. Raises Invalid naming each wrong field, Rejected.

    With what they were taken is told with `show_camera`, unless that is None as the author's settings say.
    """
    beside = _checked_tags(tags)
    if not file_ids:
        raise Invalid({"image": "Choose a picture."})
    draft = await posts.draft_of_kind(
        KIND, author, caption, visibility=visibility, circle_id=circle_id, file_ids=file_ids
    )
    if show_camera is None:
        show_camera = bool((await usual(author))["showCamera"])
    known = {tag_key(name) for name in draft.tags}
    draft.tags += [name for name in beside if tag_key(name) not in known]
    async with publishing(draft) as entry:
        await files.take(author.id, file_ids, show_cameras=show_camera)
        await note(entry, spot)
    return entry


def _checked_tags(tags: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(tag.strip().removeprefix("#") for tag in tags if tag.strip()))
    if len(wanted) > TAGS_AT_MOST:
        raise Invalid({"tags": f"These are too many: at most {TAGS_AT_MOST}."})
    for tag in wanted:
        if find_tags(f"#{tag}") != [tag]:
            raise Invalid({"tags": f"“{tag[:50]}” is no hashtag: one word of letters and digits is."})
    return wanted


def require_pictures(draft: Draft) -> None:
    """Raise Invalid where somebody here would leave no picture in what is one, or something else beside them."""
    if draft.kind != KIND or not draft.author.is_local:
        return
    if not draft.attachments:
        raise Invalid({"fileIds": "At least one picture has to stay. To take all of them away, delete the post."})
    if any(one.type != "image" for one in draft.attachments):
        raise Invalid({"fileIds": "Only pictures can be shared here."})


async def note(entry: Entry, spot: Spot | None) -> None:
    """Keep what is a picture's own, or what another server says of it now, in the running transaction."""
    spot = spot or Spot()
    x, y, z = spot.point or (None, None, None)
    await Image.filter(id=entry.id).delete()
    await Image.create(
        id=entry.id,
        entry_id=entry.id,
        author_id=entry.author_id,
        place=spot.name,
        latitude=spot.latitude,
        longitude=spot.longitude,
        x=x,
        y=y,
        z=z,
    )


async def keep_in_step(entry: Entry) -> None:
    """Forget what belongs to a picture that was taken away, in the transaction that does."""
    if entry.kind == KIND and not await Entry.exists(id=entry.id, deleted_at__isnull=True):
        await execute("DELETE FROM images_image WHERE id = $1", entry.id)


async def fields_of(entry_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the API adds to entries that are pictures: one query, however many there are."""
    found = await rows(f"SELECT i.*, f.camera FROM {_WITH_CAMERAS} WHERE i.id {one_of(1)} {_IN_ORDER}", list(entry_ids))
    return {entry_id: {"location": location_of(one[0]), "camera": _cameras(one)} for entry_id, one in _gathered(found)}


# A row for each picture with its camera, if it tells that. SQLite would join all files there are before it looked for
# those of a few entries, if these two were one.
_WITH_CAMERAS = (
    "images_image i LEFT JOIN core_attachment h ON h.entry_id = i.id LEFT JOIN core_file f ON f.id = h.file_id"
)
_IN_ORDER = "ORDER BY i.id, h.position"


def _gathered(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The rows of each picture."""
    for entry_id, group in groupby(found, key=lambda one: one["id"]):
        yield entry_id, list(group)


def _cameras(found: Sequence[Mapping[str, Any]]) -> str | None:
    """With what the pictures of an entry were taken, each camera once."""
    return ", ".join(dict.fromkeys(one["camera"] for one in found if one["camera"])) or None


def location_of(image: Mapping[str, Any]) -> dict[str, Any] | None:
    """The place of a picture as the API tells it."""
    if image["latitude"] is None and not image["place"]:
        return None
    return {"name": image["place"] or None, "latitude": image["latitude"], "longitude": image["longitude"]}


# -- What is stored about a person ---------------------------------------------
async def images_of(actor_id: str) -> list[dict[str, Any]]:
    """Where somebody's pictures were taken, to take along; the pictures are with the posts."""
    found = await rows(
        f"SELECT i.*, f.camera, e.uri FROM {_WITH_CAMERAS} JOIN core_entry e ON e.id = i.id WHERE i.author_id = $1"
        f" {_IN_ORDER}",
        actor_id,
    )
    return [
        {"uri": one[0]["uri"], "location": location_of(one[0]), "camera": _cameras(one)}
        for _entry_id, one in _gathered(found)
    ]


async def forget(actor_id: str) -> None:
    """Forget what is a picture's own; the entries are the core's to erase."""
    await execute("DELETE FROM images_image WHERE author_id = $1", actor_id)
