"""Everything about accounts beside passwords: invites, factors, apps, files, archives, the audit trail."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from core.fields import IdField, JSONField, OrderedIndex, from_json, new_id, now, to_json
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('core', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='App',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('client_id', fields.CharField(unique=True, max_length=64)),
                ('secret_hash', fields.CharField(default='', max_length=64)),
                ('name', fields.CharField(max_length=100)),
                ('website', fields.CharField(default='', max_length=2048)),
                ('redirect_uris', JSONField(default=list, encoder=to_json, decoder=from_json)),
                ('scopes', fields.TextField(default='', unique=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_app', 'app': 'core', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AppToken',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('app', fields.ForeignKeyField('core.App', source_field='app_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(default='', max_length=100)),
                ('hash', fields.CharField(unique=True, max_length=64)),
                ('refresh_hash', fields.CharField(null=True, unique=True, max_length=64)),
                ('scopes', fields.TextField(unique=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('refresh_expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_app_token', 'app': 'core', 'indexes': [OrderedIndex(fields=['account_id', 'id'], name='core_app_token_account', desc=('id',)), OrderedIndex(fields=['app_id', 'account_id'], name='core_app_token_app', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AuthorizationCode',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('app', fields.ForeignKeyField('core.App', source_field='app_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('hash', fields.CharField(unique=True, max_length=64)),
                ('redirect_uri', fields.CharField(max_length=2048)),
                ('scopes', fields.TextField(unique=False)),
                ('challenge', fields.CharField(max_length=128)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('token_id', IdField(null=True)),
            ],
            options={'table': 'core_authorization_code', 'app': 'core', 'indexes': [OrderedIndex(fields=['expires_at'], name='core_authorization_code_age', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Blob',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('digest', fields.CharField(unique=True, max_length=64)),
                ('size', fields.BigIntField()),
                ('media_type', fields.CharField(max_length=100)),
                ('references_count', fields.IntField(default=0)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('unused_since', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_blob', 'app': 'core', 'indexes': [OrderedIndex(fields=['unused_since'], name='core_blob_unused', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='EmailChange',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.OneToOneField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('email', fields.CharField(max_length=320)),
                ('old_confirmed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('new_confirmed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_email_change', 'app': 'core', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ForeignLogin',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('provider', fields.CharField(max_length=64)),
                ('subject', fields.CharField(max_length=255)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_foreign_login', 'app': 'core', 'unique_together': (('provider', 'subject'),), 'indexes': [OrderedIndex(fields=['account_id'], name='core_foreign_login_account', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Invite',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('code', fields.CharField(unique=True, max_length=64)),
                ('note', fields.CharField(default='', max_length=255)),
                ('uses', fields.IntField(default=0)),
                ('uses_at_most', fields.IntField(null=True)),
                ('expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_invite', 'app': 'core', 'indexes': [OrderedIndex(fields=['account_id', 'id'], name='core_invite_account', desc=('id',))], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MailedToken',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('purpose', fields.CharField(max_length=20)),
                ('hash', fields.CharField(unique=True, max_length=64)),
                ('email', fields.CharField(max_length=320)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_mailed_token', 'app': 'core', 'indexes': [OrderedIndex(fields=['account_id', 'purpose'], name='core_mailed_token_account', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Passkey',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('credential', fields.CharField(unique=True, max_length=1400)),
                ('public_key', fields.TextField(unique=False)),
                ('sign_count', fields.BigIntField(default=0)),
                ('transports', JSONField(default=list, encoder=to_json, decoder=from_json)),
                ('aaguid', fields.CharField(default='', max_length=36)),
                ('is_backed_up', fields.BooleanField(default=False)),
                ('name', fields.CharField(max_length=100)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_passkey', 'app': 'core', 'indexes': [OrderedIndex(fields=['account_id', 'id'], name='core_passkey_account', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ProfilePicture',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('actor', fields.ForeignKeyField('core.Actor', source_field='actor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('role', fields.CharField(max_length=10)),
                ('blob', fields.ForeignKeyField('core.Blob', source_field='blob_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('width', fields.IntField()),
                ('height', fields.IntField()),
                ('alt', fields.TextField(default='', unique=False)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_profile_picture', 'app': 'core', 'unique_together': (('actor', 'role'),), 'indexes': [OrderedIndex(fields=['blob_id'], name='core_profile_picture_blob', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RecoveryCode',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('hash', fields.CharField(max_length=64)),
                ('used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_recovery_code', 'app': 'core', 'unique_together': (('account', 'hash'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SecurityEvent',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account_id', IdField(null=True)),
                ('by_id', IdField(null=True)),
                ('name', fields.CharField(max_length=40)),
                ('address', fields.CharField(default='', max_length=64)),
                ('user_agent', fields.CharField(default='', max_length=500)),
                ('details', JSONField(default=dict, encoder=to_json, decoder=from_json)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_security_event', 'app': 'core', 'indexes': [OrderedIndex(fields=['account_id', 'id'], name='core_security_event_account', desc=('id',)), OrderedIndex(fields=['name', 'id'], name='core_security_event_name', desc=('id',)), OrderedIndex(fields=['created_at'], name='core_security_event_age', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SpentAppToken',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('token', fields.ForeignKeyField('core.AppToken', source_field='token_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('hash', fields.CharField(unique=True, max_length=64)),
                ('spent_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_spent_app_token', 'app': 'core', 'indexes': [OrderedIndex(fields=['token_id'], name='core_spent_app_token_token', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Transfer',
            fields=[
                ('id', IdField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('core.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(max_length=20)),
                ('state', fields.CharField(default='waiting', max_length=10)),
                ('steps', fields.IntField(default=0)),
                ('steps_done', fields.IntField(default=0)),
                ('path', fields.CharField(default='', max_length=255)),
                ('size', fields.BigIntField(default=0)),
                ('report', JSONField(default=dict, encoder=to_json, decoder=from_json)),
                ('created_at', fields.DatetimeField(default=now, auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('expires_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'core_transfer', 'app': 'core', 'indexes': [OrderedIndex(fields=['account_id', 'id'], name='core_transfer_account', desc=('id',)), OrderedIndex(fields=['expires_at'], name='core_transfer_age', desc=())], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Account',
            name='invite',
            field=fields.ForeignKeyField('core.Invite', source_field='invite_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        ops.AddField(
            model_name='Account',
            name='is_waiting',
            field=fields.BooleanField(default=False),
        ),
        ops.AddField(
            model_name='Account',
            name='join_reason',
            field=fields.TextField(default='', unique=False),
        ),
        ops.AddField(
            model_name='Account',
            name='leaves_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Account',
            name='password_changed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Account',
            name='renamed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Account',
            name='totp_confirmed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Account',
            name='totp_secret',
            field=fields.TextField(default='', unique=False),
        ),
        ops.AddField(
            model_name='Account',
            name='totp_step',
            field=fields.BigIntField(default=0),
        ),
        ops.AddIndex(
            model_name='Account',
            index=OrderedIndex(fields=['is_waiting', 'id'], name='core_account_waiting', desc=()),
        ),
        ops.AddIndex(
            model_name='Account',
            index=OrderedIndex(fields=['leaves_at'], name='core_account_leaves', desc=()),
        ),
        ops.AddIndex(
            model_name='Account',
            index=OrderedIndex(fields=['invite_id'], name='core_account_invite', desc=()),
        ),
        ops.AddIndex(
            model_name='Entry',
            index=OrderedIndex(fields=['quote_id'], name='core_entry_quote', desc=()),
        ),
        ops.AddIndex(
            model_name='Mute',
            index=OrderedIndex(fields=['target_id'], name='core_mute_target', desc=()),
        ),
        ops.AddIndex(
            model_name='TimelineItem',
            index=OrderedIndex(fields=['via_id'], name='core_timeline_via', desc=()),
        ),
    ]

