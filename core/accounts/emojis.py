"""The small pictures of this server: added, renamed, sorted, hidden and taken away by those trusted with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from core import emoji, prepared
from core.accounts.audit import Doer, record
from core.database import LOWEST_ID, IntegrityError, after_commit, execute, new_id, rows, transaction
from core.emoji_models import Emoji
from core.errors import Conflict, Invalid, NotFound
from core.instance import here
from core.models import Actor
from core.permissions import require
from core.signs import SHORTCODE
from core.storage.models import Blob, RefusedContent
from core.storage.pictures import Wanted
from core.storage.service import hold, lock, release
from core.tasks import task

CATEGORY_AT_MOST = 100
BYTES_AT_MOST = 1_048_576  # of what is uploaded; what is kept of it is far smaller
WIDTH, HEIGHT = 256, 128
_NAME = re.compile(SHORTCODE)
_WANTED = Wanted("image/webp", WIDTH, HEIGHT, whole=True, moves=True)


async def add(by: Doer | None, shortcode: str, content: bytes, *, category: str = "", name: str = "image") -> Emoji:
    """Offer a picture as `:shortcode:`; what moves goes on moving. `by` nobody is a command of whoever runs the server.

    Raises Forbidden, Conflict for a shortcode that is taken, Invalid naming "shortcode", "category" or `name`,
    UnsupportedMediaType, Unavailable. Not to be called inside a transaction.
    """
    _admit(by)
    shortcode, category = shortcode.strip().strip(":"), category.strip()
    _check(shortcode, category)
    if len(content) > BYTES_AT_MOST:
        raise Invalid({name: f"This picture is too large: at most {BYTES_AT_MOST // 1024} KB."})
    if await Emoji.exists(domain="", shortcode=shortcode):
        raise _taken()
    (made,) = await here().pictures.made(content, [_WANTED], name=name)
    blob = await here().storage.put(made.content, made.media_type)
    if await RefusedContent.exists(digest__in=[hashlib.sha256(content).hexdigest(), blob.digest]):
        raise Invalid({name: "This picture may not be shown here."})
    try:
        async with transaction():
            await lock(blob.id)
            added = await Emoji.create(
                id=new_id(),
                shortcode=shortcode,
                url=here().storage.url(blob),
                blob_id=blob.id,
                category=category,
            )
            await hold(blob.id)
            await record("emoji_added", emoji=added.shortcode, **_by(by))
            await _shown_anew(added)
    except IntegrityError:
        raise _taken() from None
    return added


async def change(
    by: Doer | None,
    emoji_id: str,
    *,
    shortcode: str | None = None,
    category: str | None = None,
    is_hidden: bool | None = None,
) -> Emoji:
    """Change what is given of a picture of this server, leave the rest; texts with its former shortcode show that.

    Raises Forbidden, NotFound, Conflict, Invalid as `add`.
    """
    _admit(by)
    found = await one(emoji_id)
    shortcode = found.shortcode if shortcode is None else shortcode.strip().strip(":")
    category = found.category if category is None else category.strip()
    _check(shortcode, category)
    before = found.shortcode
    found.shortcode, found.category = shortcode, category
    found.is_hidden = found.is_hidden if is_hidden is None else is_hidden
    try:
        async with transaction():
            await found.save(update_fields=["shortcode", "category", "is_hidden"])
            if before != shortcode:
                await _renamed_answers(found.id, before, shortcode)
            await record("emoji_changed", emoji=found.shortcode, **_by(by))
            await _shown_anew(found, before=before)
    except IntegrityError:
        raise _taken() from None
    return found


async def remove(by: Doer | None, emoji_id: str) -> None:
    """Take a picture of this server away; texts and answers show its shortcode. Raises Forbidden, NotFound."""
    _admit(by)
    async with transaction():
        found = await one(emoji_id)
        if found.blob_id:
            await lock(found.blob_id)
        gone = await rows("DELETE FROM core_emoji WHERE id = $1 RETURNING blob_id", found.id)
        if gone and gone[0]["blob_id"]:
            await release(gone[0]["blob_id"])
        await record("emoji_removed", emoji=found.shortcode, **_by(by))
        await _shown_anew(found)


async def one(emoji_id: str) -> Emoji:
    """A picture of this server. Raises NotFound."""
    found = await Emoji.get_or_none(id=emoji_id, domain="")
    if found is None:
        raise NotFound("There is no such picture here.")
    return found


async def named(shortcode: str) -> Emoji:
    """The picture of this server with a shortcode. Raises NotFound."""
    found = await Emoji.get_or_none(shortcode=shortcode.strip(":"), domain="")
    if found is None:
        raise NotFound("There is no such picture here.")
    return found


async def all_of_them() -> list[Emoji]:
    """The pictures of this server with the hidden ones, by category and name."""
    return await Emoji.filter(domain="").order_by("category", "shortcode")


async def remove_blobs(digests: Sequence[str]) -> int:
    """Take away what shows bytes with these digests; returns how many pictures that were."""
    found = await _showing(digests)
    for each in found:
        await remove(None, each.id)
    return len(found)


async def shows_blobs(digests: Sequence[str]) -> bool:
    """Whether a picture of this server shows bytes with one of these digests."""
    return bool(await _showing(digests))


async def _showing(digests: Sequence[str]) -> list[Emoji]:
    blobs = await Blob.filter(digest__in=list(digests))
    return await Emoji.filter(domain="", blob_id__in=[blob.id for blob in blobs]) if blobs else []


def _admit(by: Doer | None) -> None:
    if by:
        require(by.actor, "emojis.manage")


def _check(shortcode: str, category: str) -> None:
    errors: dict[str, str] = {}
    if not _NAME.fullmatch(shortcode):
        errors["shortcode"] = "Two or more of a to z, A to Z, 0 to 9 and _."
    if len(category) > CATEGORY_AT_MOST or "\0" in category:
        errors["category"] = f"This is too long: at most {CATEGORY_AT_MOST} characters."
    if errors:
        raise Invalid(errors)


def _taken() -> Conflict:
    return Conflict("There is a picture with this shortcode already.", code="taken")


async def _renamed_answers(emoji_id: str, before: str, after: str) -> None:
    """Let answers by a picture bear its shortcode; where somebody answered by both names, one stays text."""
    await execute(
        "UPDATE core_reaction SET emoji = $1 WHERE custom_id = $2 AND emoji = $3 AND NOT EXISTS (SELECT 1 FROM"
        " core_reaction o WHERE o.entry_id = core_reaction.entry_id AND o.actor_id = core_reaction.actor_id"
        " AND o.emoji = $1)",
        f":{after}:",
        emoji_id,
        f":{before}:",
    )


def _by(doer: Doer | None) -> dict[str, Any]:
    """Who did it and from where, as the audit trail takes it; nobody where it was the command line."""
    where = {"address": doer.address, "user_agent": doer.user_agent} if doer else {}
    return {"by_id": doer.actor.id if doer else None, **where}


async def _shown_anew(changed: Emoji, *, before: str = "") -> None:
    """Have everything that shows such a picture look again."""
    prepared.forget(emoji.EMOJIS, prepared.PUBLIC, prepared.LOCAL)
    for shortcode in {changed.shortcode, before or changed.shortcode}:
        await show_in_profiles.later(shortcode=shortcode)


@task(lane=7)
async def show_in_profiles(shortcode: str) -> None:
    """Have everybody here who names a picture in their profile show it as it is now."""
    pattern, after = f"%:{shortcode}:%", LOWEST_ID
    while found := await rows(
        "SELECT id FROM core_actor WHERE domain = '' AND removed_at IS NULL AND id > $2"
        " AND (name LIKE $1 OR summary LIKE $1 OR CAST(profile_fields AS TEXT) LIKE $1) ORDER BY id LIMIT 100",
        pattern,
        after,
    ):
        after = str(found[-1]["id"])
        for each in found:
            await _repack(each["id"])


async def _repack(actor_id: str) -> None:
    async with transaction():
        await execute("UPDATE core_actor SET version = version + 1 WHERE id = $1", actor_id)  # others wait from here on
        actor = await Actor.get(id=actor_id)
        await emoji.repack(actor)
        await actor.save(update_fields=["emojis"])
        after_commit(lambda: here().cache.drop_tag(f"actor:{actor_id}"))
