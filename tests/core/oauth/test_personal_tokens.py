"""Personal access tokens and what they may do: each route has its scope, and what guards the account has none."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from core.accounts import administration
from core.accounts.models import Account
from core.accounts.proof_models import SecurityEvent
from core.api.scope_words import in_words
from core.database import execute, now
from core.oauth import tokens
from core.oauth.granting import known_scopes
from core.oauth.models import AppToken
from core.testing import PASSWORD, Closed, Person, TestInstance, Visitor, world
from core.testing.pages import submit
from core.testing.people import data_of, fields_of, problem_of
from tests.core.plugin_folder import PluginFolder


async def made(person: Person, *scopes: str, **more: Any) -> dict[str, Any]:
    return await person.post("/auth/tokens", {"name": "A script", "scopes": list(scopes), "password": PASSWORD, **more})


async def bearing(person: Person, *scopes: str, **more: Any) -> Visitor:
    """A program that bears a token of this person's."""
    return with_token(person.instance, (await made(person, *scopes, **more))["token"])


def with_token(at: TestInstance, token: str) -> Visitor:
    program = at.anon
    program.headers = {"Authorization": f"Bearer {token}"}
    return program


async def test_a_token_does_what_it_was_made_for_as_its_owner(ann: Person) -> None:
    token = await made(ann, "read:users", "write:posts")
    assert token["token"].startswith("kith_pat_")
    program = with_token(ann.instance, token["token"])
    assert (await program.get("/users/me"))["userId"] == ann.id
    post = await program.post("/posts", {"content": "By a script"})
    assert post["user"]["userId"] == ann.id
    [listed] = (await ann.get("/auth/tokens"))["tokens"]
    assert listed["scopes"] == ["read:users", "write:posts"]
    assert (listed["tokenId"], listed["expiresAt"]) == (token["tokenId"], None)
    assert listed["lastUsedAt"]
    assert "token" not in listed


async def test_what_a_token_lacks_it_is_told(ann: Person) -> None:
    program = await bearing(ann, "read:users")
    answer = await program.call("POST", "/posts", json={"content": "x"})
    assert problem_of(answer, 403)["code"] == "insufficient_scope"
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge and 'scope="write:posts"' in challenge
    await program.refused(403, "GET", "/posts")
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_read_and_write_stand_for_those_of_every_area(ann: Person, bob: Person) -> None:
    reader, writer = await bearing(ann, "read"), await bearing(ann, "write")
    await reader.get("/users/me")
    await reader.get("/feed")
    await writer.post(f"/users/{bob.id}/follow")
    await writer.refused(403, "GET", "/feed")
    await reader.refused(403, "DELETE", f"/users/{bob.id}/follow")


async def test_what_guards_the_account_is_closed_to_every_token(ann: Person) -> None:
    program = await bearing(ann, "read", "write", "profile")
    token = (await ann.get("/auth/tokens"))["tokens"][0]["tokenId"]
    calls: list[tuple[str, str, Any]] = [
        ("GET", "/auth/sessions", None),
        ("DELETE", f"/auth/sessions/{ann.session_id}", None),
        ("POST", "/auth/logout", {}),
        ("GET", "/auth/tokens", None),
        ("POST", "/auth/tokens", {"name": "more", "scopes": ["write"], "password": PASSWORD}),
        ("DELETE", f"/auth/tokens/{token}", None),
        ("GET", "/auth/apps", None),
        ("POST", "/auth/login", {"username": "ann", "password": PASSWORD}),
        ("POST", "/users", {"username": "x", "email": "x@example.org", "password": PASSWORD}),
        ("DELETE", "/users/me", {"password": PASSWORD}),
    ]
    for method, path, body in calls:
        answer = await program.call(method, path, json=body)
        assert answer.status_code in (403, 405), (method, path, answer.text)
    await ann.get("/users/me")
    assert len((await ann.get("/auth/tokens"))["tokens"]) == 1


