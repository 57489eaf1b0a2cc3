"""What the measured server has in it: members who follow one another and post, and people of other servers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core import actors
from core.accounts import service, sessions
from core.database import execute, many, new_id, now, transaction
from core.federation.keys import generate_rsa
from core.federation.models import Key
from core.logs import configure
from core.models import ACCEPTED, Actor
from core.opening import for_a_command, opened
from plugins.posts.service import write
from tests.bench.history import History, live_through
from tests.bench.peers import Peer

PASSWORD = "Quiet-Harbour-47"
KEYS = 8  # made, and shared among the people of other servers: making one takes long
_WORDS = (
    "the harbour lay quiet in the morning fog while boats with their lamps still lit came home and somebody on the"
    " pier sang an old song about bread wind salt and letters that never arrived so we walked on past the mill the"
    " garden and the library where children drew maps of islands nobody had seen"
).split()


@dataclass(frozen=True)
class Wanted:
    """What there is to be: the first member follows `first_follows` of the others, each other one `follows`."""

    accounts: int = 50
    posts: int = 2000
    first_follows: int = 30
    follows: int = 10
    star_followers: int = 0  # members who follow the last one
    hashed_well: bool = True  # passwords, which takes twenty milliseconds each
    history: History | None = None  # what was there before; everybody in it follows the last member


@dataclass(frozen=True)
class Member:
    """Somebody with an account, signed in."""

    id: str
    name: str
    access_token: str
    cookie: str


@dataclass
class Seeded:
    """What there is now; `public` are the ids of posts for everybody, with their authors' names.

    `thread` is one that was answered five hundred times.
    """

    members: list[Member] = field(default_factory=list)
    public: list[tuple[str, str]] = field(default_factory=list)
    thread: tuple[str, str] = ("", "")


def text(chance: random.Random) -> str:
    """What somebody might write: a few sentences, sometimes with a tag."""
    words = [chance.choice(_WORDS) for _ in range(chance.randint(12, 60))]
    if chance.random() < 0.2:
        words.append(f"#{chance.choice(_WORDS[:20])}")
    return " ".join(words).capitalize() + "."


def seed(folder: Path, environ: Mapping[str, str], wanted: Wanted) -> Seeded:
    """Fill an instance through its services."""
    configure("development", "error")
    weak = {"security.argon2_time_cost": 1, "security.argon2_memory_cost": 8}
    instance = opened(folder, environ, overrides={} if wanted.hashed_well else weak, works_here=False)

    async def work() -> Seeded:
        async with for_a_command(instance):
            seeded = await _fill(wanted, random.Random(1))
            await instance.jobs.settle()
            if wanted.history:
                people = [await Actor.get(id=member.id) for member in seeded.members]
                await live_through(wanted.history, people[:-1], people[-1])
            return seeded

    return asyncio.run(work())


async def _fill(wanted: Wanted, chance: random.Random) -> Seeded:
    seeded, people = Seeded(), list[Actor]()
    for number in range(wanted.accounts):
        name = f"member{number}"
        role = "admin" if number == 0 else "user"
        account, actor = await service.register(name, f"{name}@example.org", PASSWORD, role=role, verified=True)
        people.append(actor)
        if number < 50 or number == wanted.accounts - 1:
            grant = await sessions.begin(account, actor, user_agent="bench", address="127.0.0.1")
            seeded.members.append(Member(actor.id, name, grant.access_token, grant.refresh_token))
    regulars = people[:50]
    for number, actor in enumerate(regulars):
        count = wanted.first_follows if number == 0 else wanted.follows
        for target in regulars[number + 1 : number + 1 + count] + regulars[: max(0, number + 1 + count - 50)]:
            await actors.follow(actor, target)
    for follower in people[: wanted.star_followers]:
        if follower is not people[-1]:
            await actors.follow(follower, people[-1])
    if wanted.posts:
        seeded.thread = await _thread(regulars)
    for _ in range(wanted.posts):
        author = chance.choice(regulars)
        visibility = chance.choices(("public", "unlisted", "followers"), (90, 5, 5))[0]
        content, parent = text(chance), None
        if seeded.public and chance.random() < 0.15:
            parent, whose = chance.choice(seeded.public[-40:])
            content = f"@{whose} {content}"
        entry = await write(author, content, visibility=visibility, reply_to_id=parent)
        if visibility == "public" and parent is None:
            seeded.public.append((entry.id, author.username))
    return seeded


async def _thread(people: Sequence[Actor]) -> tuple[str, str]:
    """A post, with its author's name, that was answered five hundred times; two answers of three are to answers."""
    chance = random.Random(2)
    root = await write(people[0], text(chance))
    answers = [root.id]
    for _ in range(500):
        parent = chance.choice(answers) if chance.random() < 2 / 3 else root.id
        answers.append((await write(chance.choice(people), text(chance), reply_to_id=parent)).id)
    return root.id, people[0].username


@dataclass(frozen=True)
class Strangers:
    """People of other servers who are known here: `follow` is the id of somebody whom all of them follow."""

    peers: Sequence[Peer]
    follow: str | None = None
    followed_by: str | None = None


def seed_strangers(folder: Path, environ: Mapping[str, str], strangers: Strangers) -> list[str]:
    """Make people of other servers known, and their keys; the private keys, in PEM, by turns those of the peers."""
    configure("development", "error")
    instance = opened(folder, environ, works_here=False)

    async def work() -> list[str]:
        async with for_a_command(instance):
            return await _make_known(strangers)

    return asyncio.run(work())


async def _make_known(strangers: Strangers) -> list[str]:
    pairs = [generate_rsa() for _ in range(min(KEYS, len(strangers.peers)))]
    async with transaction():
        for number, peer in enumerate(strangers.peers):
            actor = await Actor.create(
                id=new_id(),
                uri=peer.uri,
                username=peer.name,
                username_key=peer.name,
                domain=peer.domain,
                name=peer.name,
                url=peer.uri,
                inbox_url=peer.inbox,
                shared_inbox_url=peer.inbox,
                followers_url=f"{peer.uri}/followers",
                fetched_at=now(),
            )
            await Key.create(id=new_id(), uri=peer.key_id, actor_id=actor.id, public_pem=pairs[number % len(pairs)][1])
            ties = [(actor.id, strangers.follow), (strangers.followed_by, actor.id)]
            await many(
                "INSERT INTO core_follow (id, follower_id, target_id, state, wants_back, uri, created_at)"
                f" VALUES ($1, $2, $3, '{ACCEPTED}', FALSE, $4, $5)",
                [
                    (new_id(), one, other, f"{peer.uri}/follows/{new_id()}", now())
                    for one, other in ties
                    if one and other
                ],
            )
        if strangers.follow:
            await execute(
                "UPDATE core_actor SET followers_count = followers_count + $1 WHERE id = $2",
                len(strangers.peers),
                strangers.follow,
            )
    return [private for private, _ in pairs]
