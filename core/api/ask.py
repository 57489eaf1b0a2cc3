"""What a route is asked: who, with which body and query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from core.accounts.audit import Doer
from core.accounts.sessions import Identity
from core.api.answers import page_of
from core.audience import STRANGER, Viewer
from core.errors import BadRequest, Invalid, Unauthenticated
from core.instance import here
from core.models import Actor
from core.present import Row
from core.uploads import Upload

Body = TypeVar("Body", covariant=True)
Query = TypeVar("Query", covariant=True)


@dataclass(frozen=True)
class Ask(Generic[Body, Query]):
    """One request to the API, understood and checked."""

    identity: Identity | None
    body: Body
    query: Query
    address: str
    user_agent: str
    upload: Upload | None = None

    @property
    def actor(self) -> Actor:
        """Who is signed in. Raises Unauthenticated."""
        if self.identity is None:
            raise Unauthenticated()
        return self.identity.actor

    @property
    def actor_or_none(self) -> Actor | None:
        return self.identity.actor if self.identity else None

    @property
    def viewer(self) -> Viewer:
        return Viewer(actor_id=self.identity.actor.id) if self.identity else STRANGER

    @property
    def doer(self) -> Doer:
        """Who is signed in and where, for the audit trail. Raises Unauthenticated."""
        return Doer(self.actor, self.address, self.user_agent)

    def before(self, list_name: str) -> str | None:
        """The position the cursor of this list stands for. Raises Invalid."""
        cursor = getattr(self.query, "cursor", None)
        return here().cursors.decode(list_name, cursor) if cursor is not None else None

    def page(self, name: str, list_name: str, found: Sequence[Row], items: Sequence[object]) -> dict[str, object]:
        """A page out of one row more than was asked for; `items` are the forms of `found`, cut alike."""
        limit: int = getattr(self.query, "limit", 20)
        return page_of(name, list(items[:limit]), here().cursors.following(list_name, found, limit))


def checked_body(model: type[BaseModel], content: bytes) -> BaseModel:
    """The body as the model it must be. Raises BadRequest for what is no JSON, Invalid for what does not fit."""
    if not content.strip():
        raise BadRequest("The body is empty; JSON is expected.", code="malformed_json")
    try:
        body = model.model_validate_json(content, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        if any(fault["type"] == "json_invalid" for fault in faults):
            # pydantic calls lone surrogates and over-deep nesting malformed too; so does everybody else
            raise BadRequest("The body is not JSON.", code="malformed_json") from None
        raise Invalid(_messages(faults)) from None
    if b"\\u0000" in content:
        _refuse_nul(body)
    return body


def checked_query(model: type[BaseModel], arguments: Mapping[str, str]) -> BaseModel:
    """The query as the model it must be. Raises Invalid."""
    try:
        query = model.model_validate(dict(arguments))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        raise Invalid(_messages(faults)) from None
    _refuse_nul(query)
    return query


def _refuse_nul(form: BaseModel) -> None:
    """PostgreSQL keeps no text with U+0000 in it, and no text needs one."""
    if names := sorted(_with_nul(form.model_dump(by_alias=True))):
        raise Invalid(dict.fromkeys(names, "This contains the character U+0000, which is not text."))


def _with_nul(value: object, name: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if "\0" in value:
            yield name
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _with_nul(part, f"{name}.{key}".lstrip("."))
            if "\0" in key:
                yield name
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _with_nul(part, f"{name}.{number}")


def _messages(faults: Sequence[object]) -> dict[str, str]:
    messages: dict[str, str] = {}
    for fault in orjson.loads(orjson.dumps(faults, default=str)):
        name = ".".join(str(part) for part in fault["loc"]) or "request"
        message = fault["msg"].removeprefix("Value error, ")
        messages.setdefault(name, message[:1].upper() + message[1:])
    return messages
