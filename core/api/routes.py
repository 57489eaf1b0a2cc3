"""Routes of the API: declared once, and checked, limited, wrapped, retried and documented alike."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel
from quart import Blueprint, Response, request

from core.api import idempotency, limits
from core.api.answers import JSON, Answer, envelope
from core.api.ask import Ask, checked_body, checked_query
from core.api.forms import Form, Nothing
from core.errors import Forbidden, TooLarge, Unauthenticated, UnsupportedMediaType
from core.instance import here

Handler = Callable[..., Awaitable[Any]]
H = TypeVar("H", bound=Handler)
BASE = "/api/v1"
RANKS = {"user": 0, "moderator": 1, "admin": 2}


@dataclass(frozen=True, kw_only=True)
class Route:
    """One operation of the API, as it stands in the OpenAPI document."""

    method: str
    path: str
    handler: Handler
    tag: str
    body: type[Form] | None = None
    query: type[Form] | None = None
    answers: Mapping[int, type[Form]] = field(default_factory=dict)
    signed_out: bool = False
    role: str = "user"
    body_optional: bool = False
    secret: bool = False
    media_type: str = JSON

    @property
    def status(self) -> int:
        """The status of the usual answer."""
        return next(iter(self.answers))

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip().partition("\n")[0].rstrip(".")

    @property
    def repeatable(self) -> bool:
        """Whether a retry with the same Idempotency-Key gets the first answer."""
        return self.method == "POST" and not self.secret

    @property
    def description(self) -> str:
        return (self.handler.__doc__ or "").strip().partition("\n")[2].strip()


class Api(Blueprint):
    """A blueprint of API routes. Every handler gets an `Ask` and the path's parts, and returns data or an Answer."""

    def __init__(self, name: str, import_name: str) -> None:
        super().__init__(f"{name}_api", import_name, url_prefix=BASE)
        self.tag = name
        self.documented: list[Route] = []

    def route_for(
        self,
        method: str,
        *paths: str,
        body: type[Form] | None = None,
        query: type[Form] | None = None,
        answer: type[Form] = Nothing,
        status: int = 200,
        also: Mapping[int, type[Form]] | None = None,
        signed_out: bool = False,
        role: str = "user",
        body_optional: bool = False,
        secret: bool = False,
    ) -> Callable[[H], H]:
        """Declare an operation; further paths are aliases. `signed_out` lets strangers in, `role` is the least rank.

        `also` has the answers of other statuses than the usual one. Those of a `secret` operation hold tokens or the
        like: they are never kept, not even for a retry.
        """

        def declared(handler: H) -> H:
            for number, path in enumerate(paths):
                route = Route(
                    method=method,
                    path=path,
                    handler=handler,
                    tag=self.tag,
                    body=body,
                    query=query,
                    answers={status: answer, **(also or {})},
                    signed_out=signed_out,
                    role=role,
                    body_optional=body_optional,
                    secret=secret,
                )
                self._add(route, handler.__name__ + (f"_{number}" if number else ""), _view(route))
            return handler

        return declared

    def raw(
        self, method: str, path: str, *, media_type: str, query: type[Form] | None = None, signed_out: bool = False
    ) -> Callable[[H], H]:
        """Declare an operation whose handler answers a Response by itself, of another type than JSON."""

        def declared(handler: H) -> H:
            route = Route(
                method=method,
                path=path,
                handler=handler,
                tag=self.tag,
                query=query,
                signed_out=signed_out,
                media_type=media_type,
            )
            self._add(route, handler.__name__, handler)
            return handler

        return declared

    def _add(self, route: Route, name: str, view: Handler) -> None:
        self.documented.append(route)
        self.add_url_rule(route.path, name, view, methods=[route.method], strict_slashes=False)

    def get(  # type: ignore[override]
        self, *paths: str, **options: Any
    ) -> Callable[[H], H]:
        return self.route_for("GET", *paths, **options)

    def post(  # type: ignore[override]
        self, *paths: str, **options: Any
    ) -> Callable[[H], H]:
        return self.route_for("POST", *paths, **options)

    def put(  # type: ignore[override]
        self, *paths: str, **options: Any
    ) -> Callable[[H], H]:
        return self.route_for("PUT", *paths, **options)

    def delete(  # type: ignore[override]
        self, *paths: str, **options: Any
    ) -> Callable[[H], H]:
        return self.route_for("DELETE", *paths, **options)


def _view(route: Route) -> Callable[..., Awaitable[Response]]:
    async def view(**path: str) -> Response:
        identity = limits.current_identity()
        if identity is None and not route.signed_out:
            raise Unauthenticated()
        if identity and RANKS[identity.actor.role] < RANKS[route.role]:
            raise Forbidden()
        content = await _content(route)
        ask = Ask(
            identity=identity,
            body=_body(route, content),
            query=checked_query(route.query, request.args) if route.query else None,
            address=limits.address_of(request),
            user_agent=request.headers.get("User-Agent", "")[:500],
        )
        key = request.headers.get("Idempotency-Key") if route.repeatable else None
        if key and identity:
            digest = idempotency.fingerprint(request.method, request.full_path, content)
            return await idempotency.once(identity.actor, key, digest, lambda: _answer(route, ask, path))
        return await _answer(route, ask, path)

    view.__name__ = route.handler.__name__
    return view


def _body(route: Route, content: bytes) -> BaseModel | None:
    if route.body is None or (route.body_optional and not content):
        return None
    return checked_body(route.body, content)


async def _content(route: Route) -> bytes:
    """The raw body, where the route has one; its type is checked before it is read."""
    if route.body is None:
        return b""
    length = request.content_length or 0
    if length > here().settings.limits.request_bytes:
        raise TooLarge()
    if length == 0 and request.headers.get("Transfer-Encoding") is None and route.body_optional:
        return b""
    media_type = request.mimetype
    if media_type != JSON and not media_type.endswith("+json") and (media_type or length):
        raise UnsupportedMediaType("JSON is expected here.")
    content = await request.get_data(cache=False, as_text=False)
    return content if isinstance(content, bytes) else content.encode()


async def _answer(route: Route, ask: Ask[Any, Any], path: dict[str, str]) -> Response:
    found = await route.handler(ask, **path)
    answer = found if isinstance(found, Answer) else Answer(found, route.status)
    body = envelope(answer.data)
    response = Response(body, status=answer.status, content_type=JSON)
    for name, value in answer.headers.items():
        response.headers[name] = value
    if answer.location:
        response.headers["Location"] = answer.location
    if route.method == "GET":
        _describe_freshness(route, ask, response, body)
    else:
        response.headers["Cache-Control"] = "no-store"
    return response


def _describe_freshness(route: Route, ask: Ask[Any, Any], response: Response, body: bytes) -> None:
    """Strangers' reads may be shared and asked for again by ETag; what somebody signed in sees is theirs alone."""
    response.headers["Vary"] = "Authorization, Cookie"
    if ask.identity is not None or not route.signed_out:
        response.headers["Cache-Control"] = "private, no-cache"
        return
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    if etag in asked or "*" in asked:
        response.status_code = 304
        response.set_data(b"")
        response.headers.pop("Content-Type", None)
        response.headers.pop("Content-Length", None)
