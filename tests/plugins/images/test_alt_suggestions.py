"""Descriptions of pictures: suggested by others, taken or declined by the author, and owed to whoever helped."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from core.accounts import administration
from core.models import Actor
from core.testing import Person, TestInstance, befriend, settle, world
from core.testing.pages import submit
from core.testing.people import fields_of
from plugins.images.models import AltSuggestion
from tests.core.storage.uploading import uploaded
from tests.plugins.images.sharing import photo, shared
from tests.plugins.posts.page_reader import shown, words

HERON = "A heron in the reeds"
COUNTED = 'data-count="images"><span aria-hidden="true">1<'
Data = dict[str, Any]


async def picture(author: Person, **fields: Any) -> tuple[str, str]:
    """The ids of a post with one picture, and of the picture."""
    post_id = await shared(author, photo(), **fields)
    return post_id, (await author.get(f"/images/{post_id}"))["images"][0]["fileId"]


async def suggested(person: Person, file_id: str, alt: str = HERON, **more: Any) -> str:
    """The id of what somebody suggests."""
    return str((await person.post(f"/files/{file_id}/alt-suggestions", {"alt": alt, **more}))["suggestionId"])


async def alt_of(person: Person, post_id: str) -> str | None:
    """How the first picture of a post is described."""
    alt: str | None = (await person.get(f"/posts/{post_id}"))["attachments"][0]["alt"]
    return alt


async def listed(person: Person, direction: str = "in", **query: Any) -> list[Data]:
    found: list[Data] = (await person.get("/alt-suggestions", direction=direction, **query))["suggestions"]
    return found


async def accepted(author: Person, suggestion_id: str, alt: str = HERON) -> Data:
    return await author.put(f"/alt-suggestions/{suggestion_id}/accept", {"alt": alt})


async def test_a_suggestion_becomes_the_description_in_the_authors_words_and_names_its_helper() -> None:
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, bob = await alpha.users("ann", "bob")
        zoe = await beta.user("zoe")
        await zoe.follow(ann.address)
        await settle(alpha, beta)
        post_id, file_id = await picture(ann)
        await settle(alpha, beta)
        made = await bob.post(f"/files/{file_id}/alt-suggestions", {"alt": f" {HERON}\n", "credit": True})
        assert (made["alt"], made["state"], made["user"]["username"]) == (HERON, "waiting", "bob")
        assert (await alt_of(ann, post_id), await listed(bob)) == (None, [])
        (waiting,) = await listed(ann)
        assert (waiting["suggestionId"], waiting["postId"], waiting["picture"]["alt"]) == (
            made["suggestionId"],
            post_id,
            None,
        )
        answered = await accepted(ann, made["suggestionId"], f"{HERON}, at dawn")
        assert (answered["state"], answered["usedAlt"]) == ("accepted", f"{HERON}, at dawn")
        await settle(alpha, beta)
        (theirs,) = (await zoe.get("/feed"))["posts"]
        assert theirs["attachments"][0]["alt"] == await alt_of(bob, post_id) == f"{HERON}, at dawn"
        assert await listed(ann) == []
        (told,) = await listed(bob, "out")
        assert (told["state"], told["alt"], told["usedAlt"]) == ("accepted", HERON, f"{HERON}, at dawn")
        (owed,) = (await alpha.anon.get(f"/posts/{post_id}/alt-credits"))["credits"]
        assert (owed["fileId"], owed["user"]["username"]) == (file_id, "bob")
        assert "Description by @bob" in words(await shown(ann, f"/@ann/{post_id}"))
        await bob.delete(f"/alt-suggestions/{made['suggestionId']}")  # the words stay, the name goes
        assert (await alpha.anon.get(f"/posts/{post_id}/alt-credits"))["credits"] == []
        assert await alt_of(bob, post_id) == f"{HERON}, at dawn"


async def test_nobody_is_named_who_does_not_want_it_or_whose_words_are_gone(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    quiet, quiet_file = await picture(ann)
    await accepted(ann, await suggested(bob, quiet_file))
    assert (await ann.get(f"/posts/{quiet}/alt-credits"))["credits"] == []
    named, named_file = await picture(ann)
    await accepted(ann, await suggested(bob, named_file, credit=True))
    assert len((await alpha.anon.get(f"/posts/{named}/alt-credits"))["credits"]) == 1
    eve = await alpha.user("eve")
    await bob.post(f"/users/{eve.id}/block")
    assert (await eve.get(f"/posts/{named}/alt-credits"))["credits"] == []
    await ann.put(f"/files/{named_file}", {"alt": "A stork"})
    assert (await alpha.anon.get(f"/posts/{named}/alt-credits"))["credits"] == []


async def test_who_may_not_see_a_post_cannot_describe_it(alpha: TestInstance, ann: Person, bob: Person) -> None:
    eve = await alpha.user("eve")
    await befriend(ann, bob)
    post_id, file_id = await picture(ann, privacy="friends")
    path, body = f"/files/{file_id}/alt-suggestions", {"alt": HERON}
    await alpha.anon.refused(401, "POST", path, body)
    await eve.refused(404, "POST", path, body)
    async with eve.browser() as browser:
        assert (await browser.get(f"/images/describe/{file_id}")).status_code == 404
    assert fields_of(await ann.refused(422, "POST", path, body)) == ["fileId"]
    loose = await uploaded(ann, photo())  # that no post shows
    await bob.refused(404, "POST", f"/files/{loose['fileId']}/alt-suggestions", body)
    await bob.refused(404, "POST", "/files/none/alt-suggestions", body)
    await suggested(bob, file_id)
    await ann.delete(f"/friends/{bob.id}")
    await ann.delete(f"/users/{bob.id}/follower")
    assert await listed(bob, "out") == []
    await eve.refused(404, "GET", f"/posts/{post_id}/alt-credits")


@pytest.mark.parametrize("shut", ["block", "mute", "blocked by", "silenced", "off"])
async def test_whom_an_author_does_not_hear_cannot_suggest(
    alpha: TestInstance, ann: Person, bob: Person, shut: str
) -> None:
    post_id, file_id = await picture(ann)
    other_id = (await picture(ann))[1]
    before = await suggested(bob, other_id)
    match shut:
        case "blocked by":
            await bob.post(f"/users/{ann.id}/block")
        case "silenced":
            with alpha.inside():
                await Actor.filter(id=bob.id).update(silenced_at=bob.actor.created_at)
        case "off":
            await ann.put("/users/me", {"settings": {"altSuggestions": False}})
        case _:
            await ann.post(f"/users/{bob.id}/{shut}")
    is_apart = "block" in shut
    await bob.refused(404 if is_apart else 403, "POST", f"/files/{file_id}/alt-suggestions", {"alt": HERON})
    await bob.refused(404 if is_apart else 403, "PUT", f"/alt-suggestions/{before}", {"alt": "A stork"})
    if not is_apart:
        page = await shown(bob, f"/images/describe/{file_id}")
        assert "They take no suggestions" in page and "<textarea" not in page
        assert f"/images/describe/{file_id}" not in (await shown(bob, f"/@ann/{post_id}")).partition("thread-about")[2]
    if shut == "off":  # what came before still waits
        assert len(await listed(ann)) == 1
    else:
        assert await listed(ann) == []
        await ann.refused(404, "PUT", f"/alt-suggestions/{before}/accept", {"alt": HERON})


async def test_only_the_author_answers_and_only_once(alpha: TestInstance, ann: Person, bob: Person) -> None:
    eve = await alpha.user("eve")
    post_id, file_id = await picture(ann)
    made = await suggested(bob, file_id)
    for liar in (bob, eve):
        await liar.refused(404, "PUT", f"/alt-suggestions/{made}/accept", {"alt": "Spam"})
        await liar.refused(404, "PUT", f"/alt-suggestions/{made}/reject", {})
    for verb, method in (("", "PUT"), ("", "DELETE")):
        for liar in (ann, eve):
            await liar.refused(404, method, f"/alt-suggestions/{made}{verb}", {"alt": "Spam"})
    assert fields_of(await ann.refused(422, "PUT", f"/alt-suggestions/{made}/accept", {})) == ["alt"]
    await ann.refused(422, "PUT", f"/alt-suggestions/{made}/accept", {"alt": " \n"})
    await ann.refused(422, "PUT", f"/alt-suggestions/{made}/accept", {"alt": "x" * 1501})
    assert (await alt_of(ann, post_id), len(await listed(ann))) == (None, 1)
    await accepted(ann, made)
    for verb in ("accept", "reject"):
        problem = await ann.refused(409, "PUT", f"/alt-suggestions/{made}/{verb}", {"alt": "Twice"})
        assert problem["code"] == "already_answered"
    await bob.refused(409, "PUT", f"/alt-suggestions/{made}", {"alt": "Spam"})
    assert await alt_of(ann, post_id) == HERON


async def test_what_is_changed_while_its_author_reads_is_not_what_is_used(ann: Person, bob: Person) -> None:
    post_id, file_id = await picture(ann)
    async with ann.browser() as browser:
        made = await suggested(bob, file_id)
        page = (await browser.get("/images/descriptions")).text
        assert HERON in page
        await bob.put(f"/alt-suggestions/{made}", {"alt": "Spam"})
        answer = await submit(browser, f"/images/descriptions/{made}/accept", {"alt": HERON}, on="/images/descriptions")
        assert answer.status_code == 303
    assert await alt_of(ann, post_id) == HERON


async def test_one_waits_for_each_person_and_picture_and_none_after_a_no(ann: Person, bob: Person) -> None:
    post_id, file_id = await picture(ann)
    path = f"/files/{file_id}/alt-suggestions"
    for wrong in ({"alt": ""}, {"alt": " \t"}, {"alt": "x" * 1501}, {}):
        assert fields_of(await bob.refused(422, "POST", path, wrong)) == ["alt"]
    made = await suggested(bob, file_id)
    assert (await bob.refused(409, "POST", path, {"alt": "A stork"}))["code"] == "already_suggested"
    await bob.put(f"/alt-suggestions/{made}", {"alt": "A grey heron", "credit": True})
    (waiting,) = await listed(ann)
    assert (waiting["alt"], waiting["credit"]) == ("A grey heron", True)
    await bob.delete(f"/alt-suggestions/{made}")
    assert await listed(ann) == await listed(bob, "out") == []
    again = await suggested(bob, file_id)
    await accepted(ann, again)
    assert fields_of(await bob.refused(422, "POST", path, {"alt": HERON})) == ["alt"]
    better = await suggested(bob, file_id, "A heron, one leg up")
    await accepted(ann, better, "A heron, one leg up")
    last = await suggested(bob, file_id, "Spam")
    assert (await ann.put(f"/alt-suggestions/{last}/reject"))["state"] == "rejected"
    assert (await bob.refused(409, "POST", path, {"alt": "Spam!"}))["code"] == "already_declined"
    await bob.refused(409, "DELETE", f"/alt-suggestions/{last}")
    assert await alt_of(ann, post_id) == "A heron, one leg up"
    assert [one["state"] for one in await listed(bob, "out")] == ["rejected", "accepted"]


async def test_open_pages_of_the_author_hear_how_many_wait(ann: Person, bob: Person) -> None:
    _post, file_id = await picture(ann)
    async with ann.socket() as socket, bob.socket() as other:
        for person, each in ((ann, socket), (bob, other)):
            await each.send({"type": "auth", "token": person.access_token})
            await each.receive_type("ready")
            await each.send({"type": "subscribe", "channel": f"navigation:{ann.id}"})
            assert (await each.receive_type("error"))["data"]["code"] == "invalid"  # of nobody but oneself
            await each.send({"type": "subscribe", "channel": "navigation"})
            await each.send({"type": "ping"})
            await each.receive_type("pong")
        made = await suggested(bob, file_id)
        frame = await socket.receive_type("count")
        assert (frame["data"], frame["channel"]) == ({"images": 1}, "navigation")
        await accepted(ann, made)
        assert (await socket.receive_type("count"))["data"] == {"images": 0}
        await other.send({"type": "ping"})
        assert (await other.receive())["type"] == "pong"


async def test_fifty_a_day_are_enough() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        ann, bob = await alpha.users("ann", "bob")
        _, file_id = await picture(ann)
        for _ in range(50):
            await bob.delete(f"/alt-suggestions/{await suggested(bob, file_id)}")
        problem = await bob.refused(429, "POST", f"/files/{file_id}/alt-suggestions", {"alt": HERON})
        assert problem["code"] == "rate_limited"


async def test_lists_are_walked_to_their_end(alpha: TestInstance, ann: Person, bob: Person) -> None:
    made = [await suggested(bob, (await picture(ann))[1]) for _ in range(3)]
    for person, direction in ((ann, "in"), (bob, "out")):
        first = await person.get("/alt-suggestions", direction=direction, limit=2)
        second = await person.get(
            "/alt-suggestions", direction=direction, limit=2, cursor=first["pagination"]["nextCursor"]
        )
        walked = [one["suggestionId"] for one in (*first["suggestions"], *second["suggestions"])]
        assert walked == made[::-1] and not second["pagination"]["hasMore"]


async def test_nothing_is_left_of_what_is_taken_away(alpha: TestInstance, ann: Person, bob: Person) -> None:
    eve = await alpha.user("eve")
    deleted, deleted_file = await picture(ann)
    post = await ann.publish("Two", fileIds=[(await uploaded(ann, photo()))["fileId"] for _ in range(2)])
    dropped, kept = (one["fileId"] for one in post["attachments"])
    _, lost, _ = [await suggested(bob, file_id) for file_id in (deleted_file, dropped, kept)]
    await suggested(eve, kept)
    await ann.delete(f"/posts/{deleted}")
    await ann.put(f"/posts/{post['postId']}", {"content": "One", "fileIds": [kept]})
    assert {one["fileId"] for one in await listed(ann)} == {kept}
    await bob.refused(404, "POST", f"/files/{dropped}/alt-suggestions", {"alt": HERON})
    await ann.refused(404, "PUT", f"/alt-suggestions/{lost}/accept", {"alt": HERON})
    await ann.delete(f"/files/{dropped}")
    with alpha.inside():
        assert await AltSuggestion.filter(author_id=ann.id).count() == 2
        await administration.remove(await Actor.get(id=bob.id))
    await settle(alpha)
    with alpha.inside():
        assert [one.actor_id for one in await AltSuggestion.all()] == [eve.id]
        await administration.remove(await Actor.get(id=ann.id))
    await settle(alpha)
    with alpha.inside():
        assert await AltSuggestion.all().count() == 0


async def test_pages_work_without_scripts(ann: Person, bob: Person) -> None:
    post_id, file_id = await picture(ann)
    form, out = f"/images/describe/{file_id}", "/images/descriptions?direction=out"
    assert f'href="{form}"' in await shown(bob, f"/@ann/{post_id}")
    assert COUNTED not in await shown(ann, "/settings")
    async with bob.browser() as browser:
        answer = await submit(browser, form, {"alt": " "}, on=form)
        assert answer.status_code == 422 and "Say what is to be seen" in answer.text
        answer = await submit(browser, form, {"alt": HERON, "credit": "true"}, on=form)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{out}&suggested")
        assert "Waits for an answer" in (await browser.get(out)).text
        again = await submit(browser, form, {"alt": "Another"}, on=form)
        assert again.status_code == 409 and "change that one" in again.text
        (made,) = await listed(bob, "out")
        known = {"alt": f"{HERON}, fishing", "credit": "", "suggestion": made["suggestionId"]}
        assert HERON in (await browser.get(form)).text
        assert (await submit(browser, form, known, on=form)).status_code == 303
    assert "1 suggested description waits" in words(await shown(ann, f"/@ann/{post_id}"))
    assert COUNTED in await shown(ann, "/settings")
    own = "/images/descriptions"
    path = f"{own}/{made['suggestionId']}"
    async with ann.browser() as browser:
        assert (await browser.get(form)).headers["location"] == f"/posts/{post_id}/edit"
        assert f"{HERON}, fishing" in (await browser.get(own)).text
        answer = await submit(browser, f"{path}/accept", {"alt": " "}, on=own)
        assert answer.status_code == 422 and "Say what is to be seen" in answer.text
        assert (await submit(browser, f"{path}/accept", {"alt": HERON}, on=own)).status_code == 303
        answer = await submit(browser, f"{path}/accept", {"alt": "Twice"}, on=own)
        assert answer.status_code == 409 and "answered already" in answer.text
        settings = (await browser.get("/settings")).text
        assert 'name="altSuggestions" value="true" checked' in settings and COUNTED not in settings
        await submit(browser, "/settings", {"language": "", "theme": "auto"}, on="/settings")
    assert await alt_of(bob, post_id) == HERON
    assert (await ann.get("/users/me"))["settings"]["altSuggestions"] is False
    await bob.refused(403, "POST", f"/files/{file_id}/alt-suggestions", {"alt": "A stork"})


async def test_what_was_suggested_is_taken_along(ann: Person, bob: Person) -> None:
    _, file_id = await picture(ann)
    await suggested(bob, file_id, credit=True)
    parts = []
    for person in (bob, ann):
        archive = (await person.call("GET", "/users/me/export")).content
        with zipfile.ZipFile(io.BytesIO(archive)) as files:
            parts.append(json.loads(files.read("images/alt-suggestions.json")))
    made, received = parts
    assert (made["made"][0]["alt"], made["made"][0]["credit"], made["received"]) == (HERON, True, [])
    assert (received["received"][0]["alt"], received["received"][0]["by"]) == (HERON, bob.uri)
    assert received["made"] == []
