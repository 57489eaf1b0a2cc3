"""Whoever says they are somebody they are not: each way in, and the liar who is refused there.

Each lie is told to `GET /users/me`, or to where it would be exchanged for what opens that; the truth beside it is told
first, so that a lie is never refused for another reason.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest

from core.accounts import administration, mailed_tokens
from core.accounts.models import Account, Session, SpentToken
from core.accounts.sessions import COOKIE
from core.database import new_id, now
from core.testing import PASSWORD, Person, TestInstance, settle, world
from core.testing.people import data_of, problem_of
from tests.core.api.authenticator import Authenticator
from tests.core.api.codes import with_codes
from tests.core.api.test_passkeys import added, asked, shown

pytestmark = pytest.mark.filterwarnings("ignore:The HMAC key")


@pytest.fixture
async def eve_knows(alpha: TestInstance, ann: Person, eve: Person) -> AsyncIterator[Person]:
    """Eve, who has an account of her own and has seen Ann's tokens."""
    assert await told(alpha, ann.access_token) == 200
    yield eve


async def told(at: TestInstance, token: str, scheme: str = "Bearer") -> int:
    answer = await at.anon.call("GET", "/users/me", headers={"Authorization": f"{scheme} {token}"})
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "userId" not in answer.text
    return answer.status_code


