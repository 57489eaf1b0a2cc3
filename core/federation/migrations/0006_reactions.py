"""Add field described_at to Host; Add field reacts to Host."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0016_reactions'), ('federation', '0005_reach')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Host',
            name='described_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Host',
            name='reacts',
            field=fields.CharField(default='', max_length=10),
        ),
    ]

