"""The page of settings where somebody says which other accounts are theirs, and moves to one of them."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import moving, people, present
from core.accounts import fresh
from core.accounts.audit import record
from core.accounts.security_pages import whence
from core.accounts.settings_frame import me, settings_page
from core.api.moving import account_at
from core.database import transaction
from core.errors import Invalid, KithError, NotFound
from core.models import Actor
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.language import gettext as _
from core.web.pages import to_login, viewer_identity

blueprint = Blueprint("moving_pages", __name__, url_prefix="/settings/moving")
Answer = Response | Redirect
PAGE = "/settings/moving"


@blueprint.get("")
async def page() -> Answer:
    """Which accounts are theirs, and whether they have moved."""
    identity = await viewer_identity()
    return await _page(identity.actor) if identity else to_login()


async def _page(actor: Actor, wrong: str = "", form: Form | None = None, status: int = 200) -> Response:
    """The page; `wrong` is the part of it whose form came back."""
    actor = await Actor.get(id=actor.id)
    target = await Actor.get_or_none(uri=actor.moved_to_uri) if actor.moved_to_uri else None
    return await settings_page(
        "accounts/moving.html",
        "moving",
        status=status,
        forms={wrong: form} if form else {},
        empty=Form(),
        aliases=await present.users([present.row_of(one) for one in await moving.aliases(actor)], actor),
        moved_to=actor.moved_to_uri,
        target=present.user_short(present.row_of(target)) if target else None,
    )


async def _wrong(actor: Actor, part: str, error: KithError, address: str) -> Response:
    errors = error.errors if isinstance(error, Invalid) else {"address": error.sentence}
    return saying_when(await _page(actor, part, Form({"address": address}, errors), error.status), error)


@blueprint.post("/aliases")
async def add() -> Answer:
    """Say that another account is one's own."""
    actor, address = (await me()).actor, str((await request.form).get("address", ""))[:300]
    try:
        await moving.add_alias(actor, await account_at(actor, address))
    except KithError as error:
        return await _wrong(actor, "alias", error, address)
    return redirect(f"{PAGE}?saved", 303)


@blueprint.post("/aliases/<user_id>/remove")
async def remove(user_id: str) -> Redirect:
    """Say so no longer."""
    actor, other = (await me()).actor, await people.find(user_id)
    if other is None:
        raise NotFound("There is no such account.")
    await moving.remove_alias(actor, other)
    return redirect(f"{PAGE}?saved", 303)


@blueprint.post("")
async def move() -> Answer:
    """Move, having typed the password once more."""
    identity, form = await me(), await request.form
    address, password = str(form.get("address", ""))[:300], str(form.get("password", ""))
    try:
        if identity.account.password_hash and not password:
            raise Invalid({"password": _("Type your password.")})
        await fresh.require(identity, password=password, **whence())
        target = await account_at(identity.actor, address)
        async with transaction():
            actor = await moving.leave_for(identity.actor, target)
            await record("account_moved", account_id=actor.id, **whence())
    except KithError as error:
        return await _wrong(identity.actor, "move", error, address)
    return redirect(PAGE, 303)


@blueprint.post("/back")
async def come_back() -> Redirect:
    """Use the account again."""
    async with transaction():
        actor = await moving.come_back((await me()).actor)
        await record("move_taken_back", account_id=actor.id, **whence())
    return redirect(PAGE, 303)
