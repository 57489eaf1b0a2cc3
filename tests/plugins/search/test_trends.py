"""What people talk about: counted by people, fading with time, and filled on a small server too."""

from __future__ import annotations

from datetime import timedelta

from core.database import new_id, now
from core.entries import Draft, publishing
from core.models import Actor
from core.testing import Person, TestInstance, Visitor
from core.testing.pages import submit


async def tags(viewer: Visitor) -> list[str]:
    viewer.instance.instance.cache.drop_tag("search:trends")
    return [tag["tag"] for tag in (await viewer.get("/trends"))["tags"]]


async def posts(viewer: Visitor) -> list[str]:
    viewer.instance.instance.cache.drop_tag("search:trends")
    return [post["content"][3:-4] for post in (await viewer.get("/trends"))["posts"]]


async def test_nobody_makes_a_trend_alone(ann: Person, bob: Person, eve: Person, anon: Visitor) -> None:
    for number in range(6):
        await eve.publish(f"buy #mine {number} #also{number}")
    await ann.publish("#bread")
    await bob.publish("#bread")
    found = await tags(anon)
    assert found[0] == "bread" and "mine" in found
    assert not any(name.startswith("also") for name in found)


async def test_what_was_said_long_ago_counts_less(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, anon: Visitor
) -> None:
    moment = now() - timedelta(days=5)
    with alpha.inside():
        for person in (ann, bob):
            author = await Actor.get(id=person.id)
            old = Draft("post", author, content="<p>x</p>", tags=["old"], id=new_id(moment), published_at=moment)
            async with publishing(old):
                pass
    await eve.publish("#fresh")
    assert await tags(anon) == ["fresh", "old"]


async def test_only_what_is_for_all_and_by_people_who_stand_well_counts(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    await ann.publish("#quiet", visibility="unlisted")
    await ann.publish("#hidden", visibility="followers")
    await bob.put("/users/me", {"isBot": True})
    await bob.publish("#machine")
    assert await tags(anon) == []


async def test_what_the_silenced_like_is_no_trend(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, anon: Visitor
) -> None:
    liked = await ann.publish("liked by Eve")
    await bob.publish("liked by nobody")  # later, and so above what nobody likes either
    await eve.post(f"/posts/{liked['postId']}/like")
    assert await posts(anon) == ["liked by Eve", "liked by nobody"]
    with alpha.inside():
        await Actor.filter(id=eve.id).update(silenced_at=now())
    assert await posts(anon) == ["liked by nobody", "liked by Eve"]


async def test_a_moderator_keeps_a_tag_out_and_nobody_else_does(
    alpha: TestInstance, ann: Person, admin: Person, anon: Visitor
) -> None:
    await ann.publish("#Sour")
    await ann.refused(403, "PUT", "/admin/trends/tags/sour", {"hidden": True})
    assert await tags(anon) == ["Sour"]
    for _twice in range(2):
        await admin.put("/admin/trends/tags/SOUR", {"hidden": True})
        assert await tags(anon) == []
    await admin.put("/admin/trends/tags/sour", {"hidden": False})
    assert await tags(anon) == ["Sour"]
    noted = (await admin.get("/admin/audit-log", limit=2))["events"]
    assert [(event["description"], event["by"]["userId"], event["user"]) for event in noted] == [
        ("A hashtag was let into the trends again: #sour", admin.id, None),
        ("A hashtag was kept out of the trends: #sour", admin.id, None),
    ]
    assert "Nobody who has an account" not in (await admin.browser().get("/admin/audit?event=hashtag_hidden")).text


async def test_a_moderator_finds_the_buttons_where_the_tags_are(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, anon: Visitor
) -> None:
    await ann.publish("#Sour")
    await eve.publish("#Sweet")
    carol = await alpha.user("carol", role="moderator")
    button = 'formaction="/admin/trends/tags/{}/{}"'
    async with carol.browser() as browser, bob.browser() as stranger:
        for path in ("/trends", "/tags/Sour"):
            assert button.format("Sour", "hide") in (await browser.get(path)).text
            for other in ((await stranger.get(path)).text, (await anon.page(path)).text):
                assert "/admin/trends" not in other
        gone = await submit(browser, "/admin/trends/tags/Sour/hide", {"next": "/tags/Sour"}, on="/tags/Sour")
        assert (gone.status_code, gone.headers["location"]) == (303, "/tags/Sour")
        assert await tags(anon) == ["Sweet"]
        assert button.format("Sour", "show") in (await browser.get("/tags/Sour")).text
        listed = (await browser.get("/trends")).text
        assert button.format("sour", "show") in listed and button.format("Sour", "hide") not in listed
        refused = await submit(stranger, "/admin/trends/tags/sour/show", on="/trends")
        assert (refused.status_code, await tags(anon)) == (403, ["Sweet"])
        back = await submit(browser, "/admin/trends/tags/sour/show", {"next": "https://evil.test/"}, on="/trends")
        assert (back.headers["location"], sorted(await tags(anon))) == ("/trends", ["Sour", "Sweet"])


async def test_posts_trend_by_how_many_others_liked_or_shared_them(ann: Person, bob: Person, eve: Person) -> None:
    one, two = await ann.publish("liked by two"), await ann.publish("liked by its author")
    await ann.publish("third of one author")
    await ann.publish("of those who said no", contentWarning="spoiler")
    for person, post in ((bob, one), (eve, one), (ann, two)):
        await person.post(f"/posts/{post['postId']}/like")
    found = await posts(bob)
    assert found[0] == "liked by two" and len(found) == 2


async def test_trending_posts_are_of_those_who_agreed_and_whom_one_wants_to_see(
    ann: Person, bob: Person, eve: Person, anon: Visitor
) -> None:
    await ann.publish("of ann")
    await bob.publish("of bob")
    await eve.post(f"/users/{bob.id}/mute")
    assert sorted(await posts(anon)) == ["of ann", "of bob"] and await posts(eve) == ["of ann"]
    await ann.put("/users/me", {"settings": {"searchable": False}})
    assert await posts(anon) == ["of bob"]


async def test_the_page_to_look_around_shows_people_tags_and_posts(ann: Person, bob: Person, anon: Visitor) -> None:
    await ann.publish("a loaf of #bread")
    await bob.put("/users/me", {"settings": {"discoverable": False}})
    page = (await anon.page("/explore")).text
    assert 'href="/tags/bread"' in page and "a loaf of" in page and 'href="/@ann"' in page
    assert 'href="/@bob"' not in page
    assert 'href="/tags/bread"' in (await anon.page("/trends")).text


async def test_an_empty_server_says_what_will_be_here(anon: Visitor) -> None:
    assert "What people talk about will be here" in (await anon.page("/explore")).text
    assert "Nothing to see yet" in (await anon.page("/trends")).text


async def test_nobody_is_shown_to_themselves(ann: Person, bob: Person) -> None:
    for person in (ann, bob):
        await person.publish("I am about.")
    rows = (await ann.page("/explore")).text.split('<li class="person"')[1:]
    assert len(rows) == 2 and all('href="/@bob"' in row.partition("</li>")[0] for row in rows)  # about, and new
