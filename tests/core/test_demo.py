"""The demo: its story holds together, and two real servers tell it to each other."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.demo.scenes import SCENES, draw
from core.demo.story import Post, Story, load
from core.testing import DIALECT
from tests.core.kith_process import CLIENT, eventually, free_port

DEMO = "import sys; from core.commands.demo import demo; sys.exit(demo())"
NAMED = re.compile(r"\{([a-z]+)\}")


@pytest.fixture(scope="module")
def story() -> Story:
    return load()


def test_the_story_is_about_a_week_of_a_dozen_people_on_two_servers(story: Story) -> None:
    assert len(story.servers) == 2
    assert {person.server for person in story.people.values()} == set(story.servers)
    assert len(story.people) >= 12
    assert 140 <= len(story.posts) <= 180
    assert {"ar", "he"} <= {post.language for post in story.posts}
    assert any(post.warning for post in story.posts)
    assert {"followers", "friends", "unlisted", "direct"} <= {post.visibility for post in story.posts}


def test_whoever_is_named_in_the_story_is_in_it(story: Story) -> None:
    for person in story.people.values():
        assert {*person.follows, *person.befriends} <= story.people.keys() - {person.name}
    for post in story.posts:
        named = {post.author, *post.votes, *post.likes, *post.shares, *post.bookmarks, *NAMED.findall(post.text)}
        assert named <= story.people.keys(), post.key
        assert not post.quote or post.quote in {other.key for other in story.posts}


def test_no_two_posts_of_the_story_share_a_name(story: Story) -> None:
    assert len({post.key for post in story.posts}) == len(story.posts)


def test_pictures_of_the_story_can_be_drawn_and_are_described(story: Story) -> None:
    shown = [post for post in story.posts if post.picture]
    assert {post.picture for post in shown} == SCENES.keys()
    assert all(post.alt for post in shown) and sum(post.is_gallery for post in shown) >= 3
    assert all(draw(post.picture).startswith(b"\xff\xd8") for post in shown)


def test_votes_in_the_story_are_for_what_there_is_to_choose_and_not_ones_own(story: Story) -> None:
    asked = [post for post in story.posts if post.poll]
    assert asked and not any(post.votes for post in story.posts if not post.poll)
    for post in asked:
        assert post.votes and post.author not in post.votes, post.key
        assert all(0 <= place < len(post.poll) for place in post.votes.values()), post.key


def test_nothing_in_the_story_happens_in_the_future_or_before_what_it_answers(story: Story) -> None:
    for post in story.posts:
        assert post.ago > timedelta(minutes=5 if post.edit else 0), post.key
        assert post.parent is None or post.ago < post.parent.ago


def test_people_react_to_what_they_can_see_and_never_to_themselves(story: Story) -> None:
    for post in story.posts:
        reacting = [*post.votes, *post.likes, *post.shares]
        assert post.author not in reacting, post.key
        assert len(set(post.likes)) == len(post.likes), post.key
        assert all(_may_see(story, post, name) for name in reacting), post.key


def test_whatever_is_answered_or_liked_from_the_other_server_is_delivered_there(story: Story) -> None:
    for post in story.posts:
        others = {*post.votes, *post.likes, *post.shares, *(reply.author for reply in post.replies)}
        if any(story.people[name].server != story.people[post.author].server for name in others):
            assert _reaches_the_other_server(story, post), post.key


def _may_see(story: Story, post: Post, name: str) -> bool:
    """Likes of what is for a few come from those it is for; answers are for whom the answered is for."""
    visibility = post.visibility or (post.parent.visibility if post.parent else None)
    if visibility in (None, "public", "unlisted"):
        return True
    follows = post.author in story.people[name].follows
    answered = post.parent is not None and post.parent.author == name
    if visibility == "friends":
        follows = follows and name in story.people[post.author].follows
    return answered or name in NAMED.findall(post.text) or (visibility != "direct" and follows)


def _reaches_the_other_server(story: Story, post: Post) -> bool:
    here = story.people[post.author].server
    followers = [person for person in story.people.values() if post.author in person.follows]
    addressed = [*NAMED.findall(post.text), *([post.parent.author] if post.parent else [])]
    return any(person.server != here for person in [*followers, *(story.people[name] for name in addressed)])


class Shown:
    """A demo that runs in a process of its own."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.said = folder.with_suffix(".out")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("KITH_")}
        with self.said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", DEMO, "--folder", str(folder), *arguments],
                env=environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    @property
    def output(self) -> str:
        return self.said.read_text("utf-8")

    def wait_until_told(self) -> tuple[list[str], str]:
        """The addresses it prints, and the password."""

        def told() -> bool:
            assert self.process.poll() is None, self.output
            return "Ctrl-C" in self.output

        eventually(told, 180)
        addresses = re.findall(r"is at (http://\S+)", self.output)
        [password] = re.findall(r"with the password (\S+)", self.output)
        return addresses, password

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0, self.output


