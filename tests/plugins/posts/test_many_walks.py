"""The same posts in many lists, which are read page by page while posts come, change and go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.testing import Person, TestInstance
from tests.plugins.posts.test_cursor_walks import listing

FUZZ = settings(
    max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
WORDS = "Green #tea at noon"

# Where an answer that quotes what it answers stands, if its reader follows its author, likes it and keeps it.
NEWEST_FIRST = {
    "/search/posts?q=tea": "postId",
    "/search/posts?q=from:bob %23tea -milk": "postId",
    "/users/bob/posts?replies=true": "postId",
    "/posts/{root}/comments?sort=newest": "commentId",
    "/posts/{root}/quotes": "postId",
    "/bookmarks": "postId",
    "/likes": "postId",
    "/tags/tea": "postId",
    "/lists/{list}/posts": "postId",
    "/feed": "postId",
}
OLDEST_FIRST = {"/posts/{root}/comments?sort=oldest": "commentId"}
IN_ANY_ORDER = {"/posts/{root}/comments?sort=top": "commentId"}
LISTS = {**NEWEST_FIRST, **OLDEST_FIRST, **IN_ANY_ORDER}
Act = Callable[[], Awaitable[object]]


@FUZZ
@given(data=st.data())
async def test_no_list_repeats_or_leaves_out_what_stays_whatever_happens_meanwhile(
    alpha: TestInstance, data: st.DataObject
) -> None:
    await alpha.empty()
    ann, bob, eve = await alpha.users("ann", "bob", "eve")
    await ann.follow(bob)
    await ann.follow(eve)
    root = (await eve.publish("What do you drink?"))["postId"]
    list_id = await listing(ann, bob)
    await ann.post(f"/lists/{list_id}/members", {"userIds": [eve.id]})  # answers to those on it stand in it
    places = {path: path.format(root=root, list=list_id) for path in LISTS}

    async def add() -> str:
        made = str((await bob.publish(WORDS, inReplyTo=root, quote=root))["postId"])
        await ann.post(f"/posts/{made}/like")
        await ann.post(f"/posts/{made}/bookmark")
        return made

    there = [await add() for _ in range(data.draw(st.integers(3, 8), "items"))]
    liked_twice = data.draw(st.lists(st.sampled_from(there), unique=True), "liked twice")
    for post in liked_twice:
        await eve.post(f"/posts/{post}/like")
    fates = st.sampled_from(["stays", "stays", "deleted", "edited", "let go", "liked", "liked less"])
    fate = {post: data.draw(fates, "fate") for post in there}
    acts = [act for post in there for act in _acts(fate[post], post, ann, bob, eve)]
    acts += [add] * data.draw(st.integers(0, 3), "added")
    between = data.draw(st.permutations(acts), "order")
    limits = {path: data.draw(st.integers(1, 3), path) for path in LISTS}

    seen = await _read(ann, places, limits, between)
    for path, found in seen.items():
        assert len(found) == len(set(found)), path
        gone = {post for post in there if fate[post] == "deleted"}
        if path in ("/bookmarks", "/likes"):
            gone |= {post for post in there if fate[post] == "let go"}
        stayed = [post for post in found if post in there and post not in gone]
        expected = [post for post in there if post not in gone]
        if path in IN_ANY_ORDER:
            stayed.sort()
        assert stayed == (expected[::-1] if path in NEWEST_FIRST else expected), path


def _acts(fate: str, post: str, ann: Person, bob: Person, eve: Person) -> list[Act]:
    """What comes over a post while it is read."""
    at = f"/posts/{post}"
    match fate:
        case "deleted":
            return [lambda: bob.delete(at)]
        case "edited":
            return [lambda: bob.put(at, {"content": f"{WORDS}, or at five"})]
        case "let go":
            return [lambda: ann.delete(f"{at}/like"), lambda: ann.delete(f"{at}/bookmark")]
        case "liked":
            return [lambda: bob.post(f"{at}/like")]
        case "liked less":
            return [lambda: eve.call("DELETE", f"{at}/like")]
    return []


async def _read(
    who: Person, places: dict[str, str], limits: dict[str, int], between: list[Act]
) -> dict[str, list[str]]:
    """The ids in each list, one page of each at a time; one thing happens after each round."""
    seen: dict[str, list[str]] = {path: [] for path in places}
    cursors: dict[str, str | None] = dict.fromkeys(places)
    pending = iter(between)
    while cursors:
        for path in list(cursors):
            page = await who.get(places[path], limit=limits[path], cursor=cursors[path])
            items = next(value for value in page.values() if isinstance(value, list))
            seen[path] += [item[LISTS[path]] for item in items]
            cursors[path] = page["pagination"]["nextCursor"]
            if cursors[path] is None:
                del cursors[path]
        if act := next(pending, None):
            await act()
    return seen
