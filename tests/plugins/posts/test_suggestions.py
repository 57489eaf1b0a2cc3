"""What is offered to whoever writes: people, hashtags and emoji, and nothing that they may not see."""

from __future__ import annotations

import re

from core.testing import Person, TestInstance
from tests.emoji_pictures import add


async def offered(person: Person, typed: str) -> list[str]:
    async with person.browser() as browser:
        answer = await browser.get("/compose/suggestions", params={"q": typed})
    assert answer.status_code == 200
    return re.findall(r'data-insert="([^"]*)"', answer.text)


async def test_people_one_follows_come_first_and_those_apart_not_at_all(alpha: TestInstance, ann: Person) -> None:
    bob, bobby, eve = await alpha.users("bob", "bobby", "bobeve")
    await ann.follow(bobby)
    await eve.post(f"/users/{ann.id}/block")
    assert await offered(ann, "@bo") == ["@bobby", "@bob"]
    await bob.put("/users/me", {"settings": {"discoverable": False}})
    assert await offered(ann, "@BO") == ["@bobby"]
    for odd in ("@%", "@_ob", "@bo\\", "", "x", "@" + "b" * 500):
        assert await offered(ann, odd) == []


async def test_hashtags_come_from_what_everybody_may_see(ann: Person, bob: Person) -> None:
    await bob.publish("#Ferry and #ferryman", visibility="public")
    await ann.publish("#Ferry again")
    await bob.publish("#ferrysecret", visibility="private")
    assert await offered(ann, "#fer") == ["#Ferry", "#ferryman"]
    assert await offered(ann, "#fer_") == [] and await offered(ann, "#") == []


async def test_emoji_come_by_their_names_those_of_this_server_first(alpha: TestInstance, ann: Person) -> None:
    await add(await alpha.user("carol", role="admin"), "thumbs_blob")
    found = await offered(ann, ":thumbs")
    assert found[0] == ":thumbs_blob:" and "👍" in found
    async with ann.browser() as browser:
        chart = (await browser.get("/compose/emoji")).text
        post = await ann.publish("Hello")
        more = (await browser.get(f"/posts/{post['postId']}/react?all=1")).text
    assert 'data-insert="🦄"' in chart and 'data-insert=":thumbs_blob:"' in chart and len(chart) < 80_000
    assert 'value="🦄" data-react' in more


async def test_strangers_are_offered_nothing(alpha: TestInstance) -> None:
    for path in ("/compose/suggestions?q=@a", "/compose/emoji"):
        assert (await alpha.anon.page(path)).status_code == 401
