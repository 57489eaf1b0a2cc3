"""Routes of the API: declared once, and checked, limited, wrapped, retried and documented alike."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel
from quart import Blueprint, Response, request

from core.accounts.sessions import Identity
from core.api import idempotency, limits, scopes
from core.api.answers import JSON, Answer, envelope
from core.api.ask import Ask, checked_body, checked_query
from core.api.forms import Form, Nothing
from core.errors import TooLarge, Unauthenticated, UnsupportedMediaType
from core.instance import here
from core.permissions import require, those_with
from core.uploads import Upload, take_bytes, take_files, uploaded

Handler = Callable[..., Awaitable[Any]]
H = TypeVar("H", bound=Handler)
BASE = "/api/v1"
BYTES = "application/octet-stream"


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
    permission: str = ""
    body_optional: bool = False
    secret: bool = False
    files: tuple[str, ...] = ()
    file_limit: str = ""
    on_disk: bool = False
    at_once: int = 1
    media_type: str = JSON
    apps: bool | None = None
    bytes_limit: str = ""

    @property
    def scope(self) -> str:
        """What an app's token must allow for this, or "" where it is closed to apps."""
        return scopes.scope_of(self.method, self.tag, self.path, apps=self.apps, in_charge=bool(self.permission))

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

    def __init__(self, name: str, import_name: str, *, area: str = "") -> None:
        """`area` names the scopes of its routes and where they stand in the document; `name` does where it is empty."""
        super().__init__(f"{name}_api", import_name, url_prefix=BASE)
        self.tag = area or name
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
        permission: str = "",
        body_optional: bool = False,
        secret: bool = False,
        apps: bool | None = None,
        files: tuple[str, ...] = (),
        file_limit: str = "image_bytes",
        on_disk: bool = False,
        at_once: int = 1,
        bytes_limit: str = "",
    ) -> Callable[[H], H]:
        """Declare an operation; further paths are aliases. `signed_out` lets strangers in; `permission` is
        what whoever asks must be trusted with, one of core.permissions (KeyError for another).

        `also` has the answers of other statuses than the usual one. Those of a `secret` operation hold tokens or the
        like: they are never kept, not even for a retry. `apps` says whether apps may use it, where that is otherwise
        than core.api.scopes has it. With `files` the body is a form with a file under one of these names, as large as
        the key `file_limit` of [limits] says; `body` then is the form, checked without the file. `on_disk` has the
        file written to the disk as it comes, where the handler finds it at `ask.upload.kept`; with `at_once` there may
        be as many, at `ask.upload.all_kept`. With `bytes_limit` the body is bytes, at most as many as this key of
        [limits] says; the handler reads them from the request as they come.
        """

        if permission:
            those_with(permission)

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
                    permission=permission,
                    body_optional=body_optional,
                    secret=secret,
                    apps=apps,
                    files=files,
                    file_limit=file_limit,
                    on_disk=on_disk,
                    at_once=at_once,
                    bytes_limit=bytes_limit,
                )
                if bytes_limit:
                    take_bytes(BASE + path, bytes_limit)
                if files:
                    take_files(BASE + path, file_limit, at_once=at_once)
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
        scopes.mark(view, route.scope)
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

    def patch(  # type: ignore[override]
        self, *paths: str, **options: Any
    ) -> Callable[[H], H]:
        return self.route_for("PATCH", *paths, **options)

    def delete(  # type: ignore[override]
        self, *paths: str, **options: Any
    ) -> Callable[[H], H]:
        return self.route_for("DELETE", *paths, **options)


def _view(route: Route) -> Callable[..., Awaitable[Response]]:
    async def view(**path: str) -> Response:
        identity = limits.current_identity()
        if identity is None and not route.signed_out:
            raise Unauthenticated()
        if route.permission:
            require(identity.actor if identity else None, route.permission)
        upload = None
        if route.bytes_limit and request.mimetype != BYTES:
            raise UnsupportedMediaType(f"Bytes are expected here: {BYTES}.")
        if route.files:
            upload = await uploaded(
                request, *route.files, limit=route.file_limit, on_disk=route.on_disk, at_once=route.at_once
            )
        try:
            return await _asked(route, identity, upload, path)
        finally:
            for kept in upload.all_kept if upload else ():
                kept.forget()

    view.__name__ = route.handler.__name__
    return view


async def _asked(route: Route, identity: Identity | None, upload: Upload | None, path: dict[str, str]) -> Response:
    content = await _content(route)
    ask = Ask(
        identity=identity,
        body=_body(route, content, upload),
        query=checked_query(route.query, request.args) if route.query else None,
        address=limits.address_of(request),
        user_agent=request.headers.get("User-Agent", "")[:500],
        upload=upload,
    )
    key = request.headers.get("Idempotency-Key") if route.repeatable else None
    if key and identity:
        sent = content if upload is None else _fingerprint(upload)
        digest = idempotency.fingerprint(request.method, request.full_path, sent)
        return await idempotency.once(identity.actor, key, digest, lambda: _answer(route, ask, path))
    return await _answer(route, ask, path)


def _fingerprint(upload: Upload) -> bytes:
    files = [kept.digest for kept in upload.all_kept] or upload.content
    return repr((upload.name, upload.lists, files)).encode()


def _body(route: Route, content: bytes, upload: Upload | None) -> BaseModel | None:
    if route.body and upload:
        return checked_query(route.body, upload.texts)
    if route.body is None or (route.body_optional and not content):
        return None
    return checked_body(route.body, content)


async def _content(route: Route) -> bytes:
    """The raw body, where the route has one; its type is checked before it is read."""
    if route.body is None or route.files:
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
