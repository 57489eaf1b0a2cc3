"""Quotes between servers: consent is asked for and given, looked at before it counts, and taken back (FEP-044f)."""

from __future__ import annotations

import pytest

from core.federation.models import Stamp
from core.models import Entry
from core.testing import Foreign, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored

AP = {"accept": "application/activity+json"}


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


@pytest.fixture
def mallory(alpha):
    return Foreign("evil.test").join(alpha).person("mallory")


def quote_of(author, uri, **more):
    words = f'<p>look<span class="quote-inline"><br>RE: <a href="{uri}">{uri}</a></span></p>'
    return author.note(words, quote=uri, **more)


async def asked(alpha, who, quoted, quoting, **more):
    """Have somebody ask to quote; what they are answered, None where it is nothing."""
    who.server.inbox.clear()
    request = who.activity("QuoteRequest", quoted, instrument=quoting, **more)
    outcome = await arrive(alpha, who, request)
    answers = [one for one in who.server.activities() if one["type"] in ("Accept", "Reject")]
    assert all(one["object"]["id"] == request["id"] for one in answers)
    return outcome, (answers[-1] if answers else None)


async def shown(alpha, note):
    """What a note from elsewhere quotes here, and its words."""
    entry = await stored(alpha, note["id"])
    form = await alpha.anon.get(f"/posts/{entry.id}")
    return (form["quote"] or {}).get("uri"), form["content"]


async def updated(alpha, who, note, **more):
    return await arrive(alpha, who, who.activity("Update", note | more, to=[PUBLIC]))


# -- Asking us ---------------------------------------------------------------------------------------------------------


async def test_who_asks_to_quote_a_public_post_gets_a_stamp_that_can_be_fetched(alpha, ann, foreign, zoe):
    post = await ann.publish("quote me")
    note = quote_of(zoe, post["uri"])
    outcome, answer = await asked(alpha, zoe, post["uri"], note)
    assert (outcome, answer["type"], answer["actor"], answer["to"]) == ("done", "Accept", ann.uri, [zoe.id])
    request = {"type": "QuoteRequest", "actor": zoe.id, "object": post["uri"], "instrument": note["id"]}
    assert answer["object"] == request | {"id": answer["object"]["id"]}
    fetched = await alpha.client.get(answer["result"], headers=AP)
    assert fetched.headers["content-type"] == AP["accept"]
    stamp = fetched.json()
    assert stamp.pop("@context")
    assert stamp == {
        "id": answer["result"],
        "type": "QuoteAuthorization",
        "attributedTo": ann.uri,
        "interactionTarget": post["uri"],
        "interactingObject": note["id"],
    }
    _, again = await asked(alpha, zoe, post["uri"], note["id"])
    assert again["result"] == answer["result"]


@pytest.mark.parametrize("visibility", ["followers", "direct", "private"])
async def test_what_is_not_for_everybody_may_not_be_quoted(alpha, ann, zoe, visibility):
    await arrive(alpha, zoe, zoe.activity("Follow", ann.uri))
    post = await ann.publish(f"psst {zoe.address}", visibility=visibility)
    _, answer = await asked(alpha, zoe, post["uri"], quote_of(zoe, post["uri"])["id"])
    assert answer is None if visibility == "private" else answer["type"] == "Reject"
    with alpha.inside():
        assert await Stamp.all().count() == 0


async def test_who_may_not_see_it_learns_nothing_and_who_is_blocked_gets_no_stamp(alpha, ann, zoe, mallory):
    secret, post = await ann.publish("secret", visibility="followers"), await ann.publish("for all")
    assert (await asked(alpha, mallory, secret["uri"], f"{mallory.server.base_url}/notes/1"))[1] is None
    await ann.get(f"/users/{zoe.address}")
    await ann.post(f"/users/{zoe.address}/block")
    _, answer = await asked(alpha, zoe, post["uri"], quote_of(zoe, post["uri"])["id"])
    assert answer["type"] == "Reject" and "result" not in answer


