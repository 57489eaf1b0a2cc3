"""Everything we send is such that every server takes it: one journey, of which each kind of thing meets each demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.testing import Person, TestInstance
from core.testing.foreign import PUBLIC
from tests.federation.demands import DEMANDS, Document, is_post, is_vote
from tests.federation.journey import Journey
from tests.federation.kin_demands import KIN
from tests.federation.rarer_demands import RARER

EVERY = (*DEMANDS, *RARER, *KIN)


def post(words: str = "", **wanted: object) -> Callable[[Document], bool]:
    """A new post with these words, and with properties that are so."""

    def is_it(activity: Document) -> bool:
        if activity["type"] != "Create" or not is_post(activity) or words not in activity["object"]["content"]:
            return False
        return all(activity["object"].get(key) == value for key, value in wanted.items())

    return is_it


def undone(kind: str) -> Callable[[Document], bool]:
    return lambda activity: activity["type"] == "Undo" and activity["object"]["type"] == kind


def about(kind: str, type: str) -> Callable[[Document], bool]:
    """An answer to what was asked, or a change of a thing, of that type."""
    return lambda one: one["type"] == kind and isinstance(one["object"], dict) and one["object"]["type"] == type


def tagged(kind: str) -> Callable[[Document], bool]:
    return lambda one: post()(one) and any(tag["type"] == kind for tag in one["object"]["tag"])


def is_red(file: Document) -> bool:
    """A picture with all that was said of it, and a blurred one for until it has come."""
    said = {"name": "Red", "focalPoint": [0.5, -0.25], "width": 90, "height": 60}
    return said.items() <= file.items() and "blurhash" in file


# What there is to be sent; of each there must be one at least.
KINDS: dict[str, Callable[[Document], bool]] = {
    "words": post("Just <strong>words</strong> &amp; &lt;b&gt;", summary=None, sensitive=False),
    "a warning": post("Attention", summary="Spoiler :blobcat:", sensitive=True),
    "a language": lambda one: post("Attention")(one) and list(one["object"]["contentMap"]) == ["pt-BR"],
    "a mention": tagged("Mention"),
    "a hashtag": tagged("Hashtag"),
    "a small picture": tagged("Emoji"),
    "unlisted": lambda one: post("unlisted")(one) and PUBLIC in one["cc"],
    "for followers": lambda one: post("followers")(one) and PUBLIC not in (*one["to"], *one["cc"]),
    "for friends": post("friends", directMessage=False),
    "for one": post("direct", directMessage=True),
    "for a circle": post("For you", directMessage=False),
    "a picture": lambda one: post("A picture", sensitive=True)(one) and is_red(one["object"]["attachment"][0]),
    "a gallery": lambda one: post("A gallery", commentsEnabled=True)(one) and len(one["object"]["attachment"]) == 5,
    "a poll": post("Which bread?", type="Question"),
    "tallies": lambda one: about("Update", "Question")(one) and "updated" not in one["object"],
    "a quote": lambda one: post("Look")(one) and ".test/notes/" in one["object"]["quote"],
    "a quote that was agreed to": lambda one: about("Update", "Note")(one) and "quoteAuthorization" in one["object"],
    "an answer": lambda one: post("An answer")(one) and one["object"]["inReplyTo"],
    "an edit": lambda one: about("Update", "Note")(one) and one["object"]["content"] == "<p>Before</p>",
    "a deletion": about("Delete", "Tombstone"),
    "a vote": lambda one: one["type"] == "Create" and is_vote(one),
    "a like": lambda one: one["type"] == "Like" and "content" not in one,
    "a sign to Misskey": lambda one: one["type"] == "Like" and one.get("_misskey_reaction") == "🎉",
    "a sign to Akkoma": lambda one: one["type"] == "EmojiReact" and one["content"] == "🎉",
    "a sign that is a picture": lambda one: one["type"] == "EmojiReact" and one["content"] == ":blobcat:",
    "a share": lambda one: one["type"] == "Announce",
    "a follow": lambda one: one["type"] == "Follow",
    "a follow let in": about("Accept", "Follow"),
    "a follower let go": about("Reject", "Follow"),
    "asking to quote": lambda one: one["type"] == "QuoteRequest",
    "consent to a quote": about("Accept", "QuoteRequest"),
    "no to a quote": about("Reject", "QuoteRequest"),
    "asking to answer": lambda one: one["type"] == "ReplyRequest",
    "consent to an answer": about("Accept", "ReplyRequest"),
    "no to an answer": about("Reject", "ReplyRequest"),
    "an answer with consent": lambda one: one["type"] == "Create" and "replyAuthorization" in one["object"],
    "consent taken back": about("Delete", "QuoteAuthorization"),
    "a like taken back": undone("Like"),
    "a share taken back": undone("Announce"),
    "a sign taken back": undone("EmojiReact"),
    "a follow taken back": undone("Follow"),
    "a pin": lambda one: one["type"] == "Add",
    "a pin taken out": lambda one: one["type"] == "Remove",
    "a report": lambda one: one["type"] == "Flag",
    "a profile": lambda one: one["type"] == "Update" and one["object"]["id"] == one["actor"],
    "a move": lambda one: one["type"] == "Move",
}  # fmt: skip


@pytest.fixture
async def sent(alpha: TestInstance, ann: Person, admin: Person) -> list[dict[str, Any]]:
    return await Journey(alpha, ann).all(admin)


def kind_of(activity: Document) -> str:
    return ", ".join(name for name, is_it in KINDS.items() if is_it(activity)) or activity["type"]


async def test_every_server_takes_everything_we_send(sent: list[dict[str, Any]]) -> None:
    missing = [name for name, is_it in KINDS.items() if not any(map(is_it, sent))]
    assert not missing, sorted({one["type"] for one in sent})
    assert "Only here" not in str(sent), "what is for this server only stays here"
    moves = [one for one in sent if KINDS["a move"](one) or KINDS["a profile"](one) and "movedTo" in one["object"]]
    assert [one["type"] for one in moves] == ["Update", "Move"] * (len(moves) // 2), "the profile says so first"
    faults: dict[str, str] = {}
    for activity in sent:
        for demand in EVERY:
            try:
                demand(activity)
            except (AssertionError, KeyError, ValueError, TypeError) as fault:
                faults.setdefault(f"{demand.__name__} × {kind_of(activity)}", f"{fault!r}"[:300])
    assert not faults, "\n".join(f"{where}: {fault}" for where, fault in faults.items())


def test_the_demands_are_no_mere_words() -> None:
    common = {"id": "https://a.test/1", "actor": "https://a.test/x", "to": ["https://b.test/y"], "cc": []}
    option = {"type": "Note", "name": "Rye", "replies": {"type": "Collection", "totalItems": 0}}
    note = {"id": "https://a.test/2", "type": "Note", "attributedTo": common["actor"], "content": "x", "tag": []}
    bad: dict[str, dict[str, Any]] = {
        "polls": {"type": "Create", "object": note | {"type": "Question", "oneOf": [option, option]}},
        "votes": {"type": "Create", "object": {"type": "Note", "name": "Rye", "inReplyTo": "https://b.test/1"}},
        "signs": {"type": "EmojiReact", "object": "https://b.test/1", "content": ":cat:", "tag": []},
        "emojis": {"type": "Create", "object": note | {"tag": [{"type": "Emoji", "id": None, "name": ":cat:"}]}},
        "quotes": {"type": "Create", "object": note | {"quote": "https://b.test/1", "quoteUri": "x"}},
        "pins": {"type": "Add", "object": "https://a.test/2", "target": "https://b.test/y/featured"},
        "moves": {"type": "Move", "object": "https://a.test/z", "target": "https://b.test/y"},
        "reports": {"type": "Flag", "object": ["https://b.test/y", "https://c.test/y"], "content": "x"},
        "circles": {"type": "Create", "object": note | {"directMessage": False}, "to": [PUBLIC]},
        "akkoma": {"type": "Create", "object": note | {"source": {"content": "x", "mediaType": "text/html"}}},
        "neodb": {"type": "Create", "object": note | {"to": [PUBLIC], "cc": [], "tag": [{"type": "Edition"}]}},
        "pictures": {"type": "Create", "object": note | {"attachment": [{"type": "Image", "mediaType": "image/png"}]}},
        "named": {"type": "Create", "object": note | {"content": '<a href="x" class="u-url mention">@x</a>'}},
        "markup": {"type": "Create", "object": note | {"content": "<table>", "contentMap": {"en": "<table>"}}},
        "deletions": {"type": "Delete", "object": {"id": "https://b.test/2", "type": "Tombstone"}},
        "consent": {"type": "Accept", "object": {"type": "QuoteRequest", "actor": "https://b.test/y"}},
        "answers": {"type": "ReplyRequest", "object": "https://a.test/2", "instrument": "https://a.test/3"},
        "misskey": {"type": "Create", "object": note | {"content": "x" * 70_000}},
    }
    assert set(bad) == {demand.__name__ for demand in (*RARER, *KIN)}
    for demand in (*RARER, *KIN):
        with pytest.raises((AssertionError, KeyError, TypeError)):
            demand(common | bad[demand.__name__])
