"""Schema changes on SQLite: a table is rebuilt from its stored definition, so that rows, indexes and triggers stay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tortoise.fields.base import Field
from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.schema_editor.sqlite import SqliteSchemaEditor
from tortoise.models import Model

from core.schema_changes import CompleteSchemaEditor, default_literal

_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|/\*.*?\*/|[(),]""", re.DOTALL)
_CONSTRAINT = re.compile(r"(?:CONSTRAINT|UNIQUE|PRIMARY|FOREIGN|CHECK)\b", re.IGNORECASE)


class RebuildingSchemaEditor(CompleteSchemaEditor, SqliteSchemaEditor):
    """Tortoise's editor, except for what SQLite cannot ALTER.

    Tortoise remakes a table from the model: with foreign keys on this deletes the rows of every child, and indexes,
    unique constraints and triggers are lost. Here the definition that the table has is edited instead; foreign keys
    must be off on the connection, which `core.migrate` sees to.
    """

    async def _run_sql(self, sql: str) -> None:
        if self.collect_sql:
            self.collected_sql.append(sql)
        else:
            # Statement by statement inside the transaction, which sqlite3's own script runner would commit.
            await self.client.execute_script(sql)

    async def remove_field(self, model: type[Model], field: Field[Any]) -> None:
        if isinstance(field, ManyToManyFieldInstance):
            await super().remove_field(model, field)
            return
        column = _column(model, field)
        definitions = await self._definitions(model._meta.db_table)
        kept = [each for each in definitions if not _mentions(each, column)]
        await self._rebuild(model._meta.db_table, kept, dropped=column)

    async def add_constraint(self, model: type[Model], constraint: UniqueConstraint | CheckConstraint) -> None:
        table = model._meta.db_table
        if isinstance(constraint, CheckConstraint):
            check = self.CHECK_CONSTRAINT_CREATE_TEMPLATE.format(name=constraint.name, check=constraint.check)
            await self._rebuild(table, [*await self._definitions(table), check])
            return
        columns = self._resolve_fields_to_columns(model, constraint.fields)
        name = self._constraint_name_for_model(model, UniqueConstraint(fields=tuple(columns), name=constraint.name))
        await self._run_sql(
            self.UNIQUE_INDEX_CREATE_TEMPLATE.format(
                index_name=name,
                table_name=self.quote(table),
                fields=", ".join(self.quote(column) for column in columns),
                extra=f" WHERE {constraint.condition}" if constraint.condition else "",
            )
        )

    async def remove_constraint(self, model: type[Model], constraint: UniqueConstraint | CheckConstraint) -> None:
        table = model._meta.db_table
        if isinstance(constraint, CheckConstraint):
            name = constraint.name
        else:
            columns = self._resolve_fields_to_columns(model, constraint.fields)
            name = self._constraint_name_for_model(model, UniqueConstraint(fields=tuple(columns), name=constraint.name))
        definitions = await self._definitions(table)
        kept = [each for each in definitions if not each.startswith(f'CONSTRAINT "{name}"')]
        if len(kept) < len(definitions):
            await self._rebuild(table, kept)
        else:
            await self._run_sql(f'DROP INDEX "{name}"')

    async def _alter_field(self, model: type[Model], old_field: Field[Any], new_field: Field[Any]) -> None:
        table = model._meta.db_table
        old, new = _column(model, old_field), _column(model, new_field)
        if old != new:
            # SQLite itself follows the new name into indexes, triggers and references.
            await self._run_sql(f'ALTER TABLE "{table}" RENAME COLUMN "{old}" TO "{new}"')
        definitions = await self._definitions(table)
        position = next(index for index, each in enumerate(definitions) if _name(each) == new)
        wanted = next(each for each in _split(self._get_model_sql_data(model).table_sql) if _name(each) == new)
        added_unique = UniqueConstraint(fields=(new,))
        if old_field.unique and not new_field.unique:
            name = self._constraint_name_for_model(model, added_unique)
            await self._run_sql(f'DROP INDEX IF EXISTS "{name}"')
        if _normal(definitions[position]) != _normal(wanted):
            definitions[position] = wanted
            filled = {new: default_literal(model, new_field)} if old_field.null and not new_field.null else {}
            await self._rebuild(table, definitions, filled=filled)
        if old_field.index != new_field.index:
            index = Index(fields=(new,))
            await (self.add_index if new_field.index else self.remove_index)(model, index)

    async def _definitions(self, table: str) -> list[str]:
        found = await self.client.execute_query_dict(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", [table]
        )
        return _split(found[0]["sql"])

    async def _rebuild(
        self, table: str, definitions: Sequence[str], *, dropped: str = "", filled: dict[str, str | None] | None = None
    ) -> None:
        """Give the table these definitions and copy its rows; indexes and triggers on `dropped` go with it."""
        if self.collect_sql:
            self.collected_sql.append(f"-- rebuild {table}: " + ", ".join(definitions))
            return
        if (await self.client.execute_query_dict("PRAGMA foreign_keys"))[0]["foreign_keys"]:
            raise RuntimeError(
                "A table can only be rebuilt with foreign keys off: its children's rows would be deleted"
            )
        attached = await self.client.execute_query_dict(
            "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type IN ('index', 'trigger') AND sql IS NOT NULL",
            [table],
        )
        columns = [_name(each) for each in definitions if not _CONSTRAINT.match(each)]
        sources = []
        for column in columns:
            default = (filled or {}).get(column)
            sources.append(f'COALESCE("{column}", {default})' if default is not None else f'"{column}"')
        targets = [f'"{column}"' for column in columns]
        if not any("INTEGER PRIMARY KEY" in _normal(each).upper() for each in definitions):
            # A text search table may point at rowids.
            targets, sources = ["rowid", *targets], ["rowid", *sources]
        script = [
            # Else SQLite checks the triggers of other tables in the moment in which this one does not exist.
            "PRAGMA legacy_alter_table = ON",
            f'CREATE TABLE "new__{table}" ({", ".join(definitions)})',
            f'INSERT INTO "new__{table}" ({", ".join(targets)}) SELECT {", ".join(sources)} FROM "{table}"',
            f'DROP TABLE "{table}"',
            f'ALTER TABLE "new__{table}" RENAME TO "{table}"',
            "PRAGMA legacy_alter_table = OFF",
            *(each["sql"] for each in attached if not (dropped and _mentions(each["sql"], dropped))),
        ]
        for statement in script:
            await self.client.execute_query(statement)


