"""Create model Reach."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0008_circles'), ('federation', '0004_thread_looks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Reach',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('entry', fields.ForeignKeyField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('inbox', fields.CharField(max_length=2048)),
                ('host', fields.CharField(max_length=255)),
                ('state', fields.CharField(max_length=10)),
                ('reason', fields.CharField(default='', max_length=255)),
                ('noted_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_reach', 'app': 'federation', 'unique_together': (('entry', 'inbox'),), 'indexes': [OrderedIndex(fields=['noted_at'], name='federation_reach_age', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

