"""Every route of the server is tried by everybody, and gives each of them what the table says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.testing import TestInstance, world
from tests.core.everyone import SAFE, VIEWERS, Cast
from tests.core.how_it_is_tried import AFTER, BODIES, CHANGES, TRIED_AT

TABLE = Path(__file__).with_name("who_may_do_what.txt")
# What each of VIEWERS gets, by method and path.
WANTED = {
    " ".join(words[:2]): tuple(words[2:])
    for words in (line.split() for line in TABLE.read_text("utf-8").splitlines())
    if words and not words[0].startswith("#")
}


class Stage:
    """A running server, and people who are replaced whenever one of them has changed something."""

    def __init__(self, instance: TestInstance) -> None:
        self.instance = instance
        self.casts = 0
        self.cast: Cast | None = None

    async def tried(self, route: str) -> tuple[str, ...]:
        """What everybody gets at a route."""
        method = route.split(" ", 1)[0]
        got = []
        for viewer in VIEWERS:
            if self.cast is None:
                self.casts += 1
                self.cast = Cast(self.instance, self.casts)
                await self.cast.enter()
            if route in AFTER:
                await self._try(viewer, AFTER[route])
            got.append(await self._try(viewer, route))
            if (method not in SAFE or route in CHANGES) and got[-1] == "ok":
                self.cast = None
        return tuple(got)

    async def _try(self, viewer: str, route: str) -> str:
        assert self.cast is not None
        method, path = route.split(" ", 1)
        return await self.cast.try_out(viewer, method, TRIED_AT.get(route, path), BODIES.get(route))


@pytest.fixture(scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with world("alpha.test", accounts__invites_by="user") as (instance,):  # so that the owner has one
        yield Stage(instance)


def routes_of(instance: TestInstance) -> set[str]:
    """Every way in: the routes of the framework, and the doors beside it."""
    found = {
        f"{'WS' if rule.websocket else method} {rule.rule}"
        for rule in instance.instance.app.url_map.iter_rules()
        for method in (rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}
    }
    return found | {f"{door.method} {door.name}" for door in instance.instance.asgi.doors if door.method != "HEAD"}


async def test_the_table_has_every_route_and_no_other(stage: Stage) -> None:
    routes = routes_of(stage.instance)
    lines = [line_of(route, await stage.tried(route)) for route in sorted(routes - WANTED.keys(), key=place)]
    assert not lines, (
        "These routes are not in the table. This is what everybody gets there now. Judge each: may they? If not, mend"
        " the route; then add the line to tests/core/who_may_do_what.txt, and to BODIES in"
        " tests/core/how_it_is_tried.py what has to be sent for a success:\n" + "\n".join(lines)
    )
    gone = sorted(WANTED.keys() - routes)
    assert not gone, "These routes are gone: take them out of tests/core/who_may_do_what.txt:\n" + "\n".join(gone)
    said = BODIES.keys() | TRIED_AT.keys() | AFTER.keys() | CHANGES
    assert not said - routes, "tests/core/how_it_is_tried.py tells of routes that are gone"


@pytest.mark.parametrize("route", WANTED)
async def test_everybody_gets_what_the_table_says(stage: Stage, route: str) -> None:
    if route not in routes_of(stage.instance):
        pytest.skip("the route is gone; the other test says so")
    got = await stage.tried(route)
    assert len(WANTED[route]) == len(VIEWERS), f"{route} has a word for each of: {', '.join(VIEWERS)}"
    wrong = [
        f"{viewer} gets {have}, and the table says {want}"
        for viewer, have, want in zip(VIEWERS, got, WANTED[route], strict=True)
        if have != want
    ]
    now = f"If what they get now is right, the line is:\n{line_of(route, got)}"
    assert not wrong, f"{route}: {'; '.join(wrong)}.\n{now}"


def place(route: str) -> tuple[str, str]:
    """Where a route stands in the table: by its path, then its method."""
    method, path = route.split(" ", 1)
    return path, method


def line_of(route: str, got: tuple[str, ...]) -> str:
    """The line of the table for what everybody gets."""
    method, path = route.split(" ", 1)
    return f"{method:<6} {path:<58} " + " ".join(f"{word:<6}" for word in got).rstrip()
