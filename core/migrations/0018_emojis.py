"""Add field emojis to Actor; Add field is_hidden to Emoji."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0017_pins')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Actor',
            name='emojis',
            field=fields.TextField(default='', unique=False),
        ),
        ops.AddField(
            model_name='Emoji',
            name='is_hidden',
            field=fields.BooleanField(default=False),
        ),
    ]

