"""Answers to an entry by one sign, of people here and elsewhere; each of somebody's signs counts once."""

from __future__ import annotations

from core import live_counts, prepared
from core.audience import may_see, viewer_of
from core.database import after_commit, execute, new_id, rows, transaction
from core.emoji_models import Emoji, Reaction
from core.entries import Act
from core.errors import Conflict, Invalid, NotFound
from core.instance import here
from core.models import Actor, Entry
from core.signs import CUSTOM, sign_of

SIGNS_AT_MOST = 10  # of one person on one entry
KINDS_OF_OTHERS = 50  # of signs on one entry, to which people of other servers add no more: pages show all of them


async def known_sign(text: str) -> tuple[str, Emoji | None]:
    """What somebody here answers with: an emoji, or `:shortcode:` with its picture. Raises Invalid naming "emoji"."""
    if sign := sign_of(text):
        return sign, None
    named = CUSTOM.fullmatch(text)
    custom = await Emoji.get_or_none(shortcode=named[1], domain=(named[2] or "").lower()) if named else None
    if custom is None:
        raise Invalid({"emoji": "This is neither an emoji nor one of the pictures here."})
    return key_of(custom), custom


def key_of(custom: Emoji) -> str:
    """How a picture is written: `:shortcode:`, of another server `:shortcode@host:`."""
    return f":{custom.shortcode}@{custom.domain}:" if custom.domain else f":{custom.shortcode}:"


async def react(actor: Actor, entry: Entry, sign: str, custom: Emoji | None = None, *, uri: str = "") -> None:
    """Answer with a sign. Raises NotFound where the actor may not see the entry, Conflict where they did so already.

    Raises Invalid where the actor, or people of other servers altogether, have answered with too many different ones.
    """
    if not await may_see(viewer_of(actor), entry):
        raise NotFound("There is no such post.")
    reaction_id = new_id()
    uri = uri or f"{actor.uri}/reactions/{reaction_id}"
    async with transaction():
        await _count(entry, 1)
        if await Reaction.filter(entry_id=entry.id, actor_id=actor.id).count() >= SIGNS_AT_MOST:
            raise Invalid({"emoji": f"You have answered this with {SIGNS_AT_MOST} signs already."})
        if not actor.is_local and await _is_one_too_many(entry, sign):
            raise Invalid({"emoji": f"This was answered with {KINDS_OF_OTHERS} different signs already."})
        if not await execute(
            "INSERT INTO core_reaction (id, entry_id, actor_id, emoji, custom_id, uri) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT DO NOTHING",
            reaction_id,
            entry.id,
            actor.id,
            sign,
            custom.id if custom else None,
            uri,
        ):
            raise Conflict("You have answered with this already.", code="already_reacted")
        prepared.changed(entry)
        await _tell("react", actor, entry, uri, sign, custom)
        live_counts.changed(entry.id)
        after_commit(lambda: here().hooks.reaction_added(actor=actor, entry=entry, reaction=sign))


async def _is_one_too_many(entry: Entry, sign: str) -> bool:
    found = await rows(
        "SELECT COUNT(DISTINCT emoji) AS kinds, COUNT(CASE WHEN emoji = $2 THEN 1 END) AS same"
        " FROM core_reaction WHERE entry_id = $1",
        entry.id,
        sign,
    )
    return found[0]["kinds"] >= KINDS_OF_OTHERS and not found[0]["same"]


async def unreact(actor: Actor, entry: Entry, sign: str) -> None:
    """Take a sign back. Raises NotFound where there is none."""
    async with transaction():
        await _count(entry, -1)
        gone = await rows(
            "DELETE FROM core_reaction WHERE entry_id = $1 AND actor_id = $2 AND emoji = $3 RETURNING uri, custom_id",
            entry.id,
            actor.id,
            sign,
        )
        if not gone:
            raise NotFound("You have not answered with this.")
        custom = await Emoji.get_or_none(id=gone[0]["custom_id"]) if gone[0]["custom_id"] else None
        prepared.changed(entry)
        await _tell("unreact", actor, entry, gone[0]["uri"], sign, custom)
        live_counts.changed(entry.id)
        after_commit(lambda: here().hooks.reaction_removed(actor=actor, entry=entry, reaction=sign))


async def _count(entry: Entry, step: int) -> None:
    """Count one more or less, before all else: whoever else has to do with the entry waits, also to delete it."""
    if not await execute(
        "UPDATE core_entry SET reactions_count = reactions_count + $1 WHERE id = $2 AND deleted_at IS NULL",
        step,
        entry.id,
    ):
        raise NotFound("There is no such post.")


async def _tell(verb: str, actor: Actor, entry: Entry, uri: str, sign: str, custom: Emoji | None) -> None:
    if actor.is_local:
        details = {"sign": sign, "custom": custom}
        await here().hooks.outgoing(act=Act(verb, actor, entry=entry, uri=uri, details=details))


async def take_back_reactions(actor: Actor) -> bool:
    """Forget the signs of somebody who left, a few at a time; whether there were any."""
    found = await Reaction.filter(actor_id=actor.id).limit(100)
    for one in found:
        async with transaction():
            await execute("UPDATE core_entry SET reactions_count = reactions_count WHERE id = $1", one.entry_id)
            gone = await execute("DELETE FROM core_reaction WHERE id = $1", one.id)
            await execute(
                "UPDATE core_entry SET reactions_count = reactions_count - $1 WHERE id = $2", gone, one.entry_id
            )
            prepared.forget(prepared.of_entry(one.entry_id))
    return bool(found)
