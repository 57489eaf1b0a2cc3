"""What a person looks like to everybody: the full form and the short one, and times as the API writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from core.database import when
from core.instance import here
from core.models import Actor

Row = Mapping[str, Any]
Form = dict[str, Any]
SHORT_COLUMNS = ("id", "username", "domain", "name", "avatar_url", "url", "uri", "type")


def stamp(value: Any) -> str | None:
    """A time as the API writes it: RFC 3339 in UTC, milliseconds, `Z`; None stays None."""
    if value is None:
        return None
    moment: datetime | None = when(value)
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def row_of(actor: Actor) -> Row:
    """An actor read by the ORM, as the row it came from."""
    return {column: getattr(actor, column) for column in actor._meta.db_fields}


def user_short(actor: Row) -> Form:
    """Who somebody is, in a few words, out of the SHORT_COLUMNS: for cards and lists of reactions."""
    return {
        "userId": actor["id"],
        "username": actor["username"],
        "acct": _acct(actor),
        "domain": actor["domain"] or here().domain,
        "fullName": actor["name"] or actor["username"],
        "avatar": actor["avatar_url"] or None,
        "url": actor["url"] or actor["uri"],
        "isBot": actor["type"] in ("service", "application"),
    }


def user(actor: Row) -> Form:
    """The public form of a person (api.md, Objects)."""
    listed = actor["profile_fields"]
    return user_short(actor) | {
        "bio": actor["summary"],
        "coverImage": actor["cover_url"] or None,
        "fields": _fields(listed),
        "followersCount": actor["followers_count"],
        "followingCount": actor["following_count"],
        "postsCount": actor["posts_count"],
        "isVerified": any(f.get("verifiedAt") for f in _fields(listed)),
        "isLocked": bool(actor["is_locked"]),
        "role": actor["role"],
        "createdAt": stamp(actor["created_at"]),
    }


def _fields(listed: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(listed) if isinstance(listed, str) else listed
    return [{key: field.get(key) for key in ("name", "value", "verifiedAt")} for field in found]


def _acct(actor: Row) -> str:
    return f"{actor['username']}@{actor['domain']}" if actor["domain"] else str(actor["username"])
