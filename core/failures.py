"""Every failure becomes a problem document for programs and a page for people; surprises get an id in the log."""

from __future__ import annotations

import structlog
from quart import Response, request
from werkzeug.exceptions import HTTPException

from core import errors
from core.api.answers import problem
from core.database import DatabaseFull, DatabaseUnavailable, new_id
from core.errors import KithError
from core.instance import Instance
from core.web import failure_pages

log = structlog.get_logger(__name__)
_OURS: dict[int, type[KithError]] = {
    kind.status: kind
    for kind in (
        errors.BadRequest,
        errors.Forbidden,
        errors.NotFound,
        errors.MethodNotAllowed,
        errors.TooLarge,
        errors.UnsupportedMediaType,
    )
}


def register_failures(instance: Instance) -> None:
    """Turn what views raise into answers."""
    app = instance.app

    @app.errorhandler(KithError)
    async def known(error: KithError) -> Response:
        return await _answer(error)

    @app.errorhandler(DatabaseUnavailable)
    async def without_a_database(error: DatabaseUnavailable) -> Response:
        log.error("database_unavailable", reason=str(error))
        return await _answer(errors.Unavailable())

    @app.errorhandler(DatabaseFull)
    async def without_room(error: DatabaseFull) -> Response:
        log.error("database_full", reason=str(error))
        return await _answer(errors.NoRoom())

    @app.errorhandler(HTTPException)
    async def of_the_framework(error: HTTPException) -> Response:
        response = await _answer(_translated(error))
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        error_id = new_id()
        log.exception("unexpected_failure", error_id=error_id, exc_info=error)
        return await _answer(KithError(), error_id)


def _translated(error: HTTPException) -> KithError:
    kind = _OURS.get(error.code or 500)
    if kind:
        return kind()
    translated = errors.BadRequest() if error.code and 400 <= error.code < 500 else KithError()
    return translated


async def _answer(error: KithError, error_id: str = "") -> Response:
    if request.path.startswith("/api/") or failure_pages.is_machine(request):
        return problem(error, error_id)
    return await failure_pages.page(error, request, error_id)
