"""What proves who somebody is beside their password: mailed links, recovery codes, passkeys, other services."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now


class MailedToken(Model):
    """A link in a mail, known only by its hash: it serves once, for one purpose, and proves that `email` is theirs."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    purpose = fields.CharField(20)
    hash = fields.CharField(64, unique=True)
    email = fields.CharField(320)
    created_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_mailed_token"
        indexes = (OrderedIndex(fields=["account_id", "purpose"], name="core_mailed_token_account"),)


class EmailChange(Model):
    """A new address that is not theirs yet: it is once both the new and the old one have confirmed."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Account", related_name=False)
    account_id: str
    email = fields.CharField(320)
    old_confirmed_at = fields.DatetimeField(null=True)
    new_confirmed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "core_email_change"


class RecoveryCode(Model):
    """A code that stands in for the second factor once, known by its hash."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    hash = fields.CharField(64)
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_recovery_code"
        unique_together = (("account", "hash"),)


class Passkey(Model):
    """A WebAuthn credential; `credential` and `public_key` are base64url."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    credential = fields.CharField(1400, unique=True)
    public_key = fields.TextField()
    sign_count = fields.BigIntField(default=0)
    transports = JSONField(default=list)
    aaguid = fields.CharField(36, default="")
    is_backed_up = fields.BooleanField(default=False)
    name = fields.CharField(100)
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_passkey"
        indexes = (OrderedIndex(fields=["account_id", "id"], name="core_passkey_account"),)


class SpentProof(Model):
    """Something signed that proved its point and must not do so again before it runs out: a challenge, a first step."""

    id = IdField(primary_key=True, default=new_id)
    hash = fields.CharField(64, unique=True)
    expires_at = fields.DatetimeField()

    class Meta:
        table = "core_spent_proof"
        indexes = (OrderedIndex(fields=["expires_at"], name="core_spent_proof_age"),)


class ForeignLogin(Model):
    """Who somebody is to an OpenID Connect provider by which they sign in."""

    id = IdField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Account", related_name=False)
    account_id: str
    provider = fields.CharField(64)
    subject = fields.CharField(255)
    created_at = fields.DatetimeField(default=now)
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_foreign_login"
        unique_together = (("provider", "subject"),)
        indexes = (OrderedIndex(fields=["account_id"], name="core_foreign_login_account"),)


class SecurityEvent(Model):
    """One line of the audit trail: what happened to an account's safety, or what somebody in charge did.

    It holds no foreign key to the account, so that it outlives it; `account_id` is who it is about, `by_id` who did it.
    """

    id = IdField(primary_key=True, default=new_id)
    account_id = IdField(null=True)
    by_id = IdField(null=True)
    name = fields.CharField(40)
    address = fields.CharField(64, default="")
    user_agent = fields.CharField(500, default="")
    details = JSONField(default=dict)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_security_event"
        indexes = (
            OrderedIndex(fields=["account_id", "id"], desc=["id"], name="core_security_event_account"),
            OrderedIndex(fields=["by_id", "id"], desc=["id"], name="core_security_event_by"),
            OrderedIndex(fields=["name", "id"], desc=["id"], name="core_security_event_name"),
            OrderedIndex(fields=["created_at"], name="core_security_event_age"),
        )
