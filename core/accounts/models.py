"""Logins and their sessions."""

from __future__ import annotations

import secrets
from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now

IN_VAIN = "vain:"  # no address begins so: it has an @ and a domain


def key_in_vain() -> str:
    """The `email_key` of an account that was asked for with an address that has one: nobody could guess or type it."""
    return IN_VAIN + secrets.token_urlsafe(32)


class Account(Model):
    """The login of a local actor; shares its id."""

    id = IdField(primary_key=True)
    actor: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Actor", related_name=False)
    actor_id: str
    email = fields.CharField(320)
    email_key = fields.CharField(320, unique=True)
    email_verified_at = fields.DatetimeField(null=True)
    password_hash = fields.CharField(255)  # empty where one signs in by other means only
    password_changed_at = fields.DatetimeField(null=True)
    totp_secret = fields.TextField(default="")  # sealed
    totp_confirmed_at = fields.DatetimeField(null=True)
    totp_step = fields.BigIntField(default=0)  # the last one that was used: none serves twice
    invite: fields.ForeignKeyNullableRelation[Invite] = fields.ForeignKeyField(
        "core.Invite", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    invite_id: str | None
    is_waiting = fields.BooleanField(default=False)  # for somebody to let them in
    join_reason = fields.TextField(default="")
    stage = fields.CharField(10, default="")  # "outside" while nobody may see them, "new" until they were welcomed
    look_key = fields.CharField(64, default="")  # what their name looks like at a glance: core.accounts.names
    renamed_at = fields.DatetimeField(null=True)
    leaves_at = fields.DatetimeField(null=True)  # they asked to be deleted, and may change their mind until then
    settings = JSONField(default=dict)
    created_at = fields.DatetimeField(default=now)

    @property
    def is_in_vain(self) -> bool:
        """Whether it only looks like an account to whoever made it, for its address has another one already.

        Nobody can ever come in with it, whatever the server allows, and its address gets no mail for it.
        """
        return self.email_key.startswith(IN_VAIN)

    class Meta:
        table = "core_account"
        indexes = (
            OrderedIndex(fields=["is_waiting", "id"], name="core_account_waiting"),
            OrderedIndex(fields=["leaves_at"], name="core_account_leaves"),
            OrderedIndex(fields=["look_key"], name="core_account_look"),
            OrderedIndex(fields=["invite_id"], name="core_account_invite"),
        )


class Invite(Model):
    """A link by which somebody may join; `account` made it."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyNullableRelation[Account] = fields.ForeignKeyField(
        "core.Account", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    account_id: str | None
    code = fields.CharField(64, unique=True)
    note = fields.CharField(255, default="")
    uses = fields.IntField(default=0)
    uses_at_most = fields.IntField(null=True)
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_invite"
        indexes = (OrderedIndex(fields=["account_id", "id"], desc=["id"], name="core_invite_account"),)


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
    proved_at = fields.DatetimeField(null=True)  # when whoever holds it last proved who they are
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
