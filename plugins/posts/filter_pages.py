"""Pages of filters: which there are, and a form for each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect
from werkzeug.datastructures import MultiDict

from core import filter_rules, filters
from core.accounts.settings_frame import me, settings_page
from core.database import now
from core.errors import Invalid
from core.filter_rules import Row, Wanted
from core.web.forms import Form
from core.web.pages import render_page, to_login, viewer_identity
from plugins.posts.filter_routes import named

blueprint = Blueprint("posts_filters", __name__, url_prefix="/settings/filters")
Answer = Response | Redirect
DURATIONS = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}


@blueprint.get("")
async def listed() -> Answer:
    """One's filters."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    moment = now()
    found = [
        {**row, "isOver": row["expires_at"] is not None and row["expires_at"] <= moment}
        for row in await filter_rules.of(identity.actor)
    ]
    return await settings_page("posts/filters.html", "filters", filters=found)


@blueprint.get("/new")
async def new() -> Answer:
    """A form for another filter."""
    identity = await viewer_identity()
    values = {"action": filters.WARN, "wholeWord": "true", "until": ""}
    return await _form(None, Form(values), filters.CONTEXTS) if identity else to_login()


@blueprint.get("/<filter_id>")
async def one(filter_id: str) -> Answer:
    """A filter, to be changed."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    await filter_rules.owned(identity.actor, filter_id)
    rule = (await filter_rules.of(identity.actor, filter_id))[0]
    return await _form(rule, Form(_values(rule)), rule["contexts"])


def _values(rule: Row) -> dict[str, str]:
    return {
        "title": rule["title"],
        "action": rule["action"],
        "words": "\n".join(word["text"] for word in rule["words"]),
        "wholeWord": "true" if all(word["wholeWord"] for word in rule["words"]) else "",
        "people": "\n".join(_name(person) for person in rule["people"]),
        "languages": ", ".join(rule["languages"]),
        "until": "keep" if rule["expires_at"] else "",
    }


def _name(person: Row) -> str:
    return f"@{person['username']}@{person['domain']}" if person["domain"] else f"@{person['username']}"


async def _form(rule: Row | None, form: Form, contexts: Any, status: int = 200) -> Response:
    return await render_page("posts/filter.html", status=status, rule=rule, form=form, contexts=contexts)


@blueprint.post("/new")
async def make() -> Answer:
    """Make a filter."""
    actor, typed = (await me()).actor, await request.form
    try:
        await filter_rules.make(actor, await _wanted(typed, None))
    except Invalid as error:
        return await _form(None, _wrong(typed, error), typed.getlist("contexts"), error.status)
    return redirect("/settings/filters", 303)


@blueprint.post("/<filter_id>")
async def change(filter_id: str) -> Answer:
    """Change a filter."""
    actor, typed = (await me()).actor, await request.form
    await filter_rules.owned(actor, filter_id)
    rule = (await filter_rules.of(actor, filter_id))[0]
    try:
        await filter_rules.change(actor, filter_id, await _wanted(typed, rule))
    except Invalid as error:
        return await _form(rule, _wrong(typed, error), typed.getlist("contexts"), error.status)
    return redirect("/settings/filters", 303)


@blueprint.post("/<filter_id>/delete")
async def delete(filter_id: str) -> Redirect:
    """Do away with a filter."""
    await filter_rules.delete((await me()).actor, filter_id)
    return redirect("/settings/filters", 303)


async def _wanted(typed: MultiDict[str, str], rule: Row | None) -> Wanted:
    until, whole = typed.get("until", ""), typed.get("wholeWord") == "true"
    people, faults = await named(typed.get("people", "").split()[: filter_rules.PEOPLE_AT_MOST])
    kept = rule["expires_at"] if rule and until == "keep" else None
    return Wanted(
        title=typed.get("title", ""),
        action=typed.get("action", ""),
        contexts=typed.getlist("contexts"),
        words=[(line.strip(), whole) for line in typed.get("words", "").splitlines() if line.strip()],
        people=people,
        languages=typed.get("languages", "").replace(",", " ").split(),
        expires_at=now() + DURATIONS[until] if until in DURATIONS else kept,
        faults=faults,
    )


def _wrong(typed: MultiDict[str, str], error: Invalid) -> Form:
    names = ("title", "action", "words", "wholeWord", "people", "languages", "until")
    return Form({name: typed.get(name, "") for name in names}, error.errors, error.errors.get("contexts", ""))
