"""Create model QuoteStamp."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0007_open_counts'), ('federation', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='QuoteStamp',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('uri', fields.CharField(unique=True, max_length=2048)),
                ('quoted', fields.ForeignKeyField('core.Entry', source_field='quoted_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('quoting_uri', fields.CharField(max_length=2048)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_quote_stamp', 'app': 'federation', 'unique_together': (('quoted', 'quoting_uri'),), 'indexes': [OrderedIndex(fields=['actor_id'], name='federation_quote_stamp_actor', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

