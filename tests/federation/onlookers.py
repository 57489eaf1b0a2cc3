"""Everybody a post can look different to, and every door behind which there may be one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from core.models import Entry
from core.testing import Foreign, ForeignActor, Person, Socket, TestInstance, Visitor, befriend, settle

# `waiting` is no audience of its own: answers for everybody, to a stranger who has to agree first.
AUDIENCES = ("public", "unlisted", "followers", "friends", "circle", "private", "direct", "local", "waiting")
PEOPLE = {
    "a": "ann", "f": "fan", "r": "friend", "c": "chosen", "n": "named", "t": "tagger", "s": "stranger", "m": "muter",
    "b": "blocked", "k": "blocker",
}  # fmt: skip
HERE = "".join(PEOPLE) + "o"  # `o` has not signed in
AP = {"Accept": "application/activity+json"}
Found = dict[str, set[str]]  # who has found something, by its audience


@dataclass
class Square:
    """Ann's posts and answers, one for each audience; who looks at them here, and servers that ask for them."""

    here: TestInstance
    people: dict[str, Visitor]
    servers: dict[str, ForeignActor]
    beta: TestInstance
    pen: Person
    base: str = ""
    root: str = ""
    posts: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    heard: dict[str, Found] = field(default_factory=dict)

    async def each(self, looks: Callable[[Visitor, str], Awaitable[set[str]]], letters: str = HERE) -> Found:
        """Who finds what: `looks` tells the audiences of what somebody found."""
        found: Found = {audience: set() for audience in AUDIENCES}
        for letter in letters:
            for audience in await looks(self.people[letter], letter):
                found[audience].add(letter)
        return found

    def known(self, ids: Iterable[object]) -> set[str]:
        """The audiences of those of Ann's posts and answers that are among these ids."""
        among = set(map(str, ids))
        return {audience for made in (self.posts, self.answers) for audience, one in made.items() if one in among}


@asynccontextmanager
async def square(alpha: TestInstance, beta: TestInstance) -> AsyncIterator[Square]:
    """All of them in their places, after Ann has published, while they listened."""
    servers = {}
    for letter, host in (("f", "follower.test"), ("n", "named.test"), ("z", "other.test")):
        servers[letter] = Foreign(host).join(alpha, beta).person("rita")
    people: dict[str, Any] = {letter: await alpha.user(name) for letter, name in PEOPLE.items()}
    ann, at = people["a"], Square(alpha, {**people, "o": alpha.anon}, servers, beta, await beta.user("pen"))
    for letter in "rc":
        await befriend(ann, people[letter])
    circle = (await ann.post("/circles", {"name": "Choir", "userIds": [people["c"].id]}))["circleId"]
    for letter in "fmbk":
        await people[letter].follow(ann)
    await people["t"].post("/tags/pearls/follow")
    for letter in "frcm":
        made = at.lists[letter] = (await people[letter].post("/lists", {"title": "Ann"}))["listId"]
        await people[letter].post(f"/lists/{made}/members", {"userIds": [ann.id]})
    await people["m"].post("/users/ann/mute")
    await ann.post("/users/blocked/block")
    await people["k"].post("/users/ann/block")
    await at.pen.follow(ann.address)
    for letter in "nz":  # known here, and no followers
        await people["s"].follow(servers[letter].address)
    await servers["f"].send(alpha, servers["f"].activity("Follow", ann.uri))
    await settle(alpha, beta)
    at.base = (await people["s"].publish("quote me"))["postId"]
    at.root = (await people["s"].publish("answer me"))["postId"]
    async with ears(at):
        for audience in AUDIENCES[:-1]:
            how = {"visibility": "public", "localOnly": True} if audience == "local" else {"visibility": audience}
            how |= {"circleId": circle} if audience == "circle" else {}
            words = f"pearls #pearls @named {servers['n'].address}"
            at.posts[audience] = (await ann.publish(words, quote=at.base, **how))["postId"]
            if audience != "circle":  # an answer is for no circle
                answer = await ann.publish(f"{audience} @named", inReplyTo=at.root, **how)
                at.answers[audience] = answer["postId"]
        asking = await people["s"].publish("ask me", inReplyTo=at.root, replyPolicy="ask")
        for made in (at.posts, at.answers):
            words = f"pearls #pearls @named {servers['n'].address}"
            answer = await ann.publish(words, quote=at.base, inReplyTo=asking["postId"])
            made["waiting"] = answer["postId"]
        await settle(alpha, beta)
    yield at


@asynccontextmanager
async def ears(at: Square) -> AsyncIterator[None]:
    """Note what everybody hears meanwhile, over sockets of their own."""
    channels = ("home", "local")
    async with AsyncExitStack() as stack:
        sockets: dict[tuple[str, str], Socket] = {}
        for letter, who in at.people.items():
            for channel in channels if isinstance(who, Person) else ():
                socket = sockets[channel, letter] = await stack.enter_async_context(who.socket())
                await socket.send({"type": "auth", "token": who.access_token})  # type: ignore[attr-defined]
                await socket.receive_type("ready")
                await socket.send({"type": "subscribe", "channel": channel})
                await _until_quiet(socket)
        yield
        at.heard = {channel: {audience: set() for audience in AUDIENCES} for channel in channels}
        for (channel, letter), socket in sockets.items():
            for audience in at.known(await _until_quiet(socket)) & set(at.posts):
                at.heard[channel][audience].add(letter)


async def _until_quiet(socket: Socket) -> list[str]:
    """The ids of the posts a socket told of up to now."""
    await asyncio.sleep(0.01)
    await socket.send({"type": "ping"})
    heard = []
    while (frame := await socket.receive())["type"] != "pong":
        if frame["type"] == "post":
            heard.append(frame["data"]["postId"])
    return heard