@pytest.fixture
def demos() -> Iterator[list[Shown]]:
    running: list[Shown] = []
    yield running
    for one in running:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(60)


@pytest.mark.skipif(DIALECT != "sqlite", reason="the demo keeps its servers on SQLite, whatever else is there")
def test_two_servers_are_filled_federate_stay_as_they_are_and_stop_together(
    tmp_path: Path, story: Story, demos: list[Shown]
) -> None:
    ports = [free_port(), free_port()]
    folder, given = tmp_path / "demo", ["--port", str(ports[0]), "--second-port", str(ports[1])]
    demos.append(Shown(folder, *given))
    (harbour, lighthouse), password = demos[0].wait_until_told()
    mara = _signed_in(harbour, "mara", password)
    noor = _signed_in(lighthouse, "noor", password)
    assert {"tom", f"noor@{lighthouse.removeprefix('http://')}"} <= _authors(mara, "home")
    assert {"yuki", f"mara@{harbour.removeprefix('http://')}"} <= _authors(noor, "home")
    _every_public_post_is_where_it_was_written(story, [harbour, lighthouse])
    _pictures_and_votes_are_on_both(story, [mara, noor])
    assert len(mara.get("/friends/requests").json()["data"]["requests"]) == 1

    taken = Shown(folder.with_name("other"), *given)
    assert taken.process.wait(60) == 1
    assert f"Port {ports[0]} is in use" in taken.output
    assert not (folder.with_name("other") / "harbour").exists()

    demos[0].stop()
    for address in (harbour, lighthouse):
        with pytest.raises(httpx.TransportError):
            CLIENT.get(f"{address}/healthz")

    demos.append(Shown(folder))
    assert demos[1].wait_until_told() == ([harbour, lighthouse], password)
    assert "Filling" not in demos[1].output
    _every_public_post_is_where_it_was_written(story, [harbour, lighthouse])
    demos[1].stop()

    moved = Shown(folder, "--port", str(free_port()))
    assert moved.process.wait(60) == 1
    assert f"was made for port {ports[0]}" in moved.output


def _signed_in(address: str, name: str, password: str) -> httpx.Client:
    client = httpx.Client(base_url=f"{address}/api/v1", trust_env=False, timeout=30)
    tokens = client.post("/auth/login", json={"username": name, "password": password}).json()["data"]
    client.headers["Authorization"] = f"Bearer {tokens['accessToken']}"
    return client


def _authors(client: httpx.Client, scope: str) -> set[str]:
    posts = client.get("/feed", params={"scope": scope, "limit": 50}).json()["data"]["posts"]
    return {post["user"]["acct"] for post in posts}


def _every_public_post_is_where_it_was_written(story: Story, addresses: list[str]) -> None:
    for server, address in zip(story.servers, addresses, strict=True):
        for person in story.people_at(server):
            profile = CLIENT.get(f"{address}/api/v1/users/{person.name}").json()["data"]
            told = [post for post in story.posts if post.author == person.name]
            assert profile["postsCount"] == sum(1 for post in told if _is_for_everybody(post))


def _pictures_and_votes_are_on_both(story: Story, clients: list[httpx.Client]) -> None:
    for server, client in zip(story.servers, clients, strict=True):
        told = [post for post in story.posts if story.people[post.author].server == server]
        gallery = client.get("/images", params={"limit": 50}).json()["data"]["images"]
        assert len(gallery) >= sum(post.is_gallery for post in told)
        assert all(picture["alt"] for image in gallery for picture in image["images"])
        posts = client.get("/feed", params={"scope": "global", "limit": 50}).json()["data"]["posts"]
        assert any(picture["alt"] for post in posts for picture in post["attachments"])
    for post in story.posts:
        if post.poll:
            near = clients[list(story.servers).index(story.people[post.author].server)]
            cast = [list(post.votes.values()).count(place) for place in range(len(post.poll))]
            eventually(lambda near=near, post=post, cast=cast: cast in _votes(near, post.author))  # type: ignore[misc]


def _votes(client: httpx.Client, name: str) -> list[list[int]]:
    """How many chose what, in each poll of somebody."""
    posts: list[dict[str, Any]] = client.get(f"/users/{name}/posts", params={"limit": 50}).json()["data"]["posts"]
    return [[option["votesCount"] for option in post["poll"]["options"]] for post in posts if post["poll"]]


def _is_for_everybody(post: Post) -> bool:
    """Whether strangers may see it; an answer is for whom the post is that it answers."""
    narrowed = post.visibility in ("followers", "friends", "direct", "private")
    return not narrowed and (post.parent is None or _is_for_everybody(post.parent))
