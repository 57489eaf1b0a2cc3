"""The page where those in charge take a file away for good, wherever it is shown."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts.audit import Doer
from core.api.limits import address_of
from core.errors import Forbidden, Invalid
from core.file_forms import attachment_form
from core.models import Actor
from core.purging import service as purging
from core.web.admin_frame import admin_page, in_charge
from core.web.forms import Form

blueprint = Blueprint("purge_pages", __name__)


@blueprint.get("/admin/purge")
async def purge_page() -> Response:
    """`?file=ID`: the file, and what will become of it; without, a form for its address."""
    return await _page(request.args.get("file", ""), Form())


async def _page(file_id: str, form: Form, status: int = 200) -> Response:
    await in_charge(purging.PURGE)
    shown = await purging.shown_file(file_id) if file_id else None
    owner = await Actor.get(id=shown["owner_id"]) if shown else None
    return await admin_page(
        "accounts/admin/purge.html",
        "purge",
        purging.PURGE,
        status=status,
        form=form,
        file=attachment_form(shown) if shown else None,
        file_id=file_id,
        owner=present.user_short(present.row_of(owner)) if owner else None,
    )


@blueprint.post("/admin/purge")
async def purge() -> Response | Redirect:
    """Take it away; what is wrong comes back beside its field."""
    identity = await in_charge(purging.PURGE)
    doer = Doer(identity.actor, address_of(request), request.headers.get("User-Agent", ""))
    sent = await request.form
    typed = {name: str(sent.get(name, "")) for name in ("digest", "reason")}
    file_id = str(sent.get("file", ""))
    try:
        if file_id:
            await purging.purge_file(file_id, reason=typed["reason"], by=doer)
        else:
            await purging.purge(typed["digest"], reason=typed["reason"], by=doer)
    except Invalid as error:
        return await _page(file_id, Form(typed, error.errors, error.errors.get("fileId", "")), 422)
    except Forbidden as error:
        return await _page(file_id, Form(typed, sentence=error.sentence), error.status)
    return redirect("/admin/purge?saved", 303)
