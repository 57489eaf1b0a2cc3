from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from core.fields import IdField, OrderedIndex, new_id, now


class Migration(migrations.Migration):
    dependencies = [('core', '0001_initial')]

    initial = True

    operations = [
        ops.CreateModel(
            name='Host',
            fields=[
                ('name', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=255)),
                ('policy', fields.CharField(default='', max_length=10)),
                ('note', fields.TextField(default='', unique=False)),
                ('knock', fields.CharField(default='cavage', max_length=10)),
                ('knock_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('failures', fields.IntField(default=0)),
                ('first_failure_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_success_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_host', 'app': 'federation', 'pk_attr': 'name'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Key',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('uri', fields.CharField(unique=True, max_length=2048)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(default='rsa', max_length=10)),
                ('public_pem', fields.TextField(unique=False)),
                ('private_sealed', fields.TextField(default='', unique=False)),
                ('fetched_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_key', 'app': 'federation', 'indexes': [OrderedIndex(fields=['actor_id'], name='federation_key_actor', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Outgoing',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('sender', fields.ForeignKeyField('core.Actor', source_field='sender_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('verb', fields.CharField(max_length=64)),
                ('entry', fields.ForeignKeyField('core.Entry', source_field='entry_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('body', fields.TextField(unique=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_outgoing', 'app': 'federation', 'indexes': [OrderedIndex(fields=['created_at'], name='federation_outgoing_age', desc=()), OrderedIndex(fields=['entry_id'], name='federation_outgoing_entry', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Delivery',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('outgoing', fields.ForeignKeyField('federation.Outgoing', source_field='outgoing_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('sender_id', IdField()),
                ('inbox', fields.CharField(max_length=2048)),
                ('host', fields.CharField(max_length=255)),
                ('lane', fields.SmallIntField(default=5)),
                ('state', fields.CharField(default='waiting', max_length=10)),
                ('attempts', fields.SmallIntField(default=0)),
                ('due_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('error', fields.CharField(default='', max_length=255)),
            ],
            options={'table': 'federation_delivery', 'app': 'federation', 'unique_together': (('outgoing', 'inbox'),), 'indexes': [OrderedIndex(fields=['state', 'lane', 'due_at'], name='federation_delivery_due', desc=()), OrderedIndex(fields=['host', 'sender_id', 'outgoing_id'], name='federation_delivery_host', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Received',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('uri', fields.CharField(unique=True, max_length=2048)),
                ('actor_uri', fields.CharField(max_length=2048)),
                ('verb', fields.CharField(max_length=64)),
                ('body', fields.TextField(unique=False)),
                ('inbox_owner', IdField(null=True)),
                ('state', fields.CharField(default='waiting', max_length=10)),
                ('attempts', fields.SmallIntField(default=0)),
                ('due_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('outcome', fields.CharField(default='', max_length=255)),
                ('received_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_received', 'app': 'federation', 'indexes': [OrderedIndex(fields=['state', 'due_at'], name='federation_received_due', desc=()), OrderedIndex(fields=['received_at'], name='federation_received_age', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

