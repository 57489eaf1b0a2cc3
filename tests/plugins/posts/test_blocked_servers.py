"""Servers are blocked on pages, also without scripts: from a profile, from a post's own page and in the settings."""

from __future__ import annotations

from core.testing import Foreign, Person, TestInstance, settle
from core.testing.foreign import PUBLIC
from core.testing.pages import submit
from tests.federation.arrivals import arrive, stored


async def page_of(person: Person, path: str) -> str:
    return (await person.browser().get(path, follow_redirects=True)).text


async def test_a_server_is_blocked_from_a_profile_that_says_what_happens(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign
) -> None:
    zoe = foreign.person("zoe")
    at = f"/@{zoe.address.removeprefix('@')}"
    await ann.get(f"/users/{zoe.address}")
    profile = await page_of(ann, at)
    assert f'formaction="{at}/block-server"' in profile
    assert "You will see nothing more from anybody on foreign.test." in profile
    assert "block-server" not in (await page_of(ann, "/@bob")).partition('<template id="menu')[0]
    answer = await submit(ann.browser(), f"{at}/block-server", {"next": at}, on=at)
    assert (answer.status_code, answer.headers["location"]) == (303, at)
    profile = await page_of(ann, at)
    assert "You have blocked their server, foreign.test" in profile and f"{at}/unblock-server" in profile
    assert "foreign.test" in await page_of(ann, "/settings/blocked-servers")
    assert "/settings/blocked-servers" in await page_of(ann, "/settings/blocks")
    part = await submit(ann.browser(), f"{at}/unblock-server", on=at, HX_Request="true")
    assert part.status_code == 200 and f"{at}/follow" in part.text and "unblock-server" not in part.text
    assert (await submit(ann.browser(), f"{at}/unblock-server", on=at)).status_code == 303  # it is so already
    local = await submit(ann.browser(), "/@bob/block-server", on="/@bob")
    assert local.status_code == 422 and (await ann.get("/domain-blocks"))["domainBlocks"] == []


async def test_the_menu_of_a_post_offers_it_for_who_is_elsewhere(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign
) -> None:
    zoe = foreign.person("zoe")
    await ann.follow(zoe.address)
    await settle(alpha)
    note = zoe.note("<p>far words</p>")
    await arrive(alpha, zoe, zoe.activity("Create", note, to=[PUBLIC]))
    entry = await stored(alpha, note["id"])
    assert entry is not None
    offered = "Block the server foreign.test…"
    assert offered in await page_of(ann, f"/@zoe@foreign.test/{entry.id}")
    near = await bob.publish("near")
    assert "Block the server" not in (await page_of(ann, f"/@bob/{near['postId']}")).partition('<template id="menu')[0]


async def test_servers_are_listed_typed_and_lifted_in_the_settings(ann: Person) -> None:
    at = "/settings/blocked-servers"
    assert "No server is blocked" in await page_of(ann, at)
    assert 'href="/settings/blocked-servers"' in await page_of(ann, "/settings")
    wrong = await submit(ann.browser(), at, {"domain": "<b>far.test"}, on=at)
    assert wrong.status_code == 422 and 'value="&lt;b&gt;far.test"' in wrong.text
    assert "This is not the domain of a server" in wrong.text
    for _ in range(2):  # the second time it is so already
        assert (await submit(ann.browser(), at, {"domain": "Far.test"}, on=at)).status_code == 303
    assert "Unblock the server far.test" in await page_of(ann, at)
    for _ in range(2):
        assert (await submit(ann.browser(), f"{at}/remove", {"domain": "far.test"}, on=at)).status_code == 303
    assert "No server is blocked" in await page_of(ann, at)
