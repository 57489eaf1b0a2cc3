"""What groups elsewhere pass on as whole activities (FEP-1b12): believed as far as the servers it is of say so."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.entries import Document
from core.models import Entry
from core.settings import Federation
from core.testing import Foreign, ForeignActor, Person, TestInstance, settle, world
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored
from tests.federation.test_outbox_reading import follow


@pytest.fixture
async def gamma() -> AsyncIterator[TestInstance]:
    """An instance as it is run by those who change nothing."""
    async with world("gamma.test", federation__unasked_posts=Federation().unasked_posts) as (instance,):
        yield instance


@pytest.fixture
async def ann(gamma: TestInstance) -> Person:
    return await gamma.user("ann")


@pytest.fixture
async def group(gamma: TestInstance, ann: Person) -> ForeignActor:
    """A community that Ann follows."""
    bread = Foreign("lemmy.test").join(gamma).person("bread", type="Group")
    await follow(gamma, ann, bread)
    return bread


@pytest.fixture
def lena(gamma: TestInstance) -> ForeignActor:
    """Who writes in it, of another server than the community's."""
    return Foreign("other.test").join(gamma).person("lena")


def passed_on(group: ForeignActor, activity: Document) -> Document:
    return group.activity("Announce", activity, to=[PUBLIC], cc=[f"{group.id}/followers"])


def page_of(lena: ForeignActor, group: ForeignActor) -> Document:
    return lena.note("<p>Ask a baker</p>", type="Page", name="Flour", to=[group.id, PUBLIC], audience=group.id)


async def entry(gamma: TestInstance, uri: str) -> Entry:
    found = await stored(gamma, uri)
    assert found is not None
    return found


async def test_a_thread_comes_once_and_its_answers_into_it(
    gamma: TestInstance, ann: Person, group: ForeignActor, lena: ForeignActor
) -> None:
    page = page_of(lena, group)
    assert await arrive(gamma, group, passed_on(group, lena.activity("Create", page))) == "done"
    assert await arrive(gamma, group, group.activity("Announce", page["id"], to=[PUBLIC])) == "ignored"
    answer = lena.note("<p>the truth</p>", inReplyTo=page["id"])
    lie = lena.activity("Create", answer | {"content": "<p>a lie</p>"})
    assert await arrive(gamma, group, passed_on(group, lie)) == "done"
    assert (await entry(gamma, answer["id"])).content == "<p>the truth</p>"
    [post] = await ann.feed()  # answers are read where the thread is
    assert (post["title"], post["sharedBy"]["username"], post["commentsCount"]) == ("Flour", "bread", 1)

    elsewhere = lena.note("<p>Hm</p>", inReplyTo=f"{lena.server.base_url}/notes/unknown")
    await arrive(gamma, group, passed_on(group, lena.activity("Create", elsewhere)))
    assert await stored(gamma, elsewhere["id"]) is None


async def test_what_its_authors_change_and_take_away_changes_and_goes_as_their_server_says(
    gamma: TestInstance, ann: Person, group: ForeignActor, lena: ForeignActor
) -> None:
    page = page_of(lena, group)
    await arrive(gamma, group, group.activity("Announce", page["id"], to=[PUBLIC]))
    changed = page | {"content": "<p>Ask a miller</p>", "updated": "2099-01-01T00:00:00Z"}
    await arrive(gamma, group, passed_on(group, lena.activity("Update", changed)))
    assert (await entry(gamma, page["id"])).content == "<p>Ask a baker</p>"
    path = page["id"].removeprefix(lena.server.base_url)
    lena.server.documents[path] = changed
    await arrive(gamma, group, passed_on(group, lena.activity("Update", changed)))
    assert (await entry(gamma, page["id"])).content == "<p>Ask a miller</p>"

    moderator = group.server.person("max")
    for who in (lena, moderator):
        delete = passed_on(group, who.activity("Delete", page["id"], summary="Off topic"))
        await arrive(gamma, group, delete)
        assert (await entry(gamma, page["id"])).deleted_at is None  # its own server has it still
    del lena.server.documents[path]
    await arrive(gamma, group, passed_on(group, moderator.activity("Delete", page["id"], summary="Off topic")))
    assert (await entry(gamma, page["id"])).deleted_at is not None


