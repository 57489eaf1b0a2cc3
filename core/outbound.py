"""What leaves for other servers: whom an entry is addressed to there, and what they have to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.audience import OPEN
from core.database import rows
from core.entries import Document
from core.models import ACCEPTED, Actor, Entry
from core.quote_models import PENDING, QuoteRequest

# On an object: for whom it is, in our own words, where the network has none (FEDERATION.md).
VISIBLE_TO = "visibleTo"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def stamp(moment: datetime) -> str:
    """A time as documents bear it: RFC 3339 in UTC, seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Outbound:
    """An activity that is ready to go, and who must have it besides those its `to` and `cc` name.

    The document needs neither `@context` nor `actor`, and no `id` unless the act has one of its own. An address in
    `to` or `cc` that is the sender's followers reaches all of them. `actors` get it even where a block lies between
    them and the sender. `to_involved` adds those who had to do with the entry (answered, liked, shared, quoted it, gave
    it a sign or voted), `to_reached` every inbox that took it before, `to_everybody` every server that is known here.
    What is `urgent` goes before everything else.
    """

    document: Document
    to_followers: bool = False
    actors: Sequence[Actor] = ()
    to_involved: bool = False
    to_reached: bool = False
    to_everybody: bool = False
    urgent: bool = False


@dataclass(frozen=True)
class Addressed:
    """Whom an entry is for on the network: `actors` are those it reaches one by one, `named` those it speaks to.

    `parent` and `quoted` are what it answers and quotes, as far as they are known here, `group` is whose thread it is.
    """

    to: list[str]
    cc: list[str]
    actors: list[Actor]
    named: list[Actor]
    parent: Entry | None = None
    quoted: Entry | None = None
    group: Actor | None = None

    @property
    def all(self) -> set[str]:
        return {*self.to, *self.cc}


def may_leave(entry: Entry) -> bool:
    """Whether an entry may become known to any other server at all."""
    return not entry.local_only and entry.visibility != "private"


async def addressed(entry: Entry, author: Actor) -> Addressed:
    """Whom an entry is for (section 8 of the federation profile).

    What is for friends names each of them, for no other server can tell who they are. Whoever is answered or quoted
    in public is addressed too, so that they learn of it.
    """
    parent = await Entry.get_or_none(id=entry.reply_to_id) if entry.reply_to_id else None
    quoted = await _quoted(entry)
    named, silent, group = await _mentioned(entry)
    if entry.visibility in OPEN:
        known = {actor.id for actor in (*named, *silent)} | {author.id}
        for other in (parent, quoted):
            if other is not None and other.author_id not in known:
                silent.append(await Actor.get(id=other.author_id))
                known.add(other.author_id)
        if group is not None and group.id not in known:
            silent.append(group)
    reached = [*named, *silent]
    if entry.visibility == "direct":
        spoken_to = reached
    else:
        spoken_to = [*named, *(actor for actor in silent if parent is not None and actor.id == parent.author_id)]
    if entry.visibility == "friends":
        known = {actor.id for actor in reached}
        reached += [friend for friend in await _friends_elsewhere(author) if friend.id not in known]
    uris = list(dict.fromkeys(actor.uri for actor in reached))
    to, cc = to_and_cc(entry.visibility, author, uris)
    return Addressed(to, cc, reached, spoken_to, parent, quoted, group if entry.visibility in OPEN else None)


async def _quoted(entry: Entry) -> Entry | None:
    """What it quotes, or wants to: whom it would quote has not said no."""
    quoted_id = entry.quote_id
    if quoted_id is None and entry.is_local and "quote-inline" in entry.content:  # most quote nothing
        asked = await QuoteRequest.get_or_none(entry_id=entry.id, state=PENDING)
        quoted_id = asked.quoted_id if asked else None
    return await Entry.get_or_none(id=quoted_id, deleted_at__isnull=True) if quoted_id else None


def to_and_cc(visibility: str, author: Actor, uris: list[str]) -> tuple[list[str], list[str]]:
    """Whom something of this audience is addressed to, where `uris` are those it reaches one by one."""
    match visibility:
        case "public":
            return [PUBLIC], [author.followers_url, *uris]
        case "unlisted":
            return [author.followers_url], [PUBLIC, *uris]
        case "followers":
            return [author.followers_url], uris
        case "friends" | "circle" | "direct":
            return uris, []
    return [], []


_MENTIONED = "SELECT id, actor_id, silent FROM core_mention WHERE entry_id = $1"
# The group elsewhere that passed on what it answers, or what the thread began with: the first one.
_GROUP = (
    " UNION ALL SELECT * FROM (SELECT b.id, b.actor_id, CAST(NULL AS BOOLEAN) FROM core_boost b"
    " JOIN core_actor a ON a.id = b.actor_id AND a.type = 'group' AND a.domain <> '' AND a.removed_at IS NULL"
    " WHERE b.entry_id IN ($2, $3) ORDER BY b.id LIMIT 1) AS g"
)


async def _mentioned(entry: Entry) -> tuple[list[Actor], list[Actor], Actor | None]:
    """Those an entry names, those it is addressed to without naming them, and the group whose thread it answers in."""
    if entry.reply_to_id:
        thread = (entry.id, entry.reply_to_id, entry.root_id or entry.reply_to_id)
        mentions = await rows(f"{_MENTIONED}{_GROUP} ORDER BY id", *thread)
    else:
        mentions = await rows(f"{_MENTIONED} ORDER BY id", entry.id)
    if not mentions:  # most name nobody
        return [], [], None
    actors = await Actor.in_bulk([mention["actor_id"] for mention in mentions], "id")
    found: tuple[list[Actor], list[Actor]] = ([], [])
    group = None
    for mention in mentions:
        if mention["silent"] is None:
            group = actors[mention["actor_id"]]
        else:
            found[bool(mention["silent"])].append(actors[mention["actor_id"]])
    return *found, group


async def _friends_elsewhere(author: Actor) -> list[Actor]:
    found = await rows(
        "SELECT a.id FROM core_follow mine JOIN core_follow theirs ON theirs.follower_id = mine.target_id"
        f" AND theirs.target_id = mine.follower_id AND theirs.state = '{ACCEPTED}'"
        " JOIN core_actor a ON a.id = mine.target_id AND a.domain <> '' AND a.removed_at IS NULL"
        f" WHERE mine.follower_id = $1 AND mine.state = '{ACCEPTED}'",
        author.id,
    )
    return await Actor.filter(id__in=[friend["id"] for friend in found]).order_by("id")
