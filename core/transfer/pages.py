"""Pages where somebody takes along what is stored about them, brings what they took elsewhere, and leaves."""

from __future__ import annotations

from typing import Any, TypedDict

from quart import Blueprint, Response, g, redirect, request
from werkzeug import Response as Redirect

from core.accounts import farewell, fresh, leaving
from core.accounts.confirm_pages import unless_fresh
from core.accounts.fresh import ProofRequired
from core.accounts.models import Account
from core.accounts.sessions import COOKIE, Identity
from core.accounts.settings_frame import me, settings_page
from core.api.limits import address_of
from core.errors import Invalid, KithError
from core.instance import here
from core.person_forms import stamp
from core.transfer import exporting, importing, service
from core.transfer.reading import KINDS
from core.transfer.routes import given
from core.uploads import take_files, uploaded
from core.web.forms import Form
from core.web.htmx import wants_fragment
from core.web.language import gettext as _
from core.web.pages import render_fragment, render_page, to_login, viewer_identity

HOME = "/settings"
blueprint = Blueprint("transfer_pages", __name__, url_prefix=HOME)
SHOWN = 20
Answer = Response | Redirect
take_files("/settings/data/import", "import_bytes")


# -- Taking along and bringing -------------------------------------------------
@blueprint.get("/data")
async def data() -> Answer:
    """What there is to download and what is under way; for htmx the part that changes by itself."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    if wants_fragment(request.headers):
        return await render_fragment("transfer/_list.html", part="", form=Form(), alone=True, **await _listed(identity))
    return await _data(identity)


async def _data(identity: Identity, *, part: str = "", form: Form | None = None, status: int = 200) -> Response:
    return await settings_page(
        "transfer/data.html",
        "data",
        status=status,
        part=part,
        form=form or Form(),
        kinds=[(kind, _kind_words(kind)) for kind in KINDS],
        megabytes=here().settings.limits.import_bytes // 1_048_576,
        **await _listed(identity),
    )


async def _listed(identity: Identity) -> dict[str, Any]:
    found = await service.transfers_of(identity.account.id, limit=SHOWN)
    forms = [service.form_of(transfer) | {"words": _kind_words(transfer.kind)} for transfer in found[:SHOWN]]
    return {
        "transfers": forms,
        "under_way": any(form["state"] in service.UNDER_WAY for form in forms),
        "is_fresh": await fresh.is_fresh(identity),
        "has_password": await _has_password(identity),
        "may_ask": await service.may_ask(identity.account.id),
    }


def _kind_words(kind: str) -> str:
    words = {
        "export": _("Export"),
        "archive": _("An archive"),
        "follows": _("Whom you follow"),
        "blocks": _("Whom you block"),
        "mutes": _("Whom you mute"),
        "domain_blocks": _("Servers you block"),
        "lists": _("Lists of people"),
        "bookmarks": _("Bookmarks"),
    }
    return words.get(kind, kind)


@blueprint.post("/data/export")
async def export() -> Answer:
    """Have an archive made."""
    identity = await me()
    if asked := await _asked_elsewhere(identity, f"{HOME}/data"):
        return asked
    try:
        await _prove(identity)
        account = await Account.get(id=identity.account.id)
        await exporting.ask_for(account, **_from())
    except KithError as error:
        return await _data(identity, part="export", form=_form_after(error), status=error.status)
    return redirect("/settings/data", 303)


@blueprint.post("/data/<transfer_id>/archive")
async def download(transfer_id: str) -> Answer:
    """Download an archive."""
    identity = await me()
    transfer = await service.transfer_of(identity.account.id, transfer_id)
    if asked := await _asked_elsewhere(identity, f"{HOME}/data"):
        return asked
    try:
        await _prove(identity)
        return await given(transfer)
    except KithError as error:
        return await _data(identity, part=transfer.id, form=_form_after(error), status=error.status)


@blueprint.post("/data/import")
async def bring() -> Answer:
    """Bring a file."""
    identity = await me()
    try:
        upload = await uploaded(request, "file", limit="import_bytes")
        if upload.content is None:
            raise Invalid({"file": _("Choose a file.")})
        account = await Account.get(id=identity.account.id)
        await importing.ask_for(account, upload.texts.get("type", ""), upload.content)
    except KithError as error:
        form = await request.form
        typed = {"type": str(form.get("type", ""))}
        return await _data(identity, part="import", form=_form_after(error, typed), status=error.status)
    return redirect("/settings/data", 303)


# -- Leaving -------------------------------------------------------------------
@blueprint.get("/delete")
async def deletion() -> Answer:
    """What goes and what stays when somebody leaves."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    return await _deletion(identity)


async def _deletion(identity: Identity, form: Form | None = None, status: int = 200) -> Response:
    return await settings_page(
        "transfer/delete.html",
        "delete",
        status=status,
        form=form or Form(),
        has_password=await _has_password(identity),
        is_fresh=await fresh.is_fresh(identity),
        days=leaving.CHANGE_OF_MIND.days,
    )


@blueprint.post("/delete")
async def leave() -> Answer:
    """Leave; whoever does types their name, and proves that it is them."""
    identity = await me()
    if asked := await _asked_elsewhere(identity, f"{HOME}/delete"):
        return asked
    typed = {name: str((await request.form).get(name, "")) for name in ("username", "password")}
    try:
        if typed["username"].strip().lower().removeprefix("@") != identity.actor.username_key:
            raise Invalid({"username": _("This is not your name: type @%(name)s.") % {"name": identity.actor.username}})
        leaves_at = await farewell.leave(identity, password=typed["password"], **_from())
    except KithError as error:
        return await _deletion(identity, _form_after(error, {"username": typed["username"]}), error.status)
    g.identity = None
    page = await render_page("transfer/left.html", leaves_at=stamp(leaves_at), username=identity.actor.username)
    page.delete_cookie(COOKIE)
    return page


async def _has_password(identity: Identity) -> bool:
    return bool((await Account.get(id=identity.account.id)).password_hash)


async def _asked_elsewhere(identity: Identity, back_to: str) -> Redirect | None:
    """Where to send somebody who has no password to type, and has to prove otherwise that it is them."""
    return None if await _has_password(identity) else await unless_fresh(identity, back_to)


async def _prove(identity: Identity) -> None:
    password = str((await request.form).get("password", ""))
    try:
        await fresh.require(identity, password=password, **_from())
    except ProofRequired:
        raise Invalid({"password": _("Type your password, so that we know it is you.")}) from None


class _Where(TypedDict):
    address: str
    user_agent: str


def _from() -> _Where:
    return {"address": address_of(request), "user_agent": request.headers.get("User-Agent", "")[:500]}


def _form_after(error: KithError, typed: dict[str, str] | None = None) -> Form:
    if isinstance(error, Invalid):
        return Form(values=typed or {}, errors=error.errors)
    return Form(values=typed or {}, sentence=error.sentence)
