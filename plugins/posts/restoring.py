"""Drafts and posts for later, out of an archive: the latter are brought back where their time is still to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import policies
from core.database import now
from core.html import CONTENT_TYPES
from core.models import Actor
from core.reading.values import moment
from plugins.posts import drafts
from plugins.posts.asking import restored_poll
from plugins.posts.making import WIDTH
from plugins.posts.service import scheduled_by, write_later

SCHEDULED_AT_MOST = 500


async def restore_all(author_id: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """Bring back what had not been published: drafts, and what was written for later. Returns what came of how many."""
    parts = [
        await restore(author_id, kept.get("scheduled.json", [])),
        await restore_drafts(author_id, kept.get("drafts.json", [])),
    ]
    counts = {name: sum(part.get(name, 0) for part in parts) for name in ("done", "already", "failed")}
    return {**counts, "reasons": {sentence: times for part in parts for sentence, times in part["reasons"].items()}}


async def restore(author_id: str, scheduled: Any) -> dict[str, Any]:
    """Bring back what is still to come and not here; what it answered or quoted elsewhere is not brought along.

    Returns what came of how many.
    """
    author = await Actor.get(id=author_id)
    known = {(one["publishAt"], one["body"]["content"]) for one in await scheduled_by(author_id)}
    counts: Counter[str] = Counter()
    for one in (scheduled if isinstance(scheduled, list) else [])[:SCHEDULED_AT_MOST]:
        at, body = _restored(one)
        if at is None or at <= now():
            counts["failed"] += 1
        elif (at.isoformat(), body["content"]) in known:
            counts["already"] += 1
        else:
            await write_later(author, at, body)
            known.add((at.isoformat(), body["content"]))
            counts["done"] += 1
    failed = counts["failed"]
    return {**counts, "reasons": {"This was to be published at a time that has passed.": failed} if failed else {}}


async def restore_drafts(author_id: str, kept: Any) -> dict[str, Any]:
    """Bring drafts back that are not here, without files, and without what they answered or quoted."""
    listed = kept if isinstance(kept, list) else []
    bodies = [_body(one.get("body") if isinstance(one, Mapping) else None, None) for one in listed[: drafts.AT_MOST]]
    counts = await drafts.restore(await Actor.get(id=author_id), bodies)
    failed = counts["failed"]
    return {**counts, "reasons": {"This was no draft, or there are too many.": failed} if failed else {}}


def _restored(one: Any) -> tuple[datetime | None, dict[str, Any]]:
    """When to publish what, as far as an archive says so properly."""
    at = moment(one.get("publishAt")) if isinstance(one, Mapping) else None
    body = _body(one.get("body") if isinstance(one, Mapping) else None, at)
    return (at, body) if body is not None else (None, {})


def _body(body: Any, at: datetime | None) -> dict[str, Any] | None:
    """What a post was to be; nothing where that is not said properly."""
    if not isinstance(body, Mapping) or not isinstance(body.get("content"), str):
        return None
    visibility = body.get("visibility")
    texts = ("content", "content_warning", "language")
    wanted: dict[str, Any] = {name: body[name] for name in texts if isinstance(body.get(name), str)}
    flags = {name: body.get(name) is True for name in ("local_only", "sensitive")}
    visibility = "private" if visibility == "circle" else visibility  # which was one on another server, or before
    if poll := restored_poll(body.get("poll"), at):
        wanted["poll"] = poll
    words = {"content_type": CONTENT_TYPES, "reply_policy": policies.POLICIES, "quote_policy": policies.POLICIES}
    said = {name: body.get(name) for name, known in words.items() if body.get(name) in known}
    return {**wanted, **flags, **said, "visibility": visibility if visibility in WIDTH else None}
