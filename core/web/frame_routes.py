"""Static files under hashed names."""

from __future__ import annotations

from quart import Blueprint, Response, request

from core.instance import here

blueprint = Blueprint("frame", __name__)


@blueprint.get("/static/<path:path>")
async def static(path: str) -> Response:
    """A file of the frame, of a plugin, of an npm package or of the instance."""
    answer = here().pages.assets.answer(
        path,
        accept_encoding=request.headers.get("Accept-Encoding", ""),
        if_none_match=request.headers.get("If-None-Match", ""),
    )
    return Response(answer.body, status=answer.status, headers=answer.headers)
