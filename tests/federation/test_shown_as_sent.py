"""What servers out there send is shown as it is meant: by the API, and on the page, which loads nothing of theirs."""

from __future__ import annotations

import re
from html import unescape

import pytest

from core.models import Entry
from core.testing import Person, TestInstance
from tests.federation.arrivals import arrive, deliver
from tests.federation.strangers import make_known

PICTURE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"([^>]*)>')
ELSEWHERE = re.compile(
    r'<(?:img|video|audio|source|iframe|script|link|object|embed)\b[^>]*(?:src|href)="(?!/|https://alpha\.test/)[^"]*"'
)
PROXIED = "/files/remote/"

# What the API has to say of each, and what has to stand on its page, in this order.
FILM = '<source src="/files/remote/film/'
SHOWN = {
    "mastodon/create_note": (
        {
            "contentWarning": "Food",
            "sensitive": True,
            "language": "de",
            "tags": ["Baking"],
            "mentions": [{"username": "ann"}],
            "attachments": [{"alt": "A round loaf on a board", "width": 1200, "height": 800, "focus": [0.25, -0.5]}],
        },
        [
            '<details class="warned',
            'lang="de">Food<',
            'lang="de"',
            'href="/@ann"',
            'href="/tags/baking"',
            'data-focus="0.25,-0.5"',
            "A round loaf on a board",
        ],
    ),
    "mastodon/create_question": (
        {
            "poll": {
                "options": [{"title": "Rye", "votesCount": 2}, {"title": "Wheat", "votesCount": 1}],
                "votersCount": 3,
                "multiple": False,
                "isClosed": True,
            },
            "language": "en",
        },
        [
            "Rye or wheat?",
            "poll-results",
            'lang="en">Rye</span><b>67%',
            "2 votes",
            ">Wheat</span><b>33%",
            "1 vote<",
            "3 people voted",
        ],
    ),
    "gotosocial/create_question": (
        {
            "contentWarning": "Numbers",
            "language": "en",
            "poll": {"options": [{"title": "One :marmot:"}, {"title": "Two"}], "multiple": True, "isClosed": False},
            "emojis": [{"shortcode": "marmot"}],
            "replyPolicy": "followers",
            "canReply": False,
            "attachments": [{"alt": "Marmots on a rock", "focus": [0.5, -0.25], "blurhash": "L6PZfSi_.AyE_3t7t7R*"}],
        },
        ["Numbers", "How many? <img", 'type="checkbox"', "One <img", "Two", "Marmots on a rock"],
    ),
    "piefed/create_question": (
        {"title": "Which flour do you keep?", "poll": {"options": [{"votesCount": 4}, {"votesCount": 1}]}},
        [
            '<h2 class="entry-title" dir="auto" lang="en">Which flour do you keep?</h2>',
            "I have room for two.",
            ">Rye</span><b>100%",
            ">Spelt</span><b>25%",
        ],
    ),
    "misskey/create_quote": (
        {"sensitive": True, "quote": None, "attachments": [{"alt": "Bread in an oven"}]},
        ["this one ", "<b><span>rises</span></b>", 'href="https://mastodon.test/@zoe/1001"', "Bread in an oven"],
    ),
    "akkoma/create_note": (
        {"visibility": "unlisted", "language": "en", "attachments": [{"type": "video", "alt": None}]},
        ["As I said", 'href="https://akkoma.test/objects/4e"', "Film without a description", FILM],
    ),
    "pixelfed/create_note": (
        {
            "kind": "image",
            "tags": ["harbour"],
            "attachments": [{"alt": "Boats in fog", "width": 1080, "height": 1350}, {"alt": None}],
        },
        ["Harbour at dawn", 'href="/tags/harbour"'],
    ),
    "lemmy/create_picture": (
        {"title": "My first loaf", "sensitive": True, "attachments": [{"alt": "A flat loaf"}], "tags": ["baking"]},
        ["My first loaf</h", "A flat loaf"],
    ),
    "lemmy/create_comment": ({"mentions": [{"username": "ann"}]}, ['href="/@ann"']),
    "lemmy/create_page": ({"title": "The best flour", "language": "de"}, ["The best flour</h", "Ask a baker"]),
    "neodb/create_mark": ({}, ["finished <a", 'href="https://neodb.test/book/4x"', "worth it"]),
    "ghost/create_article": ({"title": "An essay"}, ["An essay</h", "<h2>First</h2>", "<table>"]),
    "peertube/create_streamed": (
        {"title": "Shaping", "attachments": [{"type": "video", "format": "video/mp4", "height": 1080}]},
        ["Shaping</h", "How to shape", 'poster="/files/remote/poster/', FILM],
    ),
    "funkwhale/create_audio": (
        {"attachments": [{"type": "audio", "format": "audio/ogg"}]},
        ["Oven sounds</h", "Crackling crust", "<audio controls", FILM],
    ),
}


