"""Who sees a post, by every way there is to one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from core.testing import Person, TestInstance, Visitor
from core.testing.people import befriend, data_of, problem_of

VISIBILITIES = ("public", "unlisted", "followers", "friends", "circle", "private", "direct")
CAST = ("ann", "fan", "friend", "chosen", "named", "stranger", "muter", "blocked", "blocker")
NOBODY = "0190a000-0000-7000-8000-000000000000"
Cast = dict[str, Visitor]

# Whoever is named in the text sees what is not private; muting hides nothing from who looks for it.
EVERYBODY = {"ann", "fan", "friend", "chosen", "named", "stranger", "muter", "anon"}
SEES = {
    "public": EVERYBODY,
    "unlisted": EVERYBODY,
    "followers": {"ann", "fan", "friend", "chosen", "named", "muter"},
    "friends": {"ann", "friend", "chosen", "named"},
    "circle": {"ann", "chosen", "named"},
    "private": {"ann"},
    "direct": {"ann", "named"},
}
# Home timelines are those of followers; who is named without following learns of it elsewhere.
HOME = {
    "public": {"ann", "fan", "friend", "chosen"},
    "unlisted": {"ann", "fan", "friend", "chosen"},
    "followers": {"ann", "fan", "friend", "chosen"},
    "friends": {"ann", "friend", "chosen"},
    "circle": {"ann", "chosen"},
    "private": {"ann"},
    "direct": {"ann"},
}
FRIENDS = {"ann", "friend", "chosen"}
FRIENDS_FEED = {visibility: HOME[visibility] & FRIENDS for visibility in VISIBILITIES} | {"direct": set()}


@pytest.fixture
async def cast(alpha: TestInstance) -> Cast:
    """Ann, and everybody a post of hers can look different to."""
    people = {name: await alpha.user(name) for name in CAST}
    ann = people["ann"]
    for name in ("friend", "chosen"):
        await befriend(ann, people[name])
    await ann.post("/circles", {"name": "Choir", "userIds": [people["chosen"].id]})
    for name in ("fan", "muter", "blocked", "blocker"):
        await people[name].follow(ann)
    await people["muter"].post("/users/ann/mute")
    await ann.post("/users/blocked/block")
    await people["blocker"].post("/users/ann/block")
    return {**people, "anon": alpha.anon}


async def publish(cast: Cast, visibility: str) -> str:
    ann = cast["ann"]
    assert isinstance(ann, Person)
    to = {"circleId": (await ann.get("/circles"))["circles"][0]["circleId"]} if visibility == "circle" else {}
    return str((await ann.publish("psst @named", visibility=visibility, **to))["postId"])


async def those(cast: Cast, sees: Callable[[Visitor], Awaitable[bool]], *without: str) -> set[str]:
    """The names of those for whom it holds."""
    return {name for name, viewer in cast.items() if name not in without and await sees(viewer)}


async def is_there(viewer: Visitor, method: str, path: str, status: int = 200) -> bool:
    """Whether the answer is this status; it is 404 otherwise, and the same 404 as for what never was."""
    body = {"content": "words"} if method == "POST" else None
    answer = await viewer.call(method, path, json=body)
    if answer.status_code == status:
        return True
    missing = await viewer.call(method, "/".join([*path.split("/")[:2], NOBODY, *path.split("/")[3:]]), json=body)
    assert problem_of(answer, 404) == problem_of(missing, 404)
    return False


async def lists(viewer: Visitor, path: str, post_id: str) -> bool:
    """Whether a list has the post, which must be there at all."""
    return post_id in [post["postId"] for post in data_of(await viewer.call("GET", path))["posts"]]


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_post_is_read_by_those_it_is_for(cast: Cast, visibility: str) -> None:
    post = await publish(cast, visibility)
    for part in ("", "/comments", "/likes", "/history", "/thread"):
        assert await those(cast, lambda who, p=part: is_there(who, "GET", f"/posts/{post}{p}")) == SEES[visibility], (
            part
        )


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_post_is_answered_liked_and_kept_by_those_it_is_for(cast: Cast, visibility: str) -> None:
    post = await publish(cast, visibility)
    for verb, status in (("like", 200), ("bookmark", 200), ("comments", 201)):
        path = f"/posts/{post}/{verb}"
        able = await those(cast, lambda who, p=path, s=status: is_there(who, "POST", p, s), "anon")
        assert able == SEES[visibility] - {"anon"}, verb
        problem_of(await cast["anon"].call("POST", path, json={"content": "x"}), 401)


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_post_is_shared_by_those_who_see_it_if_it_is_for_everybody(cast: Cast, visibility: str) -> None:
    post = await publish(cast, visibility)
    for name in CAST:
        answer = await cast[name].call("POST", f"/posts/{post}/share")
        expected = 404 if name not in SEES[visibility] else 200 if visibility in ("public", "unlisted") else 422
        assert answer.status_code == expected, name


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_profile_lists_what_its_reader_may_see_but_never_what_is_direct(cast: Cast, visibility: str) -> None:
    post = await publish(cast, visibility)
    listed = await those(cast, lambda who: lists(who, "/users/ann/posts", post), "blocked", "blocker")
    assert listed == (set() if visibility == "direct" else SEES[visibility])
    problem_of(await cast["blocked"].call("GET", "/users/ann/posts"), 404)
    assert not await lists(cast["blocker"], "/users/ann/posts", post)


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_feeds_hold_what_is_for_their_reader(cast: Cast, visibility: str) -> None:
    post = await publish(cast, visibility)
    assert await those(cast, lambda who: lists(who, "/feed?scope=home", post), "anon") == HOME[visibility]
    assert await those(cast, lambda who: lists(who, "/feed?scope=friends", post), "anon") == FRIENDS_FEED[visibility]
    for path in ("/feed?scope=local", "/feed?scope=global", "/posts"):
        expected = EVERYBODY - {"muter"} if visibility == "public" else set()
        assert await those(cast, lambda who, p=path: lists(who, p, post)) == expected, path


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_a_post_of_before_the_follow_comes_with_it(cast: Cast, visibility: str, alpha: TestInstance) -> None:
    post = await publish(cast, visibility)
    late, later = await alpha.users("late", "later")
    await late.follow("ann")
    assert await lists(late, "/feed", post) == (visibility in ("public", "unlisted", "followers"))
    await later.follow("ann")
    await cast["ann"].post("/users/later/follow")
    assert await lists(later, "/feed", post) == (visibility not in ("circle", "private", "direct"))


@pytest.mark.parametrize("visibility", VISIBILITIES)
async def test_bookmarks_and_likes_show_nothing_that_was_closed_since(cast: Cast, visibility: str) -> None:
    post, friend = await publish(cast, visibility), cast["friend"]
    if "friend" not in SEES[visibility]:
        return
    await friend.post(f"/posts/{post}/bookmark")
    await friend.post(f"/posts/{post}/like")
    assert await lists(friend, "/bookmarks", post)
    await cast["ann"].post("/users/friend/block")
    assert not await lists(friend, "/bookmarks", post)
    likes = await cast["ann"].get(f"/posts/{post}/likes")
    assert likes["users"] == []
    await friend.refused(404, "DELETE", f"/posts/{post}/like")


@pytest.mark.parametrize("visibility", ["followers", "friends", "circle", "private", "direct"])
async def test_a_comment_is_for_nobody_its_post_is_not_for(cast: Cast, visibility: str) -> None:
    post = await publish(cast, visibility)
    for name in SEES[visibility]:
        made = (await cast[name].post(f"/posts/{post}/comments", {"content": f"by {name}"}))["commentId"]
        readers = await those(cast, lambda who, c=made: is_there(who, "GET", f"/posts/{c}"))
        assert {name} | ({"ann"} - {name}) <= readers <= SEES[visibility], name


@pytest.mark.parametrize("wanted", [one for one in VISIBILITIES if one != "circle"])
@pytest.mark.parametrize("visibility", ["followers", "friends", "private"])
async def test_an_answer_cannot_be_made_wider_than_what_it_answers(cast: Cast, visibility: str, wanted: str) -> None:
    post, ann = await publish(cast, visibility), cast["ann"]
    answer = await ann.post("/posts", {"content": "so", "inReplyTo": post, "visibility": wanted})
    order = ("public", "unlisted", "followers", "friends", "direct", "private")
    assert order.index(answer["visibility"]) == max(order.index(wanted), order.index(visibility))


async def test_an_answer_to_what_stays_here_stays_here(ann: Person, bob: Person) -> None:
    post = await ann.publish("for this house", localOnly=True)
    answer = await bob.publish("and mine", inReplyTo=post["postId"])
    assert answer["localOnly"] is True
    assert (await bob.publish("look", quote=post["postId"]))["localOnly"] is True


async def test_a_post_is_its_own_form_whoever_reads_it(cast: Cast) -> None:
    post = await publish(cast, "public")
    for name in EVERYBODY:
        seen = await cast[name].get(f"/posts/{post}")
        assert (seen["source"] == "psst @named") is (name == "ann")
        assert "email" not in seen["user"]
