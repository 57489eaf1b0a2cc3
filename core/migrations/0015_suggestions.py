"""Create model DismissedSuggestion."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0014_moves')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DismissedSuggestion',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('target', fields.ForeignKeyField('core.Actor', source_field='target_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'core_dismissed_suggestion', 'app': 'core', 'unique_together': (('actor', 'target'),), 'indexes': [OrderedIndex(fields=['target_id'], name='core_dismissed_suggestion_target', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

