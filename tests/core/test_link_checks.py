"""Links of a profile: those whose pages link back are marked, and a page that only seems to is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.accounts.link_checks import check_all_links, check_links
from core.database import execute, now
from core.models import Actor
from core.testing import Foreign, Person, TestInstance, counted_queries, settle, world
from tests.federation.odd_server import OddServer

HOME = "https://home.test/"
BACK = '<a rel="me" href="https://alpha.test/@ann">me</a>'
HTML = "text/html; charset=utf-8"


@pytest.fixture
def home(alpha: TestInstance) -> OddServer:
    """A website whose front page links to ann."""
    site = OddServer("home.test").join(alpha)
    site.answer("/", f"<html><body>{BACK}</body></html>".encode(), type=HTML)
    return site


async def claim(person: Person, *addresses: str) -> None:
    fields = [{"name": f"Site {number}", "value": address} for number, address in enumerate(addresses)]
    await person.put("/users/me", {"fields": fields})
    await settle(person.instance)


async def checked(person: Person) -> list[bool]:
    user = await person.instance.anon.get(f"/users/{person.id}")
    assert user["isVerified"] == any(field["verifiedAt"] for field in user["fields"])
    return [field["verifiedAt"] is not None for field in user["fields"]]


async def test_a_page_that_links_back_is_marked(alpha: TestInstance, ann: Person, home: OddServer) -> None:
    await claim(ann, HOME)
    assert await checked(ann) == [True]
    assert "Checked" in (await alpha.anon.page("/@ann")).text


@pytest.mark.parametrize(
    "page",
    [
        "<a href=https://alpha.test/@ann rel='NoFollow ME'>",
        "<link rel=me href='https://alpha.test/@ANN/'>",
        '<head><base href="https://alpha.test/"></head><a rel="me" href="/@ann">',
        '<a rel="me" href="//alpha.test/@ann">',
        '<a rel="me" href="https://alpha.test:443/@ann#top">',
        '<a rel="me" href="https://elsewhere.test/">' + BACK,
        "<p>" * 50 + BACK,
        '<!doctype html><title>a < b</title><p title="<!--">' + BACK,
    ],
)
async def test_a_link_back_may_be_written_in_many_ways(ann: Person, home: OddServer, page: str) -> None:
    home.answer("/", page.encode(), type=HTML)
    await claim(ann, HOME)
    assert await checked(ann) == [True]


async def test_a_link_to_the_actors_own_address_will_do(ann: Person, home: OddServer) -> None:
    home.answer("/", f'<link rel="me" href="{ann.uri}">'.encode(), type=HTML)
    await claim(ann, HOME)
    assert await checked(ann) == [True]


@pytest.mark.parametrize(
    "page",
    [
        "",
        "https://alpha.test/@ann",
        'rel="me" href="https://alpha.test/@ann"',
        f"<!-- {BACK} -->",
        f"<script>/* {BACK} */</script>",
        f"<textarea>{BACK}</textarea>",
        f"<template>{BACK}</template>",
        f"<noscript>{BACK}</noscript>",
        f"<title>{BACK}</title>",
        f"<style>{BACK}</style>",
        BACK.replace("<", "&lt;"),
        f"<p title='{BACK}'>",
        '<a href="https://alpha.test/@ann">no rel</a>',
        '<a rel="home" href="https://alpha.test/@ann">',
        '<a rel="me-too" href="https://alpha.test/@ann">',
        '<a rel="me" href="https://alpha.test/@anna">',
        '<a rel="me" href="https://alpha.test/@bob">',
        '<a rel="me" href="https://alpha.test/@ann/01900000-0000-7000-8000-000000000000">',
        '<a rel="me" href="https://alpha.test">',
        '<a rel="me" href="https://alpha.test.evil.test/@ann">',
        '<a rel="me" href="https://alpha.test@evil.test/@ann">',
        '<a rel="me" href="https://evil.test/?https://alpha.test/@ann">',
        '<a rel="me" href="https://evil.test/#https://alpha.test/@ann">',
        '<a rel="me" href="https://alpha.test/@ann?x=1">',
        '<a rel="me" href="https://\u0430lpha.test/@ann">',  # a Cyrillic letter
        '<a rel="me" href="http://alpha.test/@ann">',
        '<a rel="me" href="https://alpha.test:8443/@ann">',
        '<a rel="me" href="javascript:https://alpha.test/@ann">',
        '<a rel="me" href="https://[">',
        '<base href="https://evil.test/"><a rel="me" href="/@ann">',
        '<form rel="me" action="https://alpha.test/@ann">',
        '<img rel="me" src="https://alpha.test/@ann">',
    ],
)
async def test_a_page_that_does_not_link_back_is_not_marked(ann: Person, home: OddServer, page: str) -> None:
    home.answer("/", page.encode(), type=HTML)
    await claim(ann, HOME)
    assert await checked(ann) == [False] and home.asked == ["/"]


async def test_a_page_that_sends_on_to_somebody_elses_proves_nothing(
    alpha: TestInstance, ann: Person, home: OddServer
) -> None:
    liar = OddServer("liar.test").join(alpha)
    liar.answer("/", status=302, location=HOME)
    within = home.answer("/moved", status=301, location="/")
    await claim(ann, "https://liar.test/", within)
    assert await checked(ann) == [False, True]


@pytest.mark.parametrize(
    ("status", "type"), [(404, HTML), (410, HTML), (200, "text/plain"), (200, ""), (200, "application/json")]
)
async def test_only_a_page_that_is_there_counts(ann: Person, home: OddServer, status: int, type: str) -> None:
    home.answer("/", BACK.encode(), type=type, status=status)
    await claim(ann, HOME)
    assert await checked(ann) == [False]


@pytest.mark.parametrize(
    "address",
    ["https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/", "https://[::1]/", "home.test",
     "mailto:ann@home.test", "see https://home.test/", "https://home.test/ too", "ftp://home.test/", "https://"],
)  # fmt: skip
async def test_nothing_inside_and_nothing_but_a_whole_address_is_fetched(
    alpha: TestInstance, ann: Person, home: OddServer, address: str
) -> None:
    await claim(ann, address)
    assert await checked(ann) == [False] and home.asked == []


async def test_a_page_without_end_is_given_up(ann: Person, home: OddServer) -> None:
    home.answer("/", (BACK + "<p>" * 500_000).encode(), type=HTML)
    await claim(ann, HOME)
    assert await checked(ann) == [False]


async def test_a_hostile_page_costs_little(ann: Person, home: OddServer) -> None:
    for page in ("<a " * 300_000, "<a rel=me " + "x " * 400_000 + ">", "<!--" * 200_000, "<" * 1_000_000):
        home.answer("/", (page + BACK).encode()[:1_000_000], type=HTML)
        await claim(ann, HOME)
        await ann.put("/users/me", {"fields": []})


async def test_the_mark_goes_when_the_link_back_goes_and_when_the_line_changes(ann: Person, home: OddServer) -> None:
    await claim(ann, HOME)
    since = (await ann.get("/users/me"))["fields"][0]["verifiedAt"]
    with ann.instance.inside():
        await check_links(actor_id=ann.id)
    assert (await ann.get("/users/me"))["fields"][0]["verifiedAt"] == since
    home.answer("/", b"<p>gone</p>", type=HTML)
    with ann.instance.inside():
        await check_links(actor_id=ann.id)
    assert await checked(ann) == [False]
    home.answer("/", BACK.encode(), type=HTML)
    await claim(ann, HOME)
    assert await checked(ann) == [True]
    other = home.answer("/other", b"<p>not me</p>", type=HTML)
    await ann.put("/users/me", {"fields": [{"name": "Site 0", "value": other}]})
    assert await checked(ann) == [False]


async def test_a_page_that_does_not_answer_keeps_its_mark_for_now(ann: Person, home: OddServer) -> None:
    await claim(ann, HOME)
    home.answer("/", b"", status=503, type=HTML)
    with ann.instance.inside():
        await check_links(actor_id=ann.id)
    assert await checked(ann) == [True]


async def test_every_week_all_are_checked(alpha: TestInstance, ann: Person, bob: Person, home: OddServer) -> None:
    await claim(ann, HOME)
    await claim(bob, HOME, "no address")
    home.answer("/", b"<p>sold</p>", type=HTML)
    with alpha.inside():
        await check_all_links()
        await execute("UPDATE core_job SET due_at = $1 WHERE name LIKE '%check_links'", now() - timedelta(seconds=1))
        await settle(alpha)
    assert await checked(ann) == [False] and home.asked == ["/"] * 4


async def test_somebody_elses_page_is_not_asked_without_end(alpha: TestInstance, home: OddServer) -> None:
    people = await alpha.users("ann", "bob", "cat")
    for round in range(30):
        for person in people:
            await claim(person, f"{HOME}?{round}")
    assert len(home.asked) <= 60


async def test_a_person_cannot_mark_their_own_lines(ann: Person, home: OddServer) -> None:
    field = {"name": "Bank", "value": "https://bank.test/", "verifiedAt": "2026-01-01T00:00:00Z"}
    await ann.put("/users/me", {"fields": [field]})
    await settle(ann.instance)
    assert await checked(ann) == [False]


async def test_what_other_servers_call_checked_is_not(alpha: TestInstance, ann: Person, foreign: Foreign) -> None:
    line: dict[str, Any] = {"type": "PropertyValue", "name": "Site", "value": f'<a href="{HOME}" rel="me">x</a>'}
    zoe = foreign.person("zoe", attachment=[line | {"verifiedAt": "2026-01-01T00:00:00Z", "verified_at": "x"}])
    await ann.follow(zoe.address)
    user = await ann.get(f"/users/{zoe.address}")
    assert user["fields"][0]["verifiedAt"] is None and user["isVerified"] is False


async def test_others_can_check_our_lines_too(alpha: TestInstance, ann: Person, home: OddServer) -> None:
    await claim(ann, HOME)
    document = (await alpha.anon.page(ann.uri, headers={"Accept": "application/activity+json"})).json()
    for html in ((await alpha.anon.page("/@ann")).text, document["attachment"][0]["value"]):
        link = html[html.index(f'<a href="{HOME}"') :].partition(">")[0]
        assert "me" in link.partition('rel="')[2].partition('"')[0].split()


async def test_nothing_is_written_when_nothing_is_new(alpha: TestInstance, ann: Person, home: OddServer) -> None:
    await claim(ann, HOME)
    with alpha.inside():
        before = (await Actor.get(id=ann.id)).version
        with counted_queries(alpha) as queries:
            await check_links(actor_id=ann.id)
        assert (await Actor.get(id=ann.id)).version == before
    assert not any("profile_fields" in query and "UPDATE" in query.split()[0] for query in queries)


async def test_two_servers_check_each_other() -> None:
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, zoe = await alpha.user("ann"), await beta.user("zoe")
        await ann.put("/users/me", {"fields": [{"name": "There", "value": "https://beta.test/@zoe"}]})
        await zoe.put("/users/me", {"fields": [{"name": "There", "value": "https://alpha.test/@ann"}]})
        await settle(alpha, beta)
        with alpha.inside():
            await check_links(actor_id=ann.id)
        assert (await checked(ann), await checked(zoe)) == ([True], [True])
