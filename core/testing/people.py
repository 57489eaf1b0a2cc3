"""Those who use an instance in a test: strangers, and people who are signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import httpx

from core.accounts.sessions import COOKIE, Grant
from core.models import Actor
from core.testing.sockets import Socket

if TYPE_CHECKING:  # an instance makes people
    from core.testing.instances import TestInstance

PASSWORD = "Quiet-Harbour-47"  # noqa: S105 - of nobody but people in tests
Data = dict[str, Any]


class Visitor:
    """Somebody who is not signed in. Paths are those under /api/v1."""

    def __init__(self, instance: TestInstance) -> None:
        self.instance = instance
        self.headers: dict[str, str] = {}

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request to the API, and its answer as it is; `options` are httpx's (json, params, headers, files …)."""
        return await self.page(f"/api/v1{path}", method=method, **options)

    async def page(self, path: str, method: str = "GET", **options: Any) -> httpx.Response:
        """Any request outside the API: pages, files, documents. Redirects are not followed."""
        headers = {**self.headers, **(options.pop("headers", None) or {})}
        return await self.instance.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **query: Any) -> Data:
        """The `data` of an answer; parameters stand beside those of the path, and are left out where they are None."""
        more = str(httpx.QueryParams({name: value for name, value in query.items() if value is not None}))
        glue = "" if not more else "&" if "?" in path else "?"
        return data_of(await self.call("GET", f"{path}{glue}{more}"))

    async def post(self, path: str, body: object = None, **options: Any) -> Data:
        """POST JSON (an empty object unless told) and take the `data` of the answer."""
        if "files" not in options and "data" not in options:
            options["json"] = {} if body is None else body
        return data_of(await self.call("POST", path, **options))

    async def put(self, path: str, body: object = None, **options: Any) -> Data:
        """PUT JSON (an empty object unless told) and take the `data` of the answer."""
        if "files" not in options and "data" not in options:
            options["json"] = {} if body is None else body
        return data_of(await self.call("PUT", path, **options))

    async def delete(self, path: str, body: object = None) -> Data:
        """DELETE and take the `data` of the answer."""
        return data_of(await self.call("DELETE", path, **({} if body is None else {"json": body})))

    async def refused(self, status: int, method: str, path: str, body: object = None, **options: Any) -> Data:
        """A request that must be answered with this status and a problem document, which is returned."""
        if body is not None:
            options["json"] = body
        return problem_of(await self.call(method, path, **options), status)

    @asynccontextmanager
    async def socket(self, path: str = "/api/v1/stream", **headers: str) -> AsyncIterator[Socket]:
        """A WebSocket of the instance, open while the block runs; nothing has been sent yet."""
        async with Socket.opened(self.instance.instance.asgi, self.instance.base_url, path, headers) as socket:
            yield socket


class Person(Visitor):
    """Somebody with an account who is signed in; calls bear the access token."""

    def __init__(self, instance: TestInstance, actor: Actor, grant: Grant) -> None:
        super().__init__(instance)
        self.actor = actor
        self.access_token, self.refresh_token = grant.access_token, grant.refresh_token
        self.session_id = grant.session_id
        self.headers = {"Authorization": f"Bearer {grant.access_token}"}

    @property
    def id(self) -> str:
        return self.actor.id

    @property
    def name(self) -> str:
        return self.actor.username

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    @property
    def address(self) -> str:
        """`@name@host`, as one writes it on another server."""
        return f"@{self.name}@{self.instance.host}"

    @property
    def uri(self) -> str:
        return self.actor.uri

    def browser(self) -> httpx.AsyncClient:
        """What this person's browser is: it bears the session's cookie and says that forms come from our pages."""
        return self.instance.browser({COOKIE: self.refresh_token})

    async def publish(self, content: str = "Some words", **more: Any) -> Data:
        """Write a post; its API form."""
        return await self.post("/posts", {"content": content, **more})

    async def sees(self, post_id: str) -> bool:
        """Whether a post is there for this person."""
        answer = await self.call("GET", f"/posts/{post_id}")
        assert answer.status_code in (200, 404), shown(answer)
        return answer.status_code == 200

    async def feed(self, scope: str = "home", **query: Any) -> list[Data]:
        """The posts of a feed."""
        return cast("list[Data]", (await self.get("/feed", scope=scope, **query))["posts"])

    async def follow(self, other: Person | str) -> Data:
        """Follow somebody: a person, an id, or `@name@host`."""
        return await self.post(f"/users/{other if isinstance(other, str) else other.id}/follow")


async def befriend(one: Person, other: Person) -> None:
    """Friends are two who follow each other."""
    await one.follow(other)
    await other.follow(one)


def data_of(answer: httpx.Response) -> Data:
    """The `data` of a success envelope; fails for anything else."""
    assert answer.status_code in (200, 201, 202), shown(answer)
    envelope = answer.json()
    assert envelope["success"] is True, shown(answer)
    return cast(Data, envelope["data"])


def problem_of(answer: httpx.Response, status: int) -> Data:
    """The problem document of a failure with this status (RFC 9457); fails for anything else."""
    assert answer.status_code == status, shown(answer)
    assert answer.headers["content-type"].startswith("application/problem+json"), shown(answer)
    return cast(Data, answer.json())


def fields_of(problem: Data) -> Sequence[str]:
    """The fields a problem document names."""
    return [error["field"] for error in problem.get("errors", ())]


def shown(answer: httpx.Response) -> str:
    """An answer as a failing test shows it."""
    return f"{answer.request.method} {answer.request.url} -> {answer.status_code}: {answer.text[:500]}"
