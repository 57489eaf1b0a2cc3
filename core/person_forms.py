"""What a person looks like to everybody: the full form and the short one, and times as the API writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from core.database import when
from core.instance import here
from core.models import Actor
from core.storage.remote import shown_at

Row = Mapping[str, Any]
Form = dict[str, Any]
SHORT_COLUMNS = ("id", "username", "domain", "name", "avatar_url", "url", "uri", "type", "emojis")


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
        "avatar": _picture(actor, "avatar"),
        "url": actor["url"] or actor["uri"],
        "isBot": actor["type"] in ("service", "application"),
        "emojis": _emojis(actor["emojis"], actor["domain"]) if actor["emojis"] else [],
    }


def user(actor: Row, *, own: bool = False) -> Form:
    """The public form of a person (api.md, Objects); of what they wrote, all counts for nobody but themselves."""
    listed = actor["profile_fields"]
    return user_short(actor) | {
        "bio": actor["summary"],
        "coverImage": _picture(actor, "cover"),
        "fields": _fields(listed),
        "followersCount": actor["followers_count"],
        "followingCount": actor["following_count"],
        "postsCount": actor["posts_count" if own else "open_posts_count"],
        "isVerified": any(f.get("verifiedAt") for f in _fields(listed)),
        "isLocked": bool(actor["is_locked"]),
        "movedTo": actor["moved_to_uri"] or None,
        "role": actor["role"],
        "createdAt": stamp(actor["created_at"]),
    }


def _picture(actor: Row, role: str) -> str | None:
    """Where a picture is shown: people here have theirs here, those of others are passed on by us."""
    source = actor[f"{role}_url"]
    return shown_at(actor["id"], role, source) if source and actor["domain"] else source or None


def _emojis(packed: str, domain: str) -> list[Form]:
    """The small pictures in what somebody says of themselves, as core.emoji has packed them."""
    found = (
        {"shortcode": shortcode, "url": shown_at(emoji_id, "emoji", url) if domain else url}
        for emoji_id, shortcode, url in orjson.loads(packed)
    )
    return [one for one in found if one["url"]]


def _fields(listed: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(listed) if isinstance(listed, str) else listed
    return [{key: field.get(key) for key in ("name", "value", "verifiedAt")} for field in found]


def _acct(actor: Row) -> str:
    return f"{actor['username']}@{actor['domain']}" if actor["domain"] else str(actor["username"])
