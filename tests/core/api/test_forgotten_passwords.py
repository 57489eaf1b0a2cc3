"""A forgotten password, and changing a known one."""

from __future__ import annotations

import asyncio

import pytest

from core.accounts import administration
from core.accounts.models import Account
from core.accounts.proof_models import ForeignLogin
from core.database import new_id, now, rows
from core.testing import PASSWORD, Closed, Person, TestInstance, world
from tests.core.api.authenticator import Authenticator
from tests.core.api.test_passkeys import added, asked, shown, wish
from tests.core.mailed import count, newest, token_for, told_of, words_of

ANN = "ann@example.org"
OTHER = "Deep-Forest-93"


async def forgot(at: TestInstance, email: str = ANN) -> str:
    """The token in the mail that follows."""
    await at.anon.post("/auth/forgot-password", {"email": email})
    return await token_for(at, email, "/reset")


async def can_log_in(at: TestInstance, password: str, name: str = "ann") -> bool:
    answer = await at.anon.call("POST", "/auth/login", json={"username": name, "password": password})
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


# -- Forgotten -----------------------------------------------------------------
async def test_another_password_is_chosen_by_the_mailed_token(alpha: TestInstance, ann: Person) -> None:
    token = await forgot(alpha)
    await alpha.anon.post("/auth/reset-password", {"token": token, "newPassword": OTHER})
    assert not await can_log_in(alpha, PASSWORD)
    assert await can_log_in(alpha, OTHER)
    assert await told_of(alpha, "password_reset") == 1


async def test_every_session_ends_with_the_password(alpha: TestInstance, ann: Person) -> None:
    await ann.get("/users/me")
    token = await forgot(alpha)
    async with ann.socket() as socket:
        await socket.send({"type": "auth", "token": ann.access_token})
        await socket.receive_type("ready")
        await alpha.anon.post("/auth/reset-password", {"token": token, "newPassword": OTHER})
        with pytest.raises(Closed):
            await socket.receive_type("never")
    await ann.refused(401, "GET", "/users/me")
    await alpha.anon.refused(401, "POST", "/auth/refresh", {"refreshToken": ann.refresh_token})


async def test_a_weak_password_leaves_the_link_good(alpha: TestInstance, ann: Person) -> None:
    token = await forgot(alpha)
    problem = await alpha.anon.refused(422, "POST", "/auth/reset-password", {"token": token, "newPassword": "short"})
    assert [error["field"] for error in problem["errors"]] == ["newPassword"]
    assert await can_log_in(alpha, PASSWORD)
    await alpha.anon.post("/auth/reset-password", {"token": token, "newPassword": OTHER})
    await alpha.anon.refused(422, "POST", "/auth/reset-password", {"token": token, "newPassword": PASSWORD})


async def test_nobody_learns_who_has_an_account(alpha: TestInstance, ann: Person) -> None:
    answers = set()
    for email in (ANN, "ANN@EXAMPLE.ORG", "nobody@example.org", "nonsense", ""):
        answer = await alpha.anon.call("POST", "/auth/forgot-password", json={"email": email})
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1
    assert await count(alpha, ANN) == 2
    assert await count(alpha, "nobody") == 0


async def test_what_is_done_for_an_address_is_the_same_whether_anybody_has_it(alpha: TestInstance, ann: Person) -> None:
    queued = []
    for email in (ANN, "nobody@example.org"):
        await alpha.anon.post("/auth/forgot-password", {"email": email})
        with alpha.inside():
            queued.append([job["name"] for job in await rows("SELECT name FROM core_job WHERE state = 'waiting'")])
            await alpha.instance.jobs.settle()
    assert queued[0] == queued[1]


async def test_the_token_of_one_account_is_not_for_another(alpha: TestInstance, ann: Person, eve: Person) -> None:
    await alpha.anon.post("/auth/reset-password", {"token": await forgot(alpha, eve.email), "newPassword": OTHER})
    assert await can_log_in(alpha, PASSWORD)
    assert await can_log_in(alpha, OTHER, "eve")


