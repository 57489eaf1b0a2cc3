"""The first tables of packs."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0015_suggestions')]

    initial = True

    operations = [
        ops.CreateModel(
            name='Pack',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=80)),
                ('description', fields.CharField(default='', max_length=500)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'packs_pack', 'app': 'packs', 'indexes': [OrderedIndex(fields=['actor_id', 'id'], name='packs_pack_actor', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PackMember',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('pack', fields.ForeignKeyField('packs.Pack', source_field='pack_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('left', fields.BooleanField(default=False)),
            ],
            options={'table': 'packs_member', 'app': 'packs', 'unique_together': (('pack', 'actor'),), 'indexes': [OrderedIndex(fields=['actor_id'], name='packs_member_actor', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

