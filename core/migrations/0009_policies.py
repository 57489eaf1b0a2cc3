"""Add field quote_policy to Entry; Add field reply_policy to Entry."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0008_circles')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Entry',
            name='quote_policy',
            field=fields.CharField(default='everyone', max_length=10),
        ),
        ops.AddField(
            model_name='Entry',
            name='reply_policy',
            field=fields.CharField(default='everyone', max_length=10),
        ),
    ]

