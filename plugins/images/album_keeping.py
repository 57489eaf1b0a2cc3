"""What is stored of albums and collections about people: to take along, to bring back, and to forget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from core.audience import may_see, viewer_of
from core.database import execute, rows, transaction
from core.entries import by_uri
from core.errors import Conflict, Invalid, KithError
from core.models import Actor, Entry
from plugins.images import album_acts
from plugins.images.album_items import IMAGES_AT_MOST, put_in
from plugins.images.albums import ALBUM, ALBUMS_AT_MOST, KINDS, PRIVACY, checked, create
from plugins.images.models import Album
from plugins.images.service import KIND
from plugins.posts.models import ImportedPost

AT_ONCE = 50  # so many in one transaction, so that nobody waits long
LOST = "This is not known here, or is not to be gathered."


async def exported(actor_id: str) -> list[dict[str, Any]]:
    """Somebody's albums and collections with the addresses of what is in them, the last of them first in line."""
    found: list[dict[str, Any]] = []
    for own in await Album.filter(owner_id=actor_id).order_by("id"):
        inside: Sequence[dict[str, Any]] = await rows(
            "SELECT e.uri FROM images_album_image n JOIN core_entry e ON e.id = n.entry_id WHERE n.album_id = $1"
            " ORDER BY n.id",
            own.id,
        )
        found.append(
            {
                "kind": own.kind,
                "title": own.title,
                "description": own.description,
                "privacy": own.privacy,
                "images": [one["uri"] for one in inside],
            }
        )
    return found


async def refused_by(actor_id: str) -> list[dict[str, str]]:
    """What somebody has taken out of albums and collections of others for good, to take along."""
    found = await rows(
        "SELECT e.uri, l.title, o.uri AS owner FROM images_album_refusal z JOIN core_entry e ON e.id = z.entry_id"
        " JOIN images_album l ON l.id = z.album_id JOIN core_actor o ON o.id = l.owner_id"
        " WHERE e.author_id = $1 ORDER BY z.id",
        actor_id,
    )
    return [{"uri": one["uri"], "title": one["title"], "owner": one["owner"]} for one in found]


async def restore(actor_id: str, kept: Any) -> dict[str, Any]:
    """Bring albums and collections back, with what is known here of what was in them; what came of how many.

    One that is here under the same title gets what it lacks. Co-authors are not brought back: they would be asked anew.
    """
    owner = await Actor.get(id=actor_id)
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for told in (kept if isinstance(kept, list) else [])[: len(KINDS) * ALBUMS_AT_MOST]:
        if not isinstance(told, Mapping):
            continue
        try:
            outcomes = await _restored(owner, told)
        except Invalid as error:
            outcomes = Counter({" ".join(error.errors.values()): 1})
        except KithError as error:
            outcomes = Counter({error.sentence: 1})
        for outcome, times in outcomes.items():
            is_count = outcome in ("done", "already")
            counts[outcome if is_count else "failed"] += times
            if not is_count:
                reasons[outcome] += times
    return {**counts, "reasons": dict(reasons)}


async def _restored(owner: Actor, told: Mapping[str, Any]) -> Counter[str]:
    """One of them: "done" or "already", and why how much of what was in it is not there."""
    kind = next((one for one in KINDS if one == told.get("kind")), ALBUM)
    privacy = next((one for one in PRIVACY if one == told.get("privacy")), "private")
    said = {name: told[name] if isinstance(told.get(name), str) else "" for name in ("title", "description")}
    title, description = checked(said["title"], said["description"], privacy)
    own = await Album.filter(owner_id=owner.id, kind=kind, title=title, uri__isnull=True).first()
    outcomes = Counter({"already" if own else "done": 1})
    if own is None:
        own = await Album.get(id=await create(owner, title, description=description, kind=kind, privacy=privacy))
    listed = told.get("images")
    uris = (listed if isinstance(listed, list) else [])[:IMAGES_AT_MOST]
    for first in range(0, len(uris), AT_ONCE):
        async with transaction():
            for uri in uris[first : first + AT_ONCE]:
                outcomes += await _put_back(owner, own, uri)
    if uris:
        async with transaction():
            await album_acts.tell(own)
    return outcomes


async def _put_back(owner: Actor, own: Album, uri: Any) -> Counter[str]:
    """One thing that was in it: nothing to say where it is there again, was there, or finds no room."""
    entry = await _known(owner, uri) if isinstance(uri, str) else None
    if entry is None or not await may_see(viewer_of(owner), entry):
        return Counter({LOST: 1})
    try:
        await put_in(owner, own, entry)
    except Invalid:
        return Counter({LOST: 1})
    except Conflict:
        pass
    return Counter()


async def _known(owner: Actor, uri: str) -> Entry | None:
    """What has this address here; of what was brought along, the copy."""
    found = await by_uri(uri)
    if found is not None:
        return found
    copy = await ImportedPost.get_or_none(author_id=owner.id, uri=uri).select_related("entry")
    return copy.entry if copy is not None and copy.entry.deleted_at is None else None


async def erase(actor_id: str) -> None:
    """Forget somebody's albums, and what they and others have put in where."""
    own = "album_id IN (SELECT l.id FROM images_album l WHERE l.owner_id = $1)"
    by_author = "entry_id IN (SELECT e.id FROM core_entry e WHERE e.author_id = $1)"
    await execute(f"DELETE FROM images_album_image WHERE actor_id = $1 OR {own} OR {by_author}", actor_id)
    await execute(f"DELETE FROM images_album_refusal WHERE {own} OR {by_author}", actor_id)
    await execute(f"DELETE FROM images_album_author WHERE actor_id = $1 OR {own}", actor_id)
    await execute("DELETE FROM images_album WHERE owner_id = $1", actor_id)


async def keep_in_step(entry: Entry) -> None:
    """Have what was taken away, or shows no picture any more, stand nowhere; in the transaction in which that is."""
    if entry.kind == KIND or entry.is_visual or entry.edited_at:  # anything else has never stood anywhere
        await execute(
            "DELETE FROM images_album_image WHERE entry_id = $1 AND NOT EXISTS (SELECT 1 FROM core_entry e"
            " JOIN core_attachment x ON x.entry_id = e.id AND x.type = 'image'"
            " WHERE e.id = $1 AND e.deleted_at IS NULL)",
            entry.id,
        )
