"""The nouns everybody shares: who acts, who knows whom, what is published and who was told."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now

REQUESTED, ACCEPTED = "requested", "accepted"
VISIBILITIES = ("public", "unlisted", "followers", "friends", "circle", "private", "direct")


class Actor(Model):
    """Anything that acts: a person, a group, a bot, here (`domain` empty) or elsewhere."""

    id = IdField(primary_key=True, default=new_id)
    uri = fields.CharField(2048, unique=True)
    type = fields.CharField(16, default="person")
    username = fields.CharField(255)
    username_key = fields.CharField(255)
    domain = fields.CharField(255, default="")
    name = fields.CharField(2048, default="")
    summary = fields.TextField(default="")
    summary_source = fields.TextField(default="")
    url = fields.CharField(2048, default="")
    avatar_url = fields.CharField(2048, default="")
    cover_url = fields.CharField(2048, default="")
    profile_fields = JSONField(default=list)
    emojis = fields.TextField(default="")
    inbox_url = fields.CharField(2048, default="")
    shared_inbox_url = fields.CharField(2048, default="")
    outbox_url = fields.CharField(2048, default="")
    followers_url = fields.CharField(2048, default="")
    following_url = fields.CharField(2048, default="")
    featured_url = fields.CharField(2048, default="")
    also_known_as = JSONField(default=list)
    moved_to_uri = fields.CharField(2048, default="")
    is_locked = fields.BooleanField(default=False)
    is_discoverable = fields.BooleanField(default=True)
    is_indexable = fields.BooleanField(default=False)
    is_gatherable = fields.BooleanField(default=True, db_default=True)  # others may put their posts into collections
    role = fields.CharField(16, default="user")
    followers_count = fields.IntField(default=0)
    following_count = fields.IntField(default=0)
    posts_count = fields.IntField(default=0)
    open_posts_count = fields.IntField(default=0)
    version = fields.IntField(default=1)
    created_at = fields.DatetimeField(default=now)
    fetched_at = fields.DatetimeField(null=True)
    suspended_at = fields.DatetimeField(null=True)
    silenced_at = fields.DatetimeField(null=True)
    removed_at = fields.DatetimeField(null=True)

    through_app = False
    """Whether an app acts for them now, which is trusted with no more than what any member may do."""

    class Meta:
        table = "core_actor"
        unique_together = (("username_key", "domain"),)

    @property
    def is_local(self) -> bool:
        return self.domain == ""

    @property
    def is_bot(self) -> bool:
        return self.type in ("service", "application")

    @property
    def is_here(self) -> bool:
        """Neither suspended nor removed."""
        return self.suspended_at is None and self.removed_at is None

    @property
    def acct(self) -> str:
        """`name` here, `name@host` elsewhere."""
        return f"{self.username}@{self.domain}" if self.domain else self.username


class FormerName(Model):
    """A name that an actor here bore before: nobody else can have it, and it goes on leading to them."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    username_key = fields.CharField(255, unique=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_former_name"
        indexes = (OrderedIndex(fields=["actor_id"], name="core_former_name_actor"),)


