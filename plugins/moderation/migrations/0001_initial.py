"""The first tables of moderation."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id, now
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0011_files')]

    initial = True

    operations = [
        ops.CreateModel(
            name='Report',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('uri', fields.CharField(null=True, unique=True, max_length=2048)),
                ('reporter', fields.ForeignKeyField('core.Actor', source_field='reporter_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('target', fields.ForeignKeyField('core.Actor', source_field='target_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('reason', fields.TextField(unique=False)),
                ('state', fields.CharField(default='open', max_length=10)),
                ('forwarded', fields.BooleanField(default=False)),
                ('note', fields.TextField(default='', unique=False)),
                ('resolved_by', fields.ForeignKeyField('core.Actor', source_field='resolved_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('resolved_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'moderation_report', 'app': 'moderation', 'indexes': [OrderedIndex(fields=['state', 'id'], name='moderation_report_state', desc=('id',)), OrderedIndex(fields=['reporter_id', 'id'], name='moderation_report_reporter', desc=('id',)), OrderedIndex(fields=['target_id'], name='moderation_report_target', desc=()), OrderedIndex(fields=['resolved_by_id'], name='moderation_report_resolver', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ReportedEntry',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('report', fields.ForeignKeyField('moderation.Report', source_field='report_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('entry', fields.ForeignKeyField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'moderation_reported_entry', 'app': 'moderation', 'unique_together': (('report', 'entry'),), 'indexes': [OrderedIndex(fields=['entry_id'], name='moderation_reported_entry_of', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

