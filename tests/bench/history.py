"""Years of a large community, without living through them: accounts, whom they follow, what they wrote, homes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.accounts.models import Account
from core.database import execute, new_id, transaction
from core.instance import here
from core.models import ACCEPTED, Actor, Entry, EntryTag, Follow
from plugins.search import service as search

BATCH = 1000
BEGAN = datetime(2023, 1, 1, tzinfo=UTC)
FOLLOWS = 6  # of each, beside the star and, of every fourth, one of those who were there first
REGULAR_POSTS = 0.2  # share of all posts that those write who were there first
TAGGED = 0.2
# From words in every other post to words in hardly any: the chance of the n-th is 1/n, as in any language.
VOCABULARY = [f"{chr(97 + number % 26)}{number:x}word" for number in range(20_000)]
_SHARES = list(itertools.accumulate(1 / (number + 2) for number in range(len(VOCABULARY))))


@dataclass(frozen=True)
class History:
    """How much there was: `accounts` beside those who are there, all of whom follow the star; and `posts`."""

    accounts: int = 5000
    posts: int = 100_000


async def live_through(wanted: History, regulars: Sequence[Actor], star: Actor) -> None:
    """Put it into the database; all of it is older than what is written from now on."""
    chance = random.Random(3)
    people = await _join(wanted.accounts)
    await _follow(chance, people, regulars, star)
    await _write(chance, wanted.posts, people, regulars)
    if here().database.dialect == "postgres":  # as it does by itself; SQLite never learns of it
        await execute("ANALYZE")
    async with transaction():
        await _fill_homes()
        await _count()
    await search.rebuild(lambda step: None)


async def _join(number: int) -> list[Actor]:
    people = [
        Actor(id=new_id(), uri=here().url(f"/actors/other{one}"), username=f"other{one}", username_key=f"other{one}")
        for one in range(number)
    ]
    accounts = [
        Account(
            id=one.id,
            actor_id=one.id,
            email=f"{one.username}@example.org",
            email_key=f"{one.username}@example.org",
            password_hash="",
            email_verified_at=BEGAN,
        )
        for one in people
    ]
    async with transaction():
        await Actor.bulk_create(people, batch_size=BATCH)
        await Account.bulk_create(accounts, batch_size=BATCH)
    return people


async def _follow(chance: random.Random, people: Sequence[Actor], regulars: Sequence[Actor], star: Actor) -> None:
    follows = []
    for one in people:
        others = {star.id, *(other.id for other in chance.sample(people, FOLLOWS))}
        if chance.random() < 0.25:
            others.add(chance.choice(regulars).id)
        follows += [
            Follow(id=new_id(), follower_id=one.id, target_id=other, state=ACCEPTED)
            for other in sorted(others - {one.id})
        ]
    async with transaction():
        await Follow.bulk_create(follows, batch_size=BATCH)


async def _write(chance: random.Random, number: int, people: Sequence[Actor], regulars: Sequence[Actor]) -> None:
    apart = (datetime.now(UTC) - timedelta(days=1) - BEGAN) / number
    for begin in range(0, number, BATCH):
        entries, tags = list[Entry](), list[EntryTag]()
        for place in range(begin, min(begin + BATCH, number)):
            author = chance.choice(regulars if chance.random() < REGULAR_POSTS else people)
            at = BEGAN + apart * place
            entries.append(_entry(author, chance, new_id(at), at))
            if chance.random() < TAGGED:
                tag = chance.choices(VOCABULARY[:20], cum_weights=_SHARES[:20])[0]
                tags.append(EntryTag(id=new_id(), entry_id=entries[-1].id, name=tag, key=tag))
        async with transaction():
            await Entry.bulk_create(entries, batch_size=BATCH)
            await EntryTag.bulk_create(tags, batch_size=BATCH)


def _entry(author: Actor, chance: random.Random, entry_id: str, at: datetime) -> Entry:
    words = " ".join(chance.choices(VOCABULARY, cum_weights=_SHARES, k=chance.randint(12, 60)))
    return Entry(
        id=entry_id,
        kind="post",
        author_id=author.id,
        uri=here().url(f"/objects/{entry_id}"),
        url=here().url(f"/@{author.username}/{entry_id}"),
        visibility=chance.choices(("public", "unlisted", "followers"), (90, 5, 5))[0],
        content=f"<p>{words}</p>",
        source=words,
        language="en",
        is_local=True,
        published_at=at,
        received_at=at,
    )


async def _fill_homes() -> None:
    """What was written stands where its followers read it, in the order of the tables' indexes."""
    await execute(
        "INSERT INTO core_timeline (owner_id, entry_id, position) SELECT f.follower_id, e.id, e.id"
        " FROM core_follow f JOIN core_entry e ON e.author_id = f.target_id AND e.reply_to_id IS NULL"
        " ORDER BY f.follower_id, e.id ON CONFLICT DO NOTHING"
    )


async def _count() -> None:
    await execute(
        "UPDATE core_actor SET"
        " followers_count = (SELECT COUNT(*) FROM core_follow f WHERE f.target_id = core_actor.id),"
        " following_count = (SELECT COUNT(*) FROM core_follow f WHERE f.follower_id = core_actor.id),"
        " posts_count = (SELECT COUNT(*) FROM core_entry e WHERE e.author_id = core_actor.id),"
        " open_posts_count = (SELECT COUNT(*) FROM core_entry e WHERE e.author_id = core_actor.id"
        " AND e.visibility IN ('public', 'unlisted'))"
    )
