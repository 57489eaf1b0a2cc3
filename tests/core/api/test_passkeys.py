"""Passkeys over the API: made, used in place of a password and after one, refused where anything is untrue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core.accounts import administration, audit, challenges
from core.accounts.models import Account, Session
from core.accounts.proof_models import Passkey
from core.database import now
from core.testing import PASSWORD, Person, TestInstance, world
from core.testing.people import Data, data_of, problem_of
from core.web.csrf import GUEST_COOKIE
from tests.core.api.authenticator import PRESENT, Authenticator, raw, text
from tests.core.api.codes import with_codes


async def wish(person: Person, purpose: str) -> Data:
    """The options of a challenge somebody signed in asks for."""
    return {**(await person.post("/auth/passkeys/challenge", {"purpose": purpose}))["options"]}


async def added(person: Person, device: Authenticator, name: str = "Phone") -> Data:
    credential = device.create(await wish(person, "add"))
    return await person.post("/auth/passkeys", {"credential": credential, "name": name})


async def asked(browser: httpx.AsyncClient, purpose: str = "login") -> Data:
    """The options of a challenge a stranger's browser asks for."""
    answer = await browser.post("/api/v1/auth/passkeys/challenge", json={"purpose": purpose})
    return {**data_of(answer)["options"]}


async def shown(browser: httpx.AsyncClient, credential: Data) -> httpx.Response:
    return await browser.post("/api/v1/auth/passkeys/login", json={"credential": credential})


async def events(person: Person) -> list[str]:
    with person.instance.inside():
        await person.instance.instance.database.engine.settle()
        return [event.name for event in reversed(await audit.events_of(person.id, limit=100))]


@pytest.fixture
async def browser(alpha: TestInstance) -> AsyncIterator[httpx.AsyncClient]:
    async with alpha.browser() as browser:
        yield browser


@pytest.fixture
async def device(ann: Person) -> Authenticator:
    """Ann's phone, with a passkey on it."""
    device = Authenticator()
    await added(ann, device)
    return device


# -- Having them ---------------------------------------------------------------
async def test_a_passkey_is_asked_for_that_is_found_without_a_name(ann: Person) -> None:
    options = await wish(ann, "add")
    assert (options["rp"], options["user"]["name"]) == ({"id": "alpha.test", "name": "Kith"}, "ann")
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["attestation"] == "none"
    assert len(raw(options["challenge"])) >= 32