async def test_a_suspended_person_is_mailed_nothing(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await administration.suspend(ann.actor)
    await alpha.anon.post("/auth/forgot-password", {"email": ANN})
    assert await count(alpha, ANN) == 0


async def test_whoever_resets_the_password_has_proved_the_address(alpha: TestInstance) -> None:
    await alpha.user("ann", verified=False)
    await alpha.anon.post("/auth/reset-password", {"token": await forgot(alpha), "newPassword": OTHER})
    with alpha.inside():
        assert (await Account.get(email=ANN)).email_verified_at


async def test_an_older_link_is_no_good_after_a_newer_one(alpha: TestInstance, ann: Person) -> None:
    first, second = await forgot(alpha), await forgot(alpha)
    await alpha.anon.refused(422, "POST", "/auth/reset-password", {"token": first, "newPassword": OTHER})
    await alpha.anon.post("/auth/reset-password", {"token": second, "newPassword": OTHER})


async def test_who_has_no_password_is_told_how_they_sign_in(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await Account.filter(id=ann.id).update(password_hash="")
        await ForeignLogin.create(id=new_id(), account_id=ann.id, provider="Guild", subject="7", created_at=now())
    await alpha.anon.post("/auth/forgot-password", {"email": ANN})
    mail = await newest(alpha, ANN)
    assert mail["subject"] == "How you sign in"
    assert "Guild" in words_of(mail)
    assert "token" not in words_of(mail)


async def test_asking_is_counted_for_the_account_and_for_where_it_comes_from() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        for _ in range(3):
            await alpha.anon.post("/auth/forgot-password", {"email": "Ann@Example.org"})
        await alpha.anon.refused(429, "POST", "/auth/forgot-password", {"email": ANN})
        await alpha.anon.refused(429, "POST", "/auth/forgot-password", {"email": "other@example.org"})


async def test_failed_tries_to_sign_in_are_forgotten_with_the_password() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        await alpha.user("ann")
        for _ in range(5):
            assert not await can_log_in(alpha, "Wrong-Wrong-1")
        await alpha.anon.refused(429, "POST", "/auth/login", {"username": "ann", "password": PASSWORD})
        await alpha.anon.post("/auth/reset-password", {"token": await forgot(alpha), "newPassword": OTHER})
        assert await can_log_in(alpha, OTHER)


# -- Known ---------------------------------------------------------------------
async def test_the_password_is_changed_by_who_knows_it(alpha: TestInstance, ann: Person) -> None:
    other = await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD})
    await ann.post("/auth/change-password", {"currentPassword": PASSWORD, "newPassword": OTHER})
    assert await can_log_in(alpha, OTHER)
    assert not await can_log_in(alpha, PASSWORD)
    await ann.get("/users/me")
    await alpha.anon.refused(401, "POST", "/auth/refresh", {"refreshToken": other["refreshToken"]})
    assert (await newest(alpha, ANN))["subject"] == "Your account was changed"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"currentPassword": "Wrong-Harbour-1", "newPassword": OTHER}, "currentPassword"),
        ({"currentPassword": "", "newPassword": OTHER}, "currentPassword"),
        ({"currentPassword": PASSWORD, "newPassword": "short"}, "newPassword"),
        ({"newPassword": OTHER}, "currentPassword"),
    ],
)
async def test_a_stolen_session_is_not_enough(
    alpha: TestInstance, ann: Person, body: dict[str, str], field: str
) -> None:
    problem = await ann.refused(422, "POST", "/auth/change-password", body)
    assert [error["field"] for error in problem["errors"]] == [field]
    assert await can_log_in(alpha, PASSWORD)
    await alpha.anon.refused(401, "POST", "/auth/change-password", {"currentPassword": PASSWORD, "newPassword": OTHER})


async def test_guesses_by_a_stolen_session_are_counted() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        ann = await alpha.user("ann")
        for _ in range(5):
            body = {"currentPassword": "Wrong-Wrong-1", "newPassword": OTHER}
            await ann.refused(422, "POST", "/auth/change-password", body)
        await ann.refused(429, "POST", "/auth/change-password", {"currentPassword": PASSWORD, "newPassword": OTHER})


