"""What the servers out there send, one small example of each shape, and what it becomes here."""

from __future__ import annotations

import pytest

from core.models import Actor, Attachment, Entry, EntryTag, Follow, Mention
from core.poll_models import PollOption
from core.reaction_models import Boost, Like
from tests.federation.arrivals import DOCUMENTS, deliver

ALL = sorted(str(path.relative_to(DOCUMENTS)).removesuffix(".json") for path in DOCUMENTS.rglob("*.json"))

# What an entry has to be; `mentions` and `silent` say whether Ann is named, or only addressed.
POSTS = {
    "mastodon/create_note": {
        "visibility": "public",
        "content_warning": "Food",
        "sensitive": True,
        "language": "de",
        "url": "https://mastodon.test/@zoe/1001",
        "context_uri": "tag:mastodon.test,2026-11-19:objectId=77:objectType=Conversation",
        "published_at": "2026-11-19T08:15:00+00:00",
        "mentions": True,
        "tags": ["Baking"],
        "files": [
            ("image", "image/jpeg", "A round loaf on a board", 1200, 800, [0.25, -0.5]),
        ],
    },
    "mastodon/create_unlisted": {"visibility": "unlisted", "content": "<p>Just so</p>", "language": "en"},
    "mastodon/create_followers": {"visibility": "followers"},
    "mastodon/create_direct": {"visibility": "direct", "content": "<p>Psst</p>", "mentions": True},
    "mastodon/create_question": {
        "visibility": "public",
        "content": "<p>Rye or wheat?</p>",
        "poll": [("Rye", 2), ("Wheat", 1)],
    },
    "gotosocial/create_note": {
        "visibility": "public",
        "content_warning": "",
        "language": "en",
        "published_at": "2026-11-19T10:00:00+00:00",
        "silent": True,
        "tags": ["alps"],
        "files": [("image", "image/webp", "White peaks under a blue sky", 640, 480, None)],
    },
    "pixelfed/create_note": {
        "visibility": "public",
        "tags": ["harbour"],
        "files": [
            ("image", "image/jpeg", "Boats in fog", 1080, 1350, None),
            ("image", "image/jpeg", "", 1080, 1350, None),
        ],
    },
    "akkoma/create_note": {
        "visibility": "unlisted",
        "content": (
            '<p>As I said</p><p class="quote-inline">RE: <a href="https://akkoma.test/objects/4e"'
            ' rel="nofollow noopener noreferrer">https://akkoma.test/objects/4e</a></p>'
        ),
        "language": "en",
        "context_uri": "https://akkoma.test/contexts/c1",
        "sensitive": False,
        "mentions": True,
        "tags": ["quote"],
        "files": [("video", "video/mp4", "", 320, 240, None)],
    },
    "mastodon/create_quote": {
        "language": "de",
        "content": (
            '<p class="quote-inline">RE: <a href="https://mastodon.test/@zoe/1001" rel="nofollow noopener noreferrer">'
            '<span class="invisible">https://</span><span>mastodon.test/@zoe/1001</span><span class="invisible"></span>'
            "</a></p><p>Heute noch besser :loaf:</p>"
        ),
    },
    "gotosocial/create_question": {
        "content_warning": "Numbers",
        "sensitive": True,
        "language": "en",
        "poll": [("One :marmot:", 2), ("Two", 0)],
        "files": [("image", "image/jpeg", "Marmots on a rock", None, None, [0.5, -0.25])],
    },
    "misskey/create_note": {"visibility": "public", "content": "<p>good evening</p>", "answers": True},
    "misskey/create_quote": {
        "sensitive": True,
        "content": (
            '<p><span>this one </span><b><span>rises</span></b><span class="quote-inline"><br><br>RE: '
            '<a href="https://mastodon.test/@zoe/1001" rel="nofollow noopener noreferrer">'
            "https://mastodon.test/@zoe/1001</a></span></p>"
        ),
        "files": [("image", "image/webp", "Bread in an oven", None, None, None)],
    },
    "mitra/create_quote": {
        "content": (
            '<p>Read this</p><p class="quote-inline">RE: <a href="https://mastodon.test/users/zoe/statuses/1001"'
            ' rel="nofollow noopener noreferrer">https://mastodon.test/users/zoe/statuses/1001</a></p>'
        ),
    },
    "piefed/create_question": {
        "title": "Which flour do you keep?",
        "content": "<p>I have room for two.</p>\n",
        "language": "en",
        "tags": ["bakers"],
        "poll": [("Rye", 4), ("Spelt", 1)],
    },
    "lemmy/create_page": {
        "visibility": "public",
        "title": "The best flour",
        "content": (
            '<p>Ask a baker</p>\n<p><a href="https://flour.test/guide" rel="nofollow noopener noreferrer">'
            "https://flour.test/guide</a></p>"
        ),
        "language": "de",
        "tags": ["bread"],
        "files": [("image", "image/webp", "", None, None, None)],
    },
    "lemmy/create_picture": {
        "title": "My first loaf",
        "content": "",
        "sensitive": True,
        "tags": ["baking"],
        "files": [("image", "image/webp", "A flat loaf", None, None, None)],
    },
    "lemmy/create_linked_picture": {
        "content": "<p>Better</p>\n",
        "files": [("image", "image/jpeg", "", None, None, None)],
    },
    "lemmy/create_comment": {"visibility": "public", "language": "en", "answers": True, "mentions": True},
    "mbin/create_page": {
        "title": "Ein Ofen",
        "language": "de",
        "content": ('<p><a href="https://oven.test/" rel="nofollow noopener noreferrer">https://oven.test/</a></p>'),
        "tags": ["bread"],
    },
    "neodb/create_mark": {"visibility": "public", "tags": [], "edited_at": None},
    "bookwyrm/create_note": {
        "visibility": "public",
        "title": 'Review of "A Slow Book" (4.5 stars): Take your time',
        "silent": True,
        "files": [("image", "image/jpeg", "Ben: A Slow Book (cover)", None, None, None)],
    },
    "peertube/create_video": {
        "visibility": "public",
        "title": "Kneading",
        "content": "<p>How to <strong>knead</strong></p>",
        "language": "en",
        "url": "https://peertube.test/w/v1",
        "tags": ["dough"],
        "files": [("video", "video/mp4", "Kneading", 1280, 720, None)],
        "edited_at": "2026-11-19T05:30:00+00:00",
    },
    "peertube/create_streamed": {
        "title": "Shaping",
        "url": "https://peertube.test/w/v2",
        "files": [("video", "video/mp4", "Shaping", 1920, 1080, None)],
    },
    "funkwhale/create_audio": {
        "title": "Oven sounds",
        "content_warning": "",
        "tags": ["crust"],
        "files": [("audio", "audio/ogg", "Oven sounds", None, None, None)],
    },
    "ghost/create_article": {
        "visibility": "public",
        "title": "An essay",
        "content_warning": "",
        "content": "<h2>First</h2><p>Words</p><table><tbody><tr><td>1</td></tr></tbody></table>",
        "files": [("image", "image/png", "", None, None, None)],
    },
    "wordpress/create_article": {
        "visibility": "public",
        "title": "A walk",
        "content_warning": "",
        "url": "https://wordpress.test/a-walk/",
        "language": "en",
        "tags": ["walk"],
        "files": [("image", "image/jpeg", "A path", None, None, None)],
    },
}
PASSED_OVER = (
    "bookwyrm/create_comment",
    "lemmy/announce_create",
    "lemmy/dislike",
    "pleroma/create_chat_message",
)


