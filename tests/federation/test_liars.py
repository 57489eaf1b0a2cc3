"""Servers that lie, and servers that flood: what they say of others is not believed, what they say is bounded."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from core.database import now
from core.models import Actor, Attachment, Entry, EntryTag, Follow, Mention
from core.reaction_models import Boost, Like
from core.testing import Foreign, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import arrive, count_stored, outcome, stored
from tests.federation.odd_server import actor as plain_actor


@pytest.fixture
def zoe(foreign):
    return foreign.person("zoe")


@pytest.fixture
def eve(foreign):
    """On the same server as Zoe."""
    return foreign.person("eve")


@pytest.fixture
def mallory(alpha):
    """On another server."""
    return Foreign("evil.test").join(alpha).person("mallory")


async def published(alpha, author, **more):
    note = author.note("<p>the truth</p>", **more)
    assert await arrive(alpha, author, author.activity("Create", note)) == "done"
    return note


# -- About what is somebody else's -------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["eve", "mallory"])
async def test_nobody_changes_or_deletes_what_somebody_else_published(alpha, zoe, request, who):
    liar = request.getfixturevalue(who)
    note = await published(alpha, zoe)
    lie = note | {"content": "<p>a lie</p>", "updated": (now() + timedelta(minutes=1)).isoformat()}
    for activity in (
        liar.activity("Update", lie),
        liar.activity("Update", lie | {"attributedTo": liar.id}),
        liar.activity("Create", lie | {"attributedTo": liar.id}),
        liar.activity("Delete", note["id"]),
        liar.activity("Delete", {"id": note["id"], "type": "Tombstone"}),
    ):
        assert await arrive(alpha, liar, activity) in ("refused", "ignored")
    entry = await stored(alpha, note["id"])
    assert (entry.content, entry.deleted_at, entry.version) == ("<p>the truth</p>", None, 1)


async def test_nobody_elsewhere_changes_or_deletes_what_is_published_here(alpha, ann, zoe):
    post = await ann.publish("the truth")
    lie = zoe.note("<p>a lie</p>") | {"id": post["uri"], "updated": now().isoformat()}
    for activity in (
        zoe.activity("Create", lie),
        zoe.activity("Update", lie),
        zoe.activity("Update", lie | {"attributedTo": ann.uri}),
        zoe.activity("Update", post["uri"]),
        zoe.activity("Delete", post["uri"]),
        zoe.activity("Delete", ann.uri),
        zoe.activity("Update", {"id": ann.uri, "type": "Person", "name": "Owned"}),
    ):
        assert await arrive(alpha, zoe, activity) == "refused"
    assert (await ann.get(f"/posts/{post['postId']}"))["content"] == "<p>the truth</p>"
    assert (await ann.get("/users/me"))["fullName"] != "Owned"


async def test_the_author_of_a_post_does_not_change_with_an_edit(alpha, zoe, eve):
    note = await published(alpha, zoe)
    changed = note | {"attributedTo": eve.id, "updated": now().isoformat()}
    for sender in (zoe, eve):
        assert await arrive(alpha, sender, sender.activity("Update", changed)) == "refused"
    with alpha.inside():
        author = await Actor.get(id=(await Entry.get(uri=note["id"])).author_id)
    assert author.uri == zoe.id


async def test_nobody_takes_back_what_somebody_else_did(alpha, ann, zoe, eve):
    post = await ann.publish()
    done = [zoe.activity("Like", post["uri"]), zoe.activity("Announce", post["uri"], to=[PUBLIC])]
    done.append(zoe.activity("Follow", ann.uri))
    for activity in done:
        assert await arrive(alpha, zoe, activity) == "done"
    for activity in done:
        for inner in (activity, activity["id"], activity | {"actor": eve.id}, activity | {"actor": None}):
            assert await arrive(alpha, eve, eve.activity("Undo", inner)) in ("refused", "ignored")
    with alpha.inside():
        counts = [await model.all().count() for model in (Like, Boost, Follow)]
    assert counts == [1, 1, 1]


async def test_the_same_id_with_other_words_is_the_same_activity(alpha, ann, zoe):
    post, other = await ann.publish("one"), await ann.publish("two")
    like = zoe.activity("Like", post["uri"])
    assert await arrive(alpha, zoe, like) == "done"
    await zoe.send(alpha, like | {"object": other["uri"]})
    await settle(alpha)
    assert await count_stored(alpha) == 1
    assert (await ann.get(f"/posts/{other['postId']}"))["likesCount"] == 0


# -- About what comes from elsewhere -----------------------------------------------------------------------------------


async def test_what_is_embedded_in_a_share_is_not_believed(alpha, zoe, mallory):
    note = zoe.note("<p>the truth</p>")
    lie = note | {"content": "<p>a lie</p>"}
    assert await arrive(alpha, mallory, mallory.activity("Announce", lie, to=[PUBLIC])) == "done"
    assert (await stored(alpha, note["id"])).content == "<p>the truth</p>"


async def test_a_shared_object_that_says_it_is_somebody_elses_is_not_stored(alpha, zoe, mallory):
    lie = mallory.note("<p>a lie</p>", attributedTo=zoe.id)
    assert await arrive(alpha, mallory, mallory.activity("Announce", lie["id"], to=[PUBLIC])) == "ignored"
    assert await stored(alpha, lie["id"]) is None


async def test_an_object_fetched_through_a_redirect_to_another_server_is_not_stored(alpha, zoe, mallory):
    note = zoe.note("<p>the truth</p>")
    lie = note | {"id": f"{mallory.server.base_url}/notes/copy"}
    mallory.server.redirects["/notes/copy"] = note["id"]
    assert await arrive(alpha, mallory, mallory.activity("Create", lie["id"])) == "refused"
    assert await stored(alpha, lie["id"]) is None


async def test_an_object_served_as_anything_but_a_document_is_not_believed(alpha, odd, mallory):
    uri = odd.answer("/upload.json", {"id": "https://odd.test/upload.json", "type": "Note"}, type="application/json")
    assert await arrive(alpha, mallory, mallory.activity("Announce", uri, to=[PUBLIC])) == "ignored"
    assert await stored(alpha, uri) is None


async def test_an_actor_of_another_server_inside_a_document_is_not_believed(alpha, zoe, mallory):
    await published(alpha, zoe)
    fake = plain_actor("https://foreign.test", "zoe") | {"name": "Owned", "publicKey": mallory.document()["publicKey"]}
    for activity in (mallory.activity("Update", fake), mallory.activity("Announce", fake, to=[PUBLIC])):
        await arrive(alpha, mallory, activity)
    with alpha.inside():
        assert (await Actor.get(uri=zoe.id)).name == "Zoe"


async def test_a_post_of_somebody_suspended_does_not_come_back_through_a_share(alpha, ann, zoe, mallory):
    note = await published(alpha, zoe)
    with alpha.inside():
        await Actor.filter(uri=zoe.id).update(suspended_at=now())
    assert await arrive(alpha, mallory, mallory.activity("Announce", note["id"], to=[PUBLIC])) == "refused"
    other = zoe.note("<p>another</p>")
    assert await arrive(alpha, mallory, mallory.activity("Announce", other["id"], to=[PUBLIC])) == "ignored"
    assert await stored(alpha, other["id"]) is None


async def test_a_quote_nobody_vouched_for_is_a_plain_link(alpha, ann, zoe):
    post = await ann.publish("my words")
    note = zoe.note("<p>look at this</p>", quoteUrl=post["uri"], quoteAuthorization="https://foreign.test/stamps/1")
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    entry = await stored(alpha, note["id"])
    assert entry.quote_id is None and f'href="{post["uri"]}"' in entry.content


async def test_one_may_quote_oneself(alpha, zoe):
    first = await published(alpha, zoe)
    inline = f'<p>again<span class="quote-inline"><br/>RE: <a href="{first["id"]}">{first["id"]}</a></span></p>'
    second = zoe.note(inline, quote=first["id"])
    assert await arrive(alpha, zoe, zoe.activity("Create", second)) == "done"
    entry = await stored(alpha, second["id"])
    assert (entry.quote_id, entry.content) == ((await stored(alpha, first["id"])).id, "<p>again</p>")


# -- Words that bite ---------------------------------------------------------------------------------------------------

SCRIPTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "<svg/onload=alert(1)>",
    "<iframe src=https://evil.test></iframe>",
    '<p style="position:fixed">x</p>',
    "<form action=https://evil.test><input name=password></form>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
]


@pytest.mark.parametrize("html", SCRIPTS)
async def test_nothing_that_acts_is_stored(alpha, zoe, html):
    note = zoe.note(f"<p>a</p>{html}<p>b</p>", summary=html, contentMap={"en": html}, type="Article", name=html)
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    entry = await stored(alpha, note["id"])
    for text in (entry.content, entry.title, entry.content_warning):
        for sign in ("<script", "onerror", "javascript:", "<iframe", "style=", "<form", "<svg", "data:"):
            assert sign not in text.lower() or "<" not in text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "https://evil.test/", "//evil.test", "file:///etc"]
)
async def test_the_page_of_a_post_is_on_its_own_server(alpha, zoe, url):
    note = zoe.note("<p>x</p>", url=url)
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    assert (await stored(alpha, note["id"])).url == note["id"]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:image/png;base64,AAAA", "", None, 7, ["x"], {"href": "ftp://x"}]
)
async def test_a_file_that_lies_nowhere_is_left_out(alpha, zoe, url):
    good = {"type": "Image", "mediaType": "image/png", "url": "https://foreign.test/a.png"}
    note = zoe.note("<p>x</p>", attachment=[good | {"url": url}, good])
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    with alpha.inside():
        files = await Attachment.filter(entry_id=(await Entry.get(uri=note["id"])).id)
    assert [file.url for file in files] == ["https://foreign.test/a.png"]


# -- Too much, and not what it should be -------------------------------------------------------------------------------


async def test_too_much_of_anything_is_cut(alpha, ann, zoe):
    note = zoe.note(
        "<p>" + "x" * 200_000 + "</p>",
        summary="w" * 50_000,
        tag=[{"type": "Hashtag", "name": f"#tag{number}"} for number in range(2000)]
        + [{"type": "Hashtag", "name": "#" + "y" * 5000}],
        attachment=[{"type": "Image", "url": f"https://foreign.test/{n}.png", "name": "z" * 20_000} for n in range(20)],
        contentMap={f"x-{number}": "x" for number in range(1000)},
        context="https://foreign.test/" + "c" * 5000,
    )
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    with alpha.inside():
        entry = await Entry.get(uri=note["id"])
        assert await EntryTag.filter(entry_id=entry.id).count() == 50
        files = await Attachment.filter(entry_id=entry.id)
    assert len(files) == 16 and all(len(file.alt) <= 10_000 for file in files)
    assert len(entry.content_warning) <= 500 and entry.context_uri == ""


async def test_naming_a_thousand_strangers_makes_ten_requests_for_strangers(alpha, zoe):
    crowd = Foreign("crowd.test").join(alpha)
    named = [f"https://crowd.test/users/p{number}" for number in range(1000)]
    note = zoe.note(
        "<p>hi all</p>", to=[PUBLIC, *named], tag=[{"type": "Mention", "href": uri, "name": "@p"} for uri in named]
    )
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    assert len(crowd.asked) <= 10


async def test_naming_everybody_here_names_fifty(alpha, zoe):
    people = await alpha.users(*(f"p{number}" for number in range(60)))
    tag = [{"type": "Mention", "href": person.uri, "name": person.address} for person in people]
    note = zoe.note("<p>hi all</p>", to=[PUBLIC, *(person.uri for person in people)], tag=tag)
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    with alpha.inside():
        assert await Mention.filter(silent=False).count() == 50


@pytest.mark.parametrize(
    "published",
    ["2999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1969-12-31T00:00:00Z", "9999-12-31T23:59:59-12:00", "now", 7],
    ids=str,
)
async def test_a_time_that_cannot_be_is_now(alpha, zoe, published):
    note = zoe.note("<p>when?</p>", published=published)
    assert await arrive(alpha, zoe, zoe.activity("Create", note)) == "done"
    entry = await stored(alpha, note["id"])
    assert timedelta(minutes=-1) < now() - entry.published_at < timedelta(minutes=1)


ODD_VALUES = [
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "\u0000",
    "\u202e\u0007",
    "x" * 3000,
    [],
    {},
    [[]],
    [None, 1, {}, [], "x"],
    {"type": ["Mention", 7], "href": 7, "name": {}},
    {"id": {"id": []}, "type": None},
    [{"type": "Image", "url": [{"href": {}}], "width": "wide", "height": -1, "focalPoint": [2, "x"], "blurhash": 7}],
    {"@value": "x", "@language": 7},
    "https://[::1",
    "https://foreign.test:99999/",
]
KEYS = (
    "type to cc content contentMap name nameMap summary summaryMap mediaType source tag attachment image url inReplyTo"
    " published updated sensitive context conversation quote quoteUrl _misskey_quote oneOf anyOf language replies bto"
    " bcc directMessage @context"
).split()


@pytest.mark.parametrize("key", KEYS)
async def test_no_value_of_any_property_breaks_anything(alpha, zoe, key):
    sent = []
    for type in ("Note", "Page"):
        for value in ODD_VALUES:
            note = zoe.note("<p>x</p>") | {"type": type, key: value}
            sent.append(zoe.activity("Create", note))
            if type == "Note":  # from here on the way of an update is the same for both
                sent.append(zoe.activity("Update", note | {"updated": now().isoformat()} | {key: value}))
    for activity in sent:
        answer = await zoe.send(alpha, activity)
        assert answer.status_code == 202, answer.text
    await settle(alpha)
    assert {await outcome(alpha, activity) for activity in sent} <= {"done", "ignored", "refused"}
    page = await alpha.anon.call("GET", "/feed", params={"scope": "global"})
    assert page.status_code in (200, 401)
    orjson.loads(page.content)


@pytest.mark.parametrize(
    "verb", ["Follow", "Accept", "Reject", "Undo", "Block", "Like", "Announce", "Delete", "Update", "Create"]
)
async def test_no_object_of_any_activity_breaks_anything(alpha, ann, zoe, verb):
    sent = [zoe.activity(verb, value) for value in ODD_VALUES]
    for type in ("Follow", "Like", "Person", "Tombstone"):
        for value in ODD_VALUES:
            sent.append(zoe.activity(verb, {"type": type, "id": value, "actor": value, "object": value}))
    for activity in sent:
        assert (await zoe.send(alpha, activity)).status_code == 202
    await settle(alpha)
    assert {await outcome(alpha, activity) for activity in sent} <= {"done", "ignored", "refused"}
