"""Reports: made by people here and other servers, sent on without a name, looked at by those in charge."""

from __future__ import annotations

import pytest

from core.accounts import administration
from core.models import Actor
from core.reaction_models import Boost
from core.testing import Foreign, Person, TestInstance, Visitor, settle
from core.testing.pages import submit
from plugins.moderation import service
from tests.federation.arrivals import arrive

NOBODY = "0190a000-0000-7000-8000-000000000000"


@pytest.fixture
async def mod(alpha: TestInstance) -> Person:
    """Somebody who looks after the place."""
    return await alpha.user("carla", role="moderator")


async def reported(mod: Person, state: str = "open") -> list[dict[str, object]]:
    return list((await mod.get("/admin/reports", state=state))["reports"])


def body(kind: str, target: str, reason: str = "This is an advert.", **more: object) -> dict[str, object]:
    return {"targetType": kind, "targetId": target, "reason": reason, **more}


async def test_a_post_is_reported_looked_at_and_settled(ann: Person, bob: Person, mod: Person) -> None:
    post = (await bob.publish("Buy my lamps"))["postId"]
    made = await ann.post("/reports", body("post", post))
    assert (made["targetId"], made["forwarded"]) == (post, False)
    (report,) = await reported(mod)
    assert (report["reportId"], report["reason"]) == (made["reportId"], "This is an advert.")
    assert (report["reporter"]["username"], report["target"]["username"]) == ("ann", "bob")
    assert [one["postId"] for one in report["posts"]] == [post]
    settled = await mod.post(f"/admin/reports/{made['reportId']}/resolve", {"note": "Talked to him."})
    assert (settled["state"], settled["note"], settled["resolvedBy"]["username"]) == (
        "resolved",
        "Talked to him.",
        "carla",
    )
    assert await reported(mod) == [] and len(await reported(mod, "resolved")) == 1
    await mod.refused(409, "POST", f"/admin/reports/{made['reportId']}/resolve")
    await mod.post(f"/admin/reports/{made['reportId']}/reopen")
    assert len(await reported(mod)) == 1


async def test_people_and_comments_can_be_reported_once_each(ann: Person, bob: Person, mod: Person) -> None:
    post = (await ann.publish("Hello"))["postId"]
    comment = (await bob.post(f"/posts/{post}/comments", {"content": "Buy lamps"}))["commentId"]
    for kind, target in (("user", bob.id), ("comment", comment)):
        await ann.post("/reports", body(kind, target))
        await ann.refused(409, "POST", "/reports", body(kind, target))
    assert len(await reported(mod)) == 2


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        (body("planet", NOBODY), 422),
        (body("post", NOBODY), 404),
        (body("user", "nobody"), 404),
        (body("user", "ann"), 422),
        (body("user", "bob", ""), 422),
        (body("user", "bob", "x" * 5001), 422),
        ({"targetType": "user"}, 422),
    ],
)
async def test_a_report_about_nothing_is_refused(
    ann: Person, bob: Person, mod: Person, wrong: dict[str, object], status: int
) -> None:
    await ann.refused(status, "POST", "/reports", wrong)
    assert await reported(mod) == []


async def test_nobody_reports_what_they_may_not_see_and_strangers_nothing(
    ann: Person, bob: Person, anon: Visitor
) -> None:
    hidden = (await bob.publish("mine", visibility="private"))["postId"]
    await ann.refused(404, "POST", "/reports", body("post", hidden))
    await anon.refused(401, "POST", "/reports", body("user", bob.id))


async def test_who_blocks_somebody_can_be_reported_by_them(ann: Person, bob: Person, mod: Person) -> None:
    await bob.post("/users/ann/block")
    await ann.post("/reports", body("user", "bob"))
    assert len(await reported(mod)) == 1


async def test_only_those_in_charge_read_reports(ann: Person, bob: Person, anon: Visitor) -> None:
    made = await ann.post("/reports", body("user", bob.id))
    for path in ("", f"/{made['reportId']}"):
        await bob.refused(403, "GET", f"/admin/reports{path}")
        await anon.refused(401, "GET", f"/admin/reports{path}")
    for verb in ("resolve", "reopen"):
        await bob.refused(403, "POST", f"/admin/reports/{made['reportId']}/{verb}")
    assert (await bob.page("/admin/reports")).status_code == 403


async def test_who_looks_after_reports_is_no_judge_of_their_own(ann: Person, mod: Person, admin: Person) -> None:
    made = await ann.post("/reports", body("user", mod.id))
    assert await reported(mod) == [] and len(await reported(admin)) == 1
    for path in ("", "/resolve", "/reopen"):
        await mod.refused(404, "POST" if path else "GET", f"/admin/reports/{made['reportId']}{path}")
    await ann.post("/reports", body("user", admin.id))
    assert len(await reported(admin)) == 2  # there may be no other admin
    await admin.post(f"/admin/reports/{made['reportId']}/resolve")


async def test_the_pages_serve_to_report_and_to_settle(ann: Person, bob: Person, mod: Person) -> None:
    post = (await bob.publish("Buy my lamps"))["postId"]
    browser = ann.browser()
    assert f"/report?post={post}" in (await browser.get(f"/@bob/{post}")).text
    assert "/report?user=bob" in (await browser.get("/@bob")).text
    on = f"/report?post={post}"
    wrong = await submit(browser, "/report", {"post": post, "reason": " "}, on=on)
    assert wrong.status_code == 422 and "Say what is wrong with it." in wrong.text
    sent = await submit(browser, "/report", {"post": post, "reason": "An advert"}, on=on)
    assert "Thank you" in (await browser.get(sent.headers["Location"])).text
    page = (await mod.browser().get("/admin/reports")).text
    assert "An advert" in page and "Buy my lamps" in page


