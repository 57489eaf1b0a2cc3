"""What the demo tells: who is on which server, what they write, and who answers, likes and shares it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"
PEOPLE = "people.toml"


@dataclass(frozen=True)
class Person:
    """Somebody in the story; whom they follow and befriend are the names of others."""

    name: str
    server: str
    full_name: str
    bio: str
    fields: tuple[tuple[str, str], ...]
    follows: tuple[str, ...]
    befriends: tuple[str, ...]
    role: str
    is_bot: bool
    is_locked: bool


@dataclass(frozen=True)
class Post:
    """Something somebody writes; `ago` is how long before the story is told. `key` is its name within the story.

    `picture` is one of `scenes.SCENES`, shown among the pictures of its server where `is_gallery`; `poll` are the
    answers to choose from, and `votes` who chose which.
    """

    key: str
    author: str
    text: str
    ago: timedelta
    visibility: str | None
    warning: str
    language: str
    quote: str
    edit: str
    likes: tuple[str, ...]
    shares: tuple[str, ...]
    bookmarks: tuple[str, ...]
    picture: str = ""
    alt: str = ""
    is_gallery: bool = False
    poll: tuple[str, ...] = ()
    votes: Mapping[str, int] = field(default_factory=dict)
    parent: Post | None = None
    replies: list[Post] = field(default_factory=list, compare=False, repr=False)

    @property
    def depth(self) -> int:
        """How many posts stand above it in its thread."""
        return self.parent.depth + 1 if self.parent else 0

    def thread(self) -> Iterator[Post]:
        """This post and all that was answered to it."""
        yield self
        for reply in self.replies:
            yield from reply.thread()


@dataclass(frozen=True)
class Story:
    """All of it; `servers` are the settings of each by its name, `posts` stand in the order they were written."""

    servers: Mapping[str, Mapping[str, Any]]
    people: Mapping[str, Person]
    posts: Sequence[Post]

    def people_at(self, server: str) -> list[Person]:
        return [person for person in self.people.values() if person.server == server]


def load() -> Story:
    """Read the story from its files."""
    told = _read(CONTENT / PEOPLE)
    posts: list[Post] = []
    for path in sorted(CONTENT.glob("*.toml")):
        if path.name != PEOPLE:
            for number, root in enumerate(_read(path)["posts"]):
                posts += _post(root, f"{path.stem}-{number}", timedelta(hours=root["hours"])).thread()
    people = {name: _person(name, one) for name, one in told["people"].items()}
    return Story(told["servers"], people, sorted(posts, key=lambda post: -post.ago))


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def _person(name: str, told: Mapping[str, Any]) -> Person:
    return Person(
        name=name,
        server=told["at"],
        full_name=told["name"],
        bio=told["bio"],
        fields=tuple((label, value) for label, value in told["fields"]),
        follows=_names(told, "follows"),
        befriends=_names(told, "befriends"),
        role=told.get("role", "user"),
        is_bot=told.get("bot", False),
        is_locked=told.get("locked", False),
    )


def _post(told: Mapping[str, Any], key: str, ago: timedelta, parent: Post | None = None) -> Post:
    post = Post(
        key=told.get("id", key),
        author=told["by"],
        text=told["text"].strip(),
        ago=ago,
        visibility=told.get("visibility"),
        warning=told.get("warning", ""),
        language=told.get("language", "en"),
        quote=told.get("quote", ""),
        edit=told.get("edit", ""),
        likes=_names(told, "likes"),
        shares=_names(told, "shares"),
        bookmarks=_names(told, "bookmarks"),
        picture=told.get("picture", ""),
        alt=told.get("alt", ""),
        is_gallery=told.get("gallery", False),
        poll=tuple(told.get("poll", ())),
        votes={name: int(place) for name, _, place in (vote.partition(":") for vote in _names(told, "votes"))},
        parent=parent,
    )
    for number, reply in enumerate(told.get("replies", ())):
        post.replies.append(_post(reply, f"{key}-{number}", ago - timedelta(minutes=reply["minutes"]), post))
    return post


def _names(told: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(told.get(key, "").split())
