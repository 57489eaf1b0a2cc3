"""What is stored of polls: what is asked, what can be answered, and who chose what."""

from __future__ import annotations

from typing import Any

from tortoise import fields
from tortoise.models import Model

from core.database import IdField, OrderedIndex, new_id


class Poll(Model):
    """A question an entry asks; without `expires_at` it stays open, `voters_count` is None where nobody says.

    `told_at` is when other servers were last told the tallies.
    """

    id = IdField(primary_key=True, default=new_id)
    entry: fields.OneToOneRelation[Any] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str
    multiple = fields.BooleanField(default=False)
    expires_at = fields.DatetimeField(null=True)
    voters_count = fields.IntField(null=True)
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "core_poll"


class PollOption(Model):
    """One answer that can be chosen, and how often it was."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    position = fields.SmallIntField()
    title = fields.TextField()
    votes_count = fields.IntField(default=0)

    class Meta:
        table = "core_poll_option"
        unique_together = (("entry", "position"),)


class PollVote(Model):
    """`actor` chose the option at `position`."""

    id = IdField(primary_key=True, default=new_id)
    entry: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Entry", related_name=False)
    entry_id: str
    actor: fields.ForeignKeyRelation[Any] = fields.ForeignKeyField("core.Actor", related_name=False)
    actor_id: str
    position = fields.SmallIntField()

    class Meta:
        table = "core_poll_vote"
        unique_together = (("entry", "actor", "position"),)
        indexes = (OrderedIndex(fields=["actor_id", "id"], desc=["id"], name="core_poll_vote_actor"),)
