"""Cards that were drawn before are shown again, and only to those who see them alike."""

import re

from core.testing import Person, world


async def card_of(person: Person, post_id: str, language: str = "en") -> str:
    async with person.browser() as browser:
        page = (await browser.get("/local", headers={"Accept-Language": language})).text
    found = re.search(rf'<article class="entry" id="post-{post_id}".*?</article>', page, re.DOTALL)
    assert found, page
    return found[0]


async def test_what_is_kept_of_a_card_is_for_whoever_sees_it_alike(ann: Person, bob: Person, eve: Person) -> None:
    post = await ann.publish("Drawn once")
    assert await card_of(bob, post["postId"]) == await card_of(eve, post["postId"])
    assert "data-own" in await card_of(ann, post["postId"])
    assert "data-own" not in await card_of(bob, post["postId"])


async def test_a_card_shows_what_has_changed_since_it_was_drawn(ann: Person, bob: Person, eve: Person) -> None:
    post = await ann.publish("Before")
    before = await card_of(bob, post["postId"])
    await bob.post(f"/posts/{post['postId']}/like")
    assert f'/posts/{post["postId"]}/like"' in before
    assert f'/posts/{post["postId"]}/unlike"' in await card_of(bob, post["postId"])
    assert f'/posts/{post["postId"]}/like"' in await card_of(eve, post["postId"])
    await ann.put(f"/posts/{post['postId']}", {"content": "After"})
    assert "After" in await card_of(bob, post["postId"])


async def test_nobody_is_shown_a_card_in_another_language() -> None:
    async with world("two.test", server__languages=("en", "de")) as (two,):
        ann, bob, eve = await two.users("ann", "bob", "eve")
        post = await ann.publish("Words")
        assert re.search(r'title="[A-Z][a-z]+ \d+, \d{4}', await card_of(bob, post["postId"], "en"))
        assert re.search(r'title="\d+\. [A-Z]', await card_of(eve, post["postId"], "de"))
