"""Create model ThreadLook."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0007_open_counts'), ('federation', '0003_outbox_reading')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ThreadLook',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('entry', fields.OneToOneField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('looked_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_thread', 'app': 'federation', 'indexes': [OrderedIndex(fields=['looked_at'], name='federation_thread_age', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

