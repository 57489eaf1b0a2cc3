"""Static files under hashed names, what robots should leave alone, and what no page takes, or not so often."""

from __future__ import annotations

from quart import Blueprint, Response, request

from core.api import limits
from core.errors import BadRequest, NotFound
from core.instance import here
from core.web.csrf import SAFE_METHODS
from core.web.pages import viewer_identity

blueprint = Blueprint("frame", __name__)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_GATES = ("/login", "/signup", "/setup")
_ROBOTS = "User-agent: *\n" + "".join(
    f"Disallow: {path}\n" for path in ("/api/", "/compose", "/login", "/lookup", "/settings", "/signup")
)


@blueprint.before_app_request
async def refuse_nul() -> None:
    """PostgreSQL keeps no text with U+0000 in it, and no text needs one: nothing is looked for or stored by such."""
    if "\0" in request.path:
        raise NotFound()
    if request.method == "POST" and request.mimetype in _FORMS:
        typed = (await request.form).lists()
        if any("\0" in value for _, values in typed for value in values):
            raise BadRequest("This holds the character U+0000, which is not text.")


@blueprint.before_app_request
async def count_forms() -> None:
    """Members may do no more on pages than over the API; for those who log in or sign up there are other limits."""
    if request.method in SAFE_METHODS or request.path.startswith((limits.API, *_GATES)):
        return
    identity = await viewer_identity()
    if identity is not None:
        await limits.count_form(identity)


@blueprint.get("/robots.txt")
async def robots() -> Response:
    """Where there is nothing to be found; each page says for itself whether it may be."""
    return Response(_ROBOTS, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=86400"})


@blueprint.get("/static/<path:path>")
async def static(path: str) -> Response:
    """A file of the frame, of a plugin, of an npm package or of the instance."""
    answer = here().pages.assets.answer(
        path,
        accept_encoding=request.headers.get("Accept-Encoding", ""),
        if_none_match=request.headers.get("If-None-Match", ""),
    )
    return Response(answer.body, status=answer.status, headers=answer.headers)