def _column(model: type[Model], field: Field[Any]) -> str:
    """The column of a field; of a relation, the column that holds the key."""
    if isinstance(field, ForeignKeyFieldInstance):
        field = model._meta.fields_map[field.source_field or f"{field.model_field_name}_id"]
    return field.source_field or field.model_field_name


def _split(create_table: str) -> list[str]:
    """The definitions of columns and constraints in the (first) CREATE TABLE of a text."""
    start = create_table.index("(") + 1
    parts, depth, begin = [], 0, start
    for token in _TOKEN.finditer(create_table, start):
        mark = token[0]
        if mark == "(":
            depth += 1
        elif mark == ")" and depth:
            depth -= 1
        elif mark in {",", ")"} and not depth:
            parts.append(create_table[begin : token.start()].strip())
            begin = token.end()
            if mark == ")":
                break
    return parts


def _name(definition: str) -> str:
    """The column a definition begins with; "" for a table constraint."""
    if _CONSTRAINT.match(definition):
        return ""
    quoted = re.match(r'"((?:[^"]|"")*)"|(\w+)', definition)
    return (quoted[1] or quoted[2]) if quoted else ""


def _mentions(sql: str, column: str) -> bool:
    """Whether a definition is this column's, or a constraint, index or trigger uses it."""
    name = _name(sql)
    if name and not re.match(r"CREATE\b", sql, re.IGNORECASE):
        return name == column
    return re.search(rf'"{re.escape(column)}"|\b{re.escape(column)}\b', sql) is not None


def _normal(definition: str) -> str:
    return " ".join(definition.split())
