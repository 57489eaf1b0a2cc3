"""Create model Move."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0013_quotes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Move',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('target', fields.ForeignKeyField('core.Actor', source_field='target_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('moved_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_move', 'app': 'core', 'unique_together': (('actor',),), 'indexes': [OrderedIndex(fields=['target_id'], name='core_move_target', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

