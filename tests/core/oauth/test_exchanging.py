"""Codes and refresh tokens serve once, for the app they were given to; whoever uses one again ends what came of it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.database import execute, now
from core.oauth import tokens
from core.oauth.models import AppToken, SpentAppToken
from core.testing import Closed, Person, TestInstance, world
from tests.core.oauth.client import Client, good, refusal


@pytest.fixture
async def app(alpha: TestInstance) -> Client:
    return await Client.registered(alpha)


async def test_a_code_used_again_ends_what_came_of_it(app: Client, ann: Person) -> None:
    code = await app.code(ann)
    issued = good(await app.redeem(code))
    program = app.bearing(issued["access_token"])
    await program.get("/users/me")
    assert refusal(await app.redeem(code)) == "invalid_grant"
    await program.refused(401, "GET", "/users/me")
    assert refusal(await app.refresh(issued["refresh_token"])) == "invalid_grant"


async def test_of_two_who_use_a_code_at_once_neither_keeps_anything(app: Client, ann: Person) -> None:
    code = await app.code(ann)
    answers = await asyncio.gather(*(app.redeem(code) for _ in range(2)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([200, 400], [400, 400])
    for answer in answers:
        if answer.status_code == 200:
            await app.bearing(answer.json()["access_token"]).refused(401, "GET", "/users/me")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "https://app.example/other"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": "kith_ac_made_up"}, "invalid_grant"),
        ({"code": ""}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
async def test_what_is_not_right_gets_no_tokens(app: Client, ann: Person, changes: dict[str, str], word: str) -> None:
    code = await app.code(ann)
    assert refusal(await app.redeem(**{"code": code, **changes})) == word
    with ann.instance.inside():
        assert await AppToken.all().count() == 0


async def test_the_challenge_itself_is_no_verifier(app: Client, ann: Person) -> None:
    code = await app.code(ann)
    asked = app.asking()
    assert refusal(await app.redeem(code, code_verifier=asked["code_challenge"])) == "invalid_grant"


async def test_a_code_and_a_refresh_token_are_of_one_app(app: Client, alpha: TestInstance, ann: Person) -> None:
    thief = await Client.registered(alpha, name="Thief")
    thief.verifier = app.verifier
    code = await app.code(ann)
    assert refusal(await thief.redeem(code)) == "invalid_grant"
    issued = good(await app.redeem(code))
    assert refusal(await thief.refresh(issued["refresh_token"])) == "invalid_grant"
    assert good(await thief.post("/oauth/revoke", token=issued["access_token"])) == {}
    assert good(await thief.post("/oauth/introspect", token=issued["access_token"])) == {"active": False}
    await app.bearing(issued["access_token"]).get("/users/me")


# -- Which app it is -----------------------------------------------------------
async def test_an_app_proves_who_it_is_by_basic_or_in_the_body_but_not_both(app: Client, ann: Person) -> None:
    form = {"grant_type": "authorization_code", "redirect_uri": app.redirect_uri, "code_verifier": app.verifier}
    good(await app.post("/oauth/token", basic=True, **form, code=await app.code(ann)))
    good(await app.post("/oauth/token", basic=True, client_id=app.id, **form, code=await app.code(ann)))
    twice = await app.post("/oauth/token", basic=True, client_secret=app.secret, **form, code=await app.code(ann))
    assert refusal(twice) == "invalid_request"


@pytest.mark.parametrize("secret", ["", "wrong", "kith_cs_" + "a" * 43])
async def test_an_app_with_a_secret_is_not_believed_without_it(app: Client, ann: Person, secret: str) -> None:
    code = await app.code(ann)
    answer = await app.redeem(code, client_secret=secret)
    assert refusal(answer, 401) == "invalid_client"
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    issued = good(await app.redeem(code))
    assert refusal(await app.refresh(issued["refresh_token"], client_secret=secret), 401) == "invalid_client"


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic eDp5", "Bearer x", "Basic Og==", "Basic /////w=="])
async def test_what_is_no_proof_is_refused(app: Client, ann: Person, header: str) -> None:
    code = await app.code(ann)
    answer = await app.at.client.post(
        "/oauth/token", data={"grant_type": "authorization_code", "code": code}, headers={"Authorization": header}
    )
    assert refusal(answer, 401) == "invalid_client"


async def test_a_public_app_has_its_verifier_alone(alpha: TestInstance, ann: Person) -> None:
    app = await Client.registered(alpha, confidential=False)
    issued = await app.tokens(ann)
    good(await app.refresh(issued["refresh_token"]))
    code = await app.code(ann)
    assert refusal(await app.redeem(code, client_secret="guessed"), 401) == "invalid_client"
    assert refusal(await app.redeem(code, code_verifier="y" * 60)) == "invalid_grant"
    assert refusal(await app.post("/oauth/introspect", token=issued["access_token"]), 401) == "invalid_client"


async def test_only_a_form_is_read_and_each_parameter_once(app: Client, ann: Person) -> None:
    client = app.at.client
    assert refusal(await client.post("/oauth/token", json={"grant_type": "authorization_code"})) == "invalid_request"
    twice = f"client_id={app.id}&client_secret={app.secret}&grant_type=refresh_token&grant_type=authorization_code"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert refusal(await client.post("/oauth/token", content=twice, headers=headers)) == "invalid_request"
    assert (await client.get("/oauth/token")).status_code == 405


# -- Refreshing ----------------------------------------------------------------
async def test_a_refresh_token_brings_the_next_pair_and_ends_the_one_before(app: Client, ann: Person) -> None:
    first = await app.tokens(ann)
    old = app.bearing(first["access_token"])
    await old.get("/users/me")
    second = good(await app.refresh(first["refresh_token"]))
    assert second["scope"] == first["scope"]
    await old.refused(401, "GET", "/users/me")
    await app.bearing(second["access_token"]).get("/users/me")
    assert len((await ann.get("/auth/apps"))["apps"]) == 1


async def test_an_old_refresh_token_used_again_ends_the_whole_family(app: Client, ann: Person) -> None:
    first = await app.tokens(ann)
    other = await app.tokens(ann)
    second = good(await app.refresh(first["refresh_token"]))
    third = good(await app.refresh(second["refresh_token"]))
    assert refusal(await app.refresh(first["refresh_token"])) == "invalid_grant"
    assert refusal(await app.refresh(third["refresh_token"])) == "invalid_grant"
    await app.bearing(third["access_token"]).refused(401, "GET", "/users/me")
    await app.bearing(other["access_token"]).get("/users/me")


async def test_of_two_who_refresh_at_once_neither_keeps_anything(app: Client, ann: Person) -> None:
    issued = await app.tokens(ann)
    answers = await asyncio.gather(*(app.refresh(issued["refresh_token"]) for _ in range(2)))
    for answer in answers:
        if answer.status_code == 200:
            await app.bearing(answer.json()["access_token"]).refused(401, "GET", "/users/me")


async def test_refreshing_brings_no_more_than_was_agreed_to(app: Client, ann: Person) -> None:
    issued = await app.tokens(ann, "read:users")
    assert refusal(await app.refresh(issued["refresh_token"], scope="read:users write")) == "invalid_scope"
    assert good(await app.refresh(issued["refresh_token"], scope="read:users"))["scope"] == "read:users"


async def test_tokens_run_out(app: Client, ann: Person) -> None:
    issued = await app.tokens(ann)
    with ann.instance.inside():
        await execute("UPDATE core_app_token SET expires_at = $1", now())
    ann.instance.instance.cache.drop_prefix("")
    await app.bearing(issued["access_token"]).refused(401, "GET", "/users/me")
    second = good(await app.refresh(issued["refresh_token"]))
    with ann.instance.inside():
        await execute("UPDATE core_app_token SET refresh_expires_at = $1", now())
    assert refusal(await app.refresh(second["refresh_token"])) == "invalid_grant"


async def test_a_refresh_token_is_no_access_token_and_the_reverse(app: Client, ann: Person) -> None:
    issued = await app.tokens(ann)
    await app.bearing(issued["refresh_token"]).refused(401, "GET", "/users/me")
    assert refusal(await app.refresh(issued["access_token"])) == "invalid_grant"


# -- Revoking and introspecting ------------------------------------------------
@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_an_app_gives_back_what_it_does_not_need(app: Client, ann: Person, which: str) -> None:
    issued = await app.tokens(ann)
    told = good(await app.post("/oauth/introspect", token=issued["access_token"]))
    assert (told["active"], told["sub"], told["scope"]) == (True, ann.id, issued["scope"])
    assert good(await app.post("/oauth/revoke", token=issued[which])) == {}
    assert good(await app.post("/oauth/introspect", token=issued["access_token"])) == {"active": False}
    await app.bearing(issued["access_token"]).refused(401, "GET", "/users/me")
    assert refusal(await app.refresh(issued["refresh_token"])) == "invalid_grant"
    assert good(await app.post("/oauth/revoke", token=issued[which])) == {}
    assert good(await app.post("/oauth/revoke", token="nonsense")) == {}


async def test_a_stream_ends_with_the_token_and_not_with_its_exchange(app: Client, ann: Person) -> None:
    issued = await app.tokens(ann, "read:stream")
    async with ann.instance.anon.socket() as socket:
        await socket.send({"type": "auth", "token": issued["access_token"]})
        assert (await socket.receive())["type"] == "ready"
        second = good(await app.refresh(issued["refresh_token"]))
        await socket.send({"type": "ping"})
        assert (await socket.receive())["type"] == "pong"
        await app.post("/oauth/revoke", token=second["refresh_token"])
        with pytest.raises(Closed):
            await socket.receive()


async def test_what_nobody_needs_any_more_is_forgotten(app: Client, alpha: TestInstance, ann: Person) -> None:
    await Client.registered(alpha, name="Never used")
    issued = await app.tokens(ann)
    good(await app.refresh(issued["refresh_token"]))
    with alpha.inside():
        for column, table in (("spent_at", "core_spent_app_token"), ("created_at", "core_app")):
            await execute(f"UPDATE {table} SET {column} = $1", now() - timedelta(100))
        await tokens.forget_old_tokens()
        assert await SpentAppToken.all().count() == 0
        assert await AppToken.all().count() == 1
    assert len((await ann.get("/auth/apps"))["apps"]) == 1
    with alpha.inside():
        left: list[Any] = await AppToken.all().select_related("app")
    assert left[0].app.name == "Harbour Reader"


async def test_an_address_asks_for_tokens_only_so_often() -> None:
    async with world("alpha.test", rate_limits__enabled=True, rate_limits__signed_out_per_five_minutes=2) as (alpha,):

        async def asked() -> httpx.Response:
            return await alpha.client.post("/oauth/token", data={"client_id": "x"})

        assert [(await asked()).status_code for _ in range(3)] == [401, 401, 429]