class Follow(Model):
    """`follower` sees what `target` publishes, once it is accepted; `wants_back` makes it a friend request.

    The follower may want no shares or no answers of them at home; `at_home` is false where they keep them on a list.
    """

    id = IdField(primary_key=True, default=new_id)
    follower: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    follower_id: str
    target: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    target_id: str
    state = fields.CharField(10, default=REQUESTED)
    wants_back = fields.BooleanField(default=False)
    shows_shares = fields.BooleanField(default=True, db_default=True)
    shows_replies = fields.BooleanField(default=True, db_default=True)
    at_home = fields.BooleanField(default=True, db_default=True)
    uri = fields.CharField(2048, default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_follow"
        unique_together = (("follower", "target"),)
        indexes = (
            OrderedIndex(fields=["target_id", "state", "id"], desc=["id"], name="core_follow_target"),
            OrderedIndex(fields=["follower_id", "state", "id"], desc=["id"], name="core_follow_follower"),
        )


class Block(Model):
    """`actor` wants nothing to do with `target`; both vanish from each other's sight."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    target: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    target_id: str
    uri = fields.CharField(2048, default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_block"
        unique_together = (("actor", "target"),)
        indexes = (OrderedIndex(fields=["target_id", "actor_id"], name="core_block_target"),)


class Mute(Model):
    """`actor` does not want to see `target` in lists, until `expires_at` or for good; the muted do not notice."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    target: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    target_id: str
    expires_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_mute"
        unique_together = (("actor", "target"),)
        indexes = (OrderedIndex(fields=["target_id"], name="core_mute_target"),)


class Entry(Model):
    """The shared row of everything published; its id sorts by the time of publication."""

    id = IdField(primary_key=True, default=new_id)
    kind = fields.CharField(64)
    author: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    author_id: str
    uri = fields.CharField(2048, unique=True)
    url = fields.CharField(2048, default="")
    visibility = fields.CharField(10, default="public")
    local_only = fields.BooleanField(default=False)
    title = fields.TextField(default="")
    content = fields.TextField(default="")
    source = fields.TextField(default="")
    source_type = fields.CharField(20, default="text/markdown")
    content_warning = fields.TextField(default="")
    sensitive = fields.BooleanField(default=False)
    language = fields.CharField(35, default="")
    reply_to: fields.ForeignKeyNullableRelation[Entry] = fields.ForeignKeyField(
        "core.Entry", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    reply_to_id: str | None
    reply_to_uri = fields.CharField(2048, default="")
    root: fields.ForeignKeyNullableRelation[Entry] = fields.ForeignKeyField(
        "core.Entry", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    root_id: str | None
    context_uri = fields.CharField(2048, default="")
    quote: fields.ForeignKeyNullableRelation[Entry] = fields.ForeignKeyField(
        "core.Entry", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    quote_id: str | None
    reply_policy = fields.CharField(10, default="everyone")
    quote_policy = fields.CharField(10, default="everyone")
    is_local = fields.BooleanField(default=False)
    likes_count = fields.IntField(default=0)
    replies_count = fields.IntField(default=0)
    open_replies_count = fields.IntField(default=0)
    boosts_count = fields.IntField(default=0)
    quotes_count = fields.IntField(default=0)
    reactions_count = fields.IntField(default=0)
    version = fields.IntField(default=1)
    published_at = fields.DatetimeField(default=now)
    edited_at = fields.DatetimeField(null=True)
    is_visual = fields.BooleanField(default=False)  # it has pictures or films, or had
    deleted_at = fields.DatetimeField(null=True)
    received_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_entry"
        indexes = (
            OrderedIndex(fields=["author_id", "id"], desc=["id"], name="core_entry_author"),
            OrderedIndex(fields=["author_id", "is_visual", "id"], desc=["id"], name="core_entry_visual"),
            OrderedIndex(fields=["visibility", "id"], desc=["id"], name="core_entry_public"),
            OrderedIndex(fields=["is_local", "visibility", "id"], desc=["id"], name="core_entry_local"),
            OrderedIndex(fields=["reply_to_id", "id"], name="core_entry_replies"),
            OrderedIndex(fields=["root_id", "id"], name="core_entry_thread"),
            OrderedIndex(fields=["quote_id", "id"], desc=["id"], name="core_entry_quotes"),
        )


class Mention(Model):
    """Somebody an entry names or is addressed to; `silent` ones are addressed but not named in the text."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    actor: fields.ForeignKeyRelation[Actor] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    silent = fields.BooleanField(default=False)

    class Meta:
        table = "core_mention"
        unique_together = (("entry", "actor"),)
        indexes = (OrderedIndex(fields=["actor_id", "entry_id"], desc=["entry_id"], name="core_mention_actor"),)


class EntryTag(Model):
    """A hashtag of an entry: `name` as written, `key` as it is looked up."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    name = fields.CharField(255)
    key = fields.CharField(255)

    class Meta:
        table = "core_entry_tag"
        unique_together = (("entry", "key"),)
        indexes = (OrderedIndex(fields=["key", "entry_id"], desc=["entry_id"], name="core_entry_tag_key"),)


class Attachment(Model):
    """What hangs on an entry: of what was uploaded here its file says all, what is elsewhere is known by address."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    position = fields.SmallIntField(default=0)
    file: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField("core.File", related_name=False, null=True)
    file_id: str | None
    type = fields.CharField(10)
    url = fields.CharField(2048, default="")
    media_type = fields.CharField(100, default="")
    alt = fields.TextField(default="")
    width = fields.IntField(null=True)
    height = fields.IntField(null=True)
    blurhash = fields.CharField(100, default="")
    focus = JSONField(null=True)
    preview_url = fields.CharField(2048, default="")  # a picture of a film or a sound that is elsewhere

    class Meta:
        table = "core_attachment"
        unique_together = (("entry", "position"),)
        indexes = (OrderedIndex(fields=["file_id"], name="core_attachment_file"),)


class Revision(Model):
    """What an entry said before an edit."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Entry] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    content = fields.TextField()
    source = fields.TextField(default="")
    source_type = fields.CharField(20, default="text/markdown")
    content_warning = fields.TextField(default="")
    files = JSONField(null=True)  # what it showed: type, alt and url of each; null in what is older than this
    created_at = fields.DatetimeField()

    class Meta:
        table = "core_revision"
        indexes = (OrderedIndex(fields=["entry_id", "id"], name="core_revision_entry"),)


class Tombstone(Model):
    """Something that was deleted, so that it stays deleted: per address and per whoever deleted it."""

    id = IdField(primary_key=True, default=new_id)
    uri = fields.CharField(2048)
    actor_uri = fields.CharField(2048)
    former_type = fields.CharField(64, default="")
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_tombstone"
        unique_together = (("uri", "actor_uri"),)
