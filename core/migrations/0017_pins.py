"""Create model Pin."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0016_reactions')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Pin',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('entry', fields.OneToOneField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'core_pin', 'app': 'core', 'indexes': [OrderedIndex(fields=['actor_id', 'id'], name='core_pin_actor', desc=('id',))], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

