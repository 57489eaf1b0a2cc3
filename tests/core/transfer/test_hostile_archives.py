"""Archives that somebody made up: whatever stands in them is reported line by line, and nothing gets stuck."""

from __future__ import annotations

import copy
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.entries import Document
from core.models import Entry
from core.testing import Person, TestInstance, befriend, settle
from tests.core.transfer.packing import OLD, bring, create, outbox, outcome, packed, person

FIELDS = (
    "id type attributedTo content contentMap summary sensitive published updated inReplyTo to cc tag attachment source"
    " visibility kind name url oneOf endTime votersCount quote localOnly language @context mediaType"
).split()
LEAVES = st.sampled_from(
    [
        None,
        True,
        -1,
        10**18,
        1e308,
        "",
        "\0",
        "a\0b",
        "x" * 300_000,
        "9999-12-31T23:59:59-23:59",
        "as:Public",
        "<p>" * 9999,
    ]
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "name", "content", "mediaType", "replies", "\0"]), inner)
    ),
    max_leaves=5,
)
STRANGE = st.lists(st.tuples(st.sampled_from(FIELDS), ANYTHING), min_size=60, max_size=60)
SOME = {"title": "t", "name": "n", "address": "bob", "contexts": ["home"], "words": [{"text": "a"}]}


def drawn(strategy: st.SearchStrategy[Any]) -> Any:
    """One example, the same every time."""
    found: list[Any] = []

    @settings(
        max_examples=3,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(strategy)
    def draw(example: Any) -> None:
        found.append(example)

    draw()
    return found[-1]


async def test_posts_whose_fields_are_of_any_kind_are_taken_or_refused_one_by_one(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    posts: list[Document] = []
    for number, (field, value) in enumerate(drawn(STRANGE)):
        post = copy.deepcopy(create(1, f"number {number}"))
        post["object"] |= {"id": f"{OLD}/statuses/{number}", field: value}
        posts.append(post)
    nested = {"type": "OrderedCollection", "orderedItems": [create(1, "inside")]}
    posts += [nested, {**create(2, "x"), "object": nested}, {"type": "Create", "actor": [OLD, bob.uri]}]
    theirs = await bob.publish("mine, and not for Ann", visibility="private")
    stolen = {**create(3, "words put into his post"), "id": theirs["uri"]}
    stolen["object"]["id"] = theirs["uri"]
    transfer = await bring(ann, "archive", packed({"actor.json": person(), "outbox.json": outbox(*posts, stolen)}))
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert report["state"] == "done" and report["done"] + report["already"] + report["failed"] == len(posts) + 1
    assert "This could not be read." not in report["reasons"] and sum(report["reasons"].values()) == report["failed"]
    with alpha.inside():
        written = await Entry.exclude(id=theirs["postId"]).all()
    assert written and {entry.author_id for entry in written} == {ann.id}
    assert not [entry for entry in written if entry.uri.startswith(OLD) or not entry.local_only]
    assert (await bob.get(f"/posts/{theirs['postId']}"))["source"] == "mine, and not for Ann"


async def test_lines_of_any_kind_fail_alone(alpha: TestInstance, ann: Person, bob: Person) -> None:
    await befriend(ann, bob)
    hidden = await bob.publish("for nobody", visibility="private")
    strange = [None, 5, "", "\0", [], {}, {"title": "\0"}, *({**SOME, name: ["\0", 7]} for name in SOME)]
    strange += [{**SOME, "expiresAt": "9999-12-31T23:59:59-23:59"}, {**SOME, "members": ["\0", "x" * 300, 5]}]
    parts = ("lists", "filters", "followedTags", "mutedThreads", "circles", "follows", "mutesUntil")
    choices = {part: [*strange, hidden["uri"], "https://x.example/\0"] for part in parts}
    lines = ["https://[/", "https://a:b:c/", "https://x.example/\0", "https://alpha.test:99999/", "\0", hidden["uri"]]
    lines += ["https://alpha.test/objects/nothing", "x" * 3000]
    files = {"actor.json": person(), "choices.json": choices, "bookmarks.json": {"orderedItems": lines}}
    transfer = await bring(ann, "archive", packed(files | {"lists.csv": f"{'x' * 5000},bob\n,bob\nt,bob\n"}))
    await settle(alpha)
    report = await outcome(ann, transfer)
    assert report["state"] == "done" and "This could not be read." not in report["reasons"]
    assert report["done"] + report["already"] + report["failed"] == 2 + len(lines) + 7 * len(choices["lists"])
    told = {one["line"]: one["reason"] for one in report["lines"]}
    # Whether there is something that they may not see, nobody learns by bringing its address.
    assert told[hidden["uri"]] == told["https://alpha.test/objects/nothing"]
    assert "\0" not in orjson.dumps(report).decode() and (await ann.get("/bookmarks"))["posts"] == []
    again = await bring(ann, "bookmarks", b"https://x.example/1\n")  # nothing is in its way
    await settle(alpha)
    assert (await outcome(ann, again))["failed"] == 1
