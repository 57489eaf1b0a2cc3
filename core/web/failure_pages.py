"""Failures as pages for people and as short answers for other programs."""

from __future__ import annotations

from typing import Any

from quart import Request, Response

from core.errors import Invalid, KithError, RateLimited, Unavailable
from core.web.htmx import failure, wants_fragment
from core.web.pages import HTML, html_response, render_page

_PAGES = {403, 404, 422, 500}


def is_machine(request: Request) -> bool:
    """Whether whoever asks reads JSON rather than pages."""
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


async def page(error: KithError, request: Request, error_id: str = "") -> Response:
    """What went wrong, said kindly; a sentence alone where htmx asks."""
    if wants_fragment(request.headers):
        return Response(failure(error.sentence), status=error.status, content_type=HTML)
    context: dict[str, Any] = {"sentence": error.sentence, "error_id": error_id or None, "retry_after": None}
    if isinstance(error, Invalid):
        context["errors"] = error.errors
    if isinstance(error, (RateLimited, Unavailable)):
        context["retry_after"] = round(error.retry_after)
    template = f"errors/{error.status}.html" if error.status in _PAGES else "errors/error.html"
    try:
        response = await render_page(template, status=error.status, **context)
    except Exception:  # a page about a failure must not fail itself
        response = html_response(f"<!doctype html><title>{error.status}</title><p>{error.title}", error.status)
    response.headers["Cache-Control"] = "no-store"
    return response