async def as_it_is(instance, uri, ann, post):
    """What an entry became, in the words of the table above."""
    with instance.inside():
        entry = await Entry.get(uri=uri)
        mention = await Mention.get_or_none(entry_id=entry.id, actor_id=ann.id)
        found = await Attachment.filter(entry_id=entry.id).order_by("position")
        tags = await EntryTag.filter(entry_id=entry.id).order_by("id")
        options = await PollOption.filter(entry_id=entry.id).order_by("position")
        answers = await Entry.get_or_none(id=entry.reply_to_id) if entry.reply_to_id else None
    columns = ("visibility", "content", "title", "content_warning", "sensitive", "language", "url", "context_uri")
    return {
        **{name: getattr(entry, name) for name in columns},
        "published_at": entry.published_at.isoformat(),
        "edited_at": entry.edited_at.isoformat() if entry.edited_at else None,
        "mentions": mention is not None and not mention.silent,
        "silent": mention is not None and mention.silent,
        "answers": answers is not None and answers.uri == post,
        "tags": [tag.name for tag in tags],
        "poll": [(option.title, option.votes_count) for option in options],
        "files": [(file.type, file.media_type, file.alt, file.width, file.height, file.focus) for file in found],
    }


def test_every_document_is_expected_to_become_something():
    others = {"follow", "like", "announce", "undo_like", "update_note", "delete_note"}
    others |= {
        "emoji_react",
        "emoji_react_picture",
        "context",
        "context_page",
        "replies",
        "replies_page",
    }  # of whole conversations
    assert [name for name in ALL if name not in (*POSTS, *PASSED_OVER) and name.split("/")[1] not in others] == []


