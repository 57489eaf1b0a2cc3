"""Logins and their sessions."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now


class Account(Model):
    """The login of a local actor; shares its id."""

    id = IdField(primary_key=True)
    actor: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Actor", related_name=False)
    actor_id: str
    email = fields.CharField(320)
    email_key = fields.CharField(320, unique=True)
    email_verified_at = fields.DatetimeField(null=True)
    password_hash = fields.CharField(255)
    settings = JSONField(default=dict)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_account"


class Session(Model):
    """One signed-in device; its refresh token is known only by its hash and changes at every use."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    refresh_hash = fields.CharField(64, unique=True)
    user_agent = fields.CharField(500, default="")
    address = fields.CharField(64, default="")
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_session"
        indexes = (OrderedIndex(fields=["account_id", "id"], desc=["id"], name="core_session_account"),)


class SpentToken(Model):
    """A refresh token that was exchanged; presenting it again ends its session."""

    id = IdField(primary_key=True, default=new_id)
    session: fields.ForeignKeyRelation[Session] = fields.ForeignKeyField("core.Session", related_name=False)
    session_id: str
    hash = fields.CharField(64, unique=True)
    spent_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_spent_token"
