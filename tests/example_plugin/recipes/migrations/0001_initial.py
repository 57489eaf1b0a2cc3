"""The first tables of recipes."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, JSONField, from_json, new_id, to_json
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0001_initial')]

    initial = True

    operations = [
        ops.CreateModel(
            name='Recipe',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('entry', fields.OneToOneField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('cook', fields.ForeignKeyField('core.Actor', source_field='cook_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('minutes', fields.IntField()),
                ('ingredients', JSONField(default=list, encoder=to_json, decoder=from_json)),
            ],
            options={'table': 'recipes_recipe', 'app': 'recipes', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

