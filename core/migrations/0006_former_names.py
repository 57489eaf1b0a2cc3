"""Create model FormerName."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0005_standing')]

    initial = False

    operations = [
        ops.CreateModel(
            name='FormerName',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('username_key', fields.CharField(unique=True, max_length=255)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_former_name', 'app': 'core', 'indexes': [OrderedIndex(fields=['actor_id'], name='core_former_name_actor', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

