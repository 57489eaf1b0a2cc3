"""A model whose table does not begin with the name of its app."""

from __future__ import annotations

from tortoise.models import Model

from core.database import IdField


class Painting(Model):
    id = IdField(primary_key=True)

    class Meta:
        table = "painting"
