"""Bodies of answers: the envelope of success and the problem documents of failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
from quart import Response

from core.errors import InsufficientScope, Invalid, KithError, RateLimited, Unauthenticated, Unavailable

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """What a route answers with, where it is more than data with status 200."""

    data: Any
    status: int = 200
    location: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def envelope(data: Any) -> bytes:
    """The success envelope; bytes in the data are JSON already and are spliced as they are."""
    return orjson.dumps({"success": True, "data": data}, default=_spliced)


def _spliced(value: Any) -> orjson.Fragment:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return orjson.Fragment(value)


def problem(error: KithError, error_id: str = "") -> Response:
    """The RFC 9457 document of a failure."""
    body: dict[str, Any] = {
        "success": False,
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.sentence,
        "code": error.code,
    }
    if isinstance(error, Invalid):
        body["errors"] = [{"field": name, "message": message} for name, message in error.errors.items()]
    if error_id:
        body["errorId"] = error_id
    response = Response(orjson.dumps(body), status=error.status, content_type=PROBLEM)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(error, Unauthenticated):
        response.headers["WWW-Authenticate"] = _challenge("invalid_token" if error.code == "token_invalid" else "")
    if isinstance(error, InsufficientScope):
        response.headers["WWW-Authenticate"] = _challenge("insufficient_scope", error.scope)
    if isinstance(error, (RateLimited, Unavailable)):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after + 0.5)))
    return response


def _challenge(fault: str, scope: str = "") -> str:
    """What a token must be like (RFC 6750, section 3)."""
    return 'Bearer realm="kith"' + (f', error="{fault}"' if fault else "") + (f', scope="{scope}"' if scope else "")


def page_of(name: str, items: list[Any], next_cursor: str | None) -> dict[str, Any]:
    """A page of a stream."""
    return {name: items, "pagination": {"nextCursor": next_cursor, "hasMore": next_cursor is not None}}


def table_of(name: str, items: list[Any], page: int, limit: int, total: int) -> dict[str, Any]:
    """A page of a table."""
    pagination = {"page": page, "limit": limit, "total": total, "hasMore": page * limit < total}
    return {name: items, "pagination": pagination}
