"""Signing in by an OpenID Connect provider: people come in by it, and everybody who lies about it stays out."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from core.accounts import administration
from core.accounts.models import Account, Session
from core.accounts.proof_models import ForeignLogin, SecurityEvent
from core.accounts.sessions import COOKIE
from core.database import execute, now
from core.doctor import safety
from core.testing import PASSWORD, Person, TestInstance, settle, world
from core.testing.pages import submit
from tests.core.mailed import newest
from tests.core.oidc.identities import BACK, CLIENT, EC, ISSUER, OIDC, RSA, SECRET, STOLEN, Identities, comes_by

NEW = {"username": "carl", "fullName": "Carl", "email": "carl@example.org"}


@pytest.fixture
async def alpha() -> AsyncIterator[TestInstance]:
    async with world("alpha.test", **OIDC) as (instance,):
        yield instance


@pytest.fixture
def identities(alpha: TestInstance) -> Identities:
    return Identities().join(alpha)


async def link(person: Person, identities: Identities, subject: str) -> None:
    """Somebody links their account with who they are at the provider."""
    async with person.browser() as browser:
        answer = await comes_by(browser, identities, subject, "/login/oidc?link=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings/oidc")
        answer = await submit(browser, "/settings/oidc/link", on="/settings/oidc")
        assert answer.headers["location"] == "/settings/oidc?saved"


async def accounts(at: TestInstance) -> int:
    with at.inside():
        return await Account.all().count()


async def sessions_of(person: Person) -> int:
    with person.instance.inside():
        return await Session.filter(account_id=person.id).count()


# -- People come in by it ------------------------------------------------------
async def test_somebody_links_their_account_and_signs_in_by_it(
    alpha: TestInstance, ann: Person, identities: Identities
) -> None:
    identities.says = {"name": "Ann at the harbour", "email": "other@example.org"}
    async with ann.browser() as browser:
        await comes_by(browser, identities, "ann-there", "/login/oidc?link=1")
        page = await browser.get("/settings/oidc")
        assert "Ann at the harbour" in page.text and "@ann" in page.text
        with alpha.inside():
            assert await ForeignLogin.all().count() == 0
    await link(ann, identities, "ann-there")
    async with alpha.browser({}) as browser:
        assert "/login/oidc?next=/bookmarks" in (await browser.get("/login?next=/bookmarks")).text
        answer = await comes_by(browser, identities, "ann-there", "/login/oidc?next=/bookmarks")
        assert (answer.status_code, answer.headers["location"]) == (303, "/bookmarks")
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert "@ann" in (await browser.get("/")).text
    await settle(alpha)
    assert len(alpha.mails(ann.email)) >= 1
    with alpha.inside():
        names = await SecurityEvent.filter(account_id=ann.id).values_list("name", flat=True)
    assert {"foreign_login_linked", "signed_in"} <= set(names)


async def test_somebody_new_chooses_a_name_and_is_in(alpha: TestInstance, identities: Identities) -> None:
    identities.says = {
        "name": "Carl", "preferred_username": "carl", "email": "carl@example.org", "email_verified": True
    }  # fmt: skip
    async with alpha.browser({}) as browser:
        answer = await comes_by(browser, identities, "carl-there", "/login/oidc?next=/local")
        assert answer.headers["location"] == "/login/oidc/join"
        page = (await browser.get("/login/oidc/join")).text
        assert 'value="carl"' in page and "carl@example.org" in page
        answer = await submit(browser, "/login/oidc/join", {**NEW, "email": "evil@example.org"}, on="/login/oidc/join")
        assert (answer.status_code, answer.headers["location"]) == (303, "/local")
        assert "@carl" in (await browser.get("/local")).text
        again = await submit(browser, "/login/oidc/join", {**NEW, "username": "more"}, on="/local")
        assert again.status_code in (303, 403)
    async with alpha.browser({}) as browser:
        assert (await comes_by(browser, identities, "carl-there")).headers["location"] == "/"
    with alpha.inside():
        [account] = await Account.all()
        assert (account.email, account.password_hash) == ("carl@example.org", "")
        assert account.email_verified_at
    refused = {"username": "carl", "password": ""}
    assert (await alpha.anon.call("POST", "/auth/login", json=refused)).status_code in (401, 422)


async def test_what_the_provider_has_not_verified_has_to_be_proved_here() -> None:
    async with world("alpha.test", accounts__require_verified_email=True, **OIDC) as (alpha,):
        identities = Identities().join(alpha)
        identities.says = {"email": "carl@example.org", "email_verified": "true"}
        async with alpha.browser({}) as browser:
            await comes_by(browser, identities, "carl-there")
            answer = await submit(browser, "/login/oidc/join", NEW, on="/login/oidc/join")
            assert answer.headers["location"] == "/signup/wait"
            assert COOKIE not in browser.cookies
            again = await comes_by(browser, identities, "carl-there")
            assert again.headers["location"] == "/signup/wait"
        identities.says = {"email": "dora@example.org", "email_verified": True}
        async with alpha.browser({}) as browser:
            await comes_by(browser, identities, "dora-there")
            answer = await submit(browser, "/login/oidc/join", {**NEW, "username": "dora"}, on="/login/oidc/join")
            assert answer.headers["location"] == "/"


async def test_who_forgot_that_they_have_an_account_can_still_link_it() -> None:
    async with world("alpha.test", accounts__require_verified_email=True, **OIDC) as (alpha,):
        identities = Identities().join(alpha)
        ann = await alpha.user("ann")
        async with alpha.browser({}) as browser:
            await comes_by(browser, identities, "ann-there")
            said = {**NEW, "email": ann.email}
            answer = await submit(browser, "/login/oidc/join", said, on="/login/oidc/join")
            assert answer.headers["location"] == "/signup/wait"
        assert (await newest(alpha, ann.email))["subject"] == "You have an account with this address"
        await link(ann, identities, "ann-there")
        async with alpha.browser({}) as browser:
            assert (await comes_by(browser, identities, "ann-there")).headers["location"] == "/"
        assert await accounts(alpha) == 1


@pytest.mark.parametrize("closed", [{"accounts__registration": "closed"}, {"oidc__allow_sign_up": False}])
async def test_where_nobody_may_join_nobody_joins_by_it_either(closed: dict[str, object]) -> None:
    async with world("alpha.test", **OIDC, **closed) as (alpha,):
        identities = Identities().join(alpha)
        async with alpha.browser({}) as browser:
            answer = await comes_by(browser, identities, "carl-there")
            assert answer.status_code == 403
            assert "Nobody here signs in with this yet" in answer.text
            assert (await browser.get("/login/oidc/join")).headers["location"] == "/login"
        assert await accounts(alpha) == 0


async def test_who_needs_an_invite_or_an_answer_needs_it_here_too() -> None:
    async with world("alpha.test", accounts__registration="invite", **OIDC) as (alpha,):
        identities = Identities().join(alpha)
        async with alpha.browser({}) as browser:
            await comes_by(browser, identities, "carl-there")
            answer = await submit(browser, "/login/oidc/join", NEW, on="/login/oidc/join")
            assert answer.status_code == 422 and "You need an invite" in answer.text
        assert await accounts(alpha) == 0
    async with world("alpha.test", accounts__registration="approval", **OIDC) as (alpha,):
        identities = Identities().join(alpha)
        async with alpha.browser({}) as browser:
            await comes_by(browser, identities, "carl-there")
            said = {**NEW, "reason": "I like harbours"}
            assert (await submit(browser, "/login/oidc/join", said, on="/login/oidc/join")).status_code == 303
            assert (await comes_by(browser, identities, "carl-there")).headers["location"] == "/signup/wait"


async def test_where_there_is_no_provider_there_is_no_such_page() -> None:
    async with world("beta.test") as (beta,):
        ann = await beta.user("ann")
        async with ann.browser() as browser:
            for path in ("/login/oidc", BACK, "/settings/oidc"):
                assert (await browser.get(path)).status_code == 404, path
        assert "/login/oidc" not in (await beta.anon.page("/login")).text


# -- Taking over accounts ------------------------------------------------------
async def test_an_address_alone_opens_no_account(alpha: TestInstance, ann: Person, identities: Identities) -> None:
    identities.says = {"email": ann.email, "email_verified": True}
    async with alpha.browser({}) as browser:
        answer = await comes_by(browser, identities, "somebody")
        assert answer.headers["location"] == "/login/oidc/join"
        answer = await submit(browser, "/login/oidc/join", NEW, on="/login/oidc/join")
        assert answer.status_code == 409
        assert COOKIE not in browser.cookies
    assert await accounts(alpha) == 1


async def test_a_trusted_provider_opens_the_account_whose_address_both_have_verified() -> None:
    async with world("alpha.test", oidc__link_by_verified_email=True, **OIDC) as (alpha,):
        identities = Identities().join(alpha)
        ann, eve = await alpha.user("ann"), await alpha.user("eve", verified=False)
        for subject, says in (
            ("liar", {"email": ann.email}),
            ("liar", {"email": ann.email, "email_verified": False}),
            ("liar", {"email": ann.email, "email_verified": "true"}),
            ("liar", {"email": eve.email, "email_verified": True}),
        ):
            identities.says = says
            async with alpha.browser({}) as browser:
                assert (await comes_by(browser, identities, subject)).headers["location"] == "/login/oidc/join"
        identities.says = {"email": ann.email.upper(), "email_verified": True}
        async with alpha.browser({}) as browser:
            await comes_by(browser, identities, "ann-there")
            assert "@ann" in (await browser.get("/")).text
        with alpha.inside():
            [login] = await ForeignLogin.all()
            assert (login.account_id, login.subject) == (ann.id, "ann-there")


async def test_one_of_them_signs_in_as_one_of_us(
    alpha: TestInstance, ann: Person, bob: Person, identities: Identities
) -> None:
    await link(ann, identities, "ann-there")
    async with bob.browser() as browser:
        await comes_by(browser, identities, "ann-there", "/login/oidc?link=1")
        answer = await submit(browser, "/settings/oidc/link", on="/settings/oidc")
        assert answer.status_code == 409
    with alpha.inside():
        assert await ForeignLogin.all().values_list("account_id", flat=True) == [ann.id]


async def test_nobody_links_without_being_asked_and_proving_that_it_is_them(
    alpha: TestInstance, ann: Person, bob: Person, identities: Identities
) -> None:
    async with ann.browser() as browser, bob.browser() as other:
        await comes_by(browser, identities, "mallory", "/login/oidc?link=1")
        assert (await browser.post("/settings/oidc/link")).status_code == 403
        other.cookies.update({name: value for name, value in browser.cookies.items() if name != COOKIE})
        other.cookies.set(COOKIE, bob.refresh_token)
        assert (await submit(other, "/settings/oidc/link", on="/settings")).status_code == 403
        with alpha.inside():
            await execute("UPDATE core_session SET proved_at = NULL WHERE account_id = $1", ann.id)
        assert (await submit(browser, "/settings/oidc/link", on="/settings/oidc")).status_code == 403
        with alpha.inside():
            assert await ForeignLogin.all().count() == 0
        confirmed = {"password": PASSWORD, "next": "/settings/oidc"}
        await submit(browser, "/settings/confirm", confirmed, on="/settings/oidc")
        assert (await submit(browser, "/settings/oidc/link", on="/settings/oidc")).status_code == 303


async def test_who_has_no_password_confirms_by_signing_in_there_anew(
    alpha: TestInstance, linked: Person, identities: Identities
) -> None:
    with alpha.inside():
        await execute("UPDATE core_session SET proved_at = NULL")
        await execute("UPDATE core_account SET password_hash = ''")
    start, moment = "/login/oidc?confirm&next=/settings/apps", int(time.time())
    async with linked.browser() as browser:
        page = (await browser.get("/settings/confirm?next=/settings/apps")).text
        assert "/login/oidc?confirm&amp;next=/settings/apps" in page
        sent = (await browser.get(start)).headers["location"]
        assert "prompt=login" in sent and "max_age=0" in sent
        for says, subject in (
            ({}, "ann-there"),
            ({"auth_time": moment - 3600}, "ann-there"),
            ({"auth_time": "now"}, "ann-there"),
            ({"auth_time": moment}, "somebody-else"),
        ):
            identities.says = says
            assert (await comes_by(browser, identities, subject, start)).status_code == 403, says
            assert "/settings/confirm" in (await browser.get("/settings/apps")).text
        identities.says = {"auth_time": moment}
        assert (await comes_by(browser, identities, "ann-there", start)).headers["location"] == "/settings/apps"
        assert "/settings/confirm" not in (await browser.get("/settings/apps")).text


async def test_nothing_is_linked_where_they_say_no(ann: Person, identities: Identities) -> None:
    async with ann.browser() as browser:
        await comes_by(browser, identities, "ann-there", "/login/oidc?link=1")
        assert "Yes, link them" not in (await browser.get("/settings/oidc?cancel")).text
        assert "Yes, link them" not in (await browser.get("/settings/oidc")).text
        assert (await submit(browser, "/settings/oidc/link", on="/settings/oidc")).status_code == 403


async def test_the_second_step_stays_as_it_is(alpha: TestInstance, ann: Person, identities: Identities) -> None:
    await link(ann, identities, "ann-there")
    with alpha.inside():
        await execute("UPDATE core_account SET totp_secret = 'x', totp_confirmed_at = $1 WHERE id = $2", now(), ann.id)
    before = await sessions_of(ann)
    async with alpha.browser({}) as browser:
        answer = await comes_by(browser, identities, "ann-there", "/login/oidc?next=/local")
        assert answer.headers["location"] == "/login/second?next=%2Flocal"
        assert COOKIE not in browser.cookies
    assert await sessions_of(ann) == before


async def test_who_was_suspended_does_not_come_in_by_it(
    alpha: TestInstance, ann: Person, identities: Identities
) -> None:
    await link(ann, identities, "ann-there")
    with alpha.inside():
        await administration.suspend(ann.actor)
    async with alpha.browser({}) as browser:
        assert (await comes_by(browser, identities, "ann-there")).status_code == 401
        assert COOKIE not in browser.cookies


async def test_the_only_way_in_is_not_taken_away(alpha: TestInstance, ann: Person, identities: Identities) -> None:
    await link(ann, identities, "ann-there")
    with alpha.inside():
        [login] = await ForeignLogin.all()
        kept = (await Account.get(id=ann.id)).password_hash
        await execute("UPDATE core_account SET password_hash = '' WHERE id = $1", ann.id)
    async with ann.browser() as browser:
        path = f"/settings/oidc/{login.id}/unlink"
        refused = await submit(browser, path, on="/settings/oidc")
        assert refused.status_code == 409 and "only way in" in refused.text
        with alpha.inside():
            await execute("UPDATE core_account SET password_hash = $1 WHERE id = $2", kept, ann.id)
        assert (await submit(browser, path, on="/settings/oidc")).status_code == 303
        assert (await submit(browser, path, on="/settings")).status_code == 404
    async with alpha.browser({}) as browser:
        assert (await comes_by(browser, identities, "ann-there")).headers["location"] == "/login/oidc/join"


async def test_nobody_unlinks_for_somebody_else(ann: Person, bob: Person, identities: Identities) -> None:
    await link(ann, identities, "ann-there")
    with ann.instance.inside():
        [login] = await ForeignLogin.all()
    async with bob.browser() as browser:
        answer = await submit(browser, f"/settings/oidc/{login.id}/unlink", on="/settings")
        assert answer.status_code == 404


# -- Liars on the way ----------------------------------------------------------
@pytest.fixture
async def linked(ann: Person, identities: Identities) -> Person:
    await link(ann, identities, "ann-there")
    return ann


async def stays_out(at: TestInstance, identities: Identities, status: int = 403, **changes: str | None) -> None:
    """Whoever comes back so is not let in."""
    async with at.browser({}) as browser:
        answer = await comes_by(browser, identities, "ann-there", **changes)
        assert answer.status_code == status, answer.text
        assert COOKIE not in browser.cookies


@pytest.mark.parametrize(
    "says",
    [
        {"nonce": "of another request"},
        {"nonce": None},
        {"aud": "another app"},
        {"aud": ["another app"]},
        {"aud": None},
        {"aud": [CLIENT, "another app"]},
        {"aud": [CLIENT, "another app"], "azp": "another app"},
        {"azp": "another app"},
        {"iss": "https://evil.test"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"exp": int(time.time()) - 600},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"nbf": int(time.time()) + 6000},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "x" * 256},
    ],
)
async def test_an_id_token_that_says_something_else_lets_nobody_in(
    alpha: TestInstance, linked: Person, identities: Identities, says: dict[str, Any]
) -> None:
    identities.says = says
    await stays_out(alpha, identities)


async def test_both_kinds_of_keys_are_good(alpha: TestInstance, linked: Person, identities: Identities) -> None:
    for key in (RSA, EC):
        identities.key = key
        async with alpha.browser({}) as browser:
            assert (await comes_by(browser, identities, "ann-there")).headers["location"] == "/"


async def test_an_id_token_of_another_key_lets_nobody_in(
    alpha: TestInstance, linked: Person, identities: Identities
) -> None:
    identities.key = STOLEN
    await stays_out(alpha, identities)
    identities.key = RSAKey.generate_key(2048, {"kid": "three", "alg": "RS256"})
    await stays_out(alpha, identities)


def part(said: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(said)).rstrip(b"=").decode()


def hashed(claims: object, secret: bytes) -> str:
    """A token whoever knows this secret can make."""
    said = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    seal = hmac.digest(secret, said.encode(), "sha256")
    return f"{said}.{base64.urlsafe_b64encode(seal).rstrip(b'=').decode()}"


@pytest.mark.parametrize("way", ["none", "None", "our secret", "their public key", "not a token", "a key it brings"])
async def test_an_id_token_nobody_signed_lets_nobody_in(
    alpha: TestInstance, linked: Person, identities: Identities, way: str
) -> None:
    async with alpha.browser({}) as browser:
        sent = await browser.get("/login/oidc")
        brought = identities.sign_in(sent.headers["location"], "ann-there")
        [asked] = identities.codes.values()
        claims = {"iss": ISSUER, "aud": CLIENT, "sub": "ann-there", "nonce": asked["nonce"]}
        claims |= {"iat": int(time.time()), "exp": int(time.time()) + 300}
        if way in ("none", "None"):
            identities.forged = f"{part({'alg': way})}.{part(claims)}."
        elif way == "our secret":
            identities.forged = hashed(claims, SECRET.encode())
        elif way == "their public key":
            identities.forged = hashed(claims, RSA.as_pem(private=False))
        elif way == "a key it brings":
            header = {"alg": "RS256", "jwk": STOLEN.as_dict(private=False)}
            identities.forged = jwt.encode(header, claims, STOLEN)
        else:
            identities.forged = "x.y.z"
        answer = await browser.get(BACK, params=brought)
        assert answer.status_code == 403
        assert COOKIE not in browser.cookies


async def test_the_answer_of_another_browser_is_none(
    alpha: TestInstance, linked: Person, identities: Identities
) -> None:
    async with alpha.browser({}) as hers, alpha.browser({}) as his, alpha.browser({}) as bare:
        brought = identities.sign_in((await hers.get("/login/oidc")).headers["location"], "ann-there")
        await his.get("/login/oidc")
        for browser in (his, bare):
            assert (await browser.get(BACK, params=brought)).status_code == 403
            assert COOKIE not in browser.cookies
    await stays_out(alpha, identities, state="another")
    await stays_out(alpha, identities, state=None)
    await stays_out(alpha, identities, state="é")


async def test_an_answer_counts_once(alpha: TestInstance, linked: Person, identities: Identities) -> None:
    async with alpha.browser({}) as browser:
        brought = identities.sign_in((await browser.get("/login/oidc")).headers["location"], "ann-there")
        kept = dict(browser.cookies)
        assert (await browser.get(BACK, params=brought)).headers["location"] == "/"
    identities.codes["again"] = {}
    async with alpha.browser(kept) as browser:
        assert (await browser.get(BACK, params=brought)).status_code == 403
        assert COOKIE not in browser.cookies


async def test_the_answer_of_another_issuer_is_none(
    alpha: TestInstance, linked: Person, identities: Identities
) -> None:
    await stays_out(alpha, identities, iss="https://evil.test")
    async with alpha.browser({}) as browser:
        assert (await comes_by(browser, identities, "ann-there", iss=ISSUER)).headers["location"] == "/"
    identities.metadata = {"authorization_response_iss_parameter_supported": True}
    identities.join(alpha)
    await stays_out(alpha, identities)
    async with alpha.browser({}) as browser:
        assert (await comes_by(browser, identities, "ann-there", iss=ISSUER)).headers["location"] == "/"


async def test_a_code_that_is_not_theirs_or_missing_lets_nobody_in(
    alpha: TestInstance, linked: Person, identities: Identities
) -> None:
    await stays_out(alpha, identities, code="made-up")
    await stays_out(alpha, identities, code=None)
    await stays_out(alpha, identities, code="")
    async with alpha.browser({}) as browser:
        answer = await comes_by(browser, identities, "ann-there", code=None, error="access_denied")
        assert answer.status_code == 403 and "You did not go on there" in answer.text


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.test"},
        {"issuer": ISSUER + "/"},
        {"token_endpoint": None},
        {"token_endpoint": "http://id.test/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_provider_that_says_strange_things_of_itself_is_not_gone_to(
    alpha: TestInstance, identities: Identities, metadata: dict[str, object]
) -> None:
    identities.metadata = metadata
    async with alpha.browser({}) as browser:
        assert (await browser.get("/login/oidc")).status_code == 503


async def test_while_the_provider_is_down_people_are_told_so(alpha: TestInstance, identities: Identities) -> None:
    identities.is_down = True
    async with alpha.browser({}) as browser:
        answer = await browser.get("/login/oidc")
        assert answer.status_code == 503
        assert "Signing in with Harbour ID does not work" in answer.text
        assert "Retry-After" in answer.headers


async def test_the_doctor_sees_whether_the_provider_answers(alpha: TestInstance, identities: Identities) -> None:
    for changes, state in (({}, "ok"), ({"issuer": "https://evil.test"}, "broken")):
        identities.metadata = changes
        identities.join(alpha)
        with alpha.inside():
            [finding] = [one async for one in safety.provider()]
        assert (finding.about, finding.state) == ("signing in", state)
    assert "another issuer" in finding.says


async def test_a_provider_on_a_private_address_is_reached_only_where_the_admin_says_so() -> None:
    for allowed in (False, True):
        oidc = {**OIDC, "oidc__issuer": "http://127.0.0.1:9", "oidc__allow_private_address": allowed}
        async with world("alpha.test", **oidc) as (alpha,), alpha.browser({}) as browser:
            assert (await browser.get("/login/oidc")).status_code == 503
            assert alpha.instance.oidc is not None
            assert alpha.instance.oidc.http._allow_private is allowed
            assert alpha.instance.http._allow_private is False


async def test_nobody_is_sent_on_to_another_site(alpha: TestInstance, linked: Person, identities: Identities) -> None:
    for wanted in ("https://evil.test/", "//evil.test", "/\\evil.test", "/logout"):
        async with alpha.browser({}) as browser:
            answer = await comes_by(browser, identities, "ann-there", f"/login/oidc?next={wanted}")
            assert answer.headers["location"] == "/"


async def test_forms_of_joining_are_taken_from_our_pages_alone(alpha: TestInstance, identities: Identities) -> None:
    async with alpha.browser({}) as browser:
        await comes_by(browser, identities, "carl-there")
        assert (await browser.post("/login/oidc/join", data=NEW)).status_code == 403
    async with alpha.browser({}) as browser:
        answer = await submit(browser, "/login/oidc/join", NEW, on="/login")
        assert answer.headers["location"] == "/login"
    assert await accounts(alpha) == 0
