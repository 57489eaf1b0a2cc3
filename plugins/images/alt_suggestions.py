"""Descriptions of pictures that others suggest: their author takes one, in other words if they like, or declines it."""

from __future__ import annotations

from core.accounts.profile import SETTINGS
from core.attachments import describe_file
from core.audience import viewer_of
from core.database import execute, from_json, is_id, new_id, now, row, transaction
from core.entries import visible_entry
from core.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited
from core.instance import here
from core.models import Actor, Entry
from core.storage.files import checked_alt
from core.storage.models import File
from plugins.images.alt_counting import WAITING, changed, heard
from plugins.images.models import AltSuggestion

ACCEPTED, REJECTED = "accepted", "rejected"
A_DAY, DAY_SECONDS = 50, 86_400


# -- Suggesting ----------------------------------------------------------------
async def picture(actor: Actor, file_id: str) -> tuple[File, Entry]:
    """A picture of a post of somebody here that the actor may see, and the post. Raises NotFound."""
    found = None
    if is_id(file_id):
        found = await row(
            "SELECT h.entry_id FROM core_attachment h JOIN core_file f ON f.id = h.file_id"
            " WHERE f.id = $1 AND f.type = 'image' AND f.state = 'ready'",
            file_id,
        )
    if found is None:
        raise NotFound("There is no such picture.")
    entry = await visible_entry(viewer_of(actor), found["entry_id"])
    return await File.get(id=file_id), entry


async def is_welcome(actor: Actor, author_id: str) -> bool:
    """Whether somebody takes suggestions, and from this person."""
    found = await row(
        "SELECT c.settings FROM core_account c JOIN core_actor a ON a.id = $1"
        f" WHERE c.id = $2 AND a.id <> c.id AND {heard('c.id')}",
        actor.id,
        author_id,
    )
    own = (from_json(found["settings"]) if found["settings"] else None) or {} if found else {}
    return found is not None and {**SETTINGS, **own}["altSuggestions"]


async def suggest(actor: Actor, file_id: str, alt: str, *, credit: bool = False) -> AltSuggestion:
    """Suggest a description of somebody's picture; with `credit` one wants to be named beside it.

    Raises NotFound for what one may not see, Forbidden where its author takes none, Invalid naming "alt" or "fileId",
    Conflict where one waits or was declined, RateLimited after 50 a day.
    """
    file, entry = await picture(actor, file_id)
    alt = await _wanted(actor, file, entry, alt)
    async with transaction():
        if not await execute("UPDATE core_file SET alt = alt WHERE id = $1", file.id):  # others wait from here on
            raise NotFound("There is no such picture.")
        before = {one.state for one in await AltSuggestion.filter(file_id=file.id, actor_id=actor.id)}
        if REJECTED in before:
            raise Conflict("A suggestion of yours for this picture was declined.", code="already_declined")
        if WAITING in before:
            raise Conflict("A suggestion of yours waits for an answer: change that one.", code="already_suggested")
        await _count(actor)
        made = await AltSuggestion.create(
            id=new_id(), file_id=file.id, author_id=entry.author_id, actor_id=actor.id, alt=alt, is_credited=credit
        )
        changed(made.author_id)
    return made


async def _wanted(actor: Actor, file: File, entry: Entry, alt: str) -> str:
    """The words, where they can be suggested."""
    if entry.author_id == actor.id:
        raise Invalid({"fileId": "This is a picture of yours: describe it yourself."})
    if not await is_welcome(actor, entry.author_id):
        raise Forbidden("They take no suggestions.")
    alt = _words(alt)
    if alt == file.alt:
        raise Invalid({"alt": "This is its description already."})
    return alt


def _words(alt: str) -> str:
    """A description on one line, as the composer keeps it. Raises Invalid naming "alt"."""
    if words := " ".join(checked_alt(alt).split()):
        return words
    raise Invalid({"alt": "Say what is to be seen."})


async def _count(actor: Actor) -> None:
    if not here().settings.rate_limits.enabled:
        return
    verdict = await here().limiter.take(f"alt_suggestion:{actor.id}", A_DAY, DAY_SECONDS)
    if not verdict.allowed:
        raise RateLimited(verdict.retry_after, "You have suggested much today.")


