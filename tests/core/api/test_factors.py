"""The second step of signing in: codes of an app, recovery codes, and what is asked before something dangerous."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from core.accounts import audit
from core.accounts.models import Account, Session
from core.accounts.proof_models import RecoveryCode
from core.database import now
from core.testing import PASSWORD, Person, TestInstance, world
from core.testing.people import data_of, problem_of
from tests.core.api.codes import App, a_while_later, with_codes


async def login(at: TestInstance, **more: Any) -> Any:
    return await at.anon.call("POST", "/auth/login", json={"username": "ann", "password": PASSWORD, **more})


async def grow_old(person: Person) -> None:
    """Let so much time pass that the session has to prove itself again."""
    with person.instance.inside():
        await Session.filter(id=person.session_id).update(proved_at=now() - timedelta(minutes=11))


async def events(person: Person) -> list[str]:
    """What the security log says of somebody, oldest first."""
    with person.instance.inside():
        await person.instance.instance.database.engine.settle()
        return [event.name for event in reversed(await audit.events_of(person.id, limit=100))]


# -- Codes of an app -----------------------------------------------------------
async def test_what_the_app_needs_is_in_the_address_of_the_picture(ann: Person) -> None:
    setup = await ann.post("/auth/totp")
    address = urlsplit(setup["otpauthUri"])
    said = parse_qs(address.query)
    assert (address.scheme, address.netloc, address.path) == ("otpauth", "totp", "/Kith:ann%40alpha.test")
    assert (said["secret"], said["issuer"]) == ([setup["secret"]], ["Kith"])
    assert re.fullmatch("[A-Z2-7]{32}", setup["secret"])


async def test_nothing_is_asked_for_before_a_code_came_back(alpha: TestInstance, ann: Person) -> None:
    setup = await ann.post("/auth/totp")
    assert (await ann.refused(422, "PUT", "/auth/totp", {"otp": "000000"}))["errors"][0]["field"] == "otp"
    assert (await login(alpha)).status_code == 200
    assert await ann.get("/auth/totp") == {"isOn": False, "recoveryCodesLeft": 10}
    await ann.put("/auth/totp", {"otp": await App(setup["secret"]).code()})
    assert await ann.get("/auth/totp") == {"isOn": True, "recoveryCodesLeft": 10}
    assert problem_of(await login(alpha), 401)["code"] == "otp_required"


async def test_only_the_right_password_is_asked_for_a_code(alpha: TestInstance, ann: Person) -> None:
    app, _ = await with_codes(ann)
    for more in ({}, {"otp": await app.code()}, {"otp": "000000"}):
        assert problem_of(await login(alpha, password="Wrong-Harbour-1", **more), 401)["code"] == "bad_credentials"


async def test_a_code_signs_in_once(alpha: TestInstance, ann: Person) -> None:
    app, _ = await with_codes(ann)
    code = await app.code()
    assert (await login(alpha, otp=f" {code[:3]} {code[3:]} ")).status_code == 200
    assert problem_of(await login(alpha, otp=code), 401)["code"] == "bad_otp"


async def test_the_code_that_switched_it_on_signs_nobody_in(alpha: TestInstance, ann: Person) -> None:
    setup = await ann.post("/auth/totp")
    code = await App(setup["secret"]).code()
    await ann.put("/auth/totp", {"otp": code})
    problem_of(await login(alpha, otp=code), 401)


async def test_of_many_with_the_same_code_at_once_one_gets_in(alpha: TestInstance, ann: Person) -> None:
    app, _ = await with_codes(ann)
    code = await app.code()
    answers = await asyncio.gather(*(login(alpha, otp=code) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
async def test_a_clock_may_be_half_a_minute_off(alpha: TestInstance, ann: Person, steps: int, status: int) -> None:
    app, _ = await with_codes(ann)
    assert (await login(alpha, otp=await app.code(steps))).status_code == status


async def test_after_a_code_those_before_it_are_over(alpha: TestInstance, ann: Person) -> None:
    app, _ = await with_codes(ann)
    before, code = await app.code(-1), await app.code()
    assert (await login(alpha, otp=code)).status_code == 200
    assert (await login(alpha, otp=before)).status_code == 401


@pytest.mark.parametrize("otp", ["1234567", "12345", "abcdef", "１２３４５６", "' OR 1=1 --", "0" * 100])
async def test_junk_is_no_code(alpha: TestInstance, ann: Person, otp: str) -> None:
    await with_codes(ann)
    assert (await login(alpha, otp=otp)).status_code in (400, 401)


async def test_codes_cannot_be_tried_out_from_wherever_they_come() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        ann = await alpha.user("ann")
        app, codes = await with_codes(ann)
        for _ in range(5):
            problem_of(await login(alpha, otp="000000"), 401)
        assert problem_of(await login(alpha, otp=await app.code()), 429)["code"] == "rate_limited"
        assert problem_of(await login(alpha, otp=codes[0]), 429)["code"] == "rate_limited"


async def test_the_secret_is_sealed_and_opens_for_its_account_only(
    alpha: TestInstance, ann: Person, eve: Person
) -> None:
    app, _ = await with_codes(ann)
    await with_codes(eve)
    with alpha.inside():
        sealed = (await Account.get(id=ann.id)).totp_secret
        assert app.secret not in sealed
        await Account.filter(id=eve.id).update(totp_secret=sealed)
    answer = await alpha.anon.call(
        "POST", "/auth/login", json={"username": "eve", "password": PASSWORD, "otp": await app.code()}
    )
    assert answer.status_code == 500


async def test_it_is_not_begun_anew_while_it_is_on(ann: Person) -> None:
    await with_codes(ann)
    assert (await ann.refused(409, "POST", "/auth/totp"))["code"] == "totp_on"
    assert (await ann.refused(409, "PUT", "/auth/totp", {"otp": "000000"}))["code"] == "totp_not_begun"


async def test_switched_off_the_password_is_enough_again(alpha: TestInstance, ann: Person) -> None:
    await with_codes(ann)
    assert (await ann.refused(422, "DELETE", "/auth/totp", {"password": "Wrong-1"}))["errors"][0]["field"] == "password"
    await ann.delete("/auth/totp", {"password": PASSWORD})
    assert (await login(alpha)).status_code == 200
    assert await ann.get("/auth/totp") == {"isOn": False, "recoveryCodesLeft": 0}


# -- Recovery codes ------------------------------------------------------------
async def test_each_recovery_code_signs_in_once_however_it_is_typed(alpha: TestInstance, ann: Person) -> None:
    _, codes = await with_codes(ann)
    assert len(set(codes)) == 10
    for code in (codes[0], codes[1].upper().replace("-", " "), codes[2].replace("-", "")):
        assert (await login(alpha, otp=code)).status_code == 200
        assert problem_of(await login(alpha, otp=code), 401)["code"] == "bad_otp"
    assert (await ann.get("/auth/totp"))["recoveryCodesLeft"] == 7


async def test_of_many_with_the_same_recovery_code_at_once_one_gets_in(alpha: TestInstance, ann: Person) -> None:
    _, codes = await with_codes(ann)
    answers = await asyncio.gather(*(login(alpha, otp=codes[0]) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


async def test_new_recovery_codes_make_the_old_ones_worthless(alpha: TestInstance, ann: Person) -> None:
    _, codes = await with_codes(ann)
    fresh = (await ann.post("/auth/recovery-codes", {"password": PASSWORD}))["recoveryCodes"]
    assert not set(codes) & set(fresh)
    assert (await login(alpha, otp=codes[0])).status_code == 401
    assert (await login(alpha, otp=fresh[0])).status_code == 200


async def test_nobody_signs_in_with_anothers_recovery_code(alpha: TestInstance, ann: Person, eve: Person) -> None:
    await with_codes(ann)
    _, hers = await with_codes(eve)
    assert (await login(alpha, otp=hers[0])).status_code == 401


async def test_recovery_codes_are_kept_as_hashes(alpha: TestInstance, ann: Person) -> None:
    _, codes = await with_codes(ann)
    with alpha.inside():
        kept = [code.hash for code in await RecoveryCode.filter(account_id=ann.id)]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in kept)
    assert not any(code.replace("-", "") in digest for code in codes for digest in kept)


# -- Before something dangerous ------------------------------------------------
DANGEROUS = [("POST", "/auth/totp"), ("DELETE", "/auth/totp"), ("POST", "/auth/recovery-codes")]


@pytest.mark.parametrize(("method", "path"), DANGEROUS)
async def test_a_session_proves_itself_again_after_a_while(ann: Person, method: str, path: str) -> None:
    await ann.call(method, path)
    await grow_old(ann)
    assert (await ann.refused(403, method, path))["code"] == "proof_required"
    assert (await ann.refused(422, method, path, {"password": "Wrong-1"}))["code"] == "invalid"
    assert (await ann.refused(403, method, path))["code"] == "proof_required"
    await ann.delete("/auth/totp", {"password": PASSWORD})
    assert (await ann.call(method, path)).status_code == 200


async def test_a_wrong_password_never_passes_not_even_in_a_fresh_session(ann: Person) -> None:
    await ann.refused(422, "POST", "/auth/recovery-codes", {"password": "Wrong-Harbour-1"})
    await ann.refused(422, "POST", "/auth/confirm", {"password": "Wrong-Harbour-1"})


async def test_a_code_or_a_recovery_code_confirms_as_well(ann: Person) -> None:
    app, codes = await with_codes(ann)
    for otp in (await app.code(), codes[0]):
        await grow_old(ann)
        assert (await ann.refused(403, "POST", "/auth/totp"))["code"] == "proof_required"
        await ann.post("/auth/confirm", {"otp": otp})
        assert (await ann.refused(409, "POST", "/auth/totp"))["code"] == "totp_on"
        await ann.refused(422, "POST", "/auth/confirm", {"otp": otp})


async def test_one_session_that_proved_itself_proves_nothing_for_another(alpha: TestInstance, ann: Person) -> None:
    await grow_old(ann)
    await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD})
    assert (await ann.refused(403, "POST", "/auth/totp"))["code"] == "proof_required"


async def test_nothing_confirms_nothing(ann: Person) -> None:
    for body in ({}, {"password": ""}, {"otp": None}):
        await ann.refused(422, "POST", "/auth/confirm", body)


async def test_a_stolen_session_cannot_try_passwords_out() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        ann = await alpha.user("ann")
        for _ in range(5):
            await ann.refused(422, "POST", "/auth/confirm", {"password": "Wrong-Harbour-1"})
        await ann.refused(429, "POST", "/auth/confirm", {"password": PASSWORD})


# -- What stays of it ----------------------------------------------------------
async def test_all_of_it_stands_in_the_security_log(alpha: TestInstance, ann: Person) -> None:
    app, codes = await with_codes(ann)
    await login(alpha, otp="000000")
    data_of(await login(alpha, otp=await app.code()))
    await a_while_later(ann)
    data_of(await login(alpha, otp=codes[0]))
    await ann.delete("/auth/sessions")
    await ann.delete("/auth/totp", {"password": PASSWORD})
    await ann.post("/auth/logout")
    assert await events(ann) == [
        "recovery_codes_made",
        "totp_on",
        "sign_in_failed",
        "signed_in",
        "recovery_code_used",
        "signed_in",
        "sessions_ended",
        "totp_off",
        "session_ended",
    ]
