"""Drafts: what somebody is still writing, kept here for whichever device they go on with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from core.database import HIGHEST_ID, from_json, is_id, now, one_at_a_time, rows, transaction
from core.errors import Conflict, Invalid, NotFound
from core.instance import here
from core.models import Actor, Entry
from core.reading.values import moment
from core.storage import files
from core.storage.models import File
from plugins.posts import service
from plugins.posts.models import KeptDraft, ScheduledPost

AT_MOST = 100
CHARACTERS = 50_000  # a draft may be longer than a post: it is still to be cut

Row = dict[str, Any]


async def save(
    author: Actor, body: Mapping[str, Any], *, draft_id: str | None = None, version: int | None = None
) -> KeptDraft:
    """Keep what was written so far, in place of what the draft said before; `version` is what the device last saw.

    Raises Invalid naming the field, NotFound for a draft that is gone or not theirs, Conflict where another device has
    kept something else meanwhile.
    """
    kept = dict(body)
    await _check(author, kept)
    async with transaction():
        draft = await _one_to_keep(author, draft_id, version)
        before = draft.body.get("file_ids") or ()
        draft.body, draft.updated_at = kept, now()
        await draft.save(force_create=draft_id is None)
        await files.hold(author.id, set(before) - set(kept["file_ids"]), now())
        await files.hold(author.id, kept["file_ids"], now() + service.FILES_STAY)
    return draft


async def _check(author: Actor, body: dict[str, Any]) -> None:
    errors = {}
    most = max(CHARACTERS, here().settings.limits.post_characters)
    if len(body.get("content") or "") > most:
        errors["content"] = f"This is too long for a draft: at most {most} characters."
    if len(body.get("content_warning") or "") > 500:
        errors["contentWarning"] = "This is too long: at most 500 characters."
    poll = body.get("poll") or {}
    if len(poll.get("options") or ()) > 50 or any(len(option) > 500 for option in poll.get("options") or ()):
        errors["poll"] = "At most 50 answers of 500 characters each."
    wanted = list(dict.fromkeys(body.get("file_ids") or ()))
    if len(wanted) > here().settings.limits.files_per_post:
        errors["fileIds"] = f"These are too many: at most {here().settings.limits.files_per_post} files."
    else:
        known = [one for one in wanted if is_id(one)]
        if await File.filter(id__in=known, owner_id=author.id).count() != len(wanted):
            errors["fileIds"] = "There is no such file."
    if errors:
        raise Invalid(errors)
    body["file_ids"] = wanted


async def _one_to_keep(author: Actor, draft_id: str | None, version: int | None) -> KeptDraft:
    if draft_id is None:
        await one_at_a_time(f"drafts:{author.id}")
        if await KeptDraft.filter(author_id=author.id).count() >= AT_MOST:
            raise Conflict(f"You have {AT_MOST} drafts: publish one or throw it away first.")
        return KeptDraft(author_id=author.id)
    draft = await own(author, draft_id)
    last = draft.version
    is_known = version in (None, last)  # compared here: a version may be any number, however large
    if not is_known or not await KeptDraft.filter(id=draft.id, version=last).update(version=last + 1):
        raise Conflict("This draft was changed on another device meanwhile.")
    draft.version = last + 1
    return draft


async def own(author: Actor, draft_id: str) -> KeptDraft:
    """A draft of one's own. Raises NotFound, also for other people's."""
    draft = await KeptDraft.get_or_none(id=draft_id, author_id=author.id) if is_id(draft_id) else None
    if draft is None:
        raise NotFound("There is no such draft.")
    return draft


async def listed(author: Actor, before: str | None, limit: int) -> list[Row]:
    """Drafts of somebody, the one begun last first, and one row too many where there are more."""
    found = await rows(
        "SELECT d.id, d.id AS position, CAST(d.body AS TEXT) AS body, d.version, d.created_at, d.updated_at"
        " FROM posts_draft d WHERE d.author_id = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3",
        author.id,
        before or HIGHEST_ID,
        limit + 1,
    )
    return [{**row, "body": from_json(row["body"])} for row in found]


async def count(author: Actor) -> int:
    """How many drafts somebody has."""
    return await KeptDraft.filter(author_id=author.id).count()


async def discard(author: Actor, draft_id: str) -> None:
    """Throw a draft away; its files go some time later. Raises NotFound."""
    draft = await own(author, draft_id)
    async with transaction():
        await draft.delete()
        await files.hold(author.id, draft.body.get("file_ids") or (), now())


async def publish(author: Actor, draft_id: str) -> Entry | ScheduledPost:
    """Publish what a draft says, or keep it for its time; the draft is gone then. Raises as `service.write`."""
    draft = await own(author, draft_id)
    body = {name: value for name, value in draft.body.items() if name not in ("publish_at", "problem")}
    if at := moment(draft.body.get("publish_at")):
        post_id = await service.write_later(author, at, body, instead_of=draft)
        return await ScheduledPost.get(id=post_id)
    return await service.write(author, **body, instead_of=draft)


# -- Along with the account ----------------------------------------------------
async def exported(author_id: str) -> list[Row]:
    """What somebody is still writing, to take along."""
    kept = await KeptDraft.filter(author_id=author_id).order_by("id")
    return [{"updatedAt": one.updated_at.isoformat(), "body": one.body} for one in kept]


async def restore(author: Actor, bodies: list[Row | None]) -> Counter[str]:
    """Bring drafts back that are not here; None stands for one that is none. Returns what came of how many."""
    known = {one["body"].get("content") for one in await exported(author.id)}
    counts: Counter[str] = Counter()
    for body in bodies:
        if body is not None and body["content"] in known:
            counts["already"] += 1
            continue
        try:
            if body is None:
                raise Invalid({"content": "This is no draft."})
            await save(author, body)
        except (Invalid, Conflict):
            counts["failed"] += 1
        else:
            known.add(body["content"])
            counts["done"] += 1
    return counts
