"""What people do with a post of somebody's: they like it, pass it on, or keep it."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id
from core.models import Actor, Entry


class Like(Model):
    """`actor` likes an entry; `uri` is the address of the act where it came from elsewhere."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    uri = fields.CharField(2048, default="")

    class Meta:
        table = "core_like"
        unique_together = (("entry", "actor"),)
        indexes = (
            OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_like_actor"),
            OrderedIndex(fields=["entry_id", "id"], desc=["id"], name="core_like_entry"),
        )


class Boost(Model):
    """`actor` passes an entry on to their followers; its id is its place in their timelines."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    uri = fields.CharField(2048, default="")

    class Meta:
        table = "core_boost"
        unique_together = (("entry", "actor"),)
        indexes = (
            OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_boost_actor"),
            OrderedIndex(fields=["entry_id", "id"], desc=["id"], name="core_boost_entry"),
        )


class Bookmark(Model):
    """`actor` wants to find an entry again; nobody else learns of it."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str

    class Meta:
        table = "core_bookmark"
        unique_together = (("entry", "actor"),)
        indexes = (OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_bookmark_actor"),)
