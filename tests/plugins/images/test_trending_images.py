"""Pictures people like these days: counted by people, fading, of nobody very many, and none that are not for all."""

from __future__ import annotations

import pytest

from core.database import now
from core.models import Actor
from core.testing import Person, TestInstance, Visitor
from plugins.images import trending
from tests.core.storage.photos import quarters, saved
from tests.plugins.images.sharing import shared

PICTURE = saved(quarters(60, 60), "JPEG")


@pytest.fixture(autouse=True)
def counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trending, "KEEP_SECONDS", 0)


async def liked(post: str, *people: Person) -> str:
    for person in people:
        await person.post(f"/posts/{post}/like")
    return post


async def seen(visitor: Visitor, **query: object) -> list[str]:
    return [one["postId"] for one in (await visitor.get("/images/trending", **query))["images"]]


async def test_what_more_people_like_comes_first_and_what_nobody_does_not_at_all(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    cy = await alpha.user("cy")
    one = await liked(await shared(ann, PICTURE), bob)
    two = await liked(await shared(ann, PICTURE), bob, cy)
    await liked(await shared(ann, PICTURE), ann)  # oneself is nobody
    await shared(bob, PICTURE)
    assert await seen(anon) == [two, one] and await seen(anon, limit=1) == [two]
    page = (await anon.page("/images/trending")).text
    assert page.index(two) < page.index(one) and "/images/trending" in (await anon.page("/images")).text
    await anon.refused(422, "GET", "/images/trending?limit=51")


async def test_it_fades_and_of_one_author_there_are_few(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    cy = await alpha.user("cy")
    many = [await liked(await shared(ann, PICTURE), bob, cy) for _ in range(5)]
    fresh = await liked(await shared(bob, PICTURE), ann)
    assert sorted(await seen(anon)) == sorted([*many[2:], fresh])
    assert (await seen(anon))[0] != fresh
    monkeypatch.setattr(trending, "HALVES_IN_HOURS", 1e-6)  # as if all this were days apart
    assert (await seen(anon))[0] == fresh


async def test_what_is_not_for_everybody_or_of_the_silenced_is_not_there(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    cy = await alpha.user("cy")
    for privacy in ("unlisted", "followers", "private"):
        post = await shared(ann, PICTURE, privacy=privacy)
        if privacy == "unlisted":
            await liked(post, bob)
    await liked(await shared(ann, PICTURE, sensitive="true"), ann)
    good = await liked(await shared(bob, PICTURE), cy)
    assert await seen(anon) == [good]
    await ann.post("/users/bob/block")
    assert await seen(ann) == [] and await seen(cy) == [good]
    with alpha.inside():
        await Actor.filter(id=cy.id).update(silenced_at=now())
    assert await seen(anon) == []  # only who is in good standing counts
    with alpha.inside():
        await Actor.filter(id=cy.id).update(silenced_at=None)
        await Actor.filter(id=bob.id).update(silenced_at=now())
    assert await seen(anon) == []
