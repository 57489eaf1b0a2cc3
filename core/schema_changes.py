"""What Tortoise's schema editors leave out on both databases, and the editor for PostgreSQL."""

from __future__ import annotations

from decimal import Decimal

from tortoise.fields.base import DB_DEFAULT_NOT_SET, Field
from tortoise.fields.relational import RelationalField
from tortoise.migrations.schema_editor import AsyncpgSchemaEditor
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.models import Model


class CompleteSchemaEditor(BaseSchemaEditor):
    """Creates a new model's `Meta.constraints`, and fills a new column with the field's plain `default`."""

    async def create_model(self, model: type[Model]) -> None:
        await super().create_model(model)
        for constraint in model._meta.constraints or ():
            await self.add_constraint(model, constraint)

    async def add_field(self, model: type[Model], field_name: str) -> None:
        field = model._meta.fields_map[field_name]
        if field.null or field.default is None or field.has_db_default() or isinstance(field, RelationalField):
            await super().add_field(model, field_name)
            return
        # A column that may not be empty needs a value for the rows that are there.
        field.db_default = field.default() if callable(field.default) else field.default
        try:
            await super().add_field(model, field_name)
        finally:
            field.db_default = DB_DEFAULT_NOT_SET
        await self._forget_default(model, field)

    async def _forget_default(self, model: type[Model], field: Field[object]) -> None:
        """Leave new values to the model; SQLite cannot drop a default, and none is harmed by it."""


class PostgresSchemaEditor(CompleteSchemaEditor, AsyncpgSchemaEditor):
    """Tortoise's editor for PostgreSQL, completed."""

    async def _alter_field(self, model: type[Model], old_field: Field[object], new_field: Field[object]) -> None:
        filling = default_literal(model, new_field)
        if old_field.null and not new_field.null and filling is not None:
            column = old_field.source_field or old_field.model_field_name
            await self._run_sql(f'UPDATE "{model._meta.db_table}" SET "{column}" = {filling} WHERE "{column}" IS NULL')
        await super()._alter_field(model, old_field, new_field)

    async def _forget_default(self, model: type[Model], field: Field[object]) -> None:
        column = model._meta.fields_db_projection[field.model_field_name]
        await self._run_sql(f'ALTER TABLE "{model._meta.db_table}" ALTER COLUMN "{column}" DROP DEFAULT')


def default_literal(model: type[Model], field: Field[object]) -> str | None:
    """A field's plain default as SQL; None when it has none."""
    if field.default is None:
        return None
    value = field.to_db_value(field.default() if callable(field.default) else field.default, model)
    if isinstance(value, bool | int | float | Decimal):
        return str(value).upper()
    return "'" + str(value).replace("'", "''") + "'"
