"""Apps, the consent people gave them, and their tokens."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now


class App(Model):
    """A program that may ask people to act for them; a public one has no secret."""

    id = IdField(primary_key=True, default=new_id)
    client_id = fields.CharField(64, unique=True)
    secret_hash = fields.CharField(64, default="")
    name = fields.CharField(100)
    website = fields.CharField(2048, default="")
    redirect_uris = JSONField(default=list)
    scopes = fields.TextField(default="")
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_app"


class AuthorizationCode(Model):
    """Somebody's consent on its way to an app: known by its hash, for some minutes, once."""

    id = IdField(primary_key=True, default=new_id)
    app: fields.ForeignKeyRelation[App] = fields.ForeignKeyField("core.App", related_name=False)
    app_id: str
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    hash = fields.CharField(64, unique=True)
    redirect_uri = fields.CharField(2048)
    scopes = fields.TextField()
    challenge = fields.CharField(128)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    token_id = IdField(null=True)  # what it was exchanged for, which ends where it is presented again

    class Meta:
        table = "core_authorization_code"
        indexes = (OrderedIndex(fields=["expires_at"], name="core_authorization_code_age"),)


class AppToken(Model):
    """What lets an app act for somebody; without an app it is a personal access token. Known by its hash."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    app: fields.ForeignKeyNullableRelation[App] = fields.ForeignKeyField("core.App", related_name=False, null=True)
    app_id: str | None
    name = fields.CharField(100, default="")
    hash = fields.CharField(64, unique=True)
    refresh_hash = fields.CharField(64, unique=True, null=True)
    scopes = fields.TextField()
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    refresh_expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_app_token"
        indexes = (
            OrderedIndex(fields=["account_id", "id"], desc=["id"], name="core_app_token_account"),
            OrderedIndex(fields=["app_id", "account_id"], name="core_app_token_app"),
        )


class SpentAppToken(Model):
    """A refresh token of an app that was exchanged; presenting it again revokes what came of it."""

    id = IdField(primary_key=True, default=new_id)
    token: fields.ForeignKeyRelation[AppToken] = fields.ForeignKeyField("core.AppToken", related_name=False)
    token_id: str
    hash = fields.CharField(64, unique=True)
    spent_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_spent_app_token"
        indexes = (OrderedIndex(fields=["token_id"], name="core_spent_app_token_token"),)
