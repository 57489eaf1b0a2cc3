"""Apps ask people to let them act: from the registration to tokens, and every liar on the way."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oauth2.rfc8414.models import AuthorizationServerMetadata

from core.accounts import administration
from core.accounts.proof_models import SecurityEvent
from core.database import execute, now
from core.oauth.models import AppToken, AuthorizationCode
from core.testing import PASSWORD, Person, TestInstance, Visitor, world
from core.testing.pages import token_of
from core.testing.people import fields_of, problem_of
from tests.core.oauth.client import AUTHORIZE, HOME, Client, challenge_of, good, refusal, returned

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"


@pytest.fixture
async def app(alpha: TestInstance) -> Client:
    return await Client.registered(alpha)


async def test_an_app_acts_for_somebody_who_let_it_until_they_do_not_any_more(app: Client, ann: Person) -> None:
    issued = await app.tokens(ann)
    assert (issued["token_type"], issued["expires_in"]) == ("Bearer", 3600)
    assert issued["scope"] == "read:users write:posts"
    assert issued["access_token"].startswith("kith_at_")
    program = app.bearing(issued["access_token"])
    assert (await program.get("/users/me"))["userId"] == ann.id
    await program.post("/posts", {"content": "From an app"})
    await program.refused(403, "POST", f"/users/{ann.id}/follow")
    [listed] = (await ann.get("/auth/apps"))["apps"]
    assert (listed["name"], listed["scopes"]) == ("Harbour Reader", ["read:users", "write:posts"])
    assert listed["lastUsedAt"]
    await ann.delete(f"/auth/apps/{listed['appId']}")
    await program.refused(401, "GET", "/users/me")
    assert refusal(await app.refresh(issued["refresh_token"])) == "invalid_grant"
    assert (await ann.get("/auth/apps"))["apps"] == []
    await ann.refused(404, "DELETE", f"/auth/apps/{listed['appId']}")
    await ann.refused(404, "DELETE", "/auth/apps/nonsense")


async def test_whoever_is_asked_reads_who_asks_for_what_as_whom_and_where_it_leads(app: Client, ann: Person) -> None:
    async with ann.browser() as browser:
        page = await browser.get(app.address())
    assert page.status_code == 200
    for words in ("Harbour Reader", "app.example", "@ann", "See people and lists", "Write, change and delete posts"):
        assert words in page.text
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example;" in page.headers["Content-Security-Policy"] + ";"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-store"


async def test_who_says_no_gives_nothing(app: Client, ann: Person) -> None:
    answer = returned(await app.asks(ann, decision="deny"))
    assert (answer["error"], answer["state"]) == ("access_denied", app.state)
    assert answer["iss"] == "https://alpha.test"
    with ann.instance.inside():
        assert await AuthorizationCode.all().count() == 0


async def test_a_stranger_logs_in_first_and_is_asked_then(app: Client, alpha: TestInstance, ann: Person) -> None:
    sent = await alpha.anon.page(app.address(prompt="login"))
    assert sent.status_code == 303
    [wanted] = parse_qs(urlsplit(sent.headers["location"]).query)["next"]
    assert sent.headers["location"].startswith("/login?") and "prompt" not in wanted
    async with ann.browser() as browser:
        assert "Harbour Reader" in (await browser.get(wanted)).text


# -- What is shown, and told to no address -------------------------------------
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": None},
        {"client_id": "kith_app_nobody"},
        {"redirect_uri": None},
        {"redirect_uri": "https://evil.example/back"},
        {"redirect_uri": HOME + "/"},
        {"redirect_uri": HOME + "?more=1"},
        {"redirect_uri": HOME.upper()},
        {"redirect_uri": HOME + "#fragment"},
        {"redirect_uri": "https://app.example/back/../other"},
        {"redirect_uri": "https://app.example@evil.example/back"},
        {"redirect_uri": "https://app.example\\@evil.example/back"},
        {"redirect_uri": "//app.example/back"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": OUT_OF_BAND},
    ],
)
async def test_nobody_is_sent_to_an_address_that_the_app_did_not_register(
    app: Client, ann: Person, changes: dict[str, str | None]
) -> None:
    asked = app.asking(**changes)
    async with ann.browser() as browser:
        for prompt in ({}, {"prompt": "none"}, {"response_type": "token"}):
            answer = await browser.get(AUTHORIZE, params={**asked, **prompt})
            assert answer.status_code == 400
            assert "location" not in answer.headers
        token = token_of((await browser.get("/")).text)
        for decision in ("allow", "deny"):
            answer = await browser.post(AUTHORIZE, data={**asked, "csrfToken": token, "decision": decision})
            assert answer.status_code == 400
            assert "location" not in answer.headers


# -- What is told to the app ---------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"response_type": None}, "unsupported_response_type"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "read everything"}, "invalid_scope"),
        ({"scope": "read:auth"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "surprise"}, "invalid_request"),
        ({"request": "x"}, "request_not_supported"),
        ({"request_uri": "https://x.example"}, "request_uri_not_supported"),
    ],
)
async def test_what_an_app_asks_wrongly_it_is_told(
    app: Client, ann: Person, changes: dict[str, str | None], word: str
) -> None:
    await app.tokens(ann)
    async with ann.browser() as browser:
        answer = await browser.get(app.address(**changes))
        assert answer.headers["location"].startswith(HOME + "?")
        told = returned(answer)
        assert (told["error"], told["state"], told["iss"]) == (word, app.state, "https://alpha.test")


@pytest.mark.parametrize(
    "changes",
    [{"response_type": "token"}, {"scope": "everything"}, {"code_challenge": None}, {"prompt": "none"}],
    ids=["kind", "scope", "no PKCE", "silently"],
)
async def test_nobody_is_sent_on_to_a_strangers_app_by_a_link_that_only_looks_like_ours(
    app: Client, ann: Person, eve: Person, anon: Visitor, changes: dict[str, str | None]
) -> None:
    link = app.address(**changes)
    async with ann.browser() as browser:
        for answer in (await anon.page(link), await browser.get(link)):
            assert answer.status_code == 400
            assert "location" not in answer.headers
            assert "Harbour Reader" in answer.text and "app.example" in answer.text
            [back] = re.findall(r'href="(https://app\.example/back[^"]+)"', answer.text)
            assert parse_qs(urlsplit(unescape(back)).query)["state"] == [app.state]
    await app.tokens(eve)  # what one let in, another did not
    if "prompt" not in changes:
        async with ann.browser() as browser:
            assert (await browser.get(link)).status_code == 400


async def test_the_way_back_out_of_a_failure_is_named_as_what_it_is(alpha: TestInstance, anon: Visitor) -> None:
    app = await Client.registered(alpha, redirectUris=["com.example.app:/back"])
    answer = await anon.page(app.address(scope="everything"))
    assert answer.status_code == 400
    assert "com.example.app:/back?error=invalid_scope" in answer.text
    assert "a program on this device" in answer.text


async def test_a_parameter_may_stand_there_once(app: Client, ann: Person) -> None:
    await app.tokens(ann)
    async with ann.browser() as browser:
        assert returned(await browser.get(app.address() + "&scope=read"))["error"] == "invalid_request"
        assert (await browser.get(app.address() + f"&client_id={app.id}")).status_code == 400
        assert (await browser.get(app.address() + "&redirect_uri=https%3A%2F%2Fevil.example")).status_code == 400


async def test_an_app_gets_no_more_than_it_registered_for(alpha: TestInstance, ann: Person) -> None:
    app = await Client.registered(alpha, scopes=["read:users", "read:posts"])
    assert (await app.tokens(ann, "read:users"))["scope"] == "read:users"
    async with ann.browser() as browser:
        assert returned(await browser.get(app.address("read")))["error"] == "invalid_scope"
    assert (await app.tokens(ann, None))["scope"] == "read:posts read:users"


async def test_without_a_scope_an_app_learns_who_somebody_is_and_no_more(app: Client, ann: Person) -> None:
    issued = await app.tokens(ann, None)
    assert issued["scope"] == "profile"
    program = app.bearing(issued["access_token"])
    told = (await program.page("/oauth/userinfo")).json()
    assert (told["sub"], told["preferred_username"]) == (ann.id, "ann")
    assert "example.org" not in str(told)
    await program.refused(403, "GET", "/users/me")


async def test_userinfo_is_for_tokens_that_may(app: Client, ann: Person, anon: Visitor) -> None:
    poor = app.bearing((await app.tokens(ann, "write:posts"))["access_token"])
    assert problem_of(await poor.page("/oauth/userinfo"), 403)["code"] == "insufficient_scope"
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
        problem_of(await anon.page("/oauth/userinfo", headers=headers), 401)


# -- prompt --------------------------------------------------------------------
async def test_prompt_none_answers_without_a_page(app: Client, ann: Person, bob: Person, anon: Visitor) -> None:
    await app.tokens(bob)
    silent = app.address(prompt="none")
    assert returned(await anon.page(silent))["error"] == "login_required"
    async with ann.browser() as browser:
        assert returned(await browser.get(silent))["error"] == "consent_required"
        await app.tokens(ann)
        good(await app.redeem(returned(await browser.get(silent))["code"]))
        more = app.address("read:users write:posts write:users", prompt="none")
        assert returned(await browser.get(more))["error"] == "consent_required"


async def test_prompt_none_never_trusts_an_app_that_anybody_could_be(alpha: TestInstance, ann: Person) -> None:
    app = await Client.registered(alpha, confidential=False, redirectUris=["com.example.app:/back"])
    await app.tokens(ann)
    async with ann.browser() as browser:
        assert returned(await browser.get(app.address(prompt="none")))["error"] == "consent_required"


async def test_prompt_login_asks_for_the_password_once_more(app: Client, ann: Person) -> None:
    for password, words in (("", "Type your password"), ("Wrong-Harbour-1", "This is not your password")):
        refused = await app.asks(ann, prompt="login", password=password)
        assert refused.status_code == 422
        assert words in refused.text
    assert "code" in returned(await app.asks(ann, prompt="login", password=PASSWORD))


# -- Forged consent ------------------------------------------------------------
async def test_no_other_page_can_agree_for_somebody(app: Client, ann: Person, eve: Person) -> None:
    said = {**app.asking(), "decision": "allow"}
    async with ann.browser() as browser, eve.browser() as other:
        theirs = token_of((await other.get("/")).text)
        own = token_of((await browser.get("/")).text)
        for token in ("", "made-up", theirs):
            assert (await browser.post(AUTHORIZE, data={**said, "csrfToken": token})).status_code == 403
        headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await browser.post(AUTHORIZE, data={**said, "csrfToken": own}, headers=headers)).status_code == 403
    with ann.instance.inside():
        assert await AuthorizationCode.all().count() == 0


async def test_an_apps_token_cannot_agree_to_another_app(app: Client, ann: Person) -> None:
    program = app.bearing((await app.tokens(ann, "read write"))["access_token"])
    said = {**app.asking(), "decision": "allow"}
    assert (await program.page(AUTHORIZE, method="POST", data=said)).status_code == 403


# -- Native apps ---------------------------------------------------------------
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
async def test_a_native_app_is_sent_back_to_whatever_port_its_system_gave_it(
    alpha: TestInstance, ann: Person, host: str
) -> None:
    app = await Client.registered(alpha, confidential=False, redirectUris=[f"http://{host}/back"])
    app.redirect_uri = f"http://{host}:51004/back"
    answer = await app.asks(ann)
    assert answer.headers["location"].startswith(app.redirect_uri + "?")
    issued = good(await app.redeem(returned(answer)["code"]))
    assert issued["scope"] == "read:users write:posts"
    async with ann.browser() as browser:
        for uri in (f"http://{host}:51004/other", f"https://{host}:51004/back", "http://evil.example/back"):
            assert (await browser.get(app.address(redirect_uri=uri))).status_code == 400
        policy = (await browser.get(app.address())).headers["Content-Security-Policy"]
        assert f"form-action 'self' {'http:' if '[' in host else app.redirect_uri.removesuffix('/back')}" in policy


async def test_a_code_can_be_carried_over_by_hand(alpha: TestInstance, ann: Person) -> None:
    app = await Client.registered(alpha, redirectUris=[OUT_OF_BAND])
    answer = await app.asks(ann)
    assert answer.status_code == 200
    found = re.search(r"kith_ac_\w+", answer.text)
    assert found and answer.headers["Cache-Control"] == "no-store"
    good(await app.redeem(found[0]))
    denied = await app.asks(ann, decision="deny")
    assert denied.status_code == 400 and "You said no" in denied.text


# -- Registering ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "Har\u202ebour"}, "name"),
        ({"redirectUris": []}, "redirectUris"),
        ({"redirectUris": [HOME] * 11}, "redirectUris"),
        ({"website": "http://app.example"}, "website"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"scopes": ["everything"]}, "scopes"),
        *(
            ({"redirectUris": [uri]}, "redirectUris.0")
            for uri in (
                "http://app.example/back",
                "javascript:alert(1)",
                "data:text/html,x",
                "myapp:/back",
                "https:///back",
                "https://app.example/#x",
                "https://user@app.example/",
                "https://app.example/\n",
                "https://app.example:port/",
                "http://127.0.0.1.evil.example/",
                "https://*/back",
                "https://a;script-src/back",
                "https://a,default-src/back",
                "https://app.example/back?code=stolen",
                "https://app.example/back?x=1&state",
                "/back",
                "",
            )
        ),
    ],
)
async def test_an_app_that_is_none_is_not_registered(anon: Visitor, wrong: dict[str, Any], field: str) -> None:
    body = {"name": "Harbour Reader", "redirectUris": [HOME], **wrong}
    assert fields_of(await anon.refused(422, "POST", "/apps", body)) == [field]


async def test_only_so_many_apps_come_from_one_address() -> None:
    async with world("alpha.test", rate_limits__enabled=True, rate_limits__apps_per_hour=2) as (alpha,):
        body = {"name": "Harbour Reader", "redirectUris": [HOME]}
        assert [(await alpha.anon.call("POST", "/apps", json=body)).status_code for _ in range(3)] == [201, 201, 429]


async def test_a_public_app_has_no_secret_and_a_confidential_one_is_kept_as_a_hash(alpha: TestInstance) -> None:
    public = await Client.registered(alpha, confidential=False)
    assert public.secret is None
    app = await Client.registered(alpha)
    assert app.secret.startswith("kith_cs_")
    with alpha.inside():
        kept = await AppToken.all().values()
        assert app.secret not in str(kept)


# -- What the server says of itself --------------------------------------------
async def test_the_metadata_are_what_the_standard_wants(anon: Visitor) -> None:
    answer = await anon.page("/.well-known/oauth-authorization-server")
    told = answer.json()
    AuthorizationServerMetadata(told).validate()
    assert told["issuer"] == "https://alpha.test"
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert {"read", "write", "profile", "read:posts"} <= set(told["scopes_supported"])
    for path in ("/.well-known/oauth-authorization-server", "/oauth/token", "/oauth/revoke", "/oauth/userinfo"):
        preflight = await anon.page(path, method="OPTIONS")
        assert preflight.headers["Access-Control-Allow-Origin"] == "*", path
    assert "Access-Control-Allow-Origin" not in (await anon.page(AUTHORIZE, method="OPTIONS")).headers


async def test_consent_and_its_end_stand_in_the_trail(app: Client, ann: Person) -> None:
    await app.tokens(ann)
    await ann.delete(f"/auth/apps/{app.app_id}")
    with ann.instance.inside():
        names = await SecurityEvent.filter(account_id=ann.id).order_by("id").values_list("name", flat=True)
    assert names[-2:] == ["app_authorized", "app_removed"]


async def test_who_was_suspended_meanwhile_gets_no_tokens(app: Client, ann: Person) -> None:
    code, issued = await app.code(ann), await app.tokens(ann)
    with ann.instance.inside():
        await administration.suspend(ann.actor)
    assert refusal(await app.redeem(code)) == "invalid_grant"
    assert refusal(await app.refresh(issued["refresh_token"])) == "invalid_grant"


async def test_a_code_is_good_for_minutes(app: Client, ann: Person) -> None:
    code = await app.code(ann)
    with ann.instance.inside():
        [kept] = await AuthorizationCode.all()
        assert timedelta(seconds=60) <= kept.expires_at - now() <= timedelta(minutes=5)
        assert code not in str(await AuthorizationCode.all().values())
        await execute("UPDATE core_authorization_code SET expires_at = $1", now())
    assert refusal(await app.redeem(code)) == "invalid_grant"
    assert challenge_of(app.verifier) == kept.challenge
