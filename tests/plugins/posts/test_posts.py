"""Writing, reading, changing, quoting and deleting posts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.database import rows
from core.testing import Person, TestInstance, Visitor
from core.testing.people import data_of, fields_of

NOBODY = "0190a000-0000-7000-8000-000000000000"
KEYS = set(
    "postId url uri user content source contentWarning sensitive language visibility attachments tags mentions"
    " mediaItem group card poll quote inReplyTo likesCount commentsCount sharesCount isLiked isShared isBookmarked"
    " createdAt editedAt".split()
)


# -- Writing -------------------------------------------------------------------
async def test_a_new_post_carries_everything(ann: Person) -> None:
    post = await ann.publish("First *words*")
    assert post.keys() >= KEYS
    assert (post["content"], post["source"]) == ("<p>First <em>words</em></p>", "First *words*")
    assert (post["visibility"], post["language"], post["editedAt"]) == ("public", "en", None)
    assert post["user"]["userId"] == ann.id
    assert post["url"] == f"https://alpha.test/@ann/{post['postId']}"


async def test_a_warning_makes_a_post_sensitive(ann: Person, anon: Visitor) -> None:
    made = await ann.publish("Der Gärtner war's", contentWarning=" Spoiler ", language="de")
    post = await anon.get(f"/posts/{made['postId']}")
    assert (post["contentWarning"], post["language"], post["sensitive"]) == ("Spoiler", "de", True)
    assert (await ann.publish("plain", sensitive=True))["sensitive"] is True


async def test_tags_and_mentions_are_found_in_the_text(ann: Person, bob: Person) -> None:
    post = await ann.publish("#Sunset #sunset #Küste with @bob, @BOB and @nobody, not a@bob.org")
    assert post["tags"] == ["Sunset", "Küste"]
    assert [mention["userId"] for mention in post["mentions"]] == [bob.id]
    assert "@nobody" in post["content"]


async def test_who_blocks_whom_is_not_mentioned(ann: Person, bob: Person) -> None:
    await bob.post("/users/ann/block")
    post = await ann.publish("psst @bob", visibility="direct")
    assert post["mentions"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": ""}, "content"),
        ({"content": " \n\t"}, "content"),
        ({}, "content"),
        ({"content": 5}, "content"),
        ({"content": "x" * 5001}, "content"),
        ({"content": "x", "visibility": "everyone"}, "visibility"),
        ({"content": "x", "contentWarning": "x" * 501}, "contentWarning"),
        ({"content": "x", "language": "not a language"}, "language"),
        ({"content": "x", "localOnly": "yes"}, "localOnly"),
        ({"content": "x", "fileIds": [NOBODY]}, "fileIds"),
        ({"content": "x", "mediaId": NOBODY}, "mediaId"),
        ({"content": "x", "groupId": NOBODY}, "groupId"),
        ({"content": "x", "poll": {"options": ["a"]}}, "poll.options"),
        ({"content": "x", "inReplyTo": 7}, "inReplyTo"),
    ],
)
async def test_a_post_that_cannot_be_is_refused_and_not_stored(ann: Person, body: dict[str, Any], field: str) -> None:
    assert fields_of(await ann.refused(422, "POST", "/posts", body)) == [field]
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_the_limit_counts_letters_as_they_are_seen(ann: Person) -> None:
    assert await ann.publish("  " + "e\u0301" * 5000 + "  ")
    problem = await ann.refused(422, "POST", "/posts", {"content": "é" * 5001})
    assert "5001" in problem["errors"][0]["message"]


@pytest.mark.parametrize("field", ["inReplyTo", "quote"])
@pytest.mark.parametrize("post_id", [NOBODY, "nonsense"])
async def test_a_post_about_nothing_is_404(ann: Person, field: str, post_id: str) -> None:
    await ann.refused(404, "POST", "/posts", {"content": "x", field: post_id})
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_nobody_answers_or_quotes_what_they_may_not_see(ann: Person, eve: Person) -> None:
    hidden = (await ann.publish(visibility="private"))["postId"]
    for field in ("inReplyTo", "quote"):
        await eve.refused(404, "POST", "/posts", {"content": "x", field: hidden})


async def test_a_status_is_a_post(ann: Person, anon: Visitor) -> None:
    answer = await ann.call("POST", "/status", json={"content": "Watching the rain", "visibility": "unlisted"})
    assert answer.status_code == 201
    post = await anon.get(f"/posts/{data_of(answer)['postId']}")
    assert (post["content"], post["visibility"]) == ("<p>Watching the rain</p>", "unlisted")
    assert fields_of(await ann.refused(422, "POST", "/status", {"visibility": "public"})) == ["content"]
    assert fields_of(await ann.refused(422, "POST", "/status", {"content": "x", "mediaId": NOBODY})) == ["mediaId"]


async def test_only_who_is_signed_in_writes(anon: Visitor) -> None:
    for path in ("/posts", "/status"):
        await anon.refused(401, "POST", path, {"content": "x"})


@pytest.mark.parametrize(
    "text", ["Ünï😀 日本語 עברית 👩‍👩‍👧", "5 < 6 & 7 > 3", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "\u202eright to left", "tab\there"]
)
async def test_every_letter_survives(ann: Person, anon: Visitor, text: str) -> None:
    made = await ann.publish(text)
    assert made["source"] == text
    shown = (await anon.get(f"/posts/{made['postId']}"))["content"]
    assert shown.startswith("<p>") and text.split()[0].replace("<", "&lt;") in shown


@pytest.mark.parametrize(
    "text", [">", "#", "- ", "```\n```", "[](https://example.org)", "\u200b\u2060", "\u2800", "\u3164"]
)
async def test_what_shows_nothing_is_no_post(ann: Person, text: str) -> None:
    post = await ann.publish("Words")
    at = f"/posts/{post['postId']}"
    for method, path in (("POST", "/posts"), ("PUT", at), ("POST", f"{at}/comments")):
        assert fields_of(await ann.refused(422, method, path, {"content": text})) == ["content"]
    assert (await ann.get(f"/users/{ann.id}/posts"))["posts"][0]["content"] == "<p>Words</p>"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<b onclick=x()>bold</b>", "[x](javascript:alert(1))"])
async def test_nothing_that_acts_is_let_through(ann: Person, text: str) -> None:
    content = (await ann.publish(f"{text} and words"))["content"]
    assert "<script" not in content and "<b " not in content and 'href="javascript' not in content


# -- Quoting -------------------------------------------------------------------
async def test_a_quote_shows_what_it_quotes(ann: Person, bob: Person, anon: Visitor) -> None:
    first = await ann.publish("Quote me")
    second = await bob.publish("As she said", quote=first["postId"])
    shown = (await anon.get(f"/posts/{second['postId']}"))["quote"]
    assert (shown["postId"], shown["content"], shown["user"]["username"]) == (first["postId"], "<p>Quote me</p>", "ann")


async def test_a_quote_follows_what_becomes_of_the_quoted(ann: Person, bob: Person, anon: Visitor) -> None:
    first = await ann.publish("Quote me")
    path = f"/posts/{(await bob.publish('See', quote=first['postId']))['postId']}"
    await anon.get(path)
    await ann.put(f"/posts/{first['postId']}", {"content": "Other words"})
    assert (await anon.get(path))["quote"]["content"] == "<p>Other words</p>"
    await ann.put("/users/me", {"fullName": "Ann Other"})
    assert (await anon.get(path))["quote"]["user"]["fullName"] == "Ann Other"
    await ann.delete(f"/posts/{first['postId']}")
    assert (await anon.get(path))["quote"] is None


async def test_a_quote_is_hidden_from_whom_the_quoted_blocks(ann: Person, bob: Person, eve: Person) -> None:
    first = await ann.publish("Quote me")
    path = f"/posts/{(await bob.publish('See', quote=first['postId']))['postId']}"
    await ann.post("/users/eve/block")
    assert (await eve.get(path))["quote"] is None
    assert (await bob.get(path))["quote"]["postId"] == first["postId"]
    [listed] = await eve.feed("local")
    assert (listed["quote"], listed["user"]["username"]) == (None, "bob")


@pytest.mark.parametrize("visibility", ["followers", "friends", "direct"])
async def test_what_is_not_for_everybody_is_not_quoted_by_others(ann: Person, bob: Person, visibility: str) -> None:
    await bob.follow(ann)
    await ann.follow(bob)
    post = await ann.publish("for @bob", visibility=visibility)
    problem = await bob.refused(422, "POST", "/posts", {"content": "look", "quote": post["postId"]})
    assert fields_of(problem) == ["quote"]


async def test_quoting_ones_own_closed_post_does_not_open_it(ann: Person, anon: Visitor) -> None:
    closed = await ann.publish("secret words", visibility="followers")
    quoting = await ann.publish("look", quote=closed["postId"])
    answer = await anon.call("GET", f"/posts/{quoting['postId']}")
    assert "secret words" not in answer.text


@pytest.mark.parametrize("visibility", ["public", "followers"])
async def test_who_may_see_a_closed_post_sees_its_author_quote_it(
    ann: Person, bob: Person, eve: Person, anon: Visitor, visibility: str
) -> None:
    await bob.follow(ann)
    closed = await ann.publish("secret words", visibility="followers")
    quoting = await ann.publish("look", quote=closed["postId"], visibility=visibility)
    at = f"/posts/{quoting['postId']}"
    assert quoting["quote"]["content"] == "<p>secret words</p>"
    assert (await bob.get(at))["quote"]["postId"] == closed["postId"]
    assert (await bob.get("/feed"))["posts"][0]["quote"]["content"] == "<p>secret words</p>"
    await eve.post("/filters", {"title": "Guess", "words": [{"text": "secret"}], "contexts": ["profile", "public"]})
    for viewer in (eve, anon) if visibility == "public" else ():
        for post in (await viewer.get(at), (await viewer.get(f"/users/{ann.id}/posts"))["posts"][0]):
            assert post["quote"] is None
            assert not post.get("filtered")
    await bob.delete(f"/users/{ann.id}/follow")
    if visibility == "public":
        assert (await bob.get(at))["quote"] is None
    await ann.delete(f"/posts/{closed['postId']}")
    assert (await ann.get(at))["quote"] is None


# -- Changing ------------------------------------------------------------------
async def test_a_change_keeps_what_was_said_before(ann: Person, anon: Visitor) -> None:
    path = f"/posts/{(await ann.publish('Teh first', contentWarning='Before'))['postId']}"
    changed = await ann.put(path, {"content": "The second #tag", "contentWarning": ""})
    assert (changed["content"].startswith("<p>The second"), changed["tags"]) == (True, ["tag"])
    assert changed["editedAt"] > changed["createdAt"]
    history = (await anon.get(f"{path}/history"))["revisions"]
    assert [(one["content"][:13], one["contentWarning"]) for one in history] == [
        ("<p>Teh first<", "Before"),
        ("<p>The second", None),
    ]


async def test_what_a_change_does_not_name_stays(ann: Person) -> None:
    post = await ann.publish("x", contentWarning="W", language="de", visibility="unlisted", localOnly=True)
    changed = await ann.put(f"/posts/{post['postId']}", {"content": "y"})
    kept = ("contentWarning", "language", "visibility", "localOnly", "sensitive", "inReplyTo", "createdAt")
    assert {key: changed[key] for key in kept} == {key: post[key] for key in kept}
    plain = await ann.publish("x", sensitive=True)
    path = f"/posts/{plain['postId']}"
    assert (await ann.put(path, {"content": "y"}))["sensitive"] is True
    assert (await ann.put(path, {"content": "y", "sensitive": False}))["sensitive"] is False


async def test_who_takes_the_warning_away_shows_the_pictures_again(ann: Person, anon: Visitor) -> None:
    path = f"/posts/{(await ann.publish('x', contentWarning='Heights'))['postId']}"
    assert (await ann.put(path, {"content": "y", "contentWarning": "Depths"}))["sensitive"] is True
    assert (await ann.put(path, {"content": "y", "contentWarning": "", "sensitive": True}))["sensitive"] is True
    assert (await ann.put(path, {"content": "y", "contentWarning": "Heights"}))["sensitive"] is True
    assert (await ann.put(path, {"content": "y", "contentWarning": ""}))["sensitive"] is False
    assert (await anon.get(path))["sensitive"] is False


async def test_a_change_shows_at_once_wherever_the_post_stands(ann: Person, bob: Person, anon: Visitor) -> None:
    await bob.follow(ann)
    post = await ann.publish("before")
    ways = [(bob, "/feed"), (anon, "/feed?scope=local"), (anon, "/users/ann/posts")]
    for who, way in ways:
        await who.get(way)
    await ann.put(f"/posts/{post['postId']}", {"content": "after"})
    for who, way in ways:
        assert [one["content"] for one in (await who.get(way))["posts"]] == ["<p>after</p>"], way


async def test_nobody_changes_or_deletes_anothers_post(ann: Person, eve: Person, admin: Person, anon: Visitor) -> None:
    path = f"/posts/{(await ann.publish('Mine'))['postId']}"
    for liar, status in ((eve, 403), (admin, 403), (anon, 401)):
        await liar.refused(status, "PUT", path, {"content": "Hers"})
        await liar.refused(status, "DELETE", path)
    hidden = f"/posts/{(await ann.publish(visibility='private'))['postId']}"
    await eve.refused(404, "PUT", hidden, {"content": "Hers"})
    await eve.refused(404, "DELETE", hidden)
    assert (await anon.get(path))["content"] == "<p>Mine</p>"


@pytest.mark.parametrize("body", [{"content": ""}, {"content": "x" * 5001}, {}, {"content": "x", "language": "?"}])
async def test_a_bad_change_changes_nothing(ann: Person, body: dict[str, Any]) -> None:
    path = f"/posts/{(await ann.publish('as it was'))['postId']}"
    await ann.refused(422, "PUT", path, body)
    assert (await ann.get(path))["content"] == "<p>as it was</p>"
    assert len((await ann.get(f"{path}/history"))["revisions"]) == 1


async def test_changes_at_once_lose_no_revision_and_no_like(alpha: TestInstance, ann: Person) -> None:
    path = f"/posts/{(await ann.publish('0'))['postId']}"
    fans = await alpha.users(*(f"fan{number}" for number in range(10)))
    await asyncio.gather(
        *(ann.put(path, {"content": str(number)}) for number in range(1, 11)),
        *(fan.post(f"{path}/like") for fan in fans),
        *(fan.post(f"{path}/comments", {"content": "x"}) for fan in fans),
    )
    post = await ann.get(path)
    assert (post["likesCount"], post["commentsCount"]) == (10, 10)
    said = {revision["content"] for revision in (await ann.get(f"{path}/history"))["revisions"]}
    assert said == {f"<p>{number}</p>" for number in range(11)}


# -- Deleting ------------------------------------------------------------------
async def test_a_deleted_post_is_gone_everywhere(ann: Person, bob: Person, anon: Visitor) -> None:
    await bob.follow(ann)
    post_id = (await ann.publish("gone soon #soon"))["postId"]
    for verb in ("like", "bookmark", "share"):
        await bob.post(f"/posts/{post_id}/{verb}")
    assert await ann.delete(f"/posts/{post_id}") == {"postId": post_id}
    for part in ("", "/comments", "/likes", "/history", "/thread"):
        await bob.refused(404, "GET", f"/posts/{post_id}{part}")
    for who, path in ((bob, "/feed"), (bob, "/bookmarks"), (anon, "/feed?scope=local"), (anon, "/users/ann/posts")):
        assert (await who.get(path))["posts"] == [], path
    await ann.refused(404, "DELETE", f"/posts/{post_id}")
    for verb in ("like", "share", "bookmark", "comments"):
        await bob.refused(404, "POST", f"/posts/{post_id}/{verb}", {"content": "late"})


async def test_of_many_deletes_at_once_one_counts(ann: Person) -> None:
    kept, post = await ann.publish(), await ann.publish()
    answers = await asyncio.gather(*(ann.call("DELETE", f"/posts/{post['postId']}") for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 7
    assert (await ann.get("/users/me"))["postsCount"] == 1
    assert await ann.sees(kept["postId"])


async def test_nothing_of_a_deleted_post_stays_in_the_database_but_its_place(alpha: TestInstance, ann: Person) -> None:
    post = await ann.publish("wholly private words", contentWarning="warned")
    await ann.put(f"/posts/{post['postId']}", {"content": "other words"})
    await ann.delete(f"/posts/{post['postId']}")
    with alpha.inside():
        [left] = await rows("SELECT content, source, content_warning, deleted_at FROM core_entry")
        assert (left["content"], left["source"], left["content_warning"]) == ("", "", "")
        assert await rows("SELECT 1 FROM core_revision") == []


async def test_the_list_of_posts_has_the_newest_first(ann: Person, anon: Visitor) -> None:
    made = [(await ann.publish(str(number)))["postId"] for number in range(3)]
    assert [post["postId"] for post in (await anon.get("/posts"))["posts"]] == made[::-1]
