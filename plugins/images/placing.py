"""Authors say something else of where their pictures were taken, or tell it to nobody any more."""

from __future__ import annotations

from core import prepared, revisions
from core.database import after_commit, execute, now, transaction
from core.entries import Act
from core.errors import NotFound
from core.instance import here
from core.models import Actor, Entry
from plugins.images.models import Image
from plugins.images.service import KIND, note
from plugins.images.spots import PRECISIONS, USUAL_PRECISION, Spot
from plugins.posts import service as posts


async def own_pictures(actor: Actor, post_id: str) -> Entry:
    """Pictures that somebody may say something else of. Raises NotFound, Forbidden."""
    entry = await posts.own(actor, post_id, "edit")
    if entry.kind != KIND:
        raise NotFound("There is no such picture.")
    return entry


async def change_place(actor: Actor, post_id: str, spot: Spot | None) -> Entry:
    """Tell another place, or none: an edit, for other servers to believe it. Raises NotFound, Forbidden."""
    entry = await own_pictures(actor, post_id)
    async with transaction():
        if not await execute(
            "UPDATE core_entry SET version = version + 1 WHERE id = $1 AND deleted_at IS NULL", entry.id
        ):
            raise NotFound("There is no such picture.")
        await entry.refresh_from_db()
        await revisions.keep(entry)
        entry.edited_at = now()
        await entry.save(update_fields=["edited_at"])
        await note(entry, spot)
        prepared.changed(entry)
        if entry.is_local:
            await here().hooks.outgoing(act=Act("update", await Actor.get(id=entry.author_id), entry=entry))
        after_commit(lambda: here().hooks.entry_updated(entry=entry))
    return entry


async def place_of(entry_id: str) -> Spot:
    """The place that is told of pictures; nothing in it where none is."""
    image = await Image.get_or_none(id=entry_id)
    return Spot(image.place, image.latitude, image.longitude) if image else Spot()


def precision_of(spot: Spot) -> str:
    """How exactly a place is told: the coarsest way that leaves it as it is."""
    if spot.latitude is None or spot.longitude is None:
        return USUAL_PRECISION
    degrees = (spot.latitude, spot.longitude)
    coarse_first = sorted(PRECISIONS, key=lambda one: PRECISIONS[one])
    return next((one for one in coarse_first if all(round(d, PRECISIONS[one]) == d for d in degrees)), "exact")
