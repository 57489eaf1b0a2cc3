"""What somebody tries who wants to know who is in a circle or on a list, or to see what is for one."""

from __future__ import annotations

import io
import zipfile

import pytest

from core.testing import Person, TestInstance, Visitor, befriend, settle


@pytest.fixture
async def choir(ann: Person, alpha: TestInstance) -> tuple[str, Person, Person]:
    """A circle of Ann's, with Bo and Cleo in it."""
    bo, cleo = await alpha.users("bo", "cleo")
    for person in (bo, cleo):
        await befriend(ann, person)
    made = await ann.post("/circles", {"name": "Choir", "userIds": [bo.id, cleo.id]})
    return str(made["circleId"]), bo, cleo


async def archive_of(person: Person) -> str:
    """Everything an archive of somebody says, as text."""
    with zipfile.ZipFile(io.BytesIO((await person.call("GET", "/users/me/export")).content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


async def test_an_answer_for_one_of_them_stays_with_that_one_when_its_words_change(
    ann: Person, choir: tuple[str, Person, Person], eve: Person
) -> None:
    circle, bo, cleo = choir
    post = (await ann.publish("who sings?", circleId=circle))["postId"]
    aside = (await bo.publish("between us, not me", inReplyTo=post, visibility="direct"))["postId"]
    await bo.put(f"/posts/{aside}", {"content": "between us: not me"})
    assert [await one.sees(aside) for one in (ann, bo, cleo)] == [True, True, False]
    question = (await ann.publish("@bo and you?", visibility="direct"))["postId"]
    answer = (await bo.publish("no, but tell nobody", inReplyTo=question))["postId"]
    await ann.put(f"/posts/{question}", {"content": "@bo @eve and you?"})
    await bo.put(f"/posts/{answer}", {"content": "No, but tell nobody"})
    assert [await one.sees(answer) for one in (ann, bo, eve)] == [True, True, False]
    assert await eve.sees(question)


async def test_who_answers_in_a_circle_finds_out_from_nothing_who_else_is_in_it(
    alpha: TestInstance, ann: Person, choir: tuple[str, Person, Person]
) -> None:
    circle, bo, cleo = choir
    post = (await ann.publish("who sings?", circleId=circle))["postId"]
    answer = (await bo.publish("I do", inReplyTo=post))["postId"]
    await bo.put(f"/posts/{answer}", {"content": "I do!"})
    await bo.post(f"/posts/{post}/bookmark")
    await ann.post("/lists", {"title": "Singers"})
    assert await cleo.sees(answer)
    told = [
        str(await bo.get(path))
        for path in (f"/posts/{post}", f"/posts/{answer}", f"/posts/{post}/thread", f"/posts/{answer}/delivery")
    ]
    told += [(await bo.browser().get(f"/@ann/{post}")).text, (await bo.browser().get(f"/@bo/{answer}")).text]
    told.append(await archive_of(bo))
    for text in told:
        assert "cleo" not in text and cleo.id not in text and "Choir" not in text and "Singers" not in text
    mine = await archive_of(ann)
    assert "Choir" in mine and "cleo" in mine


async def test_what_is_for_a_circle_gets_out_of_it_by_no_way(
    alpha: TestInstance, ann: Person, choir: tuple[str, Person, Person], eve: Person, anon: Visitor
) -> None:
    circle, bo, _cleo = choir
    await eve.follow(ann)
    await eve.follow(bo)
    post = await ann.publish("the zebra plan #zebra", circleId=circle)
    post_id = post["postId"]
    await bo.refused(422, "POST", f"/posts/{post_id}/share")
    await bo.refused(422, "POST", "/posts", {"content": "look", "quote": post_id})
    await bo.post(f"/posts/{post_id}/bookmark")
    await bo.post(f"/posts/{post_id}/like")
    await settle(alpha)
    for path in (
        f"/posts/{post_id}",
        f"/posts/{post_id}/thread",
        f"/posts/{post_id}/likes",
        f"/posts/{post_id}/shares",
        f"/posts/{post_id}/shares",
    ):
        assert (await eve.call("GET", path)).status_code == 404, path
    for verb in ("like", "bookmark", "share", "mute"):
        assert (await eve.call("POST", f"/posts/{post_id}/{verb}", json={})).status_code == 404, verb
    for path in ("/search?q=zebra", "/search?q=from:ann zebra", f"/users/{ann.id}/posts", "/feed?scope=home"):
        assert "zebra plan" not in (await eve.call("GET", path)).text, path
    for page in ("/@ann.rss", "/@ann.atom", "/tags/zebra.rss", "/tags/zebra", "/@ann", f"/@ann/{post_id}", "/local"):
        assert "zebra plan" not in (await anon.page(page)).text, page
    for page in (post["uri"], f"{ann.uri}/outbox?page=1", f"{post['uri']}/replies", f"{post['uri']}/likes"):
        answer = await alpha.client.get(page, headers={"accept": "application/activity+json"})
        assert "zebra plan" not in answer.text and bo.uri not in answer.text, page
    await ann.post(f"/users/{bo.id}/block")
    assert (await bo.get("/bookmarks"))["posts"] == [] and not await bo.sees(post_id)
    assert "zebra" not in await archive_of(bo)
