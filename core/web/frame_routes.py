"""Static files under hashed names, and what robots should leave alone."""

from __future__ import annotations

from quart import Blueprint, Response, request

from core.instance import here

blueprint = Blueprint("frame", __name__)
_ROBOTS = "User-agent: *\n" + "".join(
    f"Disallow: {path}\n" for path in ("/api/", "/compose", "/login", "/lookup", "/settings", "/signup")
)


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
