"""Leaving: out of sight at once, gone for good in a week, and until then one may stay after all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.accounts import administration, leaving
from core.accounts.models import Account
from core.accounts.proof_models import SecurityEvent
from core.database import now
from core.errors import Conflict
from core.models import Actor
from core.testing import PASSWORD, Closed, Foreign, Person, TestInstance, Visitor, fields_of, settle, world
from core.testing.pages import submit

LOGIN = {"username": "ann", "password": PASSWORD}


async def leave(person: Person) -> None:
    await person.delete("/users/me", {"password": PASSWORD})


async def a_week_passes(alpha: TestInstance) -> None:
    with alpha.inside():
        await Account.filter(leaves_at__isnull=False).update(leaves_at=now() - timedelta(seconds=1))
        await administration.remove_those_who_left()
    await settle(alpha)


async def test_who_leaves_is_gone_from_sight_at_once_with_sessions_and_sockets(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await bob.follow(ann)
    post = await ann.publish("hello")
    async with ann.socket() as socket:
        await socket.send({"type": "auth", "token": ann.access_token})
        await socket.receive_type("ready")
        await leave(ann)
        with pytest.raises(Closed):
            await socket.receive_type("nothing")
    assert (await ann.call("GET", "/users/me")).status_code == 401
    await alpha.anon.refused(401, "POST", "/auth/refresh", {"refreshToken": ann.refresh_token})
    await bob.refused(404, "GET", f"/users/{ann.id}")
    assert not await bob.sees(post["postId"])
    assert await bob.feed() == []


async def test_leaving_takes_the_password(ann: Person) -> None:
    assert fields_of(await ann.refused(422, "DELETE", "/users/me", {"password": "Wrong-Harbour-1"})) == ["password"]
    await ann.refused(422, "DELETE", "/users/me", {})
    assert (await ann.get("/users/me"))["userId"] == ann.id


async def test_a_stolen_session_cannot_guess_the_password() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        ann = await alpha.user("ann")
        for _ in range(alpha.instance.settings.rate_limits.login_failures_per_account):
            await ann.refused(422, "DELETE", "/users/me", {"password": "Wrong-Harbour-1"})
        await ann.refused(429, "DELETE", "/users/me", {"password": PASSWORD})


async def test_nothing_federates_before_the_week_is_over_and_the_deletion_does_then(
    alpha: TestInstance, ann: Person, foreign: Foreign
) -> None:
    rita = foreign.person("rita")
    await rita.send(alpha, rita.activity("Follow", ann.uri))
    await settle(alpha)
    before = len(foreign.inbox)
    await leave(ann)
    await settle(alpha)
    assert len(foreign.inbox) == before
    await a_week_passes(alpha)
    assert [activity["type"] for activity in foreign.activities()[before:]] == ["Delete"]


async def test_who_logs_in_within_the_week_is_asked_and_may_stay(
    alpha: TestInstance, ann: Person, bob: Person, anon: Visitor
) -> None:
    await bob.follow(ann)
    post = await ann.publish("hello")
    await leave(ann)
    problem = await anon.refused(401, "POST", "/auth/login", LOGIN)
    assert problem["code"] == "account_leaving"
    await anon.refused(401, "POST", "/auth/stay", {**LOGIN, "password": "Wrong-Harbour-1"})
    assert not await bob.sees(post["postId"])
    tokens = await anon.post("/auth/stay", LOGIN)
    assert tokens["userId"] == ann.id
    assert await bob.sees(post["postId"])
    assert [one["postId"] for one in await bob.feed()] == [post["postId"]]
    await a_week_passes(alpha)
    await anon.post("/auth/login", LOGIN)
    with alpha.inside():
        names = [event.name for event in await SecurityEvent.filter(account_id=ann.id).order_by("id")]
    assert [name for name in names if name.startswith("deletion")] == ["deletion_asked", "deletion_cancelled"]


async def test_a_wrong_password_does_not_tell_that_somebody_leaves(ann: Person, anon: Visitor) -> None:
    await leave(ann)
    problem = await anon.refused(401, "POST", "/auth/login", {**LOGIN, "password": "Wrong-Harbour-1"})
    assert problem["code"] == "bad_credentials"


async def test_staying_is_for_who_leaves_and_else_only_a_sign_in(ann: Person, anon: Visitor) -> None:
    assert (await anon.post("/auth/stay", LOGIN))["userId"] == ann.id


async def test_after_the_week_all_is_gone_but_the_name(alpha: TestInstance, ann: Person, anon: Visitor) -> None:
    await leave(ann)
    await a_week_passes(alpha)
    assert (await anon.refused(401, "POST", "/auth/stay", LOGIN))["code"] == "bad_credentials"
    with alpha.inside():
        assert not await Account.exists(id=ann.id)
    new = {"username": "ann", "email": "new@example.org", "password": PASSWORD}
    await anon.refused(409, "POST", "/auth/register", new)


async def test_who_is_suspended_while_leaving_cannot_come_back_by_staying(
    alpha: TestInstance, ann: Person, anon: Visitor
) -> None:
    await leave(ann)
    with alpha.inside():
        with pytest.raises(Conflict):
            await administration.unsuspend(await Actor.get(id=ann.id))
        await administration.suspend(await Actor.get(id=ann.id))
    assert (await anon.refused(401, "POST", "/auth/stay", LOGIN))["code"] == "bad_credentials"
    with alpha.inside():
        await administration.unsuspend(await Actor.get(id=ann.id))
        assert not (await Actor.get(id=ann.id)).is_here
    assert (await anon.post("/auth/stay", LOGIN))["userId"] == ann.id


async def test_the_only_admin_does_not_leave_without_another(alpha: TestInstance, admin: Person) -> None:
    assert (await admin.refused(409, "DELETE", "/users/me", {"password": PASSWORD}))["code"] == "last_admin"
    await alpha.user("second", role="admin")
    await leave(admin)


async def test_who_cannot_be_removed_holds_up_nobody_else(alpha: TestInstance, ann: Person, admin: Person) -> None:
    second = await alpha.user("second", role="admin")
    await leave(admin)
    await leave(ann)
    with alpha.inside():  # which no way in allows
        await Actor.filter(id=second.id).update(role="user")
    await a_week_passes(alpha)
    with alpha.inside():
        assert await Account.exists(id=admin.id)
        assert not await Account.exists(id=ann.id)


async def test_those_in_charge_see_who_leaves_and_when(ann: Person, admin: Person) -> None:
    await leave(ann)
    (found,) = (await admin.get("/admin/users", state="leaving"))["users"]
    assert (found["username"], found["state"]) == ("ann", "leaving")
    assert found["leavesAt"] > now().isoformat()


async def test_a_mail_says_until_when_one_may_stay(alpha: TestInstance, ann: Person) -> None:
    await leave(ann)
    await settle(alpha)
    (mail,) = alpha.mails(ann.email)
    with alpha.inside():
        leaves_at = (await Account.get(id=ann.id)).leaves_at
    assert leaves_at and leaves_at - now() < leaving.CHANGE_OF_MIND
    body = mail.get_body(("plain",))
    assert body and "https://alpha.test/login" in body.get_content()
    assert f"{leaves_at:%Y-%m-%d}" in str(mail["subject"])


async def test_the_page_to_log_in_offers_to_stay(ann: Person) -> None:
    await leave(ann)
    async with ann.instance.browser({}) as browser:
        asked = await submit(browser, "/login", {"login": "ann", "password": PASSWORD}, on="/login")
        assert asked.status_code == 401
        assert "Keep my account" in asked.text
        assert PASSWORD not in asked.text
        kept = await submit(
            browser, "/login", {"login": "ann", "password": PASSWORD, "stays": "true"}, on="/login"
        )
        assert kept.status_code == 303
        assert (await browser.get("/settings")).status_code == 200
