"""Profiles, settings and the directory of people."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.accounts import administration
from core.testing import PASSWORD, Person, TestInstance, Visitor, counted_queries
from core.testing.people import data_of, fields_of

PUBLIC = set(
    "userId username acct domain fullName bio avatar coverImage url emojis fields followersCount followingCount"
    " postsCount isVerified isBot isLocked movedTo role createdAt".split()
)
RELATIONS = {"isFollowing", "isFollowedBy", "isFriend", "isRequested", "isBlocked", "isMuted", "isDomainBlocked"}
MINE = {"email", "emailVerified", "settings", "unreadNotifications"}


async def names(who: Visitor, path: str, **query: Any) -> list[str]:
    return [user["username"] for user in (await who.get(path, **query))["users"]]


# -- Forms ---------------------------------------------------------------------
@pytest.mark.parametrize("path", ["/users/me", "/users/profile"])
async def test_my_own_profile_has_what_is_mine_alone(ann: Person, path: str) -> None:
    me = await ann.get(path)
    assert PUBLIC | MINE <= me.keys()
    assert (me["userId"], me["email"], me["emailVerified"]) == (ann.id, "ann@example.org", True)


async def test_what_apps_ask_first_costs_no_more_than_a_page_of_the_home_feed(alpha: TestInstance, ann: Person) -> None:
    await ann.put("/users/me", {"settings": {"theme": "dark"}})
    await ann.put("/users/me", {"email": "other@example.org", "password": PASSWORD})
    await ann.get("/feed", scope="home")
    with counted_queries(alpha) as asked:
        me = await ann.get("/users/me")
    assert len(asked) == 1, asked
    own = me["settings"]
    assert (me["pendingEmail"], own["theme"], own["language"]) == ("other@example.org", "dark", "")


async def test_a_profile_seen_by_others_has_neither_address_nor_settings(
    ann: Person, bob: Person, anon: Visitor
) -> None:
    by_stranger, by_bob = await anon.call("GET", "/users/ann"), await bob.call("GET", "/users/ann")
    assert data_of(by_stranger).keys() == PUBLIC
    assert data_of(by_bob).keys() == PUBLIC | RELATIONS
    assert "example.org" not in by_stranger.text + by_bob.text


async def test_ones_own_profile_by_its_id_has_no_address_either(ann: Person) -> None:
    assert (await ann.get(f"/users/{ann.id}")).keys() == PUBLIC | RELATIONS


async def test_me_needs_a_session(anon: Visitor) -> None:
    for path in ("/users/me", "/users/profile"):
        await anon.refused(401, "GET", path)
        await anon.refused(401, "PUT", path, {"bio": "x"})


# -- Changing ------------------------------------------------------------------
async def test_a_profile_is_changed_and_the_rest_stays(ann: Person, anon: Visitor) -> None:
    await ann.put("/users/me", {"fullName": "Ann Other", "bio": "I *like* tea.", "isBot": True})
    await ann.put(
        "/users/me", {"fields": [{"name": "Site", "value": "https://example.org/"}, {"name": " ", "value": ""}]}
    )
    seen = await anon.get("/users/ann")
    assert (seen["fullName"], seen["bio"], seen["isBot"]) == ("Ann Other", "<p>I <em>like</em> tea.</p>", True)
    [field] = seen["fields"]
    assert field["name"] == "Site" and 'href="https://example.org/"' in field["value"]
    assert field["verifiedAt"] is None


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Ann\r\nBcc: eve@example.org", "Ann Bcc: eve@example.org"),
        ("  Ann \t Other ", "Ann Other"),
        ("Ann\u202e\u2066rehtO\u2069", "AnnrehtO"),
        ("A\x07n\u200bn", "Ann"),
        ("\u200b\u2060", "ann"),
        ("\u3164\u2800\u00ad", "ann"),
        ("\u0301\u200d", "ann"),
        ("آرش\u200cمهر", "آرش\u200cمهر"),
        ("Ann 👩\u200d🚀 🏴\U000e0067\U000e0062\U000e007f", "Ann 👩\u200d🚀 🏴\U000e0067\U000e0062\U000e007f"),
    ],
)
async def test_a_shown_name_is_one_line_that_can_be_seen_and_turns_nothing_around(
    alpha: TestInstance, ann: Person, typed: str, shown: str
) -> None:
    assert (await ann.put("/users/me", {"fullName": typed}))["fullName"] == shown
    body = {"username": "bea", "email": "bea@example.org", "password": PASSWORD, "fullName": typed}
    made = await alpha.anon.post("/auth/register", body)
    told = await alpha.anon.get(f"/users/{made['userId']}")
    assert told["fullName"] == (shown if shown != "ann" else "bea")


async def test_a_new_name_shows_at_once_on_old_posts(ann: Person, bob: Person, anon: Visitor) -> None:
    post = await ann.publish("mine")
    answer = await bob.publish("answer", inReplyTo=post["postId"])
    for path in (f"/posts/{post['postId']}", f"/posts/{answer['postId']}"):
        await anon.get(path)
    await ann.put("/users/me", {"fullName": "Ann Other"})
    assert (await anon.get(f"/posts/{post['postId']}"))["user"]["fullName"] == "Ann Other"
    assert (await anon.get(f"/posts/{answer['postId']}"))["inReplyToUser"]["fullName"] == "Ann Other"


async def test_what_people_write_about_themselves_is_made_safe(ann: Person, anon: Visitor) -> None:
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    fields = [{"name": script, "value": f"javascript:alert(1) {script}"}]
    await ann.put("/users/me", {"bio": script, "fields": fields})
    seen = await anon.get("/users/ann")
    assert "<script" not in seen["bio"] + seen["fields"][0]["value"]
    assert "<img" not in seen["bio"] + seen["fields"][0]["value"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fullName": "x" * 101}, ["fullName"]),
        ({"bio": "x" * 1001}, ["bio"]),
        ({"fullName": 7, "fields": "no", "isLocked": "yes"}, ["fields", "fullName", "isLocked"]),
        ({"fields": [{"name": "x" * 101, "value": "y"}]}, ["fields"]),
        ({"fields": [{"name": "x", "value": "y" * 501}]}, ["fields"]),
        ({"fields": [{"name": "x", "value": "y"}] * 9}, ["fields"]),
        ({"fields": [{"name": "x"}]}, ["fields.0.value"]),
        ({"settings": {"theme": "pink", "searchable": "yes", "language": "x" * 40}},
         ["settings.language", "settings.searchable", "settings.theme"]),
        ({"settings": {"theme": "pink"}, "fullName": "x" * 101, "bio": "x" * 1001},
         ["bio", "fullName", "settings.theme"]),
        ({"settings": {"theme": "dark"}, "fullName": "x" * 101}, ["fullName"]),
        ({"settings": {"theme": "pink"}, "fullName": "Other"}, ["settings.theme"]),
    ],
)  # fmt: skip
async def test_a_change_that_is_wrong_in_part_changes_nothing(
    ann: Person, change: dict[str, Any], named: list[str]
) -> None:
    before = await ann.get("/users/me")
    assert sorted(fields_of(await ann.refused(422, "PUT", "/users/me", change))) == named
    assert await ann.get("/users/me") == before


async def test_settings_have_defaults_and_are_changed_one_by_one(ann: Person) -> None:
    before = (await ann.get("/users/me"))["settings"]
    assert (before["searchable"], before["indexable"], before["showCamera"]) == (True, False, False)
    after = (await ann.put("/users/me", {"settings": {"theme": "dark", "unheardOf": 1}}))["settings"]
    assert after == {**before, "theme": "dark"}


async def test_nobody_makes_themselves_more_than_they_are(ann: Person) -> None:
    boast = {"role": "admin", "isVerified": True, "followersCount": 99, "createdAt": "2001-01-01T00:00:00Z"}
    before = await ann.get("/users/me")
    for path in ("/users/me", "/users/ann", "/users/ann/profile"):
        await ann.put(path, boast)
    assert await ann.get("/users/me") == before


@pytest.mark.parametrize("path", ["/users/{}", "/users/{}/profile"])
async def test_a_profile_is_changed_by_its_owner_and_by_moderators_only(
    ann: Person, eve: Person, admin: Person, anon: Visitor, path: str
) -> None:
    path = path.format(ann.id)
    await eve.refused(403, "PUT", path, {"fullName": "By Eve"})
    await anon.refused(401, "PUT", path, {"fullName": "By nobody"})
    assert (await ann.put(path, {"fullName": "By myself"}))["fullName"] == "By myself"
    assert (await admin.put(path, {"fullName": "By the keeper"}))["fullName"] == "By the keeper"


async def test_moderators_make_accounts_and_nobody_else(ann: Person, admin: Person, anon: Visitor) -> None:
    body = {"username": "dora", "email": "dora@example.org", "password": PASSWORD, "role": "moderator"}
    await anon.refused(401, "POST", "/users", body)
    await ann.refused(403, "POST", "/users", body)
    answer = await admin.call("POST", "/users", json=body)
    assert answer.status_code == 201
    made = data_of(answer)
    assert (made["username"], made["role"]) == ("dora", "user")
    assert answer.headers["Location"] == f"/api/v1/users/{made['userId']}"
    assert (await anon.post("/auth/login", {"username": "dora", "password": PASSWORD}))["userId"] == made["userId"]
    await admin.refused(409, "POST", "/users", body)
    assert fields_of(await admin.refused(422, "POST", "/users", {})) == ["username", "email"]


async def test_a_change_of_profile_loses_no_count_of_what_happens_meanwhile(alpha: TestInstance, ann: Person) -> None:
    fans = await alpha.users(*(f"fan{number}" for number in range(12)))
    await asyncio.gather(
        *(fan.follow(ann) for fan in fans),
        *(ann.put("/users/me", {"bio": f"version {number}"}) for number in range(12)),
        *(ann.publish(f"post {number}") for number in range(12)),
    )
    me = await ann.get("/users/me")
    assert (me["followersCount"], me["postsCount"]) == (12, 12)


# -- The directory -------------------------------------------------------------
async def test_the_directory_has_pages(alpha: TestInstance, anon: Visitor) -> None:
    await alpha.users(*"abcde")
    first, last = await anon.get("/users", limit=2), await anon.get("/users", limit=2, page=3)
    assert first["pagination"] == {"page": 1, "limit": 2, "total": 5, "hasMore": True}
    assert last["pagination"] == {"page": 3, "limit": 2, "total": 5, "hasMore": False}
    assert [user["username"] for page in (first, last) for user in page["users"]] == ["a", "b", "e"]
    assert await names(anon, "/users", page=9) == []


async def test_who_does_not_want_to_be_found_is_not_in_the_directory(ann: Person, bob: Person, anon: Visitor) -> None:
    await bob.put("/users/me", {"settings": {"discoverable": False}})
    assert await names(anon, "/users") == ["ann"]
    assert await names(anon, "/users/search", term="bob") == []
    assert (await anon.get("/users/bob"))["username"] == "bob"


@pytest.mark.parametrize("term", ["nn", "ANN", "Other", "other", "n O", "Ö", "ö"])
async def test_people_are_found_by_a_part_of_their_names(ann: Person, bob: Person, term: str) -> None:
    await ann.put("/users/me", {"fullName": "Ann Other Öz"})
    assert await names(bob, "/users/search", term=term) == ["ann"]


@pytest.mark.parametrize("term", ["%", "_", "\\", "'", "a%n", "x" * 500])
async def test_a_term_is_taken_as_it_is_written(ann: Person, term: str) -> None:
    assert await names(ann, "/users/search", term=term) == []


async def test_a_person_who_was_suspended_is_nowhere(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    await bob.follow(ann)
    await ann.follow(bob)
    post = await ann.publish()
    with alpha.inside():
        await administration.suspend(ann.actor)
    for path in ("", "/posts", "/followers", "/profile"):
        await bob.refused(404, "GET", f"/users/ann{path}")
    assert await names(anon, "/users") == ["bob"]
    for path in ("/users/bob/followers", "/users/bob/following", "/users/bob/friends"):
        assert await names(anon, path) == []
    assert not await bob.sees(post["postId"])
    assert await bob.feed() == []
