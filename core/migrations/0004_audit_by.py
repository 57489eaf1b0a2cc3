"""Add index to SecurityEvent."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import OrderedIndex

class Migration(migrations.Migration):
    dependencies = [('core', '0003_factors')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='SecurityEvent',
            index=OrderedIndex(fields=['by_id', 'id'], name='core_security_event_by', desc=('id',)),
        ),
    ]