async def test_a_link_that_was_mailed_before_is_no_good_after_a_change(alpha: TestInstance, ann: Person) -> None:
    token = await forgot(alpha)
    await ann.post("/auth/change-password", {"currentPassword": PASSWORD, "newPassword": OTHER})
    await alpha.anon.refused(422, "POST", "/auth/reset-password", {"token": token, "newPassword": "Wide-Meadow-12"})


async def test_a_change_that_began_before_a_reset_does_not_undo_it(alpha: TestInstance, ann: Person) -> None:
    """Somebody who knows the old password cannot keep the account by being slow."""
    token = await forgot(alpha)
    changed, reset = await asyncio.gather(
        ann.call("POST", "/auth/change-password", json={"currentPassword": PASSWORD, "newPassword": "Thief-Forest-12"}),
        alpha.anon.call("POST", "/auth/reset-password", json={"token": token, "newPassword": OTHER}),
    )
    assert reset.status_code == 200 or changed.status_code == 200
    if reset.status_code == 200:
        assert await can_log_in(alpha, OTHER)
        assert not await can_log_in(alpha, "Thief-Forest-12")


# -- Whose address it is -------------------------------------------------------
async def test_who_proves_an_address_by_a_reset_shuts_out_whoever_took_it_before(alpha: TestInstance) -> None:
    """Somebody signed up with an address of another, prepared ways in, and waits for its owner to come."""
    eve, device = await alpha.user("mallory", verified=False), Authenticator()
    await added(eve, device)
    with alpha.inside():
        await ForeignLogin.create(id=new_id(), account_id=eve.id, provider="id.test", subject="eve")
    token = await forgot(alpha, eve.email)
    await alpha.anon.post("/auth/reset-password", {"token": token, "newPassword": OTHER})
    async with alpha.browser() as browser:
        assert (await shown(browser, device.get(await asked(browser)))).status_code == 401
    with alpha.inside():
        assert not await ForeignLogin.exists(account_id=eve.id)
    assert await can_log_in(alpha, OTHER, "mallory")
    assert await told_of(alpha, "passkey_removed") == 1
    assert await told_of(alpha, "foreign_login_removed") == 1


async def test_who_had_proved_the_address_keeps_their_passkeys_after_a_reset(alpha: TestInstance, ann: Person) -> None:
    device = Authenticator()
    await added(ann, device)
    await alpha.anon.post("/auth/reset-password", {"token": await forgot(alpha), "newPassword": OTHER})
    async with alpha.browser() as browser:
        assert (await shown(browser, device.get(await asked(browser)))).status_code == 200


async def test_no_token_that_was_asked_for_before_a_reset_is_made_after_it(alpha: TestInstance, ann: Person) -> None:
    token = await forgot(alpha)
    wish = {"name": "Thief", "scopes": ["read"], "password": PASSWORD}
    reset, *made = await asyncio.gather(
        alpha.anon.call("POST", "/auth/reset-password", json={"token": token, "newPassword": OTHER}),
        *(ann.call("POST", "/auth/tokens", json=wish) for _ in range(12)),
    )
    assert reset.status_code == 200
    assert {answer.status_code for answer in made} <= {201, 401, 422}
    for text in [answer.json()["data"]["token"] for answer in made if answer.status_code == 201]:
        program = alpha.anon
        program.headers = {"Authorization": f"Bearer {text}"}
        await program.refused(401, "GET", "/users/me")


async def test_no_passkey_that_was_asked_for_before_a_session_ended_is_kept_after_it(
    alpha: TestInstance, ann: Person
) -> None:
    device = Authenticator()
    credential = device.create(await wish(ann, "add"))
    body = {"credential": credential, "name": "Thief", "password": PASSWORD}
    added_at_once, ended = await asyncio.gather(
        ann.call("POST", "/auth/passkeys", json=body), ann.call("POST", "/auth/logout")
    )
    assert ended.status_code == 200
    assert added_at_once.status_code == 401
