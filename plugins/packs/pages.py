"""Pages of starter packs: which there are, one with the people in it, and making one."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import people, present
from core.accounts.settings_frame import me
from core.audience import Viewer, viewer_of
from core.errors import Conflict, Invalid, NotFound
from core.models import Actor
from core.permissions import may
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import render_page, to_login, viewer_identity
from plugins.packs import service
from plugins.packs.routes import form_of

blueprint = Blueprint("packs_pages", __name__, url_prefix="/packs")
Answer = Response | Redirect
SHOWN = 50


async def _viewer() -> Actor | None:
    identity = await viewer_identity()
    return identity.actor if identity else None


@blueprint.get("")
async def packs() -> Response:
    """Starter packs made here."""
    found = await service.listed(viewer_of(await _viewer()), None, SHOWN)
    return await render_page("packs/packs.html", packs=[form_of(one) for one in found[:SHOWN]])


@blueprint.get("/new")
async def new() -> Answer:
    """A form for another one."""
    return await _form(Form(), None) if await _viewer() else to_login()


async def _form(form: Form, pack: object, status: int = 200) -> Response:
    return await render_page("packs/form.html", status=status, form=form, pack=pack)


async def _typed() -> dict[str, str]:
    form = await request.form
    return {name: str(form.get(name, "")).replace("\r\n", "\n") for name in ("name", "description", "people")}


async def _people(viewer: Viewer, text: str) -> list[Actor]:
    """Who is named in a text, an address on each line or behind each comma. Raises Invalid."""
    found: list[Actor] = []
    for address in [one for line in text.splitlines() for one in line.replace(",", " ").split()]:
        if len(found) > service.MEMBERS_AT_MOST:
            break
        try:
            found.append(await people.visible_actor(viewer, address))
        except NotFound:
            raise Invalid({"people": _("There is nobody called %(address)s.") % {"address": address[:100]}}) from None
    return found


@blueprint.post("")
async def create() -> Answer:
    """Make one."""
    actor, typed = (await me()).actor, await _typed()
    try:
        inside = await _people(viewer_of(actor), typed["people"])
        pack_id = await service.create(actor, typed["name"], typed["description"], inside)
    except (Invalid, Conflict) as error:
        return await _form(_wrong(typed, error), None, error.status)
    return redirect(f"/packs/{pack_id}", 303)


def _wrong(typed: dict[str, str], error: Invalid | Conflict) -> Form:
    if isinstance(error, Conflict):
        return Form(typed, sentence=error.sentence)
    return Form(typed, {{"userIds": "people"}.get(name, name): said for name, said in error.errors.items()})


@blueprint.get("/<pack_id>")
async def pack(pack_id: str) -> Response:
    """A pack, with everybody in it."""
    actor = await _viewer()
    viewer = viewer_of(actor)
    found = await service.pack(viewer, pack_id)
    inside = await service.members(viewer, pack_id, None, service.MEMBERS_AT_MOST)
    return await render_page(
        "packs/pack.html",
        pack=form_of(found),
        users=await present.users(inside, actor),
        own=actor is not None and actor.id == found["id"],
        inside=actor is not None and actor.id in {one["id"] for one in inside},
        may_delete=actor is not None and (actor.id == found["id"] or may(actor, "reports.manage")),
    )


@blueprint.get("/<pack_id>/edit")
async def edit_page(pack_id: str) -> Answer:
    """A form to change one's own."""
    actor = await _viewer()
    if actor is None:
        return to_login()
    viewer = viewer_of(actor)
    found = await service.pack(viewer, pack_id)
    inside = await service.members(viewer, pack_id, None, service.MEMBERS_AT_MOST)
    names = "\n".join(f"@{one['username']}" + (f"@{one['domain']}" if one["domain"] else "") for one in inside)
    values = {"name": found["pack_name"], "description": found["description"], "people": names}
    return await _form(Form(values), form_of(found))


@blueprint.post("/<pack_id>/edit")
async def edit(pack_id: str) -> Answer:
    """Keep a change."""
    actor, typed = (await me()).actor, await _typed()
    viewer = viewer_of(actor)
    found = await service.pack(viewer, pack_id)
    try:
        inside = await _people(viewer, typed["people"])
        await service.change(
            actor, pack_id, name=typed["name"], description=typed["description"], people=inside
        )
    except Invalid as error:
        return await _form(_wrong(typed, error), form_of(found), 422)
    return redirect(f"/packs/{pack_id}", 303)


@blueprint.post("/<pack_id>/<any(follow,leave,delete):verb>")
async def act(pack_id: str, verb: str) -> Redirect:
    """Follow everybody, take oneself out, or take the pack away."""
    await {"follow": service.follow_all, "leave": service.leave, "delete": service.delete}[verb](
        (await me()).actor, pack_id
    )
    return redirect("/packs" if verb == "delete" else f"/packs/{pack_id}", 303)
