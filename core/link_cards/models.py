"""What is known of pages elsewhere, and which entry leads to which of them."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id, now


class LinkCard(Model):
    """A page elsewhere, for all entries that lead there; without a title there is nothing to show of it.

    `url_key` is the SHA-256 of the address, which is too long for an index; `asked_at` is when its server was last
    asked for it, and None where that is still to be done.
    """

    id = IdField(primary_key=True, default=new_id)
    url_key = fields.CharField(64, unique=True)
    url = fields.TextField()
    title = fields.CharField(300, default="")
    description = fields.CharField(500, default="")
    site_name = fields.CharField(100, default="")
    image_url = fields.TextField(default="")
    image_alt = fields.CharField(500, default="")
    image_width = fields.IntField(null=True)
    image_height = fields.IntField(null=True)
    asked_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_link_card"


class LinkedCard(Model):
    """An entry leads to a page."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    card: fields.ForeignKeyRelation[LinkCard] = fields.ForeignKeyField("core.LinkCard", related_name=False)
    card_id: str

    class Meta:
        table = "core_linked_card"
        indexes = (OrderedIndex(fields=["card_id"], name="core_linked_card_card"),)
