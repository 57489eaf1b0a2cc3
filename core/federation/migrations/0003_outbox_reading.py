"""Create model OutboxReading."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, new_id, now
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0008_circles'), ('federation', '0002_quote_stamps')]

    initial = False

    operations = [
        ops.CreateModel(
            name='OutboxReading',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor_uri', fields.CharField(unique=True, max_length=2048)),
                ('read_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'federation_outbox_reading', 'app': 'federation', 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]

