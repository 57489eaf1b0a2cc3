"""What is stored of small pictures in texts, and of what people answer with one of them or with a sign."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id, now


class Emoji(Model):
    """A picture that stands for `:shortcode:` in the texts of one server: this one where `domain` is empty.

    `url` is where the picture lies: with us, or on its own server, from where it is passed on. What is hidden is not
    offered, and is shown where somebody writes it. `seen_at` is the day when somebody last looked at one of another
    server.
    """

    id = IdField(primary_key=True, default=new_id)
    shortcode = fields.CharField(100)
    domain = fields.CharField(255, default="")
    url = fields.CharField(2048)
    blob: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField("core.Blob", related_name=False, null=True)
    blob_id: str | None
    category = fields.CharField(100, default="")
    is_hidden = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(default=now)
    seen_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_emoji"
        unique_together = (("domain", "shortcode"),)
        indexes = (OrderedIndex(fields=["blob_id"], name="core_emoji_blob"),)


class Reaction(Model):
    """`actor` answers an entry with a sign, or with `:shortcode:` (of another server `:shortcode@host:`)."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    emoji = fields.CharField(400)
    custom: fields.ForeignKeyNullableRelation[Emoji] = fields.ForeignKeyField(
        "core.Emoji", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    custom_id: str | None
    uri = fields.CharField(2048, default="")

    class Meta:
        table = "core_reaction"
        unique_together = (("entry", "actor", "emoji"),)
        indexes = (
            OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_reaction_actor"),
            OrderedIndex(fields=["custom_id"], name="core_reaction_custom"),
        )