@pytest.mark.parametrize("name", POSTS)
async def test_a_post_becomes_what_it_says(alpha, ann, name):
    post = (await ann.publish("hello"))["uri"]
    activity, state = await deliver(alpha, name, ann, post)
    assert state == "done"
    expected = {"mentions": False, "silent": False, "answers": False, "files": [], "poll": [], **POSTS[name]}
    found = await as_it_is(alpha, activity["object"]["id"], ann, post)
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("name", PASSED_OVER)
async def test_what_nothing_here_understands_is_passed_over(alpha, ann, name):
    post = (await ann.publish("hello"))["uri"]
    _, state = await deliver(alpha, name, ann, post)
    assert state in ("ignored", "not stored")
    with alpha.inside():
        assert await Entry.all().count() == 1
        assert await Like.all().count() == await Boost.all().count() == 0


@pytest.mark.parametrize("server", ["mastodon", "lemmy"])
async def test_a_like_is_a_like(alpha, ann, server):
    post = await ann.publish("hello")
    assert (await deliver(alpha, f"{server}/like", ann, post["uri"]))[1] == "done"
    assert (await ann.get(f"/posts/{post['postId']}"))["likesCount"] == 1


@pytest.mark.parametrize(("name", "sign"), [("misskey/like", ":blobcat@misskey.test:"), ("akkoma/emoji_react", "🎉")])
async def test_an_answer_by_a_sign_is_shown_as_it_was_sent(alpha, ann, name, sign):
    post = await ann.publish("hello")
    assert (await deliver(alpha, name, ann, post["uri"]))[1] == "done"
    seen = await ann.get(f"/posts/{post['postId']}")
    assert ([one["emoji"] for one in seen["reactions"]], seen["likesCount"]) == ([sign], 0)


async def test_mastodon_takes_a_like_back(alpha, ann):
    post = await ann.publish("hello")
    for name in ("like", "undo_like"):
        assert (await deliver(alpha, f"mastodon/{name}", ann, post["uri"]))[1] == "done"
    assert (await ann.get(f"/posts/{post['postId']}"))["likesCount"] == 0


async def test_mastodon_shares_and_follows(alpha, ann):
    post = await ann.publish("hello")
    assert (await deliver(alpha, "mastodon/announce", ann, post["uri"]))[1] == "done"
    assert (await deliver(alpha, "mastodon/follow", ann))[1] == "done"
    with alpha.inside():
        zoe = await Actor.get(uri="https://mastodon.test/users/zoe")
        assert (await Boost.get(actor_id=zoe.id)).uri.endswith("/statuses/1006/activity")
        assert (await Follow.get(follower_id=zoe.id, target_id=ann.id)).state == "accepted"


async def test_mastodon_edits_and_deletes(alpha, ann):
    uri = "https://mastodon.test/users/zoe/statuses/1001"
    for name in ("create_note", "update_note"):
        assert (await deliver(alpha, f"mastodon/{name}", ann))[1] == "done"
    found = await as_it_is(alpha, uri, ann, "")
    assert (found["content"], found["content_warning"], found["files"]) == ("<p>Fresh rye bread</p>", "", [])
    assert found["edited_at"] == "2026-11-19T10:00:00+00:00"
    assert (await deliver(alpha, "mastodon/delete_note", ann))[1] == "done"
    found = await as_it_is(alpha, uri, ann, "")
    assert (found["content"], found["tags"], found["mentions"]) == ("", [], False)


async def test_gotosocial_deletes_by_id(alpha, ann):
    for name in ("create_note", "delete_note"):
        assert (await deliver(alpha, f"gotosocial/{name}", ann))[1] == "done"
    with alpha.inside():
        assert (await Entry.get(uri="https://gts.test/users/gwen/statuses/01HG")).deleted_at is not None
