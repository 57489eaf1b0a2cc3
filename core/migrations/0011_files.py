"""Create model File; Create model FileVersion; Create model RefusedContent; Add field file to Attachment; [...]."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, JSONField, OrderedIndex, from_json, new_id, now, to_json
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0010_polls')]

    initial = False

    operations = [
        ops.CreateModel(
            name='File',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('owner', fields.ForeignKeyField('core.Actor', source_field='owner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('type', fields.CharField(max_length=10)),
                ('media_type', fields.CharField(max_length=100)),
                ('state', fields.CharField(default='processing', max_length=10)),
                ('failure', fields.CharField(default='', max_length=300)),
                ('alt', fields.TextField(default='', unique=False)),
                ('focus', JSONField(null=True, encoder=to_json, decoder=from_json)),
                ('width', fields.IntField(null=True)),
                ('height', fields.IntField(null=True)),
                ('seconds', fields.FloatField(null=True)),
                ('source_digest', fields.CharField(default='', max_length=64)),
                ('size', fields.BigIntField(default=0)),
                ('kept_size', fields.BigIntField(default=0)),
                ('blurhash', fields.CharField(default='', max_length=100)),
                ('colour', fields.CharField(default='', max_length=7)),
                ('versions', JSONField(default=dict, encoder=to_json, decoder=from_json)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('unused_since', fields.DatetimeField(null=True, default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_file', 'app': 'core', 'indexes': [OrderedIndex(fields=['owner_id', 'id'], name='core_file_owner', desc=('id',)), OrderedIndex(fields=['unused_since'], name='core_file_unused', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FileVersion',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('file', fields.ForeignKeyField('core.File', source_field='file_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('role', fields.CharField(max_length=12)),
                ('blob', fields.ForeignKeyField('core.Blob', source_field='blob_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'core_file_version', 'app': 'core', 'unique_together': (('file', 'role'),), 'indexes': [OrderedIndex(fields=['blob_id'], name='core_file_version_blob', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RefusedContent',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('digest', fields.CharField(unique=True, max_length=64)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_refused_content', 'app': 'core', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Attachment',
            name='file',
            field=fields.ForeignKeyField('core.File', source_field='file_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE),
        ),
        ops.AddIndex(
            model_name='Attachment',
            index=OrderedIndex(fields=['file_id'], name='core_attachment_file', desc=()),
        ),
    ]