# -- Doors here ----------------------------------------------------------------
def single(path: str, which: str = "posts") -> Callable[[Square], Awaitable[Found]]:
    """A door for each post: `{id}` stands for it."""

    async def door(at: Square) -> Found:
        async def looks(who: Visitor, _letter: str) -> set[str]:
            made: dict[str, str] = getattr(at, which)
            paths = {audience: path.format(id=one, base=at.here.base_url) for audience, one in made.items()}
            answers = {audience: await who.page(each) for audience, each in paths.items()}
            assert {answer.status_code for answer in answers.values()} <= {200, 404}
            return {audience for audience, answer in answers.items() if answer.status_code == 200}

        return await at.each(looks)

    return door


def several(path: str, which: str = "posts", letters: str = HERE) -> Callable[[Square], Awaitable[Found]]:
    """A door with many behind it: the ids of those that are there stand in the answer."""

    async def door(at: Square) -> Found:
        async def looks(who: Visitor, letter: str) -> set[str]:
            there = path.format(base=at.base, root=at.root, list=at.lists.get(letter))
            answer = await who.page(there)
            assert answer.status_code in (200, 404), (there, answer.text)
            made: dict[str, str] = getattr(at, which)
            return {audience for audience, one in made.items() if one in answer.text}

        return await at.each(looks, letters)

    return door


SIGNED_IN = HERE.replace("o", "")
DOORS_HERE: dict[str, Callable[[Square], Awaitable[Found]]] = {
    "post": single("/api/v1/posts/{id}"),
    "history": single("/api/v1/posts/{id}/history"),
    "answer": single("/api/v1/posts/{id}", "answers"),
    "page": single("/@ann/{id}"),
    "thread": several("/api/v1/posts/{root}/thread", "answers"),
    "comments": several("/api/v1/posts/{root}/comments", "answers"),
    "thread page": several("/@stranger/{root}", "answers"),
    "quotes": several("/api/v1/posts/{base}/quotes"),
    "quotes page": several("/@stranger/{base}/quotes"),
    "home": several("/api/v1/feed?scope=home&limit=50", letters=SIGNED_IN),
    "home page": several("/", letters=SIGNED_IN),
    "friends": several("/api/v1/feed?scope=friends&limit=50", letters=SIGNED_IN),
    "list": several("/api/v1/lists/{list}/posts?limit=50", letters="frcm"),
    "local": several("/api/v1/feed?scope=local"),
    "local page": several("/local"),
    "global": several("/api/v1/feed?scope=global"),
    "profile": several("/api/v1/users/ann/posts"),
    "profile page": several("/@ann"),
    "replies": several("/api/v1/users/ann/posts?replies=true", "answers"),
    "tag": several("/api/v1/tags/pearls"),
    "tag page": several("/tags/pearls"),
    "search": several("/api/v1/search/posts?q=pearls"),
    "RSS": several("/@ann.rss"),
    "Atom": several("/@ann.atom"),
    "tag RSS": several("/tags/pearls.rss"),
    "embed": single("/@ann/{id}/embed"),
    "oEmbed": single("/api/oembed?url={base}/@ann/{id}"),
}


# -- Doors for other servers ---------------------------------------------------
async def _asked(at: Square, letter: str, path: str) -> Any:
    if letter == "o":
        return await at.people["o"].page(path, headers=AP)
    return await at.servers[letter].fetch(at.here, path)


async def documents(at: Square) -> Found:
    """Fetch each post, signed by servers or by nobody."""
    found: Found = {audience: set() for audience in AUDIENCES}
    for letter in ("f", "n", "z", "o"):
        for audience, one in at.posts.items():
            answer = await _asked(at, letter, f"/objects/{one}")
            if answer.status_code == 200 and orjson.loads(answer.content).get("id", "").endswith(one):
                found[audience].add(letter)
    return found


def collection(of: str, which: str) -> Callable[[Square], Awaitable[Found]]:
    """A collection, page after page, signed by servers or by nobody."""

    async def door(at: Square) -> Found:
        found: Found = {audience: set() for audience in AUDIENCES}
        path = f"/objects/{at.root}/replies" if of == "replies" else f"/actors/{at.people['a'].id}/outbox"  # type: ignore[attr-defined]
        for letter in ("f", "n", "z", "o"):
            text, following, seen = "", [path], set[str]()
            while following and (there := following.pop()) not in seen:
                seen.add(there)
                answer = await _asked(at, letter, there)
                text += answer.text
                for more in re.findall(r'"(?:first|next)":"https://[^/"]+([^"]+)"', answer.text):
                    following.append(more)
            for audience, one in getattr(at, which).items():
                if one in text:
                    found[audience].add(letter)
        return found

    return door


async def delivered(at: Square) -> Found:
    """What came to the inboxes of other servers, and `p`: what a follower on another Kith sees there."""
    found: Found = {audience: set() for audience in AUDIENCES}
    for letter, person in at.servers.items():
        came = b"".join(request.body for request in person.server.inbox)
        for audience, one in at.posts.items():
            if one.encode() in came:
                found[audience].add(letter)
    for audience, one in at.posts.items():
        with at.beta.inside():
            there = await Entry.get_or_none(uri=f"{at.here.base_url}/objects/{one}")
        if there is not None and await at.pen.sees(there.id):
            found[audience].add("p")
    return found


DOORS_ELSEWHERE: dict[str, Callable[[Square], Awaitable[Found]]] = {
    "document": documents,
    "outbox": collection("outbox", "posts"),
    "answers": collection("replies", "answers"),
    "delivery": delivered,
}
