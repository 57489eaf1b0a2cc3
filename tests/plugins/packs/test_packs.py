"""Starter packs: people somebody recommends, followed all at once."""

from __future__ import annotations

from core.plugin_checks import check_plugin
from core.testing import Person, TestInstance
from core.testing.pages import submit
from core.testing.people import fields_of


async def pack_of(person: Person, *members: Person, name: str = "Sailors") -> str:
    body = {"name": name, "description": "They sail.", "userIds": [one.id for one in members]}
    return str((await person.post("/packs", body))["packId"])


async def inside(visitor: object, pack: str) -> list[str]:
    listed = await visitor.get(f"/packs/{pack}/members")  # type: ignore[attr-defined]
    return [user["username"] for user in listed["users"]]


def test_it_is_a_plugin_like_any_other(alpha: TestInstance) -> None:
    plugins = alpha.instance.hooks.plugins
    assert check_plugin(plugins["packs"], list(plugins.values())) == []


async def test_everybody_sees_a_pack_and_follows_all_in_it_at_once(alpha: TestInstance, ann: Person) -> None:
    bo, cleo, eve = await alpha.users("bo", "cleo", "eve")
    await cleo.put("/users/me", {"isLocked": True})
    pack = await pack_of(ann, bo, cleo, eve)
    shown = await alpha.anon.get(f"/packs/{pack}")
    assert (shown["name"], shown["membersCount"], shown["user"]["username"]) == ("Sailors", 3, "ann")
    assert await inside(alpha.anon, pack) == ["bo", "cleo", "eve"]
    await eve.follow(bo)
    assert (await eve.post(f"/packs/{pack}/follow"))["followedCount"] == 1
    assert (await eve.post(f"/packs/{pack}/follow"))["followedCount"] == 0
    assert (await eve.get("/users/bo"))["isFollowing"] and (await eve.get("/users/cleo"))["isRequested"]
    assert [one["name"] for one in (await alpha.anon.get("/packs"))["packs"]] == ["Sailors"]


async def test_a_pack_is_changed_and_deleted_by_its_maker(alpha: TestInstance, ann: Person, bob: Person) -> None:
    pack = await pack_of(ann, bob)
    for method, body in (("PUT", {"name": "Mine"}), ("DELETE", None)):
        await bob.refused(403, method, f"/packs/{pack}", body)
    changed = await ann.put(f"/packs/{pack}", {"name": "Rowers", "userIds": []})
    assert (changed["name"], changed["description"], changed["membersCount"]) == ("Rowers", "They sail.", 0)
    await ann.delete(f"/packs/{pack}")
    await alpha.anon.refused(404, "GET", f"/packs/{pack}")
    moderator = await alpha.user("minder", role="moderator")
    await moderator.delete(f"/packs/{await pack_of(ann, bob)}")
    keeper = await alpha.user("keeper", role="admin")
    await moderator.refused(403, "DELETE", f"/packs/{await pack_of(keeper, bob)}")


async def test_nobody_is_in_a_pack_against_their_will(alpha: TestInstance, ann: Person, bob: Person) -> None:
    hidden, blocker = await alpha.users("hidden", "blocker")
    await hidden.put("/users/me", {"settings": {"discoverable": False}})
    await blocker.post(f"/users/{ann.id}/block")
    wanted = {"name": "x", "userIds": [bob.id, hidden.id]}
    assert fields_of(await ann.refused(422, "POST", "/packs", wanted)) == ["userIds"]
    wanted = {"name": "x", "userIds": [blocker.id]}
    assert fields_of(await ann.refused(422, "POST", "/packs", wanted)) == ["userIds.0"]
    pack = await pack_of(ann, bob)
    await bob.post(f"/packs/{pack}/leave")
    await bob.refused(404, "POST", f"/packs/{pack}/leave")
    assert await inside(ann, pack) == []
    assert fields_of(await ann.refused(422, "PUT", f"/packs/{pack}", {"userIds": [bob.id]})) == ["userIds"]
    await bob.post(f"/users/{ann.id}/block")
    for method in ("GET", "PUT", "DELETE"):  # as if it were not there
        await bob.refused(404, method, f"/packs/{pack}", {} if method == "PUT" else None)


async def test_wrong_fields_are_named_and_nothing_is_stored(ann: Person) -> None:
    wrong = {"name": "\u200b", "description": "x" * 501}
    assert set(fields_of(await ann.refused(422, "POST", "/packs", wrong))) == {"name", "description"}
    assert (await ann.get("/packs"))["packs"] == []


async def test_a_pack_is_made_and_followed_without_scripts(alpha: TestInstance, ann: Person, bob: Person) -> None:
    eve = await alpha.user("eve")
    async with ann.browser() as browser:
        wrong = await submit(browser, "/packs", {"name": "Sailors", "description": "", "people": "@nobody"})
        assert wrong.status_code == 422 and "@nobody" in wrong.text
        made = await submit(browser, "/packs", {"name": "Sailors", "description": "", "people": "@bob, eve"})
        at = made.headers["location"]
        changed = await submit(browser, f"{at}/edit", {"name": "Rowers", "description": "Row", "people": "@bob"})
        assert changed.status_code == 303
    async with eve.browser() as browser:
        assert "Rowers" in (await browser.get("/packs")).text and "Row" in (await browser.get(at)).text
        assert (await submit(browser, f"{at}/follow")).status_code == 303
    assert (await eve.get("/users/bob"))["isFollowing"] is True
    assert "Log in to follow everybody" in (await alpha.anon.page(at)).text


async def test_whom_a_block_parts_from_its_maker_a_pack_recommends_to_nobody(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    eve = await alpha.user("eve")
    pack = await pack_of(ann, bob, eve)
    await bob.post(f"/users/{ann.id}/block")
    assert await inside(alpha.anon, pack) == ["eve"]
    assert (await alpha.anon.get(f"/packs/{pack}"))["membersCount"] == 1
    assert (await eve.post(f"/packs/{pack}/follow"))["followedCount"] == 0
