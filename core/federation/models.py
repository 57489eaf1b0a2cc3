"""What federation remembers: keys, what came in, what has to go out, and how other servers are doing."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id, now


class Key(Model):
    """A public key of an actor; ours come with the private half, sealed."""

    id = IdField(primary_key=True, default=new_id)
    uri = fields.CharField(2048, unique=True)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    kind = fields.CharField(10, default="rsa")
    public_pem = fields.TextField()
    private_sealed = fields.TextField(default="")
    fetched_at = fields.DatetimeField(default=now)

    class Meta:
        table = "federation_key"
        indexes = (OrderedIndex(fields=["actor_id"], name="federation_key_actor"),)


class Received(Model):
    """A verified activity of another server: stored before it is acknowledged, kept to know it again."""

    id = IdField(primary_key=True, default=new_id)
    uri = fields.CharField(2048, unique=True)
    actor_uri = fields.CharField(2048)
    verb = fields.CharField(64)
    body = fields.TextField()
    inbox_owner = IdField(null=True)
    state = fields.CharField(10, default="waiting")
    attempts = fields.SmallIntField(default=0)
    due_at = fields.DatetimeField(default=now)
    outcome = fields.CharField(255, default="")
    received_at = fields.DatetimeField(default=now)

    class Meta:
        table = "federation_received"
        indexes = (
            OrderedIndex(fields=["state", "due_at"], name="federation_received_due"),
            OrderedIndex(fields=["received_at"], name="federation_received_age"),
        )


class Outgoing(Model):
    """An activity of ours: its bytes, who sends it, and to whom it still has to be addressed."""

    id = IdField(primary_key=True, default=new_id)
    sender: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    sender_id: str
    verb = fields.CharField(64)
    entry: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField(
        "core.Entry", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    entry_id: str | None
    body = fields.TextField()
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "federation_outgoing"
        indexes = (
            OrderedIndex(fields=["created_at"], name="federation_outgoing_age"),
            OrderedIndex(fields=["entry_id"], name="federation_outgoing_entry"),
        )


class Stamp(Model):
    """Consent to a `quote` or a `reply`: ours to those of our entries, and those of others that were looked at."""

    id = IdField(primary_key=True, default=new_id)
    uri = fields.CharField(2048, unique=True)
    kind = fields.CharField(8)
    target: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    target_id: str
    interacting_uri = fields.CharField(2048)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "federation_stamp"
        unique_together = (("target", "interacting_uri", "kind"),)
        indexes = (OrderedIndex(fields=["actor_id"], name="federation_stamp_actor"),)


class Delivery(Model):
    """One activity for one inbox: the row is written with what caused it, and deleted when it is done.

    `sender_id` is the activity's, repeated here for the order in which one sender's activities reach a host.
    """

    id = IdField(primary_key=True, default=new_id)
    outgoing: fields.ForeignKeyRelation[Outgoing] = fields.ForeignKeyField("federation.Outgoing", related_name=False)
    outgoing_id: str
    sender_id = IdField()
    inbox = fields.CharField(2048)
    host = fields.CharField(255)
    lane = fields.SmallIntField(default=5)
    state = fields.CharField(10, default="waiting")
    attempts = fields.SmallIntField(default=0)
    due_at = fields.DatetimeField(default=now)
    error = fields.CharField(255, default="")

    class Meta:
        table = "federation_delivery"
        unique_together = (("outgoing", "inbox"),)
        indexes = (
            OrderedIndex(fields=["state", "lane", "due_at"], name="federation_delivery_due"),
            OrderedIndex(fields=["host", "sender_id", "outgoing_id"], name="federation_delivery_host"),
        )


class Reach(Model):
    """What came of an entry at one inbox elsewhere; for what still waits there is its delivery."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    inbox = fields.CharField(2048)
    host = fields.CharField(255)
    state = fields.CharField(10)
    reason = fields.CharField(255, default="")
    noted_at = fields.DatetimeField(default=now)

    class Meta:
        table = "federation_reach"
        unique_together = (("entry", "inbox"),)
        indexes = (OrderedIndex(fields=["noted_at"], name="federation_reach_age"),)


class OutboxReading(Model):
    """When what an actor elsewhere had published before was fetched."""

    id = IdField(primary_key=True, default=new_id)
    actor_uri = fields.CharField(2048, unique=True)
    read_at = fields.DatetimeField(default=now)

    class Meta:
        table = "federation_outbox_reading"


class ThreadLook(Model):
    """When what other servers know of a conversation was looked for; `entry` is where it begins."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    looked_at = fields.DatetimeField(default=now)
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "federation_thread"
        indexes = (OrderedIndex(fields=["looked_at"], name="federation_thread_age"),)


class Host(Model):
    """Another server: how it is doing, how it wants to be talked to, and what the admins decided about it.

    `reacts` is how it takes answers by a sign, as it described itself at `described_at`.
    """

    name = fields.CharField(255, primary_key=True)
    policy = fields.CharField(10, default="")
    note = fields.TextField(default="")
    knock = fields.CharField(10, default="cavage")
    knock_until = fields.DatetimeField(null=True)
    failures = fields.IntField(default=0)
    first_failure_at = fields.DatetimeField(null=True)
    closed_until = fields.DatetimeField(null=True)
    last_success_at = fields.DatetimeField(null=True)
    reacts = fields.CharField(10, default="")
    described_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "federation_host"
