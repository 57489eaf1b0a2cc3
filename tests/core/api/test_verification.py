"""Proving that an e-mail address is theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.accounts import verification
from core.accounts.mailed_tokens import forget_old_links
from core.accounts.models import Account
from core.accounts.proof_models import MailedToken
from core.database import now, rows
from core.testing import Person, TestInstance, settle, world
from tests.core.mailed import count, newest, token_for, told_of, words_of

ANN = "ann@example.org"


async def asked(at: TestInstance, name: str = "ann") -> Person:
    """Somebody whose address is not proved yet, with the mail."""
    person = await at.user(name, verified=False)
    with at.inside():
        await verification.ask_to_verify(await Account.get(id=person.id))
    return person


async def test_the_link_in_the_mail_proves_the_address(alpha: TestInstance) -> None:
    ann = await asked(alpha)
    assert (await ann.get("/users/me"))["emailVerified"] is False
    token = await token_for(alpha, ANN, "/verify")
    await alpha.anon.post("/auth/verify-email", {"token": token})
    assert (await ann.get("/users/me"))["emailVerified"] is True
    assert await told_of(alpha, "email_verified") == 1


async def test_a_link_serves_once(alpha: TestInstance) -> None:
    await asked(alpha)
    token = await token_for(alpha, ANN, "/verify")
    await alpha.anon.post("/auth/verify-email", {"token": token})
    problem = await alpha.anon.refused(422, "POST", "/auth/verify-email", {"token": token})
    assert problem["errors"][0]["field"] == "token"


async def test_a_newer_link_takes_the_place_of_an_older_one(alpha: TestInstance) -> None:
    await asked(alpha)
    first = await token_for(alpha, ANN, "/verify")
    await alpha.anon.post("/auth/resend-verification", {"email": ANN})
    second = await token_for(alpha, ANN, "/verify")
    assert first != second
    await alpha.anon.refused(422, "POST", "/auth/verify-email", {"token": first})
    await alpha.anon.post("/auth/verify-email", {"token": second})


async def test_a_link_that_is_too_old_is_no_good_and_is_forgotten(alpha: TestInstance) -> None:
    await asked(alpha)
    token = await token_for(alpha, ANN, "/verify")
    with alpha.inside():
        await MailedToken.all().update(expires_at=now() - timedelta(seconds=1))
    await alpha.anon.refused(422, "POST", "/auth/verify-email", {"token": token})
    with alpha.inside():
        await forget_old_links()
        assert not await MailedToken.exists()


async def test_a_link_for_something_else_proves_nothing(alpha: TestInstance) -> None:
    ann = await asked(alpha)
    await alpha.anon.post("/auth/forgot-password", {"email": ANN})
    token = await token_for(alpha, ANN, "/reset")
    await alpha.anon.refused(422, "POST", "/auth/verify-email", {"token": token})
    assert (await ann.get("/users/me"))["emailVerified"] is False


async def test_the_link_to_an_address_they_had_before_proves_nothing(alpha: TestInstance) -> None:
    ann = await asked(alpha)
    token = await token_for(alpha, ANN, "/verify")
    with alpha.inside():
        await Account.filter(id=ann.id).update(email="new@example.org", email_key="new@example.org")
    await alpha.anon.refused(422, "POST", "/auth/verify-email", {"token": token})
    assert (await ann.get("/users/me"))["emailVerified"] is False


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é" * 50, "\ud800", "A" * 5000])
async def test_what_was_never_mailed_proves_nothing(alpha: TestInstance, token: str) -> None:
    answer = await alpha.anon.call(
        "POST", "/auth/verify-email", content=b'{"token":' + ascii_json(token) + b"}",
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code in (400, 422)


def ascii_json(text: str) -> bytes:
    return ('"' + "".join(f"\\u{ord(c):04x}" for c in text) + '"').encode()


async def test_no_token_lies_readable_in_the_database(alpha: TestInstance) -> None:
    await asked(alpha)
    token = await token_for(alpha, ANN, "/verify")
    with alpha.inside():
        for table in ("core_mailed_token", "core_job", "core_security_event"):
            assert token not in str(await rows(f"SELECT * FROM {table}"))


async def test_asking_again_says_the_same_whoever_has_the_address(alpha: TestInstance) -> None:
    await asked(alpha)
    await alpha.user("bea")
    answers = [
        (await alpha.anon.call("POST", "/auth/resend-verification", json={"email": email})).text
        for email in (ANN, "bea@example.org", "nobody@example.org", "nonsense")
    ]
    assert len(set(answers)) == 1
    assert await count(alpha, ANN) == 2
    assert await count(alpha, "bea@example.org") == await count(alpha, "nobody@example.org") == 0


async def test_no_address_lies_readable_in_the_queue_while_it_is_looked_up(alpha: TestInstance) -> None:
    await alpha.anon.post("/auth/resend-verification", {"email": "ann.lee@example.org"})
    with alpha.inside():
        assert "ann.lee" not in str(await rows("SELECT * FROM core_job"))
    await settle(alpha)


async def test_asking_again_is_counted_for_the_address_and_for_where_it_comes_from() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        for number in range(3):
            await alpha.anon.post("/auth/resend-verification", {"email": f"p{number}@example.org"})
        refused = await alpha.anon.call("POST", "/auth/resend-verification", json={"email": "p9@example.org"})
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0


async def test_who_may_not_come_in_before_can_after() -> None:
    async with world("alpha.test", accounts__require_verified_email=True) as (alpha,):
        await asked(alpha)
        body = {"username": "ann", "password": "Quiet-Harbour-47"}
        await alpha.anon.refused(403, "POST", "/auth/login", body)
        await alpha.anon.post("/auth/verify-email", {"token": await token_for(alpha, ANN, "/verify")})
        await alpha.anon.post("/auth/login", body)


async def test_the_mail_says_what_it_is_about(alpha: TestInstance) -> None:
    await asked(alpha)
    mail = await newest(alpha, ANN)
    assert mail["subject"] == "Is this your address?"
    assert "48 hours" in words_of(mail)
    assert mail["list-unsubscribe"] is None
