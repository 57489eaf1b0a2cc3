"""The form of what is not published yet: drafts, and posts that wait for their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.file_forms import own_file_form
from core.models import Actor
from core.present import stamp
from core.storage.models import File

Form = dict[str, Any]


async def draft_forms(author: Actor, found: Sequence[Mapping[str, Any]]) -> list[Form]:
    """Drafts of somebody as they are shown to them; files that are gone meanwhile are left out."""
    files = await _files(author, found)
    return [
        {
            "draftId": one["id"],
            "version": one["version"],
            "updatedAt": stamp(one["updated_at"]),
            "createdAt": stamp(one["created_at"]),
            "publishAt": one["body"].get("publish_at"),
            "problem": one["body"].get("problem"),
            **_body(one["body"], files),
        }
        for one in found
    ]


async def scheduled_forms(author: Actor, found: Sequence[Mapping[str, Any]]) -> list[Form]:
    """Posts of somebody that wait, as they are shown to them."""
    files = await _files(author, found)
    return [
        {
            "postId": one["id"],
            "publishAt": stamp(one["publish_at"]),
            "createdAt": stamp(one["created_at"]),
            **_body(one["body"], files),
        }
        for one in found
    ]


def row_of(kept: Any) -> dict[str, Any]:
    """One of them as a row of a list."""
    names = ("id", "body", "version", "publish_at", "created_at", "updated_at")
    return {name: getattr(kept, name) for name in names if hasattr(kept, name)}


async def _files(author: Actor, found: Sequence[Mapping[str, Any]]) -> dict[str, Form]:
    """All files of a page of them, by one query."""
    wanted = [file_id for one in found for file_id in one["body"].get("file_ids") or ()]
    known = await File.filter(id__in=wanted, owner_id=author.id) if wanted else []
    return {file.id: own_file_form(file) for file in known}


def _body(body: Mapping[str, Any], files: Mapping[str, Form]) -> Form:
    poll = body.get("poll")
    return {
        "content": body.get("content") or "",
        "contentType": body.get("content_type"),
        "contentWarning": body.get("content_warning") or None,
        "visibility": body.get("visibility"),
        "circleId": body.get("circle_id"),
        "language": body.get("language") or None,
        "sensitive": body.get("sensitive") or False,
        "localOnly": body.get("local_only") or False,
        "replyPolicy": body.get("reply_policy"),
        "quotePolicy": body.get("quote_policy"),
        "inReplyTo": body.get("reply_to_id"),
        "quote": body.get("quote_id"),
        "poll": {
            "options": poll.get("options") or [],
            "multiple": poll.get("multiple") or False,
            "expiresAt": poll.get("expires_at"),
            "expiresIn": poll.get("expires_in"),
        }
        if poll
        else None,
        "attachments": [files[file_id] for file_id in body.get("file_ids") or () if file_id in files],
    }