async def test_nothing_is_fetched_for_votes_and_what_moderators_do(
    gamma: TestInstance, ann: Person, group: ForeignActor, lena: ForeignActor
) -> None:
    page = page_of(lena, group)
    await arrive(gamma, group, group.activity("Announce", page["id"], to=[PUBLIC]))
    asked = len(lena.server.asked) + len(group.server.asked)
    for inner in (
        lena.activity("Like", page["id"]),
        lena.activity("Dislike", page["id"]),
        lena.activity("Undo", lena.activity("Like", page["id"])),
        group.activity("Lock", page["id"]),
        group.activity("Add", page["id"], target=f"{group.id}/featured"),
        lena.activity("Delete", f"{lena.server.base_url}/notes/unknown"),
        lena.activity("Update", lena.note("<p>Never seen</p>")),
    ):
        assert await arrive(gamma, group, passed_on(group, inner)) == "ignored"
    assert len(lena.server.asked) + len(group.server.asked) == asked


async def test_only_a_group_that_somebody_follows_passes_anything_on(
    gamma: TestInstance, ann: Person, lena: ForeignActor
) -> None:
    loud = Foreign("loud.test").join(gamma)
    for by in (loud.person("shop", type="Group"), loud.person("eve")):
        page = page_of(lena, by)
        assert await arrive(gamma, by, passed_on(by, lena.activity("Create", page))) == "ignored"
        assert await stored(gamma, page["id"]) is None
    await settle(gamma)
    assert lena.server.asked == []


async def test_answers_in_a_groups_thread_go_to_the_group_too_which_passes_them_on(
    gamma: TestInstance, ann: Person, group: ForeignActor, lena: ForeignActor
) -> None:
    page = page_of(lena, group)
    await arrive(gamma, group, group.activity("Announce", page["id"], to=[PUBLIC]))
    answer = await ann.publish("Rye", inReplyTo=(await entry(gamma, page["id"])).id)
    await ann.publish("And salt", inReplyTo=answer["postId"])
    await settle(gamma)
    sent = group.server.activities("Create")
    assert [one["object"]["content"] for one in sent] == ["<p>Rye</p>", "<p>And salt</p>"]
    for one in sent:
        assert group.id in one["cc"] and one["cc"] == one["object"]["cc"] and one["object"]["audience"] == group.id
        assert [tag for tag in one["object"]["tag"] if tag["href"] == group.id] == []  # nobody named it
    assert len(lena.server.activities("Create")) == 1  # whom the first answers alone
    await ann.call("PUT", f"/posts/{answer['postId']}", json={"content": "Rye and salt"})
    await settle(gamma)
    await ann.delete(f"/posts/{answer['postId']}")
    await settle(gamma)
    assert [one["type"] for one in group.server.activities()][-2:] == ["Update", "Delete"]


async def test_what_is_for_a_few_goes_to_no_group(
    gamma: TestInstance, ann: Person, group: ForeignActor, lena: ForeignActor
) -> None:
    page = page_of(lena, group)
    await arrive(gamma, group, group.activity("Announce", page["id"], to=[PUBLIC]))
    for visibility in ("followers", "direct"):
        thread = (await entry(gamma, page["id"])).id
        await ann.publish(f"@lena@{lena.server.host} for you", inReplyTo=thread, visibility=visibility)
    await ann.publish("something else")
    await settle(gamma)
    assert group.server.activities("Create") == []
    notes = [one["object"] for one in lena.server.activities("Create")]
    assert len(notes) == 2 and not any("audience" in note for note in notes)


async def test_who_is_banned_from_a_group_or_a_server_is_not_blocked_by_its_moderator(
    gamma: TestInstance, ann: Person, group: ForeignActor
) -> None:
    max_ = group.server.person("max")
    await follow(gamma, ann, max_)
    for target in (group.id, f"{group.server.base_url}/"):
        ban = max_.activity("Block", ann.uri, target=target, removeData=False, summary="Off topic", to=[PUBLIC])
        assert await arrive(gamma, max_, ban) == "ignored"
        assert await arrive(gamma, max_, max_.activity("Undo", ban)) == "ignored"
    assert (await ann.get("/users/me"))["followingCount"] == 2
