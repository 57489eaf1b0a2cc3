"""Starter packs and who is in them."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id, now


class Pack(Model):
    """People an actor recommends, under a name; everybody may see it."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    name = fields.CharField(80)
    description = fields.CharField(500, default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "packs_pack"
        indexes = (OrderedIndex(fields=["actor_id", "id"], name="packs_pack_actor"),)


class PackMember(Model):
    """Somebody in a pack; with `left` they took themselves out, and cannot be put in again."""

    id = IdField(primary_key=True, default=new_id)
    pack: fields.ForeignKeyRelation[Pack] = fields.ForeignKeyField("packs.Pack", related_name=False)
    pack_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    left = fields.BooleanField(default=False)

    class Meta:
        table = "packs_member"
        unique_together = (("pack", "actor"),)
        indexes = (OrderedIndex(fields=["actor_id"], name="packs_member_actor"),)