def said_by(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


def signed(at: TestInstance, said: dict[str, Any], key: bytes | None = None, algorithm: str = "HS256") -> str:
    """What somebody with the server's own key, or with `key`, would sign."""
    own = at.instance.secrets.derive("access-tokens")
    return jwt.encode(said, None if algorithm == "none" else key or own, algorithm)


async def refreshed(at: TestInstance, token: str) -> httpx.Response:
    return await at.anon.call("POST", "/auth/refresh", json={"refreshToken": token})


async def login(at: TestInstance, **body: Any) -> httpx.Response:
    return await at.anon.call("POST", "/auth/login", json={"username": "ann", "password": PASSWORD, **body})


# -- Access tokens: signed by others -------------------------------------------
async def test_a_token_nobody_signed(alpha: TestInstance, ann: Person, eve_knows: Person) -> None:
    said = said_by(ann.access_token)
    assert await told(alpha, signed(alpha, said)) == 200
    for nobody in ("none", "None", "NONE", "nOnE"):
        header = jwt.utils.base64url_encode(f'{{"alg":"{nobody}","typ":"JWT"}}'.encode()).decode()
        body = ann.access_token.split(".")[1]
        for end in ("", ann.access_token.split(".")[2]):
            assert await told(alpha, f"{header}.{body}.{end}") == 401
    assert await told(alpha, signed(alpha, said, algorithm="none")) == 401


@pytest.mark.parametrize("key", [b"k" * 32, b"secret", b"\0" * 32])
async def test_a_token_signed_with_another_key(alpha: TestInstance, ann: Person, key: bytes) -> None:
    assert await told(alpha, jwt.encode(said_by(ann.access_token), key, "HS256")) == 401


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_a_token_signed_in_another_way(alpha: TestInstance, ann: Person, algorithm: str) -> None:
    assert await told(alpha, signed(alpha, said_by(ann.access_token), algorithm=algorithm)) == 401


async def test_a_token_that_brings_its_own_key(alpha: TestInstance, ann: Person) -> None:
    headers = {"jwk": {"kty": "oct", "k": "a2tr"}, "kid": "../../dev/null", "jku": "https://evil.test/keys"}
    assert await told(alpha, jwt.encode(said_by(ann.access_token), b"kkk", "HS256", headers=headers)) == 401


@pytest.mark.parametrize("purpose", ["csrf", "cursors", "passkey-challenges", "refresh-successors", "recovery-codes"])
async def test_a_token_signed_with_a_key_of_ours_for_something_else(
    alpha: TestInstance, ann: Person, purpose: str
) -> None:
    assert await told(alpha, signed(alpha, said_by(ann.access_token), alpha.instance.secrets.derive(purpose))) == 401


async def test_a_token_of_another_server(alpha_and_beta: tuple[TestInstance, TestInstance]) -> None:
    alpha, beta = alpha_and_beta
    ann = await alpha.user("ann")
    await beta.user("ann")
    assert await told(beta, ann.access_token) == 401


# -- Access tokens: saying what is not so --------------------------------------
SAID = {
    "that ran out": lambda: {"exp": int(time.time()) - 1},
    "that never runs out": lambda: {"exp": None},
    "from the future": lambda: {"iat": int(time.time()) + 3600},
    "of another server": lambda: {"iss": "https://beta.test"},
    "of no server": lambda: {"iss": None},
    "for somebody else to read": lambda: {"aud": "https://alpha.test"},
    "for a link in a mail": lambda: {"aud": "once:reset"},
    "for nobody": lambda: {"aud": None},
    "of no session": lambda: {"sid": None},
    "of a session there never was": lambda: {"sid": new_id()},
    "of a session that is no word": lambda: {"sid": ["x"]},
    "of nobody": lambda: {"sub": None},
    "of somebody else": lambda: {"sub": new_id()},
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID.keys())
async def test_a_token(alpha: TestInstance, ann: Person, said: Any) -> None:
    changed = {name: value for name, value in (said_by(ann.access_token) | said()).items() if value is not None}
    assert await told(alpha, signed(alpha, changed)) == 401


async def test_a_token_with_anothers_session_in_it(alpha: TestInstance, ann: Person, eve: Person) -> None:
    mixed = said_by(eve.access_token) | {"sid": ann.session_id}
    assert await told(alpha, signed(alpha, mixed)) == 401


async def test_a_token_that_makes_its_bearer_an_admin(alpha: TestInstance, eve: Person) -> None:
    boasting = signed(alpha, said_by(eve.access_token) | {"role": "admin"})
    answer = await alpha.anon.call("GET", "/admin/users", headers={"Authorization": f"Bearer {boasting}"})
    problem_of(answer, 403)


@pytest.mark.parametrize("scheme", ["Basic", "Token", "JWT", "Digest"])
async def test_a_good_token_by_another_scheme(alpha: TestInstance, ann: Person, scheme: str) -> None:
    assert await told(alpha, ann.access_token, scheme) == 401


# -- What is good for something else -------------------------------------------
async def test_a_refresh_token_as_an_access_token_and_the_reverse(alpha: TestInstance, ann: Person) -> None:
    assert await told(alpha, ann.refresh_token) == 401
    problem_of(await refreshed(alpha, ann.access_token), 401)


async def test_an_access_token_as_a_cookie(alpha: TestInstance, ann: Person) -> None:
    async with alpha.browser({COOKIE: ann.access_token}) as browser:
        problem_of(await browser.get("/api/v1/users/me"), 401)


async def test_the_hash_that_is_stored_of_a_token(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        digest = (await Session.get(id=ann.session_id)).refresh_hash
    problem_of(await refreshed(alpha, digest), 401)
    async with alpha.browser({COOKIE: digest}) as browser:
        problem_of(await browser.get("/api/v1/users/me"), 401)


async def test_a_session_id_instead_of_its_token(alpha: TestInstance, ann: Person) -> None:
    assert await told(alpha, ann.session_id) == 401
    problem_of(await refreshed(alpha, ann.session_id), 401)


async def test_a_token_of_a_mailed_link_as_an_access_token(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        mailed = await mailed_tokens.issue(await Account.get(id=ann.id), "reset", ann.email, 1)
        link = alpha.instance.tokens.one_time("first-step", ann.id, 600)
    for token in (mailed, link):
        assert await told(alpha, token) == 401
        problem_of(await refreshed(alpha, token), 401)


# -- What was good once --------------------------------------------------------
async def test_a_refresh_token_that_was_exchanged(alpha: TestInstance, ann: Person) -> None:
    fresh = data_of(await refreshed(alpha, ann.refresh_token))
    with alpha.inside():
        await SpentToken.filter(session_id=ann.session_id).update(spent_at=now() - timedelta(seconds=15))
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    for token in (ann.access_token, fresh["accessToken"]):
        assert await told(alpha, token) == 401
    problem_of(await refreshed(alpha, fresh["refreshToken"]), 401)


async def test_all_tokens_of_a_session_that_ended(alpha: TestInstance, ann: Person) -> None:
    await ann.post("/auth/logout")
    assert await told(alpha, ann.access_token) == 401
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    async with alpha.browser({COOKIE: ann.refresh_token}) as browser:
        problem_of(await browser.get("/api/v1/users/me"), 401)


@pytest.mark.parametrize("state", ["suspended", "removed", "deleted"])
async def test_all_tokens_of_somebody_who_was_sent_away(alpha: TestInstance, ann: Person, state: str) -> None:
    assert await told(alpha, ann.access_token) == 200
    with alpha.inside():
        if state == "suspended":
            await administration.suspend(ann.actor)
        else:
            await administration.remove(ann.actor)
    if state == "deleted":
        await settle(alpha)
    assert await told(alpha, ann.access_token) == 401
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    problem_of(await login(alpha), 401)
    async with alpha.browser({COOKIE: ann.refresh_token}) as browser:
        problem_of(await browser.get("/api/v1/users/me"), 401)


async def test_a_password_that_was_replaced(alpha: TestInstance, ann: Person) -> None:
    data_of(await login(alpha))
    with alpha.inside():
        await administration.reset_password(ann.actor, "Other-Harbour-58")
    problem_of(await login(alpha), 401)
    assert await told(alpha, ann.access_token) == 401


# -- Signing in as somebody else -----------------------------------------------
@pytest.mark.parametrize(
    "body",
    [
        {"password": "Wrong-Harbour-1"},
        {"password": PASSWORD.lower()},
        {"password": PASSWORD + " "},
        {"password": PASSWORD + "\t"},
        {"password": ""},
        {"username": "eve"},
        {"username": "ann", "email": "eve@example.org", "password": "Eve-Harbour-77"},
        {"username": "ann@beta.test"},
        {"username": "%"},
        {"username": "' OR '1'='1"},
    ],
)
async def test_somebody_elses_name_without_their_password(
    alpha: TestInstance, ann: Person, body: dict[str, str]
) -> None:
    await alpha.user("eve", password="Eve-Harbour-77")
    assert (await login(alpha, **body)).status_code == 401


async def test_the_password_without_the_second_step(alpha: TestInstance, ann: Person, eve: Person) -> None:
    app, codes = await with_codes(ann)
    hers, her_codes = await with_codes(eve)
    for otp in ("", "000000", await hers.code(), her_codes[0], codes[0][:-1], await app.code(-3)):
        problem_of(await login(alpha, otp=otp), 401)
    used = await app.code()
    data_of(await login(alpha, otp=used))
    problem_of(await login(alpha, otp=used), 401)


async def test_a_passkey_of_another_make(alpha: TestInstance, ann: Person, eve: Person) -> None:
    device, hers = Authenticator(), Authenticator()
    await added(ann, device)
    await added(eve, hers)
    async with alpha.browser() as browser:
        options = await asked(browser)
        credential = hers.get(options)
        credential["id"] = credential["rawId"] = device.get(options)["id"]  # her signature under Ann's name
        problem_of(await shown(browser, credential), 401)
        problem_of(await shown(browser, hers.get(await asked(browser), handle=device.handle)), 401)
        problem_of(await shown(browser, device.get(await asked(browser), origin="https://evil.test")), 401)
        assert data_of(await shown(browser, hers.get(await asked(browser))))["userId"] == eve.id


# -- Guessing ------------------------------------------------------------------
async def test_guesses_that_come_all_at_once() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        await alpha.user("ann")
        answers = await asyncio.gather(*(login(alpha, password=f"Wrong-{number}") for number in range(20)))
        assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15
        problem_of(await login(alpha), 429)


async def test_tokens_made_up(alpha: TestInstance, ann: Person) -> None:
    for token in (secrets.token_urlsafe(32), "a.b.c", "..", "null", "undefined", "x" * 10_000, "é", "\x7f"):
        answer = await alpha.anon.call("GET", "/users/me", headers={"Authorization": f"Bearer {token}".encode()})
        problem_of(answer, 401)
        problem_of(await refreshed(alpha, token), 401)
