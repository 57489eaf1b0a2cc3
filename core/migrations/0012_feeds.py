"""Lists of people, followed hashtags, filters, muted threads, marks; and what of whom one follows comes home."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, JSONField, OrderedIndex, from_json, new_id, now, to_json
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0011_files')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Filter',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('title', fields.CharField(max_length=100)),
                ('action', fields.CharField(default='warn', max_length=10)),
                ('contexts', JSONField(default=list, encoder=to_json, decoder=from_json)),
                ('words', JSONField(default=list, encoder=to_json, decoder=from_json)),
                ('languages', JSONField(default=list, encoder=to_json, decoder=from_json)),
                ('expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_filter', 'app': 'core', 'indexes': [OrderedIndex(fields=['actor_id', 'id'], name='core_filter_actor', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='FilterPerson',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('rule', fields.ForeignKeyField('core.Filter', source_field='rule_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('core.Actor', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'core_filter_person', 'app': 'core', 'unique_together': (('rule', 'person'),), 'indexes': [OrderedIndex(fields=['person_id'], name='core_filter_person_person', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Marker',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=32)),
                ('entry_id', IdField()),
                ('position', IdField()),
                ('updated_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_marker', 'app': 'core', 'unique_together': (('actor', 'name'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PeopleList',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('owner', fields.ForeignKeyField('core.Actor', source_field='owner_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('title', fields.CharField(max_length=100)),
                ('replies', fields.CharField(default='list', max_length=10)),
                ('exclusive', fields.BooleanField(default=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_list', 'app': 'core', 'indexes': [OrderedIndex(fields=['owner_id', 'id'], name='core_list_owner', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ListMember',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('list', fields.ForeignKeyField('core.PeopleList', source_field='list_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('follow', fields.ForeignKeyField('core.Follow', source_field='follow_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'core_list_member', 'app': 'core', 'unique_together': (('list', 'follow'),), 'indexes': [OrderedIndex(fields=['follow_id'], name='core_list_member_follow', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TagFollow',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=255)),
                ('key', fields.CharField(max_length=255)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_tag_follow', 'app': 'core', 'unique_together': (('actor', 'key'),), 'indexes': [OrderedIndex(fields=['actor_id', 'id'], name='core_tag_follow_actor', desc=('id',)), OrderedIndex(fields=['key', 'id'], name='core_tag_follow_key', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ThreadMute',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('entry', fields.ForeignKeyField('core.Entry', source_field='entry_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_thread_mute', 'app': 'core', 'unique_together': (('entry', 'actor'),), 'indexes': [OrderedIndex(fields=['actor_id', 'id'], name='core_thread_mute_actor', desc=('id',))], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Follow',
            name='at_home',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddField(
            model_name='Follow',
            name='shows_replies',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddField(
            model_name='Follow',
            name='shows_shares',
            field=fields.BooleanField(default=True, db_default=True),
        ),
        ops.AddField(
            model_name='Mute',
            name='expires_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='TimelineItem',
            name='tag',
            field=fields.CharField(null=True, max_length=255),
        ),
    ]

