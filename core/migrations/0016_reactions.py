"""Create model Emoji; Create model Reaction; Add field reactions_count to Entry."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0015_suggestions')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Emoji',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('shortcode', fields.CharField(max_length=100)),
                ('domain', fields.CharField(default='', max_length=255)),
                ('url', fields.CharField(max_length=2048)),
                ('blob', fields.ForeignKeyField('core.Blob', source_field='blob_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('category', fields.CharField(default='', max_length=100)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_emoji', 'app': 'core', 'unique_together': (('domain', 'shortcode'),), 'indexes': [OrderedIndex(fields=['blob_id'], name='core_emoji_blob', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Reaction',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('entry', fields.ForeignKeyField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('emoji', fields.CharField(max_length=400)),
                ('custom', fields.ForeignKeyField('core.Emoji', source_field='custom_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('uri', fields.CharField(default='', max_length=2048)),
            ],
            options={'table': 'core_reaction', 'app': 'core', 'unique_together': (('entry', 'actor', 'emoji'),), 'indexes': [OrderedIndex(fields=['actor_id', 'id'], name='core_reaction_actor', desc=('id',)), OrderedIndex(fields=['custom_id'], name='core_reaction_custom', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Entry',
            name='reactions_count',
            field=fields.IntField(default=0),
        ),
    ]

