"""Pinned posts: shown first on the profile, here and on other servers."""

from __future__ import annotations

from core.models import Entry
from core.testing import fields_of, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, stored

AP = {"accept": "application/activity+json"}


async def pinned(person, name):
    return [post["content"] for post in (await person.get(f"/users/{name}/posts", pinned=True))["posts"]]


async def test_what_is_pinned_comes_first_the_latest_before_the_others(ann, bob, anon):
    first, second, _third = [await ann.publish(words) for words in ("one", "two", "three")]
    for post in (first, second):
        assert (await ann.post(f"/posts/{post['postId']}/pin"))["isPinned"]
    assert await pinned(anon, "ann") == ["<p>two</p>", "<p>one</p>"]
    assert (await bob.get(f"/posts/{first['postId']}"))["isPinned"]
    page = (await anon.page("/@ann")).text
    assert page.index("<p>two</p>") < page.index("<p>one</p>") < page.index("<p>three</p>")
    assert page.count("<p>two</p>") == 1 and 'id="pinned-title"' in page
    await ann.refused(409, "POST", f"/posts/{first['postId']}/pin")
    await ann.delete(f"/posts/{second['postId']}")
    assert not (await ann.delete(f"/posts/{first['postId']}/pin"))["isPinned"]
    await ann.refused(404, "DELETE", f"/posts/{first['postId']}/pin")
    assert await pinned(anon, "ann") == [] and "pinned-title" not in (await anon.page("/@ann")).text


async def test_nobody_pins_too_much_or_what_is_not_theirs_or_not_for_all(ann, bob):
    post, secret = await ann.publish("mine"), await ann.publish("few", visibility="followers")
    await bob.refused(403, "POST", f"/posts/{post['postId']}/pin")
    await ann.refused(422, "POST", f"/posts/{secret['postId']}/pin")
    for number in range(5):
        await ann.post(f"/posts/{(await ann.publish(str(number)))['postId']}/pin")
    problem = await ann.refused(422, "POST", f"/posts/{post['postId']}/pin")
    assert fields_of(problem) == ["pins"]
    assert len(await pinned(bob, "ann")) == 5


async def test_pins_cross_over_and_back(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bea = await alpha.user("ann"), await beta.user("bea")
    old = await ann.publish("from before")
    await ann.post(f"/posts/{old['postId']}/pin")
    await bea.follow(ann.address)
    await settle(alpha, beta)
    assert await pinned(bea, ann.address) == ["<p>from before</p>"]
    new = await ann.publish("new")
    await ann.post(f"/posts/{new['postId']}/pin")
    await settle(alpha, beta)
    assert await pinned(bea, ann.address) == ["<p>new</p>", "<p>from before</p>"]
    featured = (await alpha.client.get(f"{ann.uri}/featured", headers=AP)).json()
    assert featured["orderedItems"] == [new["uri"], old["uri"]]
    await ann.delete(f"/posts/{old['postId']}/pin")
    await settle(alpha, beta)
    assert await pinned(bea, ann.address) == ["<p>new</p>"]


async def test_only_ones_own_posts_are_pinned_from_elsewhere(alpha, ann, foreign):
    zoe = foreign.person("zoe", featured="https://foreign.test/users/zoe/collections/featured")
    max_ = foreign.person("max", featured="https://foreign.test/users/max/collections/featured")
    note = zoe.note("<p>hello</p>")
    target = f"{zoe.id}/collections/featured"
    assert await arrive(alpha, max_, max_.activity("Add", note["id"], target=target)) == "ignored"
    theirs = max_.activity("Add", note["id"], target=f"{max_.id}/collections/featured")
    assert await arrive(alpha, max_, theirs) == "refused"
    tag = {"type": "Hashtag", "name": "#fog", "href": "https://foreign.test/tags/fog"}
    assert await arrive(alpha, zoe, zoe.activity("Add", tag, target=target)) == "ignored"
    assert await arrive(alpha, zoe, zoe.activity("Add", note["id"], target=target, to=[PUBLIC])) == "done"
    entry = await stored(alpha, note["id"])
    assert await pinned(ann, zoe.address) == ["<p>hello</p>"]
    await arrive(alpha, max_, max_.activity("Remove", note["id"], target=target))
    assert (await ann.get(f"/posts/{entry.id}"))["isPinned"]
    assert await arrive(alpha, zoe, zoe.activity("Remove", note["id"], target=target)) == "done"
    assert await pinned(ann, zoe.address) == []
    with alpha.inside():
        assert await Entry.exists(id=entry.id, deleted_at__isnull=True)
