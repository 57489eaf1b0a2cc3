"""What a recipe has beyond what every entry has."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField


class Recipe(Model):
    """How long it takes and what it takes; its name and its steps are the entry's title and content."""

    id = IdField(primary_key=True)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    cook: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    cook_id: str
    minutes = fields.IntField()
    ingredients = JSONField(default=list)

    class Meta:
        table = "recipes_recipe"
