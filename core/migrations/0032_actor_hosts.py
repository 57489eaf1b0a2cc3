"""The people of other servers by their server, who come and go by it: whether it is known, blocked, or gone."""

from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("core", "0031_sharers")]

    initial = False

    # Of those here there are many of one domain, and no list of them begins with it.
    operations = [
        ops.RunSQL(
            "CREATE INDEX core_actor_host ON core_actor (domain) WHERE domain <> ''",
            reverse_sql="DROP INDEX core_actor_host",
        ),
    ]