async def test_nobody_gets_a_stamp_for_what_is_not_theirs(alpha, ann, zoe, mallory):
    post = await ann.publish("quote me")
    note = quote_of(zoe, post["uri"])
    for instrument in (note["id"], note, None, {**note, "id": f"{mallory.server.base_url}/notes/1"}):
        assert await asked(alpha, mallory, post["uri"], instrument) == ("refused", None)
    with alpha.inside():
        assert await Stamp.all().count() == 0


# -- Our stamps --------------------------------------------------------------------------------------------------------


async def quoted_by(alpha, zoe, post, **more):
    """Zoe's quote of a post, which was asked for and is shown as one; the stamp's address."""
    note = quote_of(zoe, post["uri"]) | more
    assert await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC])) == "done"
    assert (await shown(alpha, note))[0] is None
    _, answer = await asked(alpha, zoe, post["uri"], note["id"])
    assert await updated(alpha, zoe, note, quoteAuthorization=answer["result"]) == "done"
    assert (await shown(alpha, note))[0] == post["uri"]
    return note, answer["result"]


@pytest.mark.parametrize("more", [{}, {"content": "<p>look</p>"}], ids=["said in words too", "said in no words"])
async def test_a_quote_is_one_from_when_its_stamp_is_there_without_an_edit(alpha, ann, zoe, more):
    post = await ann.publish("quote me")
    note, _ = await quoted_by(alpha, zoe, post, **more)
    entry = await stored(alpha, note["id"])
    assert entry.content == "<p>look</p>" and entry.edited_at is None


async def test_a_stamp_is_gone_with_the_post_and_the_server_that_quotes_learns_of_it(alpha, ann, foreign, zoe):
    post = await ann.publish("quote me")
    _, stamp = await quoted_by(alpha, zoe, post)
    foreign.inbox.clear()
    await ann.delete(f"/posts/{post['postId']}")
    await settle(alpha)
    assert (await alpha.client.get(stamp, headers=AP)).status_code == 404
    assert [one["object"]["id"] for one in foreign.activities("Delete")] == [post["uri"]]


async def test_who_is_quoted_takes_the_quote_out_and_it_does_not_come_back(alpha, ann, bob, foreign, zoe):
    post = await ann.publish("quote me")
    note, stamp = await quoted_by(alpha, zoe, post)
    entry = await stored(alpha, note["id"])
    path = f"/posts/{post['postId']}/quotes/{entry.id}"
    await bob.refused(403, "DELETE", path)
    foreign.inbox.clear()
    assert (await ann.delete(path))["isQuoted"] is False
    await settle(alpha)
    (told,) = foreign.activities("Delete")
    assert (told["actor"], told["object"]["id"], told["object"]["type"]) == (ann.uri, stamp, "QuoteAuthorization")
    assert (await alpha.client.get(stamp, headers=AP)).status_code == 404
    await ann.refused(404, "DELETE", path)
    assert (await asked(alpha, zoe, post["uri"], note["id"]))[1]["type"] == "Reject"
    await updated(alpha, zoe, note, quoteAuthorization=stamp, updated="2099-01-01T00:00:00Z")
    assert (await shown(alpha, note))[0] is None


async def test_a_stamp_for_one_quote_is_none_for_another(alpha, ann, zoe):
    post, other = await ann.publish("quote me"), await ann.publish("not me")
    _, stamp = await quoted_by(alpha, zoe, post)
    for quoted in (post, other):
        note = quote_of(zoe, quoted["uri"], quoteAuthorization=stamp)
        await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
        assert (await shown(alpha, note))[0] is None


# -- Stamps of others --------------------------------------------------------------------------------------------------


@pytest.fixture
def max_(alpha):
    """Somebody on a third server, whom others quote."""
    return Foreign("third.test").join(alpha).person("max")


