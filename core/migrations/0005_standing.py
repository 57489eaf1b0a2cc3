"""Whether somebody is in yet, and what their name looks like at a glance."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import OrderedIndex
from tortoise import fields

_KEY = "a.username_key"
for _seen, _like in ((".", ""), ("_", ""), ("-", ""), ("rn", "m"), ("vv", "w"), ("1", "l"), ("i", "l"), ("0", "o")):
    _KEY = f"REPLACE({_KEY}, '{_seen}', '{_like}')"


class Migration(migrations.Migration):
    dependencies = [('core', '0004_audit_by')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Account',
            name='look_key',
            field=fields.CharField(default='', max_length=64),
        ),
        ops.AddField(
            model_name='Account',
            name='stage',
            field=fields.CharField(default='', max_length=10),
        ),
        ops.RunSQL(
            f"UPDATE core_account SET look_key = (SELECT {_KEY} FROM core_actor a WHERE a.id = core_account.actor_id)",
            reverse_sql="",
        ),
        ops.AddIndex(
            model_name='Account',
            index=OrderedIndex(fields=['look_key'], name='core_account_look', desc=()),
        ),
    ]

