"""Reads what other servers publish into drafts of ours: what the `receive` of every kind begins with.

Nothing here reaches out or writes; whatever is malformed counts as absent, and whatever is too long is cut.
"""

from core.reading.drafts import draft_of, visibility_of
from core.reading.files import attachments_of
from core.reading.kinds import kind_of
from core.reading.polls import poll_of
from core.reading.values import PUBLIC, PUBLIC_ALIASES, address, as_list, first_known_type, id_of, is_public, moment
from core.reading.words import content_of, is_vote, language_of

__all__ = [
    "PUBLIC",
    "PUBLIC_ALIASES",
    "address",
    "as_list",
    "attachments_of",
    "content_of",
    "draft_of",
    "first_known_type",
    "id_of",
    "is_public",
    "is_vote",
    "kind_of",
    "language_of",
    "moment",
    "poll_of",
    "visibility_of",
]
