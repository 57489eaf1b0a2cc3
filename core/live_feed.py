"""Tell open sockets of what was published, changed and removed; nothing is done for those that are not open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import orjson

from core import present
from core.audience import OPEN, WANTED, Viewer, visible_sql
from core.database import rows
from core.instance import here
from core.models import ACCEPTED, Entry

LOCAL = "local"
LISTS = "lists"  # nothing is sent there: whoever watches a list watches it too, so that it is known that somebody does
KEEP_SECONDS = 30


_is_silent: ContextVar[bool] = ContextVar("kith_live_feed_silent", default=False)


@contextmanager
def silence() -> Iterator[None]:
    """Tell nobody of what is published or shared inside: it is old, and stands in lists where it belongs."""
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


def home_of(actor_id: str) -> str:
    """The channel of somebody's home timeline."""
    return f"home:{actor_id}"


def of_list(list_id: str) -> str:
    """The channel of a list of people."""
    return f"list:{list_id}"


def of_entry(entry_id: str) -> str:
    """The channel of what happens to one entry."""
    return f"post:{entry_id}"


async def announce(
    entry_id: str, owners: Iterable[str] = (), *, channels: Iterable[str] = (), boost_id: str | None = None
) -> None:
    """Send an entry to the homes it came to, by a share where one is named, and to further channels."""
    if _is_silent.get():
        return
    wanted = [channel for channel in (*map(home_of, owners), *channels) if here().live.is_watched(channel)]
    form = await present.standing_post(entry_id, boost_id=boost_id) if wanted else None
    if form is None:
        return
    event = {"type": "post", "data": orjson.Fragment(form)}
    for channel in wanted:
        here().live.publish(channel, event)


async def announce_published(entry: Entry) -> None:
    """Send a new entry to those who watch all public posts of this server, or the thread it belongs to."""
    channels = [of_entry(parent) for parent in {entry.reply_to_id, entry.root_id} if parent]
    if _is_in_local(entry):
        channels.append(LOCAL)
    if entry.visibility in OPEN:
        await announce(entry.id, channels=channels)
    if entry.visibility in (*OPEN, "followers") and not entry.reply_to_uri and here().live.is_watched(LISTS):
        await announce(entry.id, channels=await _lists_with(entry.author_id))


async def _lists_with(author_id: str) -> list[str]:
    """The channels of the lists somebody is on."""
    found = await rows(
        "SELECT m.list_id FROM core_follow f JOIN core_list_member m ON m.follow_id = f.id"
        f" WHERE f.target_id = $1 AND f.state = '{ACCEPTED}'",
        author_id,
    )
    return [of_list(each["list_id"]) for each in found]


def announce_removed(entry: Entry, owners: Iterable[str]) -> None:
    """Have an entry vanish from the open pages it may stand on."""
    event = {"type": "postDeleted", "data": {"postId": entry.id}}
    watched = {entry.id, entry.reply_to_id, entry.root_id} if entry.visibility in OPEN else {entry.id}
    channels = [of_entry(entry_id) for entry_id in watched if entry_id] + ([LOCAL] if _is_in_local(entry) else [])
    for channel in (*channels, *map(home_of, owners)):
        here().live.publish(channel, event)


def _is_in_local(entry: Entry) -> bool:
    return entry.is_local and entry.visibility == "public" and not entry.reply_to_uri


async def is_wanted(entry_id: str, actor_id: str) -> bool:
    """Whether an entry that was told of a while ago is still there, and for this person's eyes."""
    viewer = Viewer(actor_id=actor_id)
    found = await rows(
        "SELECT e.id FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.id = $1 AND {visible_sql(viewer, 2, rule=WANTED)}",
        entry_id,
        viewer.parameter,
    )
    return bool(found)


@dataclass(frozen=True)
class Unwanted:
    """Whose entries are not for somebody's eyes: people by their ids, and all of some servers."""

    people: frozenset[str]
    servers: frozenset[str]

    def __contains__(self, user: object) -> bool:
        """Whether this is one of them, in the API's form of a person; nobody is where there is none."""
        return isinstance(user, dict) and (user.get("userId") in self.people or user.get("domain") in self.servers)


async def unwanted_authors(actor_id: str) -> Unwanted:
    """Whose entries are not for this person's eyes: whom they block or mute, who blocks them, blocked servers."""
    found: Unwanted = await here().cache.remember(
        f"unwanted:{actor_id}", KEEP_SECONDS, lambda: _unwanted(actor_id), tags=(f"ties:{actor_id}",)
    )
    return found


async def _unwanted(actor_id: str) -> Unwanted:
    found = await rows(
        "SELECT target_id AS id, NULL AS domain FROM core_block WHERE actor_id = $1"
        " UNION SELECT actor_id, NULL FROM core_block WHERE target_id = $1"
        " UNION SELECT target_id, NULL FROM core_mute WHERE actor_id = $1"
        " UNION SELECT NULL, domain FROM core_domain_block WHERE actor_id = $1",
        actor_id,
    )
    people = frozenset(each["id"] for each in found if each["id"])
    return Unwanted(people, frozenset(each["domain"] for each in found if each["domain"]))


def forget_ties(*actor_ids: str) -> None:
    """Who blocks or mutes whom, or which server, has changed."""
    for actor_id in actor_ids:
        here().cache.drop_tag(f"ties:{actor_id}")
