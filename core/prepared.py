"""Answers that are kept whole for strangers: which tags they bear, and which of them a change makes stale.

What shows an entry bears `entry:ID`, what says whom an answer to it answers `answers:ID`, a conversation `thread:ID`
of its first entry, what names a person `actor:ID`, their profile `profile:ID` as well; lists of what is new bear
`public`, `local` or `tag:KEY`;
sitemaps bear `sitemaps`, and are written anew when somebody agrees to stand there or no longer does.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.database import after_commit
from core.instance import here
from core.models import Entry

PUBLIC, LOCAL, SITEMAPS = "public", "local", "sitemaps"


def of_entry(entry_id: str) -> str:
    """The tag of what shows an entry: its words, its counts, that it is there at all."""
    return f"entry:{entry_id}"


def of_answers(entry_id: str) -> str:
    """The tag of what says of answers to an entry whom they answer: until it is gone, however often it changes."""
    return f"answers:{entry_id}"


def of_thread(entry: Entry) -> str:
    """The tag of what shows the conversation an entry belongs to."""
    return f"thread:{entry.root_id or entry.id}"


def of_actor(actor_id: str) -> str:
    """The tag of what names somebody."""
    return f"actor:{actor_id}"


def of_profile(actor_id: str) -> str:
    """The tag of somebody's profile: how many follow them, what they published."""
    return f"profile:{actor_id}"


def of_tag(key: str) -> str:
    """The tag of the lists of a hashtag."""
    return f"tag:{key}"


def published(entry: Entry, tag_keys: Iterable[str] = ()) -> None:
    """An entry is new: where it would stand now is stale once it is committed."""
    stale = {of_profile(entry.author_id), of_thread(entry)}
    stale |= {of_entry(one) for one in (entry.reply_to_id, entry.quote_id) if one}
    if entry.visibility == "public":
        stale.update(map(of_tag, tag_keys))
        if not entry.reply_to_uri:
            stale |= {PUBLIC, LOCAL} if entry.is_local else {PUBLIC}
    forget(*stale)


def changed(entry: Entry, tag_keys: Iterable[str] = ()) -> None:
    """An entry has other words or counts, or is gone: what shows it is stale once that is committed."""
    forget(of_entry(entry.id), of_thread(entry), *map(of_tag, tag_keys))


def removed(entry: Entry) -> None:
    """An entry is gone: so is its place on the profile, and one answer to what it answered.

    Its own answers name its author no more.
    """
    changed(entry)
    forget(of_profile(entry.author_id), of_answers(entry.id))
    forget(*(of_entry(one) for one in (entry.reply_to_id, entry.quote_id) if one))


def forget(*tags: str) -> None:
    """Forget what bears any of these tags, once the running transaction is committed."""
    after_commit(lambda: _drop(tags))


def _drop(tags: Iterable[str]) -> None:
    cache = here().cache
    for tag in tags:
        cache.drop_tag(tag)
