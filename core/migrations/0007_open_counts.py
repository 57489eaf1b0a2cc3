"""How many answers and posts everybody may see, beside how many there are."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

_OPEN = "x.deleted_at IS NULL AND x.visibility IN ('public', 'unlisted')"


class Migration(migrations.Migration):
    dependencies = [('core', '0006_former_names')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Actor',
            name='open_posts_count',
            field=fields.IntField(default=0),
        ),
        ops.AddField(
            model_name='Entry',
            name='open_replies_count',
            field=fields.IntField(default=0),
        ),
        ops.RunSQL(
            f"UPDATE core_actor SET open_posts_count = (SELECT COUNT(*) FROM core_entry x"
            f" WHERE x.author_id = core_actor.id AND {_OPEN}) WHERE posts_count > 0",
            reverse_sql="",
        ),
        ops.RunSQL(
            f"UPDATE core_entry SET open_replies_count = (SELECT COUNT(*) FROM core_entry x"
            f" WHERE x.reply_to_id = core_entry.id AND {_OPEN}) WHERE replies_count > 0",
            reverse_sql="",
        ),
    ]
