"""The OpenAPI document and a readable page of it."""

from __future__ import annotations

from typing import Any

import orjson
from quart import Blueprint, Response, current_app, request

import core
from core.api.openapi import document
from core.asgi import cacheable
from core.instance import here
from core.web.pages import render_page

blueprint = Blueprint("api_docs", __name__)
_DAY = 86_400


def _document() -> dict[str, Any]:
    known = here().cache.get("openapi")
    if known is None:
        title = f"{here().settings.server.name}: API"
        known = document(
            current_app.blueprints.values(), title=title, version=core.__version__, base_url=here().base_url
        )
        here().cache.put("openapi", known, ttl=_DAY)
    found: dict[str, Any] = known
    return found


@blueprint.get("/api/openapi.json")
async def openapi() -> Response:
    """The OpenAPI 3.1 document of every route of every plugin."""
    cacheable(request, _DAY)
    response = Response(orjson.dumps(_document()), content_type="application/json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@blueprint.get("/api/docs")
async def docs() -> Response:
    """The same, to be read by people."""
    known = _document()
    areas: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in known["paths"].items():
        for method, operation in methods.items():
            areas.setdefault(operation["tags"][0], []).append((path, method, operation))
    return await render_page("api/docs.html", document=known, areas=dict(sorted(areas.items())))

