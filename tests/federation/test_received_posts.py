"""What posts, edits, deletions, likes and shares of people elsewhere become here."""

from __future__ import annotations

import orjson
import pytest

from core.database import now
from core.federation.models import Received
from core.models import Entry, Tombstone
from core.reaction_models import Boost, Like
from core.testing import Foreign
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


async def test_a_post_that_was_edited_is_edited_here_and_its_words_are_kept_once(alpha, ann, zoe):
    note = zoe.note("<p>befor</p>", published="2026-11-19T08:00:00Z")
    await arrive(alpha, zoe, zoe.activity("Create", note))
    edited = note | {"content": "<p>before</p>", "updated": "2026-11-19T09:00:00Z"}
    assert await arrive(alpha, zoe, zoe.activity("Update", edited)) == "done"
    assert await arrive(alpha, zoe, zoe.activity("Update", edited)) == "ignored"
    older = note | {"content": "<p>older</p>", "updated": "2026-11-19T08:30:00Z"}
    assert await arrive(alpha, zoe, zoe.activity("Update", older)) == "ignored"
    entry = await stored(alpha, note["id"])
    assert (entry.content, entry.edited_at.isoformat()) == ("<p>before</p>", "2026-11-19T09:00:00+00:00")


async def test_an_edit_of_what_is_unknown_here_is_taken_while_it_is_fresh(alpha, zoe):
    fresh = zoe.note("<p>fresh</p>", updated=now().isoformat())
    assert await arrive(alpha, zoe, zoe.activity("Update", fresh)) == "done"
    assert await stored(alpha, fresh["id"]) is not None
    old = zoe.note("<p>old</p>", published="2026-11-01T08:00:00Z", updated="2026-11-19T08:00:00Z")
    assert await arrive(alpha, zoe, zoe.activity("Update", old)) == "ignored"
    assert await stored(alpha, old["id"]) is None


@pytest.mark.parametrize("how", ["id", "tombstone", "embedded"])
async def test_a_post_that_was_deleted_is_gone_and_does_not_come_back(alpha, zoe, how):
    note = zoe.note("<p>oops</p>")
    create = zoe.activity("Create", note)
    await arrive(alpha, zoe, create)
    named = {"id": note["id"], "tombstone": {"id": note["id"], "type": "Tombstone"}, "embedded": note}[how]
    assert await arrive(alpha, zoe, zoe.activity("Delete", named)) == "done"
    entry = await stored(alpha, note["id"])
    assert (entry.content, entry.deleted_at is None) == ("", False)
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) in ("refused", "ignored")
    assert await arrive(alpha, zoe, zoe.activity("Update", note | {"updated": now().isoformat()})) != "done"
    assert (await stored(alpha, note["id"])).content == ""


async def test_a_deletion_that_comes_before_the_post_keeps_it_out(alpha, zoe):
    note = zoe.note("<p>late</p>")
    await arrive(alpha, zoe, zoe.activity("Delete", note["id"]))
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "refused"
    assert await stored(alpha, note["id"]) is None


async def test_nobody_keeps_out_what_somebody_else_may_yet_publish(alpha, foreign, zoe):
    note = zoe.note("<p>late</p>")
    eve, mallory = foreign.person("eve"), Foreign("odd.test").join(alpha).person("mallory")
    await arrive(alpha, eve, eve.activity("Delete", note["id"]))
    assert await arrive(alpha, mallory, mallory.activity("Delete", note["id"])) == "refused"
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"


async def test_likes_and_shares_are_counted_once_and_taken_back_once(alpha, ann, zoe):
    post = await ann.publish()
    path = f"/posts/{post['postId']}"
    for type, count in (("Like", "likesCount"), ("Announce", "sharesCount")):
        activity = zoe.activity(type, post["uri"], to=[PUBLIC])
        assert await arrive(alpha, zoe, activity) == "done"
        assert await arrive(alpha, zoe, zoe.activity(type, post["uri"], to=[PUBLIC])) == "ignored"
        assert (await ann.get(path))[count] == 1
        assert await arrive(alpha, zoe, zoe.activity("Undo", activity)) == "done"
        assert await arrive(alpha, zoe, zoe.activity("Undo", activity)) == "ignored"
        assert (await ann.get(path))[count] == 0


