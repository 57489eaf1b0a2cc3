"""Home timelines, and what people have chosen to see: lists, hashtags, filters, muted threads, how far they read."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, JSONField, OrderedIndex, new_id, now


class TimelineItem(Model):
    """One place in somebody's home timeline: an entry, at its own time or at the time `via` shared it.

    `tag` is the hashtag that brought it, as its follower writes it.
    """

    id = fields.BigIntField(primary_key=True)
    owner: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    owner_id: str
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    position = IdField()
    via: fields.ForeignKeyNullableRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False, null=True)
    via_id: str | None
    tag = fields.CharField(255, null=True)

    class Meta:
        table = "core_timeline"
        unique_together = (("owner", "entry"),)
        indexes = (
            OrderedIndex(fields=["owner_id", "position"], desc=["position"], name="core_timeline_owner"),
            OrderedIndex(fields=["entry_id"], name="core_timeline_entry"),
            OrderedIndex(fields=["position"], name="core_timeline_position"),
            OrderedIndex(fields=["via_id"], name="core_timeline_via"),
        )


class PeopleList(Model):
    """A list of people `owner` follows, which has a feed of its own.

    `replies` says which answers of its members stand in it: to whoever the owner follows (`followed`), to members of
    the list (`list`), or none. What members of an `exclusive` list publish stands there and not in the home feed.
    """

    id = IdField(primary_key=True, default=new_id)
    owner: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    owner_id: str
    title = fields.CharField(100)
    replies = fields.CharField(10, default="list")
    exclusive = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_list"
        indexes = (OrderedIndex(fields=["owner_id", "id"], name="core_list_owner"),)


class ListMember(Model):
    """Somebody on a list: the follow it hangs on, and ends with."""

    id = IdField(primary_key=True, default=new_id)
    list: fields.ForeignKeyRelation[PeopleList] = fields.ForeignKeyField("core.PeopleList", related_name=False)
    list_id: str
    follow: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Follow", related_name=False)
    follow_id: str

    class Meta:
        table = "core_list_member"
        unique_together = (("list", "follow"),)
        indexes = (OrderedIndex(fields=["follow_id"], name="core_list_member_follow"),)


class TagFollow(Model):
    """`actor` wants public posts with a hashtag at home: `name` as they write it, `key` as it is looked up."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    name = fields.CharField(255)
    key = fields.CharField(255)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_tag_follow"
        unique_together = (("actor", "key"),)
        indexes = (
            OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_tag_follow_actor"),
            OrderedIndex(fields=["key", "id"], name="core_tag_follow_key"),
        )


class ThreadMute(Model):
    """`actor` wants no more of a conversation: its answers come into their home no longer. `entry` began it."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_thread_mute"
        unique_together = (("entry", "actor"),)
        indexes = (OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_thread_mute_actor"),)


class Filter(Model):
    """What `actor` would rather not see: posts with some words, by some people, or in some languages.

    `contexts` names the kinds of lists it counts in, `words` is a list of `{"text", "wholeWord"}`; `action` is to
    `hide` such posts or to `warn` of them.
    """

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    title = fields.CharField(100)
    action = fields.CharField(10, default="warn")
    contexts = JSONField(default=list)
    words = JSONField(default=list)
    languages = JSONField(default=list)
    expires_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_filter"
        indexes = (OrderedIndex(fields=["actor_id", "id"], name="core_filter_actor"),)


class FilterPerson(Model):
    """Somebody whose posts a filter is about."""

    id = IdField(primary_key=True, default=new_id)
    rule: fields.ForeignKeyRelation[Filter] = fields.ForeignKeyField("core.Filter", related_name=False)
    rule_id: str
    person: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    person_id: str

    class Meta:
        table = "core_filter_person"
        unique_together = (("rule", "person"),)
        indexes = (OrderedIndex(fields=["person_id"], name="core_filter_person_person"),)


class Marker(Model):
    """How far `actor` has read the list of this `name`, on all their devices: its place there, and what stood there."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    name = fields.CharField(32)
    entry_id = IdField()
    position = IdField()
    updated_at = fields.DatetimeField(default=now)

    class Meta:
        table = "core_marker"
        unique_together = (("actor", "name"),)


class Pin(Model):
    """A post that its author shows first on their profile, the one pinned last before the others."""

    id = IdField(primary_key=True, default=new_id)
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str

    class Meta:
        table = "core_pin"
        indexes = (OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_pin_actor"),)
