"""Answers by a sign between servers: each gets them as it takes them, and takes them back."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from core import emoji_reactions
from core.federation.removal import remove_actor
from core.models import Actor, Entry
from core.testing import Foreign, settle, world
from tests.federation.arrivals import arrive

PICTURE = {"type": "Image", "mediaType": "image/png", "url": "https://other.test/files/blobcat.png"}
TAG = {"id": "https://other.test/emojis/blobcat", "type": "Emoji", "name": ":blobcat:", "icon": PICTURE}


@pytest.fixture
async def abroad():
    """Ann here, and Zoe on a server of another make."""
    async with world("alpha.test") as (alpha,):
        yield alpha, await alpha.user("ann"), Foreign("other.test").join(alpha).person("zoe")


def describe(server, name, *features):
    """Have a server say what it is."""
    link = {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"https://{server.host}/nodeinfo/2.0"}
    server.documents["/.well-known/nodeinfo"] = {"links": [link]}
    server.documents["/nodeinfo/2.0"] = {"software": {"name": name}, "metadata": {"features": list(features)}}


async def hers(alpha, ann, zoe):
    """A post of Zoe's as Ann sees it."""
    note = zoe.note("<p>Hi</p>")
    await zoe.send(alpha, zoe.activity("Create", note, to=note["to"]))
    await settle(alpha)
    with alpha.inside():
        return await ann.get(f"/posts/{(await Entry.get(uri=note['id'])).id}")


def at(post, sign):
    return f"/posts/{post['postId']}/reactions/{quote(sign)}"


@pytest.mark.parametrize(
    ("software", "features", "type", "content"),
    [
        ("mastodon", [], "Like", None),
        ("misskey", [], "Like", "🎉"),
        ("akkoma", ["pleroma_emoji_reactions"], "EmojiReact", "🎉"),
    ],
)
async def test_each_server_gets_a_sign_as_it_takes_it(abroad, software, features, type, content):
    alpha, ann, zoe = abroad
    describe(zoe.server, software, *features)
    post = await hers(alpha, ann, zoe)
    await ann.put(at(post, "🎉"))
    await settle(alpha)
    (said,) = [one for one in zoe.server.activities() if one["type"] in ("Like", "EmojiReact")]
    assert (said["type"], said.get("content"), said["object"], said["to"]) == (type, content, post["uri"], [zoe.id])
    assert ("_misskey_reaction" in said) == (software == "misskey")
    await ann.delete(at(post, "🎉"))
    await settle(alpha)
    (undone,) = zoe.server.activities("Undo")
    assert (undone["object"]["type"], undone["object"]["id"]) == (type, said["id"])


async def test_who_knows_only_likes_keeps_the_like_as_long_as_there_is_a_reason(abroad):
    alpha, ann, zoe = abroad
    post = await hers(alpha, ann, zoe)
    for sign in ("🎉", "👍"):
        await ann.put(at(post, sign))
        await settle(alpha)
    assert len(zoe.server.activities("Like")) == 1
    await ann.delete(at(post, "🎉"))
    await settle(alpha)
    assert zoe.server.activities("Undo") == []
    await ann.delete(at(post, "👍"))
    await settle(alpha)
    assert len(zoe.server.activities("Undo")) == 1


async def test_a_sign_taken_back_at_once_is_never_said(abroad):
    alpha, ann, zoe = abroad
    post = await hers(alpha, ann, zoe)
    await ann.put(at(post, "🎉"))
    await ann.delete(at(post, "🎉"))
    await settle(alpha)
    assert zoe.server.activities("Like") == zoe.server.activities("Undo") == []


