"""Small pictures between servers: told with posts and people, read from others, shown from here."""

from __future__ import annotations

from core import emoji_room
from core.database import rows
from core.federation.documents import CONTEXT
from core.models import Actor, Entry
from core.reading.emojis import emojis_of
from core.testing import Foreign, settle, world
from tests.emoji_pictures import add

CAT = "https://other.test/files/cat.png"


def tag(name, url=CAT, **more):
    """A small picture as Mastodon writes it; `more` is what others leave out or write otherwise."""
    icon = {"type": "Image", "mediaType": "image/png", "url": url}
    return {"id": f"https://other.test/emojis/{name}", "type": "Emoji", "name": f":{name}:", "icon": icon, **more}


async def arrived(alpha, zoe, content, tags, **more):
    """A post of Zoe's as strangers see it."""
    note = zoe.note(content, tag=tags, **more)
    await zoe.send(alpha, zoe.activity("Create", note, to=note["to"]))
    await settle(alpha)
    with alpha.inside():
        entry = await Entry.get(uri=note["id"])
    return await alpha.anon.get(f"/posts/{entry.id}")


async def test_pictures_pass_between_servers_like_this_one(alpha_and_beta):
    alpha, beta = alpha_and_beta
    ann, root = await alpha.user("ann"), await alpha.user("carol", role="admin")
    bob = await beta.user("bob")
    await add(root, "blobcat")
    await ann.put("/users/me", {"fullName": "Ann :blobcat:", "bio": "Likes :blobcat:"})
    await bob.follow(ann.address)
    await settle(alpha, beta)
    await ann.publish("Hello :blobcat:", contentWarning="A :blobcat:", poll={"options": ["A :blobcat:", "B"]})
    await settle(alpha, beta)
    (seen,) = await bob.feed()
    (shown,), (named,) = seen["emojis"], seen["user"]["emojis"]
    assert shown["shortcode"] == named["shortcode"] == "blobcat"
    assert shown["url"] == named["url"]
    assert shown["url"].startswith("https://beta.test/files/remote/emoji/")
    answer = await beta.anon.page(shown["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    page = (await bob.page(f"/@{seen['user']['acct']}/{seen['postId']}")).text
    assert page.count('alt=":blobcat:"') >= 4


async def test_documents_name_the_pictures_in_them_and_lead_to_each(alpha_and_beta):
    alpha, _ = alpha_and_beta
    ann, root = await alpha.user("ann"), await alpha.user("carol", role="admin")
    cat = await add(root, "blobcat")
    await ann.put("/users/me", {"fullName": "Ann :blobcat:"})
    post = await ann.publish("Hello :blobcat: and :nothing:")
    wanted = {"Accept": "application/activity+json"}
    for uri in (post["uri"], ann.uri):
        document = (await alpha.anon.page(uri, headers=wanted)).json()
        (told,) = [one for one in document["tag"] if one["type"] == "Emoji"]
        assert (told["name"], told["icon"]["url"]) == (":blobcat:", cat["url"])
        own = (await alpha.anon.page(told["id"], headers=wanted)).json()
        assert {**told, "@context": CONTEXT} == own
    missing = told["id"].replace(cat["emojiId"], post["postId"])
    assert (await alpha.anon.page(missing, headers=wanted)).status_code == 404


async def test_pictures_of_other_servers_are_read_as_each_writes_them():
    async with world("alpha.test") as (alpha,):
        zoe = Foreign("other.test").join(alpha).person("zoe")
        tags = [
            tag("mastodon", updated="2026-01-01T00:00:00Z"),
            tag("akkoma-cat", id=None),
            tag("pixelfed", icon={"type": "Image", "url": {"type": "Link", "href": CAT}}),
            {"type": ["Emoji"], "name": "misskey", "icon": CAT},
            tag("unused"),
            tag("evil", url="javascript:alert(1)"),
            tag("spaced name"),
        ]
        said = "<p>:mastodon: :akkoma-cat: :pixelfed: :misskey: :evil: <code>:mastodon:</code></p>"
        seen = await arrived(alpha, zoe, said, tags)
        names = [one["shortcode"] for one in seen["emojis"]]
        assert names == ["mastodon", "akkoma-cat", "pixelfed", "misskey"]
        page = (await alpha.anon.page(f"/@zoe@other.test/{seen['postId']}")).text
        assert page.count('class="emoji"') == 4
        assert "other.test/files" not in page.replace("https://other.test/notes", "")


async def test_somebodys_name_bears_the_pictures_of_their_server():
    async with world("alpha.test") as (alpha,):
        zoe = Foreign("other.test").join(alpha).person("zoe", summary="<p>:cat: :dog:</p>", tag=[tag("cat")])
        zoe.more["name"] = "Zoe :cat:"
        seen = await arrived(alpha, zoe, "<p>Hi</p>", [])
        assert [one["shortcode"] for one in seen["user"]["emojis"]] == ["cat"]
        zoe.more["tag"] = [tag("cat", url="https://other.test/files/newer.png")]
        await zoe.send(alpha, zoe.activity("Update", zoe.document()))
        await settle(alpha)
        with alpha.inside():
            assert "newer.png" in (await Actor.get(uri=zoe.id)).emojis


async def test_nobody_changes_what_a_shortcode_of_another_server_stands_for():
    async with world("alpha.test") as (alpha,):
        zoe = Foreign("other.test").join(alpha).person("zoe")
        liar = Foreign("liar.test").join(alpha).person("liar")
        root = await alpha.user("carol", role="admin")
        await add(root, "cat")
        seen = await arrived(alpha, zoe, "<p>:cat:</p>", [tag("cat")])
        (mine,) = (await arrived(alpha, liar, "<p>:cat:</p>", [tag("cat", url="https://liar.test/x.png")]))["emojis"]
        again = await alpha.anon.get(f"/posts/{seen['postId']}")
        (ours,) = (await alpha.anon.get("/emojis"))["emojis"]
        assert again["emojis"] == seen["emojis"]
        assert len({mine["url"], ours["url"], again["emojis"][0]["url"]}) == 3


async def remembered(at):
    """The names of the pictures of other servers that are remembered, by server."""
    with at.inside():
        found = await rows("SELECT domain, shortcode FROM core_emoji WHERE domain <> '' ORDER BY id")
    return {domain: [one["shortcode"] for one in found if one["domain"] == domain] for domain in HOSTS}


HOSTS = ("alpha.test", "other.test", "third.test")


async def test_of_the_pictures_a_server_floods_us_with_those_stay_that_people_see(alpha_and_beta, monkeypatch):
    alpha, beta = alpha_and_beta
    ann, root = await alpha.user("ann"), await alpha.user("carol", role="admin")
    bob = await beta.user("bob")
    await add(root, "blobcat")
    await add(root, "dullcat")
    await bob.follow(ann.address)
    await settle(alpha, beta)
    post = await ann.publish("Hello :blobcat: and :dullcat:")
    await settle(alpha, beta)
    (seen,) = await bob.feed()
    shown = next(one["url"] for one in seen["emojis"] if one["shortcode"] == "blobcat")
    assert (await beta.anon.page(shown)).status_code == 200
    zoe = Foreign("other.test").join(beta).person("zoe")
    liked = await arrived(beta, zoe, "<p>:liked:</p>", [tag("liked")])
    await bob.put(f"/posts/{liked['postId']}/reactions/:liked@other.test:")

    monkeypatch.setattr(emoji_room, "OF_A_SERVER_AT_MOST", 20)
    for number in range(3):
        names = [f"flood{number}x{more}" for more in range(15)]
        latest = await arrived(beta, zoe, f"<p>:{': :'.join(names)}:</p>", [tag(name) for name in names])
        assert len(latest["emojis"]) == 15  # what was just named is there, and nothing failed
    there = await remembered(beta)
    assert there["alpha.test"] == ["blobcat", "dullcat"]
    assert len(there["other.test"]) <= 20 and {"liked", *names} <= {*there["other.test"]}
    again = await beta.anon.get(f"/posts/{liked['postId']}")
    assert again["reactions"][0]["url"].startswith("https://beta.test/files/remote/emoji/")

    many = Foreign("third.test").join(beta).person("yan")
    await arrived(beta, many, "<p>:late: :later:</p>", [tag("late"), tag("later")])
    monkeypatch.setattr(emoji_room, "IN_ALL_AT_MOST", 5)
    with beta.inside():
        await emoji_room.make_room_in_all()
    assert await remembered(beta) == {
        "alpha.test": ["blobcat"],
        "other.test": ["liked"],
        "third.test": ["late", "later"],
    }
    await ann.put(f"/posts/{post['postId']}", {"content": "Hello again :dullcat:"})
    await settle(alpha, beta)
    assert [one["shortcode"] for one in (await bob.feed())[0]["emojis"]] == ["dullcat"]


def test_a_document_full_of_pictures_is_read_only_so_far():
    many = [tag(f"cat{number}") for number in range(2000)]
    assert len(emojis_of({"tag": many})) == 100
