"""What other servers are told of albums, written down in the transaction in which it happens."""

from __future__ import annotations

from core.apart import of_blocked_server
from core.database import now, rows, transaction
from core.entries import Act
from core.instance import here
from core.models import Actor, Entry
from core.tasks import task
from plugins.images.models import Album

# What is put in and put in order within so many seconds is told once: each time all of an album goes out.
TOGETHER_SECONDS = 10
_LATE_SECONDS = 2  # for what was begun within them and is written down a little after

# Of a picture `e` by `a` that stands as `n` in an album `l`: nobody is collected by whom they block, or who blocks
# them, and whoever wants to be collected by nobody is seen where they put something in themselves.
WITH_ITS_OWNER = (
    "(a.is_gatherable OR n.actor_id = e.author_id)"
    " AND NOT EXISTS (SELECT 1 FROM core_block b WHERE (b.actor_id = e.author_id AND b.target_id = l.owner_id)"
    " OR (b.actor_id = l.owner_id AND b.target_id = e.author_id))"
    f" AND NOT {of_blocked_server('l.owner_id', 'e.author_id')}"
)


async def tell(changed: Album, *, withdrawn: bool = False) -> None:
    """Have an album of ours known elsewhere as it is now.

    One for everybody goes to its owner's followers and its authors' servers. Any other goes to the servers of its
    authors alone, to each with what that server may see; followers are told where it is `withdrawn` from them.
    """
    owner = await changed.owner
    if changed.uri or not owner.is_local:
        return
    acts = [Act("album_withdraw", owner, details={"album": changed})] if withdrawn else []
    if changed.privacy == "public":
        acts.append(Act("album_update", owner, details={"album": changed, "host": ""}))
    else:
        hosts = sorted({one.domain for one in await authors_elsewhere(changed)})
        acts += [Act("album_update", owner, details={"album": changed, "host": host}) for host in hosts]
    for act in acts:
        await here().hooks.outgoing(act=act)


async def tell_soon(changed: Album) -> None:
    """The same within some seconds, together with what is done to the album until then."""
    if changed.uri:
        return
    moment = now().timestamp()
    turn = int(moment // TOGETHER_SECONDS)
    delay = (turn + 1) * TOGETHER_SECONDS - moment + _LATE_SECONDS
    await tell_what_is_new.later(key=f"album-told:{changed.id}:{turn}", delay=delay, album_id=changed.id)


@task(lane=6)
async def tell_what_is_new(album_id: str) -> None:
    """Tell of an album as it is by now, if it is still there and its owner may say anything."""
    async with transaction():
        changed = await Album.get_or_none(id=album_id)
        if changed is not None and (await changed.owner).is_here:
            await tell(changed)


async def tell_deleted(gone: Album) -> None:
    """Have an album of ours forgotten elsewhere."""
    owner = await gone.owner
    if not gone.uri and owner.is_local:
        await here().hooks.outgoing(act=Act("album_delete", owner, details={"album": gone}))


async def tell_moved(verb: str, actor: Actor, changed: Album, entry: Entry) -> None:
    """Tell the owner's server what somebody here put in or took out of its album; everybody, where it is one of ours.

    `verb` is "album_add" or "album_take_out": who takes something out wants it gone, so that is told at once.
    """
    if not changed.uri:
        await (tell_soon if verb == "album_add" else tell)(changed)
    elif actor.is_local:
        details = {"album": changed, "entry": entry}
        await here().hooks.outgoing(act=Act(verb, actor, target=await changed.owner, details=details))


async def tell_person(verb: str, album: Album, actor: Actor, person: Actor) -> None:
    """Tell somebody elsewhere what somebody here said to them about an album: asked, accepted, left or let go."""
    if actor.is_local and not person.is_local:
        await here().hooks.outgoing(act=Act(verb, actor, target=person, details={"album": album}))


async def authors_elsewhere(album: Album) -> list[Actor]:
    """Those of other servers who have accepted to put pictures in."""
    found = await rows(
        "SELECT a.id FROM images_album_author w JOIN core_actor a ON a.id = w.actor_id AND a.domain <> ''"
        " AND a.removed_at IS NULL AND a.suspended_at IS NULL WHERE w.album_id = $1 AND w.accepted_at IS NOT NULL",
        album.id,
    )
    return await Actor.filter(id__in=[one["id"] for one in found]).order_by("id")