async def reword(actor: Actor, suggestion_id: str, alt: str, *, credit: bool | None = None) -> AltSuggestion:
    """Suggest something else, while it waits for an answer. Raises as `suggest` does, Conflict once it was answered."""
    found = await own(actor, suggestion_id)
    _require_waiting(found)
    file, entry = await picture(actor, found.file_id)
    found.alt = await _wanted(actor, file, entry, alt)
    found.is_credited = found.is_credited if credit is None else credit
    waiting = AltSuggestion.filter(id=found.id, state=WAITING)
    if not await waiting.update(alt=found.alt, is_credited=found.is_credited):
        raise _answered()
    return found


async def withdraw(actor: Actor, suggestion_id: str) -> None:
    """Take a suggestion back; where it was taken already, it stays and names one no more.

    Raises NotFound, Conflict where it was declined.
    """
    found = await own(actor, suggestion_id)
    if not await AltSuggestion.filter(id=found.id, state__in=(WAITING, ACCEPTED)).delete():
        raise Conflict("This suggestion was declined.", code="already_answered")
    changed(found.author_id)


async def own(actor: Actor, suggestion_id: str) -> AltSuggestion:
    """What somebody suggested. Raises NotFound for what others did."""
    found = await AltSuggestion.get_or_none(id=suggestion_id, actor_id=actor.id) if is_id(suggestion_id) else None
    if found is None:
        raise NotFound("There is no such suggestion.")
    return found


# -- Answering -----------------------------------------------------------------
async def accept(author: Actor, suggestion_id: str, alt: str) -> AltSuggestion:
    """Describe a picture of one's own by these words: what was suggested, or what one made of it.

    They are given anew, so that nothing is published that was changed while its author read. Raises NotFound,
    Invalid naming "alt", Conflict where it was answered before.
    """
    found = await _asked(author, suggestion_id)
    found.used = _words(alt)
    async with transaction():
        await _settle(found, ACCEPTED)
        await describe_file(author, found.file_id, alt=found.used)
    return found


async def reject(author: Actor, suggestion_id: str) -> AltSuggestion:
    """Decline a suggestion; that person can make no other for the picture. Raises NotFound, Conflict."""
    found = await _asked(author, suggestion_id)
    async with transaction():
        await _settle(found, REJECTED)
    return found


async def _asked(author: Actor, suggestion_id: str) -> AltSuggestion:
    """What was suggested to an author by somebody they hear. Raises NotFound, Conflict where it was answered."""
    seen = None
    if is_id(suggestion_id):
        seen = await row(
            "SELECT s.id FROM images_alt_suggestion s JOIN core_attachment h ON h.file_id = s.file_id"
            f" JOIN core_actor a ON a.id = s.actor_id WHERE s.id = $1 AND s.author_id = $2 AND {heard('s.author_id')}",
            suggestion_id,
            author.id,
        )
    if seen is None:
        raise NotFound("There is no such suggestion.")
    found = await AltSuggestion.get(id=suggestion_id)
    _require_waiting(found)
    return found


async def _settle(found: AltSuggestion, state: str) -> None:
    """Note the answer, in the running transaction. Raises Conflict where another was faster."""
    found.state, found.answered_at = state, now()
    same = AltSuggestion.filter(file_id=found.file_id, actor_id=found.actor_id, state=state)
    await same.exclude(id=found.id).delete()
    waiting = AltSuggestion.filter(id=found.id, state=WAITING)
    if not await waiting.update(state=state, used=found.used, answered_at=found.answered_at):
        raise _answered()
    changed(found.author_id)


def _require_waiting(found: AltSuggestion) -> None:
    if found.state != WAITING:
        raise _answered()


def _answered() -> Conflict:
    return Conflict("This was answered already.", code="already_answered")


# -- What is stored about a person ---------------------------------------------
async def erase(actor_id: str) -> None:
    """Forget what somebody suggested, and what was suggested to them."""
    await execute("DELETE FROM images_alt_suggestion WHERE actor_id = $1 OR author_id = $1", actor_id)