def lacks(shown: object, expected: object) -> str:
    """Where something shown is not what it should be, of which only a part may be given; empty where it is."""
    if isinstance(expected, dict):
        assert isinstance(shown, dict)
        return "; ".join(f"{key}: {fault}" for key in expected if (fault := lacks(shown.get(key), expected[key])))
    if isinstance(expected, list) and isinstance(shown, list) and len(shown) == len(expected):
        return "; ".join(filter(None, map(lacks, shown, expected)))
    return "" if shown == expected else f"{shown!r} is not {expected!r}"


async def seen(instance: TestInstance, person: Person, uri: str) -> tuple[dict, str]:
    """An entry as the API gives it to somebody, and their page of it, from its words to its buttons."""
    with instance.inside():
        entry = await Entry.get(uri=uri)
    form = await person.get(f"/posts/{entry.id}")
    answer = await person.browser().get(f"/@{form['user']['acct']}/{entry.id}")
    assert answer.status_code == 200
    assert not ELSEWHERE.search(answer.text), "a page of ours loads nothing from elsewhere"
    _, _, shown = answer.text.partition(f'id="post-{entry.id}"')
    return form, shown.partition("<footer")[0]


@pytest.mark.parametrize("name", SHOWN)
async def test_a_post_from_elsewhere_is_shown_as_it_is_meant(alpha, ann, name):
    post = (await ann.publish("hello"))["uri"]
    activity, state = await deliver(alpha, name, ann, post)
    assert state == "done"
    expected, on_page = SHOWN[name]
    form, page = await seen(alpha, ann, activity["object"]["id"])
    assert lacks(form, expected) == ""
    position = 0
    for words in on_page:
        assert words in page[position:], f"{words} is not there in its place: {page}"
        position = page.index(words, position) + len(words)
    for file in form["attachments"]:
        if file["type"] == "image":
            assert ("tile-hidden" in page) == form["sensitive"]
            assert file["url"].startswith(f"https://alpha.test{PROXIED}")
            (alt,) = [unescape(alt) for source, alt, _ in PICTURE.findall(page) if source in file["thumbnailUrl"]]
            assert alt == (file["alt"] or "")
    for emoji in form["emojis"]:
        source = emoji["url"].removeprefix("https://alpha.test")
        assert source.startswith(f"{PROXIED}emoji/")
        assert f'src="{source}" alt=":{emoji["shortcode"]}:"' in page
    assert "RE:" not in page.replace("RE:", "", 1), "what is quoted is said once"


async def test_a_quote_of_oneself_is_a_card_with_what_is_quoted(alpha, ann):
    for name in ("mastodon/create_note", "mastodon/create_quote"):
        activity, state = await deliver(alpha, name, ann)
        assert state == "done"
    form, page = await seen(alpha, ann, activity["object"]["id"])
    assert form["quote"]["contentWarning"] == "Food" and form["quotePolicy"] == "followers"
    assert form["content"] == "<p>Heute noch besser :loaf:</p>" and form["language"] == "de"
    assert "quote-card" in page and "RE:" not in page
    assert re.search(r'class="quote-words" dir="auto" lang="de">.*Food', page)
    assert 'alt=":loaf:"' in page


async def test_what_is_quoted_is_named_by_its_title_where_it_has_one(alpha, ann):
    activity, _ = await deliver(alpha, "lemmy/create_picture", ann)
    lou, page_of_hers = await make_known(alpha, activity["actor"]), activity["object"]["id"]
    note = {"id": "https://lemmy.test/comment/1", "type": "Note", "attributedTo": lou.id, "content": "<p>Eaten</p>"}
    note |= {"quote": page_of_hers, "to": activity["to"], "cc": []}
    assert await arrive(alpha, lou, lou.activity("Create", note, to=activity["to"])) == "done"
    form, page = await seen(alpha, ann, note["id"])
    assert (form["quote"]["title"], form["quote"]["language"]) == ("My first loaf", "en")
    assert 'class="quote-title" dir="auto" lang="en">My first loaf<' in page and "without words" not in page


async def test_a_gallery_is_shown_whole_and_in_order(alpha, ann):
    activity, _ = await deliver(alpha, "pixelfed/create_note", ann)
    form, page = await seen(alpha, ann, activity["object"]["id"])
    pictures = [(unescape(alt), PROXIED in source) for source, alt, _ in PICTURE.findall(page)]
    assert pictures == [("Boats in fog", True), ("", True)]
    assert "Picture without a description" in page and "data-blurhash" in page


async def test_an_answer_by_a_picture_shows_the_picture_through_here(alpha, ann):
    post = await ann.publish("hello")
    for name in ("misskey/like", "akkoma/emoji_react_picture", "akkoma/emoji_react"):
        assert (await deliver(alpha, name, ann, post["uri"]))[1] == "done"
    form, page = await seen(alpha, ann, post["uri"])
    counts = {one["emoji"]: one["count"] for one in form["reactions"]}
    assert counts == {":blobcat@misskey.test:": 1, ":cheer@akkoma.test:": 1, "🎉": 1}
    pictures = re.findall(rf'src="{PROXIED}emoji/[^"]*" alt="([^"]*)"', page)
    assert pictures == [":blobcat@misskey.test:", ":cheer@akkoma.test:"] and "🎉" in page
