"""Failures as pages for people and as short answers for other programs."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from quart import Request, Response

from core.errors import Invalid, KithError, RateLimited, Unavailable
from core.instance import here
from core.web.csrf import SAFE_METHODS
from core.web.forms import local_path
from core.web.htmx import failure, wants_fragment
from core.web.pages import html_response, render_page, viewer_of_failure

_PAGES = {403, 404, 422, 500}
_BARE = Markup(
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><h1>{title}</h1><p>{sentence}</p>"
)


def is_machine(request: Request) -> bool:
    """Whether whoever asks reads JSON rather than pages."""
    accept = request.headers.get("Accept", "")
    return "json" in accept and "text/html" not in accept


def way_back(request: Request) -> str:
    """The page to return to: the one that was asked for, or the one whose form failed."""
    if request.method in SAFE_METHODS:
        return local_path(request.full_path.rstrip("?"))
    came_from, ours = request.headers.get("Referer") or "", here().base_url
    return local_path(came_from.removeprefix(ours)) if came_from.startswith(ours + "/") else "/"


async def page(error: KithError, request: Request, error_id: str = "") -> Response:
    """What went wrong, said kindly; a sentence alone where htmx asks."""
    response = html_response(failure(error.sentence), error.status) if wants_fragment(request.headers) else None
    if response is None:
        response = await _whole_page(error, request, error_id)
    response.headers["Cache-Control"] = "no-store"
    return saying_when(response, error)


def saying_when(response: Response, error: KithError) -> Response:
    """The response with when to come back, where it is only too early."""
    if isinstance(error, (RateLimited, Unavailable)):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    return response


async def _whole_page(error: KithError, request: Request, error_id: str) -> Response:
    context: dict[str, Any] = {
        "sentence": ""
        if error.sentence in (error.title, error.usual)
        else error.sentence,  # the page says it in its own words
        "code": error.code,
        "back": way_back(request),
        "errors": error.errors if isinstance(error, Invalid) else {},
        "error_id": error_id or None,
    }
    template = f"errors/{error.status}.html" if error.status in _PAGES else "errors/error.html"
    try:
        await viewer_of_failure()
        return await render_page(template, status=error.status, **context)
    except Exception:  # a page about a failure must not fail itself
        return html_response(str(_BARE.format(title=error.title, sentence=error.sentence)), error.status)
