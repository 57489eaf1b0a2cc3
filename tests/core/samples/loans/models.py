"""A book on loan."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, new_id, now


class Loan(Model):
    id = IdField(primary_key=True, default=new_id)
    book = fields.ForeignKeyField("library.Book", related_name="loans", on_delete=fields.CASCADE)
    borrower = fields.CharField(50)
    lent_at = fields.DatetimeField(default=now)

    class Meta:
        table = "loans_loan"
