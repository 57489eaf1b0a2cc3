"""Columns that are alike in both dialects: ids, moments, JSON, ordered indexes. Migrations import from here."""

from __future__ import annotations

import datetime
import json
import secrets
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import uuid_utils
from tortoise import fields
from tortoise.exceptions import ConfigurationError
from tortoise.fields.base import Field
from tortoise.indexes import PartialIndex
from tortoise.models import Model

# Every id lies between these two, and nothing has either.
LOWEST_ID = str(uuid.UUID(int=0))
HIGHEST_ID = str(uuid.UUID(int=(1 << 128) - 1))


def new_id(at: datetime.datetime | None = None) -> str:
    """A UUIDv7 as text: in order within this process; with `at`, of that moment (in ms).

    Several of one moment `at` are in the order in which they were asked for: 43 of the 74 bits that RFC 9562 leaves
    free count microseconds, the others are random.
    """
    if at is None:
        return str(uuid_utils.uuid7())
    milliseconds = min(max(int(at.timestamp() * 1000), 0), (1 << 48) - 1)
    free = (time.time_ns() // 1000 & ((1 << 43) - 1)) << 31 | secrets.randbits(31)
    number = milliseconds << 80 | 7 << 76 | (free >> 62) << 64 | 2 << 62 | free & ((1 << 62) - 1)
    return str(uuid.UUID(int=number))


def moment_of(row_id: str) -> datetime.datetime:
    """When an id was made: a UUIDv7 begins with its time in milliseconds (RFC 9562, section 5.7)."""
    return datetime.datetime.fromtimestamp(int(row_id.replace("-", "")[:12], 16) / 1000, datetime.UTC)


def now() -> datetime.datetime:
    """This moment, aware and in UTC."""
    return datetime.datetime.now(datetime.UTC)


def when(column: datetime.datetime | str | None) -> datetime.datetime | None:
    """The moment in a raw column, aware and in UTC."""
    if column is None:
        return None
    moment = datetime.datetime.fromisoformat(column) if isinstance(column, str) else column
    return moment.astimezone(datetime.UTC) if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)


def to_json(content: Any) -> str:
    """Compact JSON text."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def from_json(text: str | bytes) -> Any:
    """What a JSON text says."""
    return json.loads(text)


class IdField(Field[str], str):  # type: ignore[misc]  # the second base tells Tortoise the Python type
    """A UUID that is a str in Python: UUID on PostgreSQL, CHAR(36) on SQLite. As primary key it makes its own value.

    Looking up a text that is no UUID finds nothing; saving one raises ValueError.
    """

    SQL_TYPE = "CHAR(36)"

    class _db_postgres:
        SQL_TYPE = "UUID"

    def __init__(self, primary_key: bool = False, **options: Any) -> None:
        if primary_key:
            options.setdefault("default", new_id)
        super().__init__(primary_key=primary_key, **options)

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> str | None:
        if value is None:
            return None
        try:
            return str(uuid.UUID(str(value)))
        except ValueError:
            if isinstance(instance, Model):
                raise ValueError(f"{self.model_field_name} must be a UUID") from None
            return LOWEST_ID

    def to_python_value(self, value: Any) -> str | None:
        return None if value is None else str(value)


class JSONField(fields.JSONField[Any]):
    """JSON whose encoder and decoder are ours, so that old migrations do not depend on what else is installed."""

    def __init__(
        self,
        encoder: Callable[[Any], str] = to_json,
        decoder: Callable[[str | bytes], Any] = from_json,
        **options: Any,
    ) -> None:
        super().__init__(encoder=encoder, decoder=decoder, **options)


class OrderedIndex(PartialIndex):
    """An index over columns, those in `desc` downwards, over the rows where `condition` holds (None means IS NULL).

    `fields` are column names (`author_id`, not `author`). An index that begins with a `desc` column needs a `name`.
    """

    def __init__(
        self,
        *,
        fields: Sequence[str],
        name: str | None = None,
        condition: dict[str, Any] | None = None,
        desc: Sequence[str] = (),
    ) -> None:
        super().__init__(fields=list(fields), name=name)
        if fields[0] in desc and not name:
            raise ConfigurationError("An OrderedIndex that begins with a descending column needs a name")
        self.condition, self.desc = condition, tuple(desc)
        if condition:
            self.extra = " WHERE " + " AND ".join(
                f'"{column}" {_equals(wanted)}' for column, wanted in condition.items()
            )

    @property
    def field_names(self) -> list[str]:
        return [f'"{column}" DESC' if column in self.desc else column for column in self.fields]

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        path, arguments, options = super().deconstruct()
        return path, arguments, {**options, "desc": self.desc}


def _equals(wanted: object) -> str:
    if wanted is None:
        return "IS NULL"
    if isinstance(wanted, bool | int):
        return f"= {wanted}".upper()
    return "= '" + str(wanted).replace("'", "''") + "'"


def is_id(text: str) -> bool:
    """Whether this can be an id at all; a text that cannot would make the database complain."""
    return len(text) == 36 and text[8] == text[13] == text[18] == text[23] == "-" and _is_hexadecimal(text)


def _is_hexadecimal(text: str) -> bool:
    digits = text.replace("-", "")
    return len(digits) == 32 and all(character in "0123456789abcdef" for character in digits)