async def test_nothing_that_guards_an_account_has_a_scope(anon: Visitor) -> None:
    document = (await anon.page("/api/openapi.json")).json()
    scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]["scopes"]
    assert {"profile", "read", "write", "read:posts", "write:posts", "read:users"} <= set(scopes)
    assert all(scopes.values())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            [*asked] = [way["oauth2"] for way in operation["security"] if "oauth2" in way]
            guards = re.match(r"/api/v1/(auth|admin|apps)(/|$)", path) or "x-permission" in operation
            assert not (guards and asked), (method, path)
            assert all(scope in scopes for [scope] in asked)


async def test_an_admins_token_has_no_more_to_say_than_a_members(admin: Person, ann: Person) -> None:
    program = await bearing(admin, "read", "write")
    await program.refused(403, "PUT", f"/users/{ann.id}", {"bio": "Changed"})
    await program.refused(403, "POST", "/users", {"username": "x", "email": "x@example.org", "password": PASSWORD})
    await admin.put(f"/users/{ann.id}", {"bio": "Changed"})
    await program.put("/users/me", {"bio": "Mine"})
    assert (await admin.get("/users/me"))["role"] == "admin"


PLAIN = """
from quart import Blueprint

from core.api.limits import current_identity

routes = Blueprint("{name}", __name__, url_prefix="/api/v1/{name}")


@routes.get("")
async def read():
    identity = current_identity()
    return {{"who": identity.actor.username if identity else ""}}


@hookimpl
def blueprints():
    return [routes]
"""


async def test_a_route_of_a_plugin_that_says_nothing_is_closed_to_apps(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = PluginFolder(tmp_path_factory.mktemp("drop-ins"))
    folder.add("bakery", PLAIN.format(name="bakery"))
    async with world("bakery.test", plugins=["posts", "bakery"], drop_ins=folder.path) as (bakery,):
        ann = await bakery.user("ann")
        program = await bearing(ann, "read", "write")
        assert (await ann.call("GET", "/bakery")).json() == {"who": "ann"}
        assert (await program.call("GET", "/bakery")).status_code == 403


# -- Making one ----------------------------------------------------------------
async def grow_stale(person: Person) -> None:
    """It is a while since this person proved who they are."""
    with person.instance.inside():
        await execute(
            "UPDATE core_session SET proved_at = $1 WHERE id = $2", now() - timedelta(hours=1), person.session_id
        )


async def test_making_one_takes_a_proof_that_it_is_really_them(ann: Person) -> None:
    body = {"name": "x", "scopes": ["read"]}
    await grow_stale(ann)
    assert (await ann.refused(403, "POST", "/auth/tokens", body))["code"] == "proof_required"
    wrong = {**body, "password": "Wrong-Harbour-1"}
    assert fields_of(await ann.refused(422, "POST", "/auth/tokens", wrong)) == ["password"]
    assert (await ann.get("/auth/tokens"))["tokens"] == []
    await ann.post("/auth/tokens", {**body, "password": PASSWORD})
    await ann.post("/auth/tokens", body)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": ["read:auth"]}, "scopes"),
        ({"scopes": ["read write"]}, "scopes"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2999-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2030-01-01T00:00:00"}, "expiresAt"),
    ],
)
async def test_what_is_wrong_is_named_and_nothing_is_made(ann: Person, wrong: dict[str, Any], field: str) -> None:
    body = {"name": "x", "scopes": ["read"], "password": PASSWORD, **wrong}
    assert fields_of(await ann.refused(422, "POST", "/auth/tokens", body)) == [field]
    assert (await ann.get("/auth/tokens"))["tokens"] == []


async def test_what_is_kept_of_a_token_is_not_the_token(ann: Person) -> None:
    token = (await made(ann, "read"))["token"]
    with ann.instance.inside():
        [kept] = await AppToken.all().values()
        assert token not in str(kept)
        [event] = await SecurityEvent.filter(name="token_made")
        assert event.account_id == ann.id
        assert token not in str(event.details)


