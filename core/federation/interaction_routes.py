"""The way back here from pages of other servers, whose buttons ask for the reader's own server and lead to it."""

from __future__ import annotations

from urllib.parse import urlencode

from quart import Blueprint, redirect, request
from werkzeug.wrappers import Response as Redirect

from core.errors import NotFound
from core.instance import here
from core.web.pages import finder, to_login, viewer_identity

blueprint = Blueprint("federation_interaction", __name__)

PATH = "/authorize_interaction"  # where Mastodon looks for it on servers whose WebFinger says nothing of it
LONGEST = 2048


@blueprint.get(PATH)
async def interact() -> Redirect:
    """Find whom or what somebody wants to follow, answer or share: `uri` is its address, or a handle."""
    if not here().settings.federation.enabled:
        raise NotFound()
    if await viewer_identity() is None:
        return to_login()
    meant = request.args.get("uri", "").replace("\x00", "").strip()[:LONGEST].removeprefix("acct:")
    if "@" in meant and not meant.startswith(("@", "https://", "http://")):
        meant = f"@{meant}"
    return redirect(f"{finder()}?{urlencode({'q': meant})}", 303)