@pytest.mark.parametrize("type", ["Like", "Announce"])
async def test_a_like_or_share_is_taken_back_by_its_id_alone(alpha, ann, zoe, type):
    post = await ann.publish()
    activity = zoe.activity(type, post["uri"], to=[PUBLIC])
    await arrive(alpha, zoe, activity)
    assert await arrive(alpha, zoe, zoe.activity("Undo", activity["id"])) == "done"
    with alpha.inside():
        assert await Like.all().count() == await Boost.all().count() == 0


async def test_what_is_shared_is_fetched_from_where_it_comes_from(alpha, foreign, ann, zoe):
    max_ = Foreign("other.test").join(alpha).person("max")
    note = max_.note("<p>worth it</p>")
    lie = note | {"content": "<p>a lie</p>"}
    assert await arrive(alpha, zoe, zoe.activity("Announce", lie, to=[PUBLIC])) == "done"
    entry = await stored(alpha, note["id"])
    assert (entry.content, entry.boosts_count) == ("<p>worth it</p>", 1)


async def test_what_is_for_a_few_is_not_shared(alpha, ann, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    private = await ann.publish("for you", visibility="followers")
    assert await arrive(alpha, zoe, zoe.activity("Announce", private["uri"], to=[PUBLIC])) == "refused"
    max_ = Foreign("other.test").join(alpha).person("max")
    theirs = max_.note("<p>for us</p>", to=[f"{max_.id}/followers"])
    assert await arrive(alpha, zoe, zoe.activity("Announce", theirs["id"], to=[PUBLIC])) == "refused"
    with alpha.inside():
        assert await Boost.all().count() == 0


async def test_a_share_dated_in_the_future_is_not_pinned_to_the_top(alpha, ann, zoe):
    post = await ann.publish()
    activity = zoe.activity("Announce", post["uri"], to=[PUBLIC], published="2999-01-01T00:00:00Z")
    assert await arrive(alpha, zoe, activity) == "done"
    with alpha.inside():
        boost = await Boost.get(uri=activity["id"])
        last = await Entry.get(id=(await ann.publish("newer"))["postId"])
    assert boost.id < last.id


async def test_votes_are_not_taken_for_posts(alpha, ann, zoe):
    post = await ann.publish("Tea or coffee?")
    vote = {"type": "Note", "id": "https://foreign.test/votes/1", "name": "Tea", "inReplyTo": post["uri"]}
    vote |= {"attributedTo": zoe.id, "to": [ann.uri]}
    assert await arrive(alpha, zoe, zoe.activity("Create", vote)) == "refused"  # there is nothing to vote on
    assert await stored(alpha, vote["id"]) is None


async def test_a_tombstone_is_written_once(alpha, zoe):
    note = zoe.note("x")
    for _ in range(2):
        await arrive(alpha, zoe, zoe.activity("Delete", note["id"]))
    with alpha.inside():
        assert await Tombstone.filter(uri=note["id"]).count() == 1


async def test_nothing_that_was_received_stays_in_the_table_with_its_words(alpha, zoe):
    for type in ("Create", "Update", "Delete"):
        await arrive(alpha, zoe, zoe.activity(type, zoe.note("secret words")))
    with alpha.inside():
        bodies = [received.body for received in await Received.all()]
    assert b"secret" not in orjson.dumps(bodies)


class Hurried(Foreign):
    """A server that has a post delivered while somebody looks for it: as it is asked for what the post answers."""

    async def __call__(self, scope, receive, send):
        if scope["path"] == self.waits_for and self.delivery is not None:
            delivery, self.delivery = self.delivery, None
            await arrive(self.instances["alpha.test"], *delivery)
        await super().__call__(scope, receive, send)


async def test_who_looks_for_a_post_that_arrives_meanwhile_finds_it(alpha, ann):
    hurried = Hurried("hurried.test").join(alpha)
    yan = hurried.person("yan")
    question = yan.note("<p>Who is coming?</p>")
    answer = yan.note("<p>I am</p>", inReplyTo=question["id"])
    hurried.waits_for = question["id"].removeprefix(hurried.base_url)
    hurried.delivery = (yan, yan.activity("Create", answer))
    found = await ann.get("/search", q=answer["id"])
    assert hurried.delivery is None
    assert [post["uri"] for post in found["posts"]] == [answer["id"]]