# -- How it ends ---------------------------------------------------------------
async def test_a_revoked_token_is_good_for_nothing_at_once(ann: Person, eve: Person) -> None:
    token = await made(ann, "read")
    program = with_token(ann.instance, token["token"])
    await program.get("/users/me")
    await eve.refused(404, "DELETE", f"/auth/tokens/{token['tokenId']}")
    await program.get("/users/me")
    await ann.delete(f"/auth/tokens/{token['tokenId']}")
    answer = await program.call("GET", "/users/me")
    assert problem_of(answer, 401)["code"] == "token_invalid"
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    await ann.refused(404, "DELETE", f"/auth/tokens/{token['tokenId']}")
    for nonsense in ("nonsense", "0190a000-0000-7000-8000-000000000000"):
        await ann.refused(404, "DELETE", f"/auth/tokens/{nonsense}")


async def test_a_token_runs_out(ann: Person) -> None:
    soon = (now() + timedelta(days=1)).isoformat()
    token = await made(ann, "read", expiresAt=soon)
    program = with_token(ann.instance, token["token"])
    await program.get("/users/me")
    with ann.instance.inside():
        await execute("UPDATE core_app_token SET expires_at = $1", now())
    ann.instance.instance.cache.drop_prefix("")
    await program.refused(401, "GET", "/users/me")


@pytest.mark.parametrize("end", ["suspended", "deleted", "another password"])
async def test_tokens_end_with_the_account_and_with_a_password_that_was_reset(ann: Person, end: str) -> None:
    program = await bearing(ann, "read")
    await program.get("/users/me")
    with ann.instance.inside():
        if end == "suspended":
            await administration.suspend(ann.actor)
            await administration.unsuspend(ann.actor)
        elif end == "deleted":
            await administration.remove(ann.actor)
        else:
            await administration.reset_password(ann.actor, "Another-Harbour-48")
    await program.refused(401, "GET", "/users/me")


async def test_who_waits_to_be_let_in_cannot_act_by_a_token_either(ann: Person) -> None:
    program = await bearing(ann, "read")
    with ann.instance.inside():
        await Account.filter(id=ann.id).update(is_waiting=True)
    ann.instance.instance.cache.drop_prefix("")
    await program.refused(401, "GET", "/users/me")


async def test_what_nobody_needs_any_more_is_forgotten(ann: Person) -> None:
    old, kept = await made(ann, "read"), await made(ann, "write")
    await ann.delete(f"/auth/tokens/{old['tokenId']}")
    with ann.instance.inside():
        await execute("UPDATE core_app_token SET revoked_at = $1 WHERE revoked_at IS NOT NULL", now() - timedelta(40))
        await tokens.forget_old_tokens()
        assert await AppToken.all().values_list("id", flat=True) == [kept["tokenId"]]


# -- Ways around it ------------------------------------------------------------
async def test_a_token_opens_no_page(ann: Person, alpha: TestInstance) -> None:
    program = await bearing(ann, "read", "write")
    assert (await program.page("/settings/apps")).status_code == 303
    assert "data-viewer" not in (await program.page("/")).text
    for path in ("/settings", "/settings/apps/tokens", "/compose", "/logout"):
        assert (await program.page(path, method="POST", data={"content": "x"})).status_code == 403, path
    assert (await ann.get("/users/me"))["postsCount"] == 0


@pytest.mark.parametrize(
    "junk", ["", "x", "kith_at_", "kith_pat_", "kith_pat_" + "a" * 43, "kith_rt_x", "kith_pat_\x7f"]
)
async def test_what_only_looks_like_a_token_is_none(alpha: TestInstance, ann: Person, junk: str) -> None:
    await made(ann, "read")
    answer = await alpha.anon.call("GET", "/users/me", headers={"Authorization": f"Bearer {junk}"})
    assert answer.status_code == 401


async def test_a_token_of_another_server_is_none(alpha_and_beta: tuple[TestInstance, TestInstance]) -> None:
    alpha, beta = alpha_and_beta
    token = (await made(await alpha.user("ann"), "read"))["token"]
    await beta.user("ann")
    await with_token(beta, token).refused(401, "GET", "/users/me")


