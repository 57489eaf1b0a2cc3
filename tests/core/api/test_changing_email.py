"""Another e-mail address: both the old one and the new one have to agree."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.accounts.models import Account
from core.accounts.proof_models import EmailChange
from core.database import now, rows
from core.testing import PASSWORD, Person, TestInstance, settle, world
from tests.core.mailed import count, links_of, newest, token_for, told_of, words_of

OLD, NEW = "ann@example.org", "ann@new.example"
CONFIRM, STOP = "/email/confirm", "/email/stop"


async def asked(at: TestInstance, ann: Person, email: str = NEW) -> None:
    await ann.put("/users/me", {"email": email, "password": PASSWORD})
    await settle(at)


async def confirm(at: TestInstance, to: str) -> bool:
    token = await token_for(at, to, CONFIRM)
    return bool((await at.anon.post("/auth/confirm-email", {"token": token}))["emailChanged"])


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
async def test_it_changes_when_both_have_confirmed_in_whatever_order(
    alpha: TestInstance, ann: Person, order: tuple[str, str]
) -> None:
    await asked(alpha, ann)
    first, second = [await token_for(alpha, to, CONFIRM) for to in order]
    assert (await alpha.anon.post("/auth/confirm-email", {"token": first})) == {"emailChanged": False}
    me = await ann.get("/users/me")
    assert (me["email"], me["pendingEmail"]) == (OLD, NEW)
    assert (await alpha.anon.post("/auth/confirm-email", {"token": second})) == {"emailChanged": True}
    me = await ann.get("/users/me")
    assert (me["email"], me["emailVerified"], me["pendingEmail"]) == (NEW, True, None)
    for to in order:
        assert (await newest(alpha, to))["subject"] == "Your account was changed"
    await alpha.anon.post("/auth/login", {"email": NEW, "password": PASSWORD})
    await alpha.anon.refused(401, "POST", "/auth/login", {"email": OLD, "password": PASSWORD})
    assert await told_of(alpha, "email_changed") == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": NEW}, "password"),
        ({"email": NEW, "password": "Wrong-Harbour-1"}, "password"),
        ({"email": "nonsense", "password": PASSWORD}, "email"),
        ({"email": "ann@new.example\nBcc: eve@example.org", "password": PASSWORD}, "email"),
        ({"email": "", "password": PASSWORD}, "email"),
    ],
)
async def test_nothing_is_asked_without_the_password_and_an_address(
    alpha: TestInstance, ann: Person, body: dict[str, str], field: str
) -> None:
    problem = await ann.refused(422, "PUT", "/users/me", {**body, "fullName": "Changed"})
    assert [error["field"] for error in problem["errors"]] == [field]
    assert await count(alpha, "") == 0
    me = await ann.get("/users/me")
    assert (me["fullName"], me["pendingEmail"]) == ("ann", None)


async def test_the_address_one_has_is_no_change(alpha: TestInstance, ann: Person) -> None:
    await ann.put("/users/me", {"email": "ANN@Example.org", "username": "ann", "fullName": "Ann"})
    assert await count(alpha, "") == 0


async def test_each_link_serves_once_and_for_its_own_side(alpha: TestInstance, ann: Person) -> None:
    await asked(alpha, ann)
    token = await token_for(alpha, OLD, CONFIRM)
    await alpha.anon.post("/auth/confirm-email", {"token": token})
    for path in ("/auth/confirm-email", "/auth/verify-email", "/auth/stop-email-change"):
        await alpha.anon.refused(422, "POST", path, {"token": token})
    assert (await ann.get("/users/me"))["email"] == OLD


async def test_asking_for_another_one_makes_the_links_before_no_good(alpha: TestInstance, ann: Person) -> None:
    await asked(alpha, ann)
    old, new = await token_for(alpha, OLD, CONFIRM), await token_for(alpha, NEW, CONFIRM)
    await asked(alpha, ann, "third@example.org")
    for token in (old, new):
        await alpha.anon.refused(422, "POST", "/auth/confirm-email", {"token": token})
    assert not await confirm(alpha, OLD)
    assert await confirm(alpha, "third@example.org")


async def test_what_was_asked_too_long_ago_is_over(alpha: TestInstance, ann: Person) -> None:
    await asked(alpha, ann)
    token = await token_for(alpha, NEW, CONFIRM)
    assert not await confirm(alpha, OLD)
    with alpha.inside():
        await EmailChange.all().update(expires_at=now() - timedelta(seconds=1))
    await alpha.anon.refused(422, "POST", "/auth/confirm-email", {"token": token})
    assert (await ann.get("/users/me"))["email"] == OLD


async def test_it_was_not_me_keeps_the_address_and_signs_everybody_out(alpha: TestInstance, ann: Person) -> None:
    await asked(alpha, ann)
    token = await token_for(alpha, OLD, STOP)
    new = await token_for(alpha, NEW, CONFIRM)
    await alpha.anon.post("/auth/stop-email-change", {"token": token})
    await ann.refused(401, "GET", "/users/me")
    await alpha.anon.refused(422, "POST", "/auth/confirm-email", {"token": new})
    with alpha.inside():
        assert (await Account.get(id=ann.id)).email == OLD
    assert await told_of(alpha, "email_change_stopped") == 1


async def test_nobody_learns_by_asking_whose_an_address_is(alpha: TestInstance, ann: Person, bob: Person) -> None:
    free = await ann.call("PUT", "/users/me", json={"email": NEW, "password": PASSWORD})
    taken = await ann.call("PUT", "/users/me", json={"email": bob.email, "password": PASSWORD})
    assert free.text.replace(NEW, "…") == taken.text.replace(bob.email, "…")
    mail = await newest(alpha, bob.email)
    assert mail["subject"] == "You have an account with this address"
    assert "token" not in words_of(mail)
    assert "ann" not in words_of(mail).lower()


async def test_who_was_slower_is_told_so_where_they_read_the_address(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await asked(alpha, ann)
    await asked(alpha, bob)
    mails = [links_of(mail, CONFIRM)[0].partition("token=")[2] for mail in alpha.mails(NEW)]
    assert not await confirm(alpha, OLD)
    assert not await confirm(alpha, bob.email)
    assert (await alpha.anon.post("/auth/confirm-email", {"token": mails[0]}))["emailChanged"]
    problem = await alpha.anon.refused(409, "POST", "/auth/confirm-email", {"token": mails[1]})
    assert problem["code"] == "email_taken"
    me = await bob.get("/users/me")
    assert (me["email"], me["pendingEmail"]) == (bob.email, None)


async def test_links_that_went_to_the_old_address_open_nothing_any_more(alpha: TestInstance, ann: Person) -> None:
    await alpha.anon.post("/auth/forgot-password", {"email": OLD})
    reset = await token_for(alpha, OLD, "/reset")
    await asked(alpha, ann)
    await confirm(alpha, OLD)
    await confirm(alpha, NEW)
    await alpha.anon.refused(422, "POST", "/auth/reset-password", {"token": reset, "newPassword": "Deep-Forest-93"})


async def test_another_password_takes_back_what_a_thief_asked_for(alpha: TestInstance, ann: Person) -> None:
    await asked(alpha, ann)
    new = await token_for(alpha, NEW, CONFIRM)
    await alpha.anon.post("/auth/forgot-password", {"email": OLD})
    reset = await token_for(alpha, OLD, "/reset")
    await alpha.anon.post("/auth/reset-password", {"token": reset, "newPassword": "Deep-Forest-93"})
    await alpha.anon.refused(422, "POST", "/auth/confirm-email", {"token": new})


async def test_an_international_address_is_one_however_it_is_written(alpha: TestInstance, ann: Person) -> None:
    await asked(alpha, ann, "ann@exämple.org")
    await confirm(alpha, OLD)
    assert await confirm(alpha, "ann@xn--exmple-cua.org")
    assert (await ann.get("/users/me"))["email"] == "ann@exämple.org"
    await alpha.anon.post("/auth/login", {"email": "ANN@xn--exmple-cua.ORG", "password": PASSWORD})


async def test_asking_again_and_again_is_limited() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        ann = await alpha.user("ann")
        for number in range(3):
            await ann.put("/users/me", {"email": f"a{number}@new.example", "password": PASSWORD})
        await ann.refused(429, "PUT", "/users/me", {"email": "a4@new.example", "password": PASSWORD})


async def test_neither_address_lies_readable_in_the_queue(alpha: TestInstance, ann: Person) -> None:
    await ann.put("/users/me", {"email": NEW, "password": PASSWORD})
    with alpha.inside():
        assert "new.example" not in str(await rows("SELECT * FROM core_job"))
    await settle(alpha)