async def test_signs_pass_between_servers_like_this_one(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, bob = await alpha.user("ann"), await beta.user("bob")
    await bob.follow(ann.address)
    await settle(alpha, beta)
    post = await ann.publish("Good morning.")
    await settle(alpha, beta)
    (there,) = await bob.feed()
    await bob.put(at(there, "🔥"))
    await settle(alpha, beta)
    seen = await ann.get(f"/posts/{post['postId']}")
    assert ([(one["emoji"], one["count"]) for one in seen["reactions"]], seen["likesCount"]) == ([("🔥", 1)], 0)
    await bob.delete(at(there, "🔥"))
    await settle(alpha, beta)
    assert (await ann.get(f"/posts/{post['postId']}"))["reactions"] == []


async def test_a_like_with_a_sign_and_an_emoji_react_are_both_signs(abroad):
    alpha, ann, zoe = abroad
    post, max_ = await ann.publish("Good morning."), zoe.server.person("max")
    like = zoe.activity("Like", post["uri"], content=":blobcat:", _misskey_reaction=":blobcat:", tag=[TAG])
    react = max_.activity("EmojiReact", post["uri"], content="🎉")
    await zoe.send(alpha, like)
    await max_.send(alpha, react)
    await settle(alpha)
    seen = await ann.get(f"/posts/{post['postId']}")
    assert [one["emoji"] for one in seen["reactions"]] == [":blobcat@other.test:", "🎉"]
    assert seen["reactions"][0]["url"].startswith("https://alpha.test/files/remote/emoji/")
    assert seen["likesCount"] == 0
    await ann.put(at(post, ":blobcat@other.test:"))  # who sees it may join in
    assert (await ann.get(f"/posts/{post['postId']}"))["reactions"][0]["count"] == 2
    await zoe.send(alpha, zoe.activity("Undo", like))
    await max_.send(alpha, max_.activity("Undo", react["id"]))
    await settle(alpha)
    seen = await ann.get(f"/posts/{post['postId']}")
    assert [(one["emoji"], one["count"]) for one in seen["reactions"]] == [(":blobcat@other.test:", 1)]


async def test_liars_and_nonsense_leave_no_sign(abroad):
    alpha, ann, zoe = abroad
    post, max_ = await ann.publish("Good morning."), zoe.server.person("max")
    hidden = await ann.publish("Just me", visibility="private")
    react = zoe.activity("EmojiReact", post["uri"], content="🎉")
    assert (await zoe.send(alpha, react, signer=max_)).status_code == 401
    for content in ("~", "👌👌", ":unknown:", "", None, 7):
        await zoe.send(alpha, zoe.activity("EmojiReact", post["uri"], content=content))
    await zoe.send(alpha, zoe.activity("EmojiReact", hidden["uri"], content="🎉"))
    theirs = max_.activity("EmojiReact", post["uri"], content="🔥")
    await max_.send(alpha, theirs)
    await settle(alpha)
    await zoe.send(alpha, zoe.activity("Undo", theirs))
    await settle(alpha)
    assert [one["emoji"] for one in (await ann.get(f"/posts/{post['postId']}"))["reactions"]] == ["🔥"]
    assert (await ann.get(f"/posts/{hidden['postId']}"))["reactions"] == []
    with alpha.inside():
        await remove_actor(await Actor.get(uri=max_.id))
    await settle(alpha)
    assert (await ann.get(f"/posts/{post['postId']}"))["reactions"] == []


async def test_strangers_do_not_cover_a_post_with_ever_more_signs(abroad, monkeypatch):
    alpha, ann, zoe = abroad
    monkeypatch.setattr(emoji_reactions, "KINDS_OF_OTHERS", 3)
    post = await ann.publish("Hi")
    eve = zoe.server.person("eve")
    for who, signs in ((zoe, "🎉🍎"), (eve, "🎉🍐🍋🍒")):
        for sign in signs:
            await arrive(alpha, who, who.activity("EmojiReact", post["uri"], content=sign))
    await ann.put(at(post, "🥝"))
    shown = (await ann.get(f"/posts/{post['postId']}"))["reactions"]
    assert {one["emoji"]: one["count"] for one in shown} == {"🎉": 2, "🍎": 1, "🍐": 1, "🥝": 1}
