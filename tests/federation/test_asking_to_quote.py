"""Our own quotes of others: they are asked, their answer is looked at, and until they agree it is a link (FEP-044f)."""

from __future__ import annotations

import pytest

from core.models import Entry
from core.quote_models import QuoteRequest
from core.testing import Foreign, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive

AP = {"accept": "application/activity+json"}


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


@pytest.fixture
def mallory(alpha):
    return Foreign("evil.test").join(alpha).person("mallory")


async def quoting(alpha, ann, zoe, **more):
    """A note of zoe's, ann's post that is to quote it, and what zoe was asked."""
    note = zoe.note("<p>Quote me</p>")
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    with alpha.inside():
        entry = await Entry.get(uri=note["id"])
    post = await ann.publish("Look at this", quote=entry.id, **more)
    await settle(alpha)
    (asked,) = zoe.server.activities("QuoteRequest")
    return note, post, asked


def stamped(zoe, note, post, **wrong):
    """The address of a stamp of zoe's."""
    path = f"/stamps/{len(zoe.server.documents)}"
    stamp = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": zoe.server.base_url + path,
        "type": "QuoteAuthorization",
        "attributedTo": zoe.id,
        "interactionTarget": note["id"],
        "interactingObject": post["uri"],
    }
    zoe.server.documents[path] = stamp | wrong
    return stamp["id"]


async def document(alpha, post):
    return (await alpha.client.get(post["uri"], headers=AP)).json()


async def test_whom_a_post_quotes_is_asked_and_it_is_a_link_until_then(alpha, ann, bob, anon, zoe):
    note, post, asked = await quoting(alpha, ann, zoe)
    assert (asked["actor"], asked["object"], asked["to"]) == (ann.uri, note["id"], [zoe.id])
    assert asked["instrument"]["id"] == post["uri"] and asked["instrument"]["quote"] == note["id"]
    assert (post["quote"]["uri"], post["quote"]["state"]) == (note["id"], "pending")
    for other in (bob, anon):
        seen = await other.get(f"/posts/{post['postId']}")
        assert seen["quote"] is None and f'href="{note["id"]}"' in seen["content"]
    assert "quoteAuthorization" not in await document(alpha, post)


@pytest.mark.parametrize("embeds", [True, False])
async def test_when_they_agree_it_is_a_quote_and_everybody_is_told(alpha, ann, anon, foreign, zoe, embeds):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    note, post, asked = await quoting(alpha, ann, zoe)
    stamp = stamped(zoe, note, post)
    foreign.inbox.clear()
    accept = zoe.activity("Accept", asked if embeds else asked["id"], result=stamp)
    assert await arrive(alpha, zoe, accept) == "done"
    seen = await anon.get(f"/posts/{post['postId']}")
    assert (seen["quote"]["uri"], seen["quote"]["state"]) == (note["id"], "accepted")
    assert "RE:" not in seen["content"] and seen["editedAt"] is None
    (update,) = foreign.activities("Update")
    assert update["object"]["quoteAuthorization"] == stamp and update["object"]["quote"] == note["id"]
    assert "quote-inline" in update["object"]["content"] and "updated" not in update["object"]
    with alpha.inside():
        assert await QuoteRequest.all().count() == 0


