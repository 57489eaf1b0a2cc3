"""Quotes and answers that wait for the consent of whom they quote or answer."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id

PENDING, REFUSED, GONE = "pending", "refused", "gone"
# Of a quote or an answer whose author was out of sight when they were agreed with: it counts once they are back.
AGREED = "agreed"


class QuoteRequest(Model):
    """An entry of somebody here is to quote what somebody else wrote, and its author was asked or said no.

    It is deleted when they agree: then the entry quotes.
    """

    id = IdField(primary_key=True, default=new_id)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    quoted: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    quoted_id: str
    state = fields.CharField(8, default=PENDING)

    class Meta:
        table = "core_quote_request"
        indexes = (OrderedIndex(fields=["quoted_id"], name="core_quote_request_quoted"),)


class ReplyRequest(Model):
    """An answer whose author has to ask whom it answers, and what came of it: nobody else sees it but those two.

    It is by somebody here, or to somebody here. `author` is who is asked, of people here only: they see it while it
    waits, and its author always, also where what it was to answer is gone. `uri` is the request of another server.
    The row is deleted when they agree: then the entry has the `visibility` it was written with.
    """

    id = IdField(primary_key=True, default=new_id)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    parent: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    parent_id: str
    author: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False, null=True)
    author_id: str | None
    visibility = fields.CharField(10)
    state = fields.CharField(8, default=PENDING)
    uri = fields.CharField(2048, default="")

    class Meta:
        table = "core_reply_request"
        indexes = (
            OrderedIndex(fields=["parent_id"], name="core_reply_request_parent"),
            OrderedIndex(fields=["author_id", "id"], desc=["id"], name="core_reply_request_author"),
        )


class QuoteAsked(Model):
    """Somebody, here or elsewhere, asks `author` to quote an entry of theirs; deleted with the answer.

    `entry` is what is to quote it, where that is known here; `uri` is the request of another server.
    """

    id = IdField(primary_key=True, default=new_id)
    quoted: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    quoted_id: str
    author: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    author_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    entry: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False, null=True)
    entry_id: str | None
    quoting_uri = fields.CharField(2048)
    uri = fields.CharField(2048, default="")

    class Meta:
        table = "core_quote_asked"
        unique_together = (("quoting_uri", "quoted"),)
        indexes = (
            OrderedIndex(fields=["author_id", "id"], desc=["id"], name="core_quote_asked_author"),
            OrderedIndex(fields=["actor_id"], name="core_quote_asked_actor"),
            OrderedIndex(fields=["quoted_id"], name="core_quote_asked_quoted"),
            OrderedIndex(fields=["entry_id"], name="core_quote_asked_entry"),
        )
