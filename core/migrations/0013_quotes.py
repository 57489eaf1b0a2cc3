"""Quotes that wait for consent, and how many quote an entry."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0012_feeds')]

    initial = False

    operations = [
        ops.CreateModel(
            name='QuoteRequest',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('entry', fields.OneToOneField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('quoted', fields.ForeignKeyField('core.Entry', source_field='quoted_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('state', fields.CharField(default='pending', max_length=8)),
            ],
            options={'table': 'core_quote_request', 'app': 'core', 'indexes': [OrderedIndex(fields=['quoted_id'], name='core_quote_request_quoted', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.RemoveIndex(
            model_name='Entry',
            name='core_entry_quote',
            fields=None,
        ),
        ops.AddField(
            model_name='Entry',
            name='quotes_count',
            field=fields.IntField(default=0),
        ),
        ops.RunSQL(
            "UPDATE core_entry SET quotes_count = (SELECT COUNT(*) FROM core_entry x WHERE x.quote_id = core_entry.id"
            " AND x.deleted_at IS NULL AND x.visibility IN ('public', 'unlisted'))"
            " WHERE id IN (SELECT x.quote_id FROM core_entry x WHERE x.quote_id IS NOT NULL)",
            reverse_sql="",
        ),
        ops.AddIndex(
            model_name='Entry',
            index=OrderedIndex(fields=['quote_id', 'id'], name='core_entry_quotes', desc=('id',)),
        ),
    ]