async def test_a_yes_while_its_author_is_suspended_is_told_once_they_are_back(alpha, ann, admin, anon, foreign, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    note, post, asked = await quoting(alpha, ann, zoe)
    await admin.post(f"/admin/users/{ann.id}/suspend")
    await settle(alpha)
    foreign.inbox.clear()
    stamp = stamped(zoe, note, post)
    assert await arrive(alpha, zoe, zoe.activity("Accept", asked, result=stamp)) == "done"
    await admin.post(f"/admin/users/{ann.id}/unsuspend")
    await settle(alpha)
    assert (await anon.get(f"/posts/{post['postId']}"))["quote"]["state"] == "accepted"
    (update,) = [one for one in foreign.activities("Update") if one["object"]["type"] == "Note"]
    assert update["object"]["quoteAuthorization"] == stamp
    with alpha.inside():
        assert await QuoteRequest.all().count() == 0


FAULTS = ["stranger", "no result", "not there", "type", "target", "object", "owner", "another server"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_lie_is_no_consent(alpha, ann, anon, zoe, mallory, fault):
    note, post, asked = await quoting(alpha, ann, zoe)
    wrong = {
        "type": {"type": "Note"},
        "target": {"interactionTarget": f"{note['id']}0"},
        "object": {"interactingObject": f"{post['uri']}0"},
        "owner": {"attributedTo": mallory.id},
    }.get(fault, {})
    signer = mallory if fault == "another server" else zoe
    stamp = stamped(signer, note, post, **({"attributedTo": zoe.id} | wrong))
    result = {"no result": None, "not there": f"{zoe.server.base_url}/nowhere"}.get(fault, stamp)
    sender = mallory if fault == "stranger" else zoe
    accept = sender.activity("Accept", asked, result=result)
    assert await arrive(alpha, sender, accept) == "refused"
    assert (await anon.get(f"/posts/{post['postId']}"))["quote"] is None
    assert (await ann.get(f"/posts/{post['postId']}"))["quote"]["state"] == "pending"


async def test_when_they_say_no_the_author_is_told_and_the_link_stays(alpha, ann, anon, zoe, mallory):
    note, post, asked = await quoting(alpha, ann, zoe)
    assert await arrive(alpha, mallory, mallory.activity("Reject", asked)) == "refused"
    assert (await ann.get(f"/posts/{post['postId']}"))["quote"]["state"] == "pending"
    assert await arrive(alpha, zoe, zoe.activity("Reject", asked)) == "done"
    assert (await ann.get(f"/posts/{post['postId']}"))["quote"]["state"] == "refused"
    assert "quote" not in await document(alpha, post)
    edited = await ann.put(f"/posts/{post['postId']}", {"content": "Look there"})
    assert note["id"] in edited["content"] and "Look there" in edited["content"]
    assert (await anon.get(f"/posts/{post['postId']}"))["quote"] is None


@pytest.mark.parametrize("how", ["Delete", "Reject"])
async def test_consent_is_taken_back(alpha, ann, anon, foreign, zoe, mallory, how):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    note, post, asked = await quoting(alpha, ann, zoe)
    stamp = stamped(zoe, note, post)
    await arrive(alpha, zoe, zoe.activity("Accept", asked, result=stamp))
    await arrive(alpha, mallory, mallory.activity(how, stamp if how == "Delete" else asked))
    assert (await anon.get(f"/posts/{post['postId']}"))["quote"]
    foreign.inbox.clear()
    assert await arrive(alpha, zoe, zoe.activity(how, stamp if how == "Delete" else asked)) == "done"
    seen = await anon.get(f"/posts/{post['postId']}")
    assert seen["quote"] is None and note["id"] in seen["content"]
    assert (await ann.get(f"/posts/{post['postId']}"))["quote"]["state"] == "refused"
    assert "quoteAuthorization" not in foreign.activities("Update")[-1]["object"]


async def test_for_oneself_nobody_is_asked_and_what_stays_here_cannot_ask(alpha, ann, zoe):
    note = zoe.note("<p>Quote me</p>")
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    with alpha.inside():
        entry = await Entry.get(uri=note["id"])
    post = await ann.publish("For me", quote=entry.id, visibility="private")
    assert post["quote"]["state"] == "accepted"
    await ann.refused(422, "POST", "/posts", {"content": "here", "quote": entry.id, "localOnly": True})
    await settle(alpha)
    assert zoe.server.activities("QuoteRequest") == []


async def two_who_follow(alpha, beta):
    ann, bea = await alpha.user("ann"), await beta.user("bea")
    await bea.follow(ann.address)
    await settle(alpha, beta)
    await ann.follow(bea.address)
    await settle(alpha, beta)
    return ann, bea


async def at(instance, post):
    with instance.inside():
        return (await Entry.get(uri=post["uri"])).id


async def test_between_two_servers_a_quote_is_asked_for_shown_counted_and_taken_back(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bea = await two_who_follow(alpha, beta)
    original = await ann.publish("The original")
    await settle(alpha, beta)
    quote = await bea.publish("So true", quote=await at(beta, original))
    assert quote["quote"]["state"] == "pending"
    await settle(alpha, beta)
    assert (await bea.get(f"/posts/{quote['postId']}"))["quote"]["state"] == "accepted"
    there = await ann.get(f"/posts/{await at(alpha, quote)}")
    assert there["quote"]["uri"] == original["uri"] and "RE:" not in there["content"]
    seen = await ann.get(f"/posts/{original['postId']}")
    assert seen["quotesCount"] == 1
    listed = await ann.get(f"/posts/{original['postId']}/quotes")
    assert [one["uri"] for one in listed["posts"]] == [quote["uri"]]
    await ann.delete(f"/posts/{original['postId']}/quotes/{there['postId']}")
    await settle(alpha, beta)
    assert (await bea.get(f"/posts/{quote['postId']}"))["quote"]["state"] == "refused"
    assert (await ann.get(f"/posts/{original['postId']}"))["quotesCount"] == 0


async def test_between_two_servers_nobody_quotes_against_the_policy(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bea = await two_who_follow(alpha, beta)
    original = await ann.publish("Mine", quotePolicy="nobody")
    await settle(alpha, beta)
    here = await at(beta, original)
    await bea.refused(403, "POST", "/posts", {"content": "So true", "quote": here})
    with beta.inside():
        await Entry.filter(id=here).update(quote_policy="everyone")  # as an older copy would have it
    quote = await bea.publish("So true", quote=here)
    await settle(alpha, beta)
    assert (await bea.get(f"/posts/{quote['postId']}"))["quote"]["state"] == "refused"
    assert (await ann.get(f"/posts/{await at(alpha, quote)}"))["quote"] is None


async def test_a_quote_among_members_bears_a_stamp_for_other_servers(alpha, ann, bob, foreign, zoe):
    await arrive(alpha, zoe, zoe.activity("Follow", bob.uri))
    original = await ann.publish("The original")
    quote = await bob.publish("So true", quote=original["postId"])
    assert quote["quote"]["state"] == "accepted"
    await settle(alpha)
    (create,) = foreign.activities("Create")
    stamp = (await alpha.client.get(create["object"]["quoteAuthorization"], headers=AP)).json()
    assert (stamp["attributedTo"], stamp["interactingObject"]) == (ann.uri, quote["uri"])
    foreign.inbox.clear()
    await ann.delete(f"/posts/{original['postId']}/quotes/{quote['postId']}")
    await settle(alpha)
    (update,) = foreign.activities("Update")
    assert "quote" not in update["object"] and "quoteAuthorization" not in update["object"]
    assert original["url"] in update["object"]["content"]
    assert (await alpha.client.get(stamp["id"], headers=AP)).status_code == 404
