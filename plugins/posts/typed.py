"""What stands in the form of the composer: as it was typed, as a post is written of it, and as a draft keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypedDict
from zoneinfo import ZoneInfo, available_timezones

from quart import request

from core import policies
from core.audience import viewer_of
from core.database import is_id
from core.entries import visible_entry
from core.errors import Invalid, KithError, NotFound
from core.html import CONTENT_TYPES
from core.models import Actor
from core.present import stamp
from core.reading.values import moment
from core.web.forms import Form
from core.web.language import gettext as _
from plugins.posts.asking import WantedPoll
from plugins.posts.listing import form_of
from plugins.posts.making import WIDTH

Typed = dict[str, str]
FIELDS = ("content", "contentWarning", "poll", "file", "publishAt")
POLICIES = ("replyPolicy", "quotePolicy")
SAID = ("content", "contentType", "contentWarning", "language", *POLICIES)
WORDS = (*SAID, "visibility", "localOnly", "publishAt", "timeZone")
# What the form is about besides: a draft that is gone on with, a post that waits, what is answered and quoted.
ABOUT = ("draftId", "draftVersion", "scheduledId", "inReplyTo", "quote")


async def typed_words(*names: str) -> Typed:
    """The texts of these fields."""
    form = await request.form
    return {name: str(form.get(name, "")).replace("\r\n", "\n") for name in names}


async def body_of(typed: Typed, file_ids: Sequence[str]) -> dict[str, Any]:
    """What `service.write` takes; the poll is read into `typed` as well, for the form. Raises Invalid."""
    visibility, _colon, circle_id = typed["visibility"].partition(":")
    if visibility and visibility not in WIDTH:
        raise Invalid({"visibility": _("Choose who will see this.")})
    return {
        **_said(typed, file_ids),
        "visibility": visibility or None,
        "circle_id": circle_id or None,
        **policies_of(typed),
        "poll": await poll_of(typed),
    }


def _said(typed: Typed, file_ids: Sequence[str]) -> dict[str, Any]:
    return {
        "content": typed["content"],
        "content_type": typed["contentType"] or None,
        "content_warning": typed["contentWarning"],
        "language": typed["language"],
        "reply_to_id": typed["inReplyTo"] or None,
        "quote_id": typed["quote"] or None,
        "local_only": bool(typed["localOnly"]),
        "file_ids": list(file_ids),
    }


async def draft_of(typed: Typed, file_ids: Sequence[str]) -> dict[str, Any]:
    """What a draft keeps: whatever was typed so far, as far as it can be anything."""
    visibility, _colon, circle_id = typed["visibility"].partition(":")
    try:
        at = time_of(typed)
    except Invalid:
        at = None
    await _read_poll(typed)
    seconds = typed["pollDuration"]
    poll = {
        "options": typed["pollOptions"].split("\n") if typed["pollOptions"] else [],
        "multiple": bool(typed["pollMultiple"]),
        "expires_in": int(seconds) if _is_number(seconds) else None,
    }
    said = _said(typed, file_ids)
    named = {name: said[name] if is_id(said[name] or "") else None for name in ("reply_to_id", "quote_id")}
    return {
        **said,
        **named,
        "content_type": typed["contentType"] if typed["contentType"] in CONTENT_TYPES else None,
        "visibility": visibility if visibility in WIDTH else None,
        "circle_id": circle_id if is_id(circle_id) else None,
        "reply_policy": typed["replyPolicy"] if typed["replyPolicy"] in policies.POLICIES else None,
        "quote_policy": typed["quotePolicy"] if typed["quotePolicy"] in policies.POLICIES else None,
        "poll": poll if typed["poll"] else None,
        "publish_at": stamp(at),
    }


def values_of(kept: Mapping[str, Any], zone: str = "UTC") -> Typed:
    """What stands in the form for the body of a draft or of a post that waits."""
    circle_id = kept.get("circle_id")
    values = {
        "content": kept.get("content"),
        "contentType": kept.get("content_type"),
        "contentWarning": kept.get("content_warning"),
        "visibility": f"circle:{circle_id}" if circle_id else kept.get("visibility"),
        "language": kept.get("language"),
        "localOnly": "on" if kept.get("local_only") else "",
        "replyPolicy": kept.get("reply_policy"),
        "quotePolicy": kept.get("quote_policy"),
    }
    if at := moment(kept.get("publish_at")):
        values |= {"publishAt": at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M"), "timeZone": zone}
    if poll := kept.get("poll"):
        values |= {"poll": "on", "pollOptions": "\n".join(poll.get("options") or ())}
        values |= {"pollMultiple": "on"} if poll.get("multiple") else {}
        values |= {"pollDuration": str(poll["expires_in"])} if poll.get("expires_in") else {}
    return {name: value for name, value in values.items() if value}


def time_of(typed: Typed) -> datetime | None:
    """When it is to be published: a time where the writer is. Raises Invalid naming "publishAt"."""
    if not typed["publishAt"]:
        return None
    zone = typed["timeZone"] or "UTC"
    if zone not in available_timezones():
        raise Invalid({"publishAt": _("This is no time zone we know. Europe/Berlin is one, for example.")})
    try:
        local = datetime.fromisoformat(typed["publishAt"])
        return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid({"publishAt": _("This is no day and time. Write it as 2030-12-31T18:00.")}) from None


async def seen(actor: Actor, entry_id: str | None) -> Mapping[str, Any] | None:
    """What is answered or quoted, where it still is to be seen."""
    try:
        return await form_of(await visible_entry(viewer_of(actor), entry_id), actor) if entry_id else None
    except NotFound:
        return None


class Policies(TypedDict):
    reply_policy: str | None
    quote_policy: str | None


def policies_of(typed: Typed) -> Policies:
    """Who may reply and quote, as it was chosen. Raises Invalid."""
    choices = (policies.POLICIES, policies.POLICIES)
    if any(typed[name] and typed[name] not in known for name, known in zip(POLICIES, choices, strict=True)):
        raise Invalid({"policy": _("Choose who may reply and quote.")})
    reply, quote = (typed[name] or None for name in POLICIES)
    return {"reply_policy": reply, "quote_policy": quote}


async def poll_of(typed: Typed, before: Mapping[str, Any] | None = None) -> WantedPoll | None:
    """The poll that was typed, for the form as well; None where nothing about it is to change. Raises Invalid."""
    options = await _read_poll(typed)
    if not typed["poll"]:
        return {"options": []} if before else None
    if not options:
        raise Invalid({"poll": _("Write at least two answers, or leave the poll out.")})
    wanted: WantedPoll = {"options": options, "multiple": bool(typed["pollMultiple"])}
    if before and not typed["pollDuration"]:
        same = [option["title"] for option in before["options"]] == typed["pollOptions"].split("\n")
        return None if same and before["multiple"] == wanted["multiple"] else {**wanted, "expires_at": _end(before)}
    seconds = typed["pollDuration"]
    return {**wanted, "expires_in": int(seconds) if _is_number(seconds) else None}


async def _read_poll(typed: Typed) -> list[str]:
    form = await request.form
    options = [str(option) for option in form.getlist("pollOption") if str(option).strip()]
    typed["pollOptions"] = "\n".join(" ".join(option.split()) for option in options)
    typed |= {name: str(form.get(name, "")) for name in ("poll", "pollMultiple", "pollDuration")}
    return options


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 9


def _end(before: Mapping[str, Any]) -> str | None:
    """The end a poll has, where that is still to come."""
    return None if before["isClosed"] else before["expiresAt"]


def wrong(typed: Typed, error: KithError) -> Form:
    """The form with what was typed and what is wrong with it."""
    if isinstance(error, Invalid):
        named = {name.partition(".")[0]: sentence for name, sentence in error.errors.items()}
        known = {name: sentence for name, sentence in named.items() if name in FIELDS}
        others = [sentence for name, sentence in named.items() if name not in known]
        return Form(typed, known, " ".join(others))
    return Form(typed, sentence=error.sentence)
