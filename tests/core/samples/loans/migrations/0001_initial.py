"""Loans of the books of the first library."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from core.fields import IdField, new_id, now


class Migration(migrations.Migration):
    initial = True
    dependencies = [("library", "0001_initial")]

    operations = [
        ops.CreateModel(
            name="Loan",
            fields=[
                ("id", IdField(primary_key=True, default=new_id)),
                ("book", fields.ForeignKeyField("library.Book", related_name="loans", on_delete=fields.CASCADE)),
                ("borrower", fields.CharField(max_length=50)),
                ("lent_at", fields.DatetimeField(default=now)),
            ],
            options={"table": "loans_loan", "app": "loans", "pk_attr": "id"},
        ),
    ]
