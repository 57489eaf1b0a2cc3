"""Which entries have pictures or films, and an index of these for each author."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import OrderedIndex
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0018_emojis')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Entry',
            name='is_visual',
            field=fields.BooleanField(default=False),
        ),
        ops.RunSQL(
            "UPDATE core_entry SET is_visual = TRUE WHERE id IN"
            " (SELECT x.entry_id FROM core_attachment x WHERE x.type IN ('image', 'video'))",
            reverse_sql="",
        ),
        ops.AddIndex(
            model_name='Entry',
            index=OrderedIndex(fields=['author_id', 'is_visual', 'id'], name='core_entry_visual', desc=('id',)),
        ),
    ]

