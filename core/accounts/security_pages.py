"""Pages where people see to the safety of their account: second step, recovery codes, passkeys, devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote

from markupsafe import Markup
from quart import Blueprint, Response, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts import passkeys, recovery_codes, sessions, totp
from core.accounts.confirm_pages import unless_fresh
from core.accounts.devices import device_words
from core.accounts.models import Account, Session
from core.accounts.proof_models import Passkey
from core.accounts.sessions import Identity
from core.accounts.settings_frame import me, settings_page
from core.api.limits import address_of
from core.errors import Conflict, Invalid
from core.instance import here
from core.lazily import lazily
from core.web.forms import Form
from core.web.pages import to_login, viewer_identity

if TYPE_CHECKING:
    import segno
else:
    segno = lazily("segno")

blueprint = Blueprint("security_pages", __name__, url_prefix="/settings")
Answer = Response | Redirect
PAGE = "/settings/security"
CODES = f"{PAGE}/totp"
SESSIONS_PAGE = 50


class Whence(TypedDict):
    """Where a form came from, for the security log."""

    address: str
    user_agent: str


def whence() -> Whence:
    """Where the form of this request came from."""
    return {"address": address_of(request), "user_agent": str(request.headers.get("User-Agent", ""))[:500]}


def _unkept(response: Response) -> Response:
    """A page that shows a secret is kept nowhere."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/security")
async def security() -> Answer:
    """How safe an account is, and where it is signed in."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    account = await Account.get(id=identity.account.id)
    listed = await sessions.open_sessions(account.id, None, SESSIONS_PAGE)
    devices = [_session_form(session, identity) for session in listed[:SESSIONS_PAGE]]
    devices.sort(key=lambda form: not form["isCurrent"])
    return await settings_page(
        "accounts/security.html",
        "security",
        has_password=bool(account.password_hash),
        password_changed=present.stamp(account.password_changed_at) if account.password_changed_at else None,
        codes_since=present.stamp(account.totp_confirmed_at) if account.totp_confirmed_at else None,
        codes_left=await recovery_codes.left(account.id),
        codes_made=recovery_codes.COUNT,
        passkeys=[passkey_form(passkey) for passkey in await passkeys.passkeys_of(account.id)],
        passkeys_are_possible=passkeys.are_possible(),
        sessions=devices,
    )


# -- Codes ---------------------------------------------------------------------
@blueprint.get("/security/totp")
async def totp_page() -> Answer:
    """What it takes to sign in with codes; once begun, the picture for the app, and a field for its first code."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    if asked := await unless_fresh(identity, CODES):
        return asked
    return await _totp(identity, Form())


async def _totp(identity: Identity, form: Form, status: int = 200) -> Answer:
    account = await Account.get(id=identity.account.id)
    if totp.is_on(account):
        return await settings_page("accounts/totp_off.html", "security", status=status)
    setup = await totp.begun(account.id)
    page = await settings_page(
        "accounts/totp.html",
        "security",
        status=status,
        form=form,
        picture=_picture(setup.uri) if setup else None,
        uri=setup.uri if setup else "",
        secret=" ".join(_fours(setup.secret)) if setup else "",
    )
    return _unkept(page)


def _picture(uri: str) -> Markup:
    """The address as a picture for a phone, dark on light whatever the colours of the page."""
    drawn = segno.make(uri, error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - of squares alone


def _fours(secret: str) -> list[str]:
    return [secret[start : start + 4] for start in range(0, len(secret), 4)]


@blueprint.post("/security/totp/begin")
async def begin_totp() -> Answer:
    """Make a secret."""
    identity = await me()
    if asked := await unless_fresh(identity, CODES):
        return asked
    try:
        await totp.begin(identity.account.id)
    except Conflict:
        return redirect(PAGE, 303)
    return redirect(CODES, 303)


@blueprint.post("/security/totp")
async def confirm_totp() -> Answer:
    """Switch it on, and show recovery codes."""
    identity, form = await me(), await request.form
    if asked := await unless_fresh(identity, CODES):
        return asked
    try:
        await totp.confirm(identity.account.id, str(form.get("otp", "")), **whence())
    except Invalid as error:
        return await _totp(identity, Form(errors=error.errors), 422)
    except Conflict:
        return redirect(PAGE, 303)
    return await _codes(await recovery_codes.make(identity.account.id, **whence()), is_new=True)


async def _codes(codes: list[str], *, is_new: bool) -> Response:
    host = here().domain
    note = "\n".join((f"{here().settings.server.name} ({host})", "", *codes, ""))
    page = await settings_page(
        "accounts/recovery_codes.html",
        "security",
        codes=codes,
        is_new=is_new,
        file_name=f"{host.replace(':', '-')}-recovery-codes.txt",
        file_url=f"data:text/plain;charset=utf-8,{quote(note)}",
    )
    return _unkept(page)


@blueprint.post("/security/totp/end")
async def end_totp() -> Answer:
    """Switch it off."""
    identity = await me()
    if asked := await unless_fresh(identity, CODES):
        return asked
    await totp.end(identity.account.id, **whence())
    return redirect(f"{PAGE}?saved", 303)


@blueprint.get("/security/codes")
async def codes_page() -> Answer:
    """Say what new recovery codes mean before they are made."""
    identity = await viewer_identity()
    if identity is None:
        return to_login()
    if asked := await unless_fresh(identity, f"{PAGE}/codes"):
        return asked
    return await settings_page(
        "accounts/new_codes.html", "security", left=await recovery_codes.left(identity.account.id)
    )


@blueprint.post("/security/codes")
async def make_codes() -> Answer:
    """Make new recovery codes and show them, this once."""
    identity = await me()
    if asked := await unless_fresh(identity, f"{PAGE}/codes"):
        return asked
    return await _codes(await recovery_codes.make(identity.account.id, **whence(), tells=True), is_new=False)


def passkey_form(passkey: Passkey) -> dict[str, Any]:
    """A passkey as pages show it."""
    return {
        "passkeyId": passkey.id,
        "name": passkey.name,
        "isBackedUp": passkey.is_backed_up,
        "createdAt": present.stamp(passkey.created_at),
        "lastUsedAt": present.stamp(passkey.last_used_at) if passkey.last_used_at else None,
    }


# -- Where one is signed in ----------------------------------------------------
def _session_form(session: Session, identity: Identity) -> dict[str, Any]:
    return {
        "sessionId": session.id,
        "device": device_words(session.user_agent),
        "address": session.address,
        "createdAt": present.stamp(session.created_at),
        "lastUsedAt": present.stamp(session.last_used_at),
        "isCurrent": session.id == identity.session_id,
    }


@blueprint.get("/sessions")
async def devices() -> Redirect:
    """Where the devices were once, and where mails lead."""
    return redirect(f"{PAGE}#devices", 303)


@blueprint.post("/sessions/<session_id>/end")
async def end_session(session_id: str) -> Redirect:
    """Sign out one device."""
    identity = await me()
    await sessions.end_own(identity.account.id, session_id)
    return redirect(f"{PAGE}?ended", 303)


@blueprint.post("/sessions/end-others")
async def end_other_sessions() -> Redirect:
    """Sign out everywhere but here."""
    identity = await me()
    await sessions.end_others(identity.account.id, identity.session_id)
    return redirect(f"{PAGE}?ended", 303)
