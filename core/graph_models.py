"""What people are to each other beside following: who is in whose circles, blocks which server, moved where."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id, now


class Circle(Model):
    """Some of an actor's friends under a name. Who was sent a post is written down with the post, not here."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    name = fields.CharField(60)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_circle"
        unique_together = (("actor", "name"),)


class DomainBlock(Model):
    """A server `actor` wants nothing of: its people are hidden from them, and follows between them are none."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    domain = fields.CharField(255)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_domain_block"
        unique_together = (("domain", "actor"),)
        indexes = (OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_domain_block_actor"),)


class Move(Model):
    """Somebody who moved to another account of theirs, and when they last did."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    target: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    target_id: str
    moved_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_move"
        unique_together = (("actor",),)
        indexes = (OrderedIndex(fields=["target_id"], name="core_move_target"),)


class DismissedSuggestion(Model):
    """Somebody whom an actor does not want to be suggested again."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    target: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    target_id: str

    class Meta:
        table = "core_dismissed_suggestion"
        unique_together = (("actor", "target"),)
        indexes = (OrderedIndex(fields=["target_id"], name="core_dismissed_suggestion_target"),)


class CircleMember(Model):
    """Somebody in a circle; who is no friend any more stays listed, and is sent nothing."""

    id = IdField(primary_key=True, default=new_id)
    circle: fields.ForeignKeyRelation[Circle] = fields.ForeignKeyField("core.Circle", related_name=False)
    circle_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str

    class Meta:
        table = "core_circle_member"
        unique_together = (("circle", "actor"),)
        indexes = (OrderedIndex(fields=["actor_id"], name="core_circle_member_actor"),)
