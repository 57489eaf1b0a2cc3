"""Any page may use the API with a token of its own; none may with a visitor's cookies."""

from __future__ import annotations

from quart import Quart, Response, request

EXPOSED = "Link, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-Id"
METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID"
DAY = "86400"
OPEN = frozenset({"/oauth/token", "/oauth/revoke", "/oauth/userinfo", "/.well-known/oauth-authorization-server"})


def open_to_all(app: Quart) -> None:
    """Answer other origins' pages under /api, and where apps get tokens, failures too; never with credentials."""

    @app.after_request
    async def allow(response: Response) -> Response:
        if request.path.startswith("/api/") or request.path in OPEN:
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
            if request.method == "OPTIONS":
                response.headers["Access-Control-Allow-Methods"] = METHODS
                response.headers["Access-Control-Allow-Headers"] = ALLOWED
                response.headers["Access-Control-Max-Age"] = DAY
        return response
