"""Pages of the security log: one's own, and for admins that of the whole server."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from quart import Blueprint, Response, request
from werkzeug import Response as Redirect

from core.accounts import audit, audit_forms
from core.accounts.audit_words import EVENTS, event_words
from core.accounts.settings_frame import settings_page
from core.instance import here
from core.people import find
from core.web.admin_frame import admin_page, in_charge
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import to_login, viewer_identity

blueprint = Blueprint("audit_pages", __name__)
PER_PAGE = 30


@blueprint.get("/settings/security/log")
async def own_log() -> Response | Redirect:
    """What happened to the safety of one's account, in words."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    name = f"security-log:{identity.account.id}"
    found = await audit.events_of(identity.account.id, _before(name), PER_PAGE)
    following = here().cursors.following(name, [{"position": event.id} for event in found], PER_PAGE)
    return await settings_page(
        "accounts/security_log.html",
        "security",
        events=[audit_forms.told_to_oneself(event) for event in found[:PER_PAGE]],
        older=_older("/settings/security/log", {}, following),
        is_first="cursor" not in request.args,
        retention=here().settings.retention,
    )


@blueprint.get("/admin/audit")
async def everybodys_log() -> Response:
    """What happened to the safety of all accounts, and what those in charge did, by name, person and day."""
    await in_charge("audit.read")
    asked = {name: request.args.get(name, "").strip()[:320] for name in ("event", "user", "since", "until")}
    form = Form(values=asked)
    since, until = _day(asked["since"]), _day(asked["until"])
    person = await find(asked["user"]) if asked["user"] else None
    wanted = {key: value for key, value in asked.items() if value}
    name = f"audit-page:{urlencode(wanted)}"
    found = []
    if person or not asked["user"]:
        found = await audit.all_events(
            _before(name),
            PER_PAGE,
            name=asked["event"] if asked["event"] in EVENTS else "",
            person_id=person.id if person else "",
            since=since,
            until=until + timedelta(days=1) if until else None,
        )
    following = here().cursors.following(name, [{"position": event.id} for event in found], PER_PAGE)
    names = sorted([(name, event_words(name, {})) for name in EVENTS], key=lambda each: each[1])
    return await admin_page(
        "accounts/admin/audit.html",
        "audit",
        "audit.read",
        events=await audit_forms.told(found[:PER_PAGE]),
        form=form,
        names=[("", _("Everything")), *names],
        older=_older("/admin/audit", wanted, following),
        is_narrowed=bool(wanted),
    )


def _before(name: str) -> str | None:
    cursor = request.args.get("cursor")
    return here().cursors.decode(name, cursor) if cursor else None


def _older(path: str, wanted: dict[str, str], cursor: str | None) -> str | None:
    return f"{path}?{urlencode({**wanted, 'cursor': cursor})}" if cursor else None


def _day(text: str) -> datetime | None:
    """The beginning of a day as a browser writes it; None for what is none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return datetime.combine(day, datetime.min.time(), UTC) if 1970 <= day.year < 3000 else None