def stamp_of(author, quoted, quoting, **wrong):
    """A stamp by the author, served where it says it is."""
    uri = f"{author.server.base_url}/stamps/{len(author.server.documents)}"
    stamp = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": uri,
        "type": "QuoteAuthorization",
        "attributedTo": author.id,
        "interactionTarget": quoted,
        "interactingObject": quoting,
    }
    author.server.documents[uri.removeprefix(author.server.base_url)] = stamp | wrong
    return uri


async def test_a_quote_of_somebody_elsewhere_is_one_where_they_consented_and_until_they_do_no_more(
    alpha, ann, zoe, max_, mallory
):
    original = max_.note("<p>the original</p>")
    note = quote_of(zoe, original["id"])
    note["quoteAuthorization"] = stamp = stamp_of(max_, original["id"], note["id"])
    assert await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC])) == "done"
    assert (await shown(alpha, note))[0] == original["id"]
    await arrive(alpha, mallory, mallory.activity("Delete", stamp))
    assert (await shown(alpha, note))[0] == original["id"]
    assert await arrive(alpha, max_, max_.activity("Delete", stamp)) == "done"
    quote, words = await shown(alpha, note)
    assert quote is None and f'href="{original["id"]}"' in words


async def test_a_quote_that_is_looked_up_is_checked_too(alpha, ann, zoe, max_):
    original = max_.note("<p>the original</p>")
    good, bad = quote_of(zoe, original["id"]), quote_of(zoe, original["id"])
    good["quoteAuthorization"] = bad["quoteAuthorization"] = stamp_of(max_, original["id"], good["id"])
    for note, expected in ((good, original["id"]), (bad, None)):
        await ann.browser().get("/lookup", params={"q": note["id"]})
        assert (await shown(alpha, note))[0] == expected


@pytest.mark.parametrize(
    "fault", ["no stamp", "not there", "type", "target", "object", "owner", "its own", "another server", "embedded"]
)
async def test_without_good_consent_a_quote_is_a_link(alpha, zoe, max_, mallory, fault):
    original = max_.note("<p>the original</p>")
    note = quote_of(zoe, original["id"])
    wrong = {
        "type": {"type": "Note"},
        "target": {"interactionTarget": f"{original['id']}0"},
        "object": {"interactingObject": f"{note['id']}0"},
        "owner": {"attributedTo": zoe.id},
    }.get(fault, {})
    signer = {"its own": zoe, "another server": mallory}.get(fault, max_)
    stamp = stamp_of(signer, original["id"], note["id"], **({"attributedTo": max_.id} if signer is not max_ else wrong))
    if fault == "not there":
        stamp = f"{max_.server.base_url}/nowhere"
    if fault == "embedded":
        stamp = {"id": f"{max_.server.base_url}/nowhere", **mallory.server.documents, "type": "QuoteAuthorization"}
    if fault != "no stamp":
        note["quoteAuthorization"] = stamp
    assert await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC])) == "done"
    quote, words = await shown(alpha, note)
    assert quote is None and f'href="{original["id"]}"' in words


async def test_a_post_does_not_wait_for_a_stamp_on_a_server_that_is_down(alpha, zoe, max_):
    original = max_.note("<p>the original</p>")
    await arrive(alpha, max_, max_.activity("Create", original, to=[PUBLIC]))
    note = quote_of(zoe, original["id"])
    note["quoteAuthorization"] = stamp_of(max_, original["id"], note["id"])
    max_.server.status = 503
    assert await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC])) == "done"
    assert (await shown(alpha, note))[0] is None
    max_.server.status = 0
    await updated(alpha, zoe, note)
    assert (await shown(alpha, note))[0] == original["id"]


async def test_a_quote_whose_stamp_is_left_out_later_is_one_no_more(alpha, zoe, max_):
    original = max_.note("<p>the original</p>")
    note = quote_of(zoe, original["id"])
    note["quoteAuthorization"] = stamp_of(max_, original["id"], note["id"])
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    del note["quoteAuthorization"]
    await updated(alpha, zoe, note)
    with alpha.inside():
        assert (await Entry.get(uri=note["id"])).quote_id is None