# -- Other servers -------------------------------------------------------------
async def test_a_report_sent_on_bears_the_servers_name_and_not_the_reporters(alpha: TestInstance, ann: Person) -> None:
    masto = Foreign("masto.test").join(alpha)
    otto = masto.person("otto")
    note = otto.note("<p>Buy lamps</p>")
    await ann.page("/lookup", params={"q": note["id"]})
    with alpha.inside():
        post = (await service.Entry.get(uri=note["id"])).id
    made = await ann.post("/reports", body("post", post, "An advert", forward=True))
    assert made["forwarded"] is True
    await settle(alpha)
    (sent,) = masto.activities("Flag")
    assert (sent["actor"], sent["content"]) == ("https://alpha.test/actor", "An advert")
    assert sent["object"] == [otto.id, note["id"]] and sent["to"] == [otto.id] and "proof" not in sent
    assert ann.uri not in str(sent) and "ann" not in str(sent)


async def test_without_being_asked_nothing_is_sent_on(alpha: TestInstance, ann: Person) -> None:
    masto = Foreign("masto.test").join(alpha)
    await ann.post("/reports", body("user", masto.person("otto").address))
    await settle(alpha)
    assert masto.activities("Flag") == []


async def test_of_what_stands_in_a_group_the_groups_server_is_told_in_its_way(alpha: TestInstance, ann: Person) -> None:
    lemmy = Foreign("lemmy.test", type="Group").join(alpha)
    masto = Foreign("masto.test").join(alpha)
    group, otto = lemmy.person("harbour"), masto.person("otto")
    note = otto.note("<p>Buy lamps</p>")
    for address in (group.address, note["id"]):
        await ann.page("/lookup", params={"q": address})
    with alpha.inside():
        post = await service.Entry.get(uri=note["id"])
        await Boost.create(actor_id=(await Actor.get(uri=group.id)).id, entry_id=post.id, uri=f"{group.id}/announces/1")
    await ann.post("/reports", body("post", post.id, "An advert", forward=True))
    await settle(alpha)
    (sent,) = lemmy.activities("Flag")
    assert (sent["to"], sent["object"], sent["summary"]) == ([group.id], note["id"], "An advert")
    assert masto.activities("Flag") == [sent]


async def test_between_two_servers_of_ours_a_report_arrives(alpha_and_beta: tuple[TestInstance, TestInstance]) -> None:
    alpha, beta = alpha_and_beta
    ann, bob, chief = await alpha.user("ann"), await beta.user("bob"), await beta.user("dora", role="moderator")
    await ann.follow(bob.address)
    await settle(alpha, beta)
    uri = (await bob.publish("Buy my lamps"))["uri"]
    await settle(alpha, beta)
    (seen,) = await ann.feed()
    await ann.post("/reports", body("post", seen["postId"], "An advert", forward=True))
    await settle(alpha, beta)
    (report,) = await reported(chief)
    assert (report["reason"], report["target"]["username"]) == ("An advert", "bob")
    assert [one["uri"] for one in report["posts"]] == [uri]
    assert report["reporter"]["domain"] == "alpha.test" and report["reporter"]["username"] != "ann"


async def test_flags_of_other_servers_are_stored_once(
    alpha: TestInstance, ann: Person, bob: Person, mod: Person
) -> None:
    masto = Foreign("masto.test").join(alpha)
    post, others = await ann.publish("Buy lamps"), await bob.publish("Hello")
    flag = masto.person("masto.test").activity(
        "Flag", [ann.uri, post["uri"], others["uri"]], content="<p>An advert</p>"
    )
    assert await arrive(alpha, masto.people["masto.test"], flag) == "done"
    (report,) = await reported(mod)
    assert (report["reason"], [one["postId"] for one in report["posts"]]) == ("An advert", [post["postId"]])
    single = masto.people["masto.test"].activity("Flag", post["uri"], summary="An advert", to=[ann.uri])
    assert await arrive(alpha, masto.people["masto.test"], single) == "done"
    assert len(await reported(mod)) == 2


async def test_liars_and_floods_are_refused(
    alpha: TestInstance, ann: Person, mod: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    masto, other = Foreign("masto.test").join(alpha), Foreign("other.test").join(alpha)
    otto, eve = masto.person("otto"), other.person("eve")
    nothing = otto.activity("Flag", [eve.id], content="x")
    assert await arrive(alpha, otto, nothing) == "refused"
    forged = otto.activity("Flag", [ann.uri], content="x")
    assert (await eve.send(alpha, forged)).status_code == 401
    secret = await ann.publish("mine", visibility="private")
    assert await arrive(alpha, otto, otto.activity("Flag", [ann.uri, secret["uri"]], content="x")) == "done"
    (report,) = await reported(mod)
    assert report["posts"] == []
    monkeypatch.setattr(service, "A_DAY", 1)
    assert await arrive(alpha, otto, otto.activity("Flag", [ann.uri], content="y")) == "refused"
    assert len(await reported(mod)) == 1


async def test_who_leaves_is_not_named_any_more(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person, mod: Person
) -> None:
    await ann.post("/reports", body("user", bob.id))
    await bob.post("/reports", body("user", eve.id))
    with alpha.inside():
        await administration.remove(await Actor.get(id=bob.id))
    await settle(alpha)
    (left,) = await reported(mod)
    assert (left["target"]["username"], left["reporter"]) == ("eve", None)