async def test_passkeys_are_listed_renamed_and_removed(ann: Person) -> None:
    made = await added(ann, Authenticator(), "  My   phone ")
    await added(ann, Authenticator(), "Key ring")
    listed = (await ann.get("/auth/passkeys"))["passkeys"]
    assert [passkey["name"] for passkey in listed] == ["My phone", "Key ring"]
    assert made == listed[0] and made["lastUsedAt"] is None
    path = f"/auth/passkeys/{made['passkeyId']}"
    assert (await ann.put(path, {"name": "Old phone"}))["name"] == "Old phone"
    await ann.delete(path, {"password": PASSWORD})
    assert [passkey["name"] for passkey in (await ann.get("/auth/passkeys"))["passkeys"]] == ["Key ring"]
    assert await events(ann) == ["passkey_added", "passkey_added", "passkey_removed"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
async def test_a_passkey_has_a_name_one_knows_it_by(ann: Person, device: Authenticator, name: str) -> None:
    credential = Authenticator().create(await wish(ann, "add"))
    problem = await ann.refused(422, "POST", "/auth/passkeys", {"credential": credential, "name": name})
    assert problem["errors"][0]["field"] == "name"
    made = (await ann.get("/auth/passkeys"))["passkeys"]
    await ann.refused(422, "PUT", f"/auth/passkeys/{made[0]['passkeyId']}", {"name": name})
    assert [passkey["name"] for passkey in made] == ["Phone"]


async def test_a_device_that_has_one_is_told_so_and_cannot_bring_it_again(ann: Person, device: Authenticator) -> None:
    options = await wish(ann, "add")
    assert options["excludeCredentials"][0]["id"] == text(device.id)
    body = {"credential": device.create(options), "name": "Again"}
    assert (await ann.refused(409, "POST", "/auth/passkeys", body))["code"] == "passkey_known"


async def test_nobody_adds_a_passkey_that_is_anothers(ann: Person, eve: Person, device: Authenticator) -> None:
    body = {"credential": device.create(await wish(eve, "add")), "name": "Hers"}
    assert (await eve.refused(409, "POST", "/auth/passkeys", body))["code"] == "passkey_known"


async def test_there_is_an_end_to_how_many(ann: Person) -> None:
    for number in range(20):
        await added(ann, Authenticator(), f"Key {number}")
    answer = await ann.call("POST", "/auth/passkeys/challenge", json={"purpose": "add"})
    assert problem_of(answer, 409)["code"] == "too_many_passkeys"


async def test_nobody_sees_renames_or_removes_anothers(ann: Person, eve: Person, device: Authenticator) -> None:
    path = f"/auth/passkeys/{(await ann.get('/auth/passkeys'))['passkeys'][0]['passkeyId']}"
    assert (await eve.get("/auth/passkeys"))["passkeys"] == []
    await eve.refused(404, "PUT", path, {"name": "Mine"})
    await eve.refused(404, "DELETE", path, {"password": PASSWORD})
    for path in ("/auth/passkeys/nonsense", "/auth/passkeys/0190a000-0000-7000-8000-000000000000"):
        await ann.refused(404, "DELETE", path)


async def test_adding_and_removing_take_a_proof(ann: Person, device: Authenticator) -> None:
    with ann.instance.inside():
        await Session.filter(id=ann.session_id).update(proved_at=now() - timedelta(minutes=11))
    credential = Authenticator().create(await wish(ann, "add"))
    body = {"credential": credential, "name": "Hers"}
    assert (await ann.refused(403, "POST", "/auth/passkeys", body))["code"] == "proof_required"
    path = f"/auth/passkeys/{(await ann.get('/auth/passkeys'))['passkeys'][0]['passkeyId']}"
    assert (await ann.refused(403, "DELETE", path))["code"] == "proof_required"
    await ann.post("/auth/passkeys", {**body, "password": PASSWORD})
    await ann.delete(path)


async def test_the_last_way_in_is_not_taken_away(ann: Person, device: Authenticator) -> None:
    with ann.instance.inside():
        await Account.filter(id=ann.id).update(password_hash="")
    path = f"/auth/passkeys/{(await ann.get('/auth/passkeys'))['passkeys'][0]['passkeyId']}"
    assert (await ann.refused(409, "DELETE", path))["code"] == "last_way_in"
    await added(ann, Authenticator())
    await ann.delete(path)


# -- In place of a password ----------------------------------------------------
async def test_a_passkey_signs_in_without_a_name(
    ann: Person, device: Authenticator, browser: httpx.AsyncClient
) -> None:
    options = await asked(browser)
    assert options["allowCredentials"] == []
    assert (options["rpId"], options["userVerification"]) == ("alpha.test", "required")
    grant = data_of(await shown(browser, device.get(options)))
    assert grant["userId"] == ann.id
    me = await ann.call("GET", "/users/me", headers={"Authorization": f"Bearer {grant['accessToken']}"})
    assert data_of(me)["username"] == "ann"
    assert (await ann.get("/auth/passkeys"))["passkeys"][0]["lastUsedAt"]
    assert await events(ann) == ["passkey_added", "signed_in"]


async def test_a_passkey_is_both_steps_at_once(ann: Person, device: Authenticator, browser: httpx.AsyncClient) -> None:
    await with_codes(ann)
    data_of(await shown(browser, device.get(await asked(browser))))


async def test_a_device_that_does_not_count_signs_in_again_and_again(ann: Person, browser: httpx.AsyncClient) -> None:
    device = Authenticator(counts=False)
    await added(ann, device)
    for _ in range(3):
        data_of(await shown(browser, device.get(await asked(browser))))


UNTRUE = {
    "another site": {"origin": "https://evil.test"},
    "another port": {"origin": "https://alpha.test:8443"},
    "plain http": {"origin": "http://alpha.test"},
    "a name within ours": {"origin": "https://sub.alpha.test"},
    "another host": {"host": "evil.test"},
    "within another page": {"crossOrigin": True},
    "another challenge": {"challenge": text(bytes(56))},
    "no challenge": {"challenge": ""},
    "what makes a passkey": {"type": "webauthn.create"},
    "nobody present": {"flags": 0},
    "nobody verified": {"flags": PRESENT},
    "somebody else": {"handle": bytes(16)},
}


@pytest.mark.parametrize("untrue", UNTRUE.values(), ids=UNTRUE.keys())
async def test_a_passkey_that_says_something_untrue_is_refused(
    ann: Person, device: Authenticator, browser: httpx.AsyncClient, untrue: dict[str, Any]
) -> None:
    answer = await shown(browser, device.get(await asked(browser), **untrue))
    assert problem_of(answer, 401)["code"] == "passkey_refused"
    data_of(await shown(browser, device.get(await asked(browser))))


async def test_an_answer_serves_once(ann: Person, device: Authenticator, browser: httpx.AsyncClient) -> None:
    credential = device.get(await asked(browser))
    answers = await asyncio.gather(*(shown(browser, credential) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 5
    problem_of(await shown(browser, credential), 401)


async def test_a_challenge_serves_once_even_with_a_fresh_answer(
    ann: Person, device: Authenticator, browser: httpx.AsyncClient
) -> None:
    options = await asked(browser)
    data_of(await shown(browser, device.get(options)))
    problem_of(await shown(browser, device.get(options)), 401)


async def test_a_challenge_is_good_in_the_browser_that_asked_only(
    alpha: TestInstance, ann: Person, device: Authenticator, browser: httpx.AsyncClient
) -> None:
    credential = device.get(await asked(browser))
    async with alpha.browser() as other:
        problem_of(await shown(other, credential), 401)
        await asked(other)
        problem_of(await shown(other, credential), 401)
    problem_of(await alpha.anon.call("POST", "/auth/passkeys/login", json={"credential": credential}), 401)
    assert browser.cookies[GUEST_COOKIE]
    data_of(await shown(browser, credential))


async def test_a_challenge_runs_out(ann: Person, device: Authenticator, browser: httpx.AsyncClient) -> None:
    options = await asked(browser)
    for seconds, status in ((-1, 401), (5, 200)):
        with ann.instance.inside():
            holder = challenges.of_browser(browser.cookies[GUEST_COOKIE])
            challenge = challenges.new_challenge("login", holder, seconds)
        answer = await shown(browser, device.get({**options, "challenge": text(challenge)}))
        assert answer.status_code == status


@pytest.mark.parametrize("purpose", ["add", "confirm"])
async def test_a_challenge_is_good_for_its_purpose_only(
    ann: Person, device: Authenticator, browser: httpx.AsyncClient, purpose: str
) -> None:
    problem_of(await shown(browser, device.get(await wish(ann, purpose))), 401)
    problem_of(await shown(browser, device.get(await asked(browser, "second"))), 401)
    answer = await ann.call("POST", "/auth/confirm", json={"passkey": device.get(await asked(browser))})
    assert problem_of(answer, 422)["errors"][0]["field"] == "passkey"


async def test_strangers_get_no_challenge_for_what_takes_a_session(browser: httpx.AsyncClient) -> None:
    for purpose in ("add", "confirm"):
        answer = await browser.post("/api/v1/auth/passkeys/challenge", json={"purpose": purpose})
        problem_of(answer, 401)


async def test_a_count_that_goes_back_is_refused_and_noted(
    ann: Person, device: Authenticator, browser: httpx.AsyncClient
) -> None:
    device.count = 40
    data_of(await shown(browser, device.get(await asked(browser))))
    for count in (41, 7, 0):
        problem_of(await shown(browser, device.get(await asked(browser), count=count)), 401)
    assert (await events(ann))[-3:] == ["passkey_refused"] * 3
    data_of(await shown(browser, device.get(await asked(browser), count=42)))


async def test_another_key_signs_for_nobody(ann: Person, device: Authenticator, browser: httpx.AsyncClient) -> None:
    device.key = ec.generate_private_key(ec.SECP256R1())
    problem_of(await shown(browser, device.get(await asked(browser))), 401)


async def test_a_passkey_that_was_removed_signs_nobody_in(
    ann: Person, device: Authenticator, browser: httpx.AsyncClient
) -> None:
    path = f"/auth/passkeys/{(await ann.get('/auth/passkeys'))['passkeys'][0]['passkeyId']}"
    await ann.delete(path)
    problem_of(await shown(browser, device.get(await asked(browser))), 401)


@pytest.mark.parametrize("state", ["suspended", "removed", "waiting"])
async def test_a_passkey_of_who_may_not_come_in_does_not_let_them_in(
    alpha: TestInstance, ann: Person, device: Authenticator, browser: httpx.AsyncClient, state: str
) -> None:
    with alpha.inside():
        if state == "waiting":
            await Account.filter(id=ann.id).update(is_waiting=True)
        else:
            await (administration.suspend if state == "suspended" else administration.remove)(ann.actor)
    answer = await shown(browser, device.get(await asked(browser)))
    assert answer.status_code == (403 if state == "waiting" else 401)


JUNK: list[Any] = [
    {},
    {"id": 5},
    {"id": "x", "rawId": "x", "type": "public-key", "response": {}},
    {"id": "x", "rawId": "x", "type": "public-key", "response": "x"},
    {"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": "%%%"}},
    {"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": text(b"[]")}},
    {"id": "x", "rawId": "x", "type": "public-key", "response": {"clientDataJSON": text(b'{"challenge": 5}')}},
    {"id": "x" * 5000, "response": {"clientDataJSON": text(b"\xff")}},
]


@pytest.mark.parametrize("junk", JUNK)
async def test_junk_is_no_passkey(ann: Person, browser: httpx.AsyncClient, junk: Any) -> None:
    problem_of(await shown(browser, junk), 401)
    await ann.refused(422, "POST", "/auth/passkeys", {"credential": junk, "name": "Junk"})


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
async def test_nothing_in_an_answer_can_be_changed(
    ann: Person, device: Authenticator, browser: httpx.AsyncClient, part: str
) -> None:
    credential = device.get(await asked(browser))
    changed = bytearray(raw(credential["response"][part]))
    for place in (0, len(changed) // 2, len(changed) - 1):
        changed[place] ^= 1
        answer = {**credential, "response": {**credential["response"], part: text(bytes(changed))}}
        problem_of(await shown(browser, answer), 401)
        changed[place] ^= 1


async def test_junk_in_what_a_device_made_is_refused_by_name(ann: Person) -> None:
    for untrue in ({"origin": "https://evil.test"}, {"host": "evil.test"}, {"crossOrigin": True}, {"type": "x"}):
        credential = Authenticator().create(await wish(ann, "add"), **untrue)
        problem = await ann.refused(422, "POST", "/auth/passkeys", {"credential": credential, "name": "Phone"})
        assert problem["errors"][0]["field"] == "credential"
    assert (await ann.get("/auth/passkeys"))["passkeys"] == []


async def test_what_one_session_asked_for_no_other_uses(alpha: TestInstance, ann: Person, eve: Person) -> None:
    credential = Authenticator().create(await wish(eve, "add"))
    await ann.refused(422, "POST", "/auth/passkeys", {"credential": credential, "name": "Hers"})
    await eve.post("/auth/passkeys", {"credential": credential, "name": "Hers"})
    await eve.refused(422, "POST", "/auth/passkeys", {"credential": credential, "name": "Again"})


async def test_guesses_are_limited() -> None:
    async with world("alpha.test", rate_limits__enabled=True, rate_limits__login_failures_per_address=3) as (alpha,):
        ann = await alpha.user("ann")
        device = Authenticator()
        await added(ann, device)
        async with alpha.browser() as browser:
            for _ in range(3):
                problem_of(await shown(browser, {}), 401)
            problem_of(await shown(browser, device.get(await asked(browser))), 429)


# -- After a password, and before what is dangerous ----------------------------
async def test_a_passkey_is_the_second_step(ann: Person, device: Authenticator, browser: httpx.AsyncClient) -> None:
    await with_codes(ann)
    body = {"username": "ann", "password": PASSWORD}
    options = await asked(browser, "second")
    credential = device.get(options, flags=PRESENT)
    wrong = await browser.post("/api/v1/auth/login", json={**body, "password": "Wrong-1", "passkey": credential})
    assert problem_of(wrong, 401)["code"] == "bad_credentials"
    data_of(await browser.post("/api/v1/auth/login", json={**body, "passkey": credential}))
    again = await browser.post("/api/v1/auth/login", json={**body, "passkey": credential})
    assert problem_of(again, 401)["code"] == "passkey_refused"


async def test_anothers_passkey_is_no_second_step(
    ann: Person, eve: Person, device: Authenticator, browser: httpx.AsyncClient
) -> None:
    await with_codes(eve)
    credential = device.get(await asked(browser, "second"))
    answer = await browser.post(
        "/api/v1/auth/login", json={"username": "eve", "password": PASSWORD, "passkey": credential}
    )
    assert problem_of(answer, 401)["code"] == "passkey_refused"


async def test_a_passkey_confirms_that_it_is_you(ann: Person, eve: Person, device: Authenticator) -> None:
    with ann.instance.inside():
        await Session.filter(id=ann.session_id).update(proved_at=now() - timedelta(minutes=11))
    options = await wish(ann, "confirm")
    assert options["allowCredentials"][0]["id"] == text(device.id)
    await ann.post("/auth/confirm", {"passkey": device.get(options)})
    await ann.post("/auth/totp")
    hers = device.get(await wish(eve, "confirm"))
    await eve.refused(422, "POST", "/auth/confirm", {"passkey": hers})


async def test_what_is_kept_is_no_secret(ann: Person, device: Authenticator) -> None:
    with ann.instance.inside():
        kept = await Passkey.get(account_id=ann.id)
    assert kept.credential == text(device.id)
    assert kept.transports == ["internal", "hybrid"]
