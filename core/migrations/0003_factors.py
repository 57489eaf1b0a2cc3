"""Create model SpentProof; Add field proved_at to Session."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, OrderedIndex, new_id
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0002_accounts')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SpentProof',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('hash', fields.CharField(unique=True, max_length=64)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_spent_proof', 'app': 'core', 'indexes': [OrderedIndex(fields=['expires_at'], name='core_spent_proof_age', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Session',
            name='proved_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]

