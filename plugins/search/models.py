"""Tables of the search: which entries and people stand in the index, and which hashtags are not to trend.

The words themselves stand where the database looks for them: on SQLite in the tables `search_words` and
`search_names` of FTS5 under the same ids, on PostgreSQL in columns `vector`; the first migration makes both.
"""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from core.database import now


class Document(Model):
    """An entry that can be found; its id sorts by the time of publication, as the entry's does."""

    id = fields.BigIntField(primary_key=True, generated=False)
    entry: fields.OneToOneRelation[Model] = fields.OneToOneField("core.Entry", related_name=False)
    entry_id: str

    class Meta:
        table = "search_document"


class Person(Model):
    """An actor that can be found; `consents` says whether others find what they post for everybody."""

    id = fields.BigIntField(primary_key=True)
    actor: fields.OneToOneRelation[Model] = fields.OneToOneField("core.Actor", related_name=False)
    actor_id: str
    consents = fields.BooleanField(default=False)

    class Meta:
        table = "search_person"


class HiddenTag(Model):
    """A hashtag that those in charge keep out of the trends."""

    key = fields.CharField(255, primary_key=True)
    hidden_at = fields.DatetimeField(default=now)

    class Meta:
        table = "search_hidden_tag"
