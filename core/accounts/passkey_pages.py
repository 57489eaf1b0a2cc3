"""Pages where people add, rename and remove their passkeys."""

from __future__ import annotations

from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core.accounts import passkeys
from core.accounts.confirm_pages import unless_fresh
from core.accounts.devices import device_words
from core.accounts.proof_models import Passkey
from core.accounts.security_pages import PAGE, passkey_form, whence
from core.accounts.settings_frame import me, settings_page
from core.errors import Conflict, Invalid, KithError
from core.web.failure_pages import saying_when
from core.web.forms import Form
from core.web.pages import to_login, viewer_identity

blueprint = Blueprint("passkey_pages", __name__, url_prefix=PAGE)
Answer = Response | Redirect


@blueprint.get("/passkeys/new")
async def new_passkey_page() -> Answer:
    """Where a passkey is made."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    if asked := await unless_fresh(identity, f"{PAGE}/passkeys/new"):
        return asked
    return await _new_passkey(Form(values={"name": device_words(whence()["user_agent"])}))


async def _new_passkey(form: Form, status: int = 200) -> Response:
    possible = passkeys.are_possible()
    return await settings_page("accounts/new_passkey.html", "security", status=status, form=form, possible=possible)


@blueprint.post("/passkeys/new")
async def add_passkey() -> Answer:
    """Keep the passkey the browser has made."""
    identity, form = await me(), await request.form
    if asked := await unless_fresh(identity, f"{PAGE}/passkeys/new"):
        return asked
    name = str(form.get("name", ""))
    try:
        credential = passkeys.from_form(str(form.get("passkey", "")))
        await passkeys.add(identity.account.id, credential, name, session_id=identity.session_id, **whence())
    except KithError as error:
        errors = error.errors if isinstance(error, Invalid) else {}
        sentence = "" if "name" in errors else errors.get("credential", error.sentence)
        page = await _new_passkey(Form(values={"name": name}, errors=errors, sentence=sentence), error.status)
        return saying_when(page, error)
    return redirect(f"{PAGE}?saved", 303)


@blueprint.get("/passkeys/<passkey_id>")
async def passkey_page(passkey_id: str) -> Answer:
    """One passkey, to be renamed or removed."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    passkey = await passkeys.own(identity.account.id, passkey_id)
    return await _passkey(passkey, Form(values={"name": passkey.name}))


async def _passkey(passkey: Passkey, form: Form, status: int = 200) -> Response:
    return await settings_page(
        "accounts/passkey.html", "security", status=status, form=form, passkey=passkey_form(passkey)
    )


@blueprint.post("/passkeys/<passkey_id>")
async def rename_passkey(passkey_id: str) -> Answer:
    """Call it otherwise."""
    identity, form = await me(), await request.form
    name = str(form.get("name", ""))
    try:
        await passkeys.rename(identity.account.id, passkey_id, name)
    except Invalid as error:
        passkey = await passkeys.own(identity.account.id, passkey_id)
        return await _passkey(passkey, Form(values={"name": name}, errors=error.errors), 422)
    return redirect(f"{PAGE}?saved", 303)


@blueprint.post("/passkeys/<passkey_id>/remove")
async def remove_passkey(passkey_id: str) -> Answer:
    """Remove it."""
    identity = await me()
    passkey = await passkeys.own(identity.account.id, passkey_id)
    if asked := await unless_fresh(identity, f"{PAGE}/passkeys/{passkey.id}"):
        return asked
    try:
        await passkeys.remove(identity.account.id, passkey.id, **whence())
    except Conflict as error:
        return await _passkey(passkey, Form(values={"name": passkey.name}, sentence=error.sentence), error.status)
    return redirect(f"{PAGE}?saved", 303)