async def test_a_socket_needs_its_scope_and_ends_with_the_token(ann: Person, alpha: TestInstance) -> None:
    poor, token = await made(ann, "read:posts"), await made(ann, "read:stream")
    async with alpha.anon.socket() as socket:
        await socket.send({"type": "auth", "token": poor["token"]})
        assert (await socket.receive())["data"]["code"] == "insufficient_scope"
        with pytest.raises(Closed):
            await socket.receive()
    await with_token(alpha, poor["token"]).refused(403, "GET", "/stream")
    async with alpha.anon.socket() as socket:
        await socket.send({"type": "auth", "token": token["token"]})
        assert (await socket.receive())["type"] == "ready"
        await ann.delete(f"/auth/tokens/{token['tokenId']}")
        with pytest.raises(Closed):
            await socket.receive()


# -- The page ------------------------------------------------------------------
async def test_a_token_is_made_shown_once_and_revoked_on_the_page(ann: Person, alpha: TestInstance) -> None:
    async with ann.browser() as browser:
        form = {"name": "Backup", "scopes": ["read", "write:posts"], "days": "30", "password": PASSWORD}
        answer = await submit(browser, "/settings/apps/tokens", form, on="/settings/apps")
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        found = re.search(r"kith_pat_\w+", answer.text)
        assert found
        program = with_token(alpha, found[0])
        await program.get("/users/me")
        page = (await browser.get("/settings/apps")).text
        assert "Backup" in page and found[0] not in page
        [listed] = (await ann.get("/auth/tokens"))["tokens"]
        answer = await submit(browser, f"/settings/apps/tokens/{listed['tokenId']}/revoke", on="/settings/apps")
        assert answer.status_code == 303
        await program.refused(401, "GET", "/users/me")


async def test_the_page_keeps_what_was_typed_and_says_what_is_wrong(ann: Person) -> None:
    async with ann.browser() as browser:
        good = {"name": "Backup", "scopes": ["write:posts"], "days": "30"}
        for wrong, words in (
            ({"name": ""}, "Give it a name"),
            ({"scopes": []}, "Choose at least one"),
            ({"days": "7000"}, "Choose one of the list"),
        ):
            answer = await submit(browser, "/settings/apps/tokens", {**good, **wrong}, on="/settings/apps")
            assert answer.status_code == 422, wrong
            assert words in answer.text
            assert ('value="write:posts" checked' in answer.text) == ("scopes" not in wrong)
    assert (await ann.get("/auth/tokens"))["tokens"] == []


async def test_the_page_makes_none_before_they_confirm_that_it_is_them(ann: Person) -> None:
    await grow_stale(ann)
    async with ann.browser() as browser:
        assert "/settings/confirm?next=/settings/apps" in (await browser.get("/settings/apps")).text
        form = {"name": "Backup", "scopes": ["read"], "days": "30"}
        assert (await submit(browser, "/settings/apps/tokens", form, on="/settings/apps")).status_code == 403
        confirmed = {"password": PASSWORD, "next": "/settings/apps"}
        answer = await submit(browser, "/settings/confirm", confirmed, on="/settings/confirm?next=/settings/apps")
        assert answer.headers["location"] == "/settings/apps"
        assert "kith_pat_" in (await submit(browser, "/settings/apps/tokens", form, on="/settings/apps")).text


async def test_whose_password_is_guessed_at_is_left_alone_for_a_while() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,):
        ann = await alpha.user("ann")
        body = {"name": "x", "scopes": ["read"], "password": "Wrong-Harbour-1"}
        statuses = [(await ann.call("POST", "/auth/tokens", json=body)).status_code for _ in range(6)]
        assert statuses == [422] * 5 + [429]
        right = {**body, "password": PASSWORD}
        assert (await ann.call("POST", "/auth/tokens", json=right)).status_code == 429


async def test_tokens_come_in_pages(ann: Person) -> None:
    names = [(await made(ann, "read"))["tokenId"] for _ in range(3)]
    first = data_of(await ann.call("GET", "/auth/tokens", params={"limit": 2}))
    second = await ann.get("/auth/tokens", limit=2, cursor=first["pagination"]["nextCursor"])
    assert [one["tokenId"] for one in first["tokens"] + second["tokens"]] == names[::-1]


def test_every_scope_of_this_server_is_told_in_words(alpha: TestInstance) -> None:
    with alpha.inside():
        wordless = [scope for scope in known_scopes() if in_words(scope).words.startswith(("Read: ", "Change: "))]
    assert wordless == [], "say in core/api/scope_words.py what they let an app do"
