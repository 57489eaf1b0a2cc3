"""Sessions: access tokens, refresh tokens that serve once, cookies, and how each of them ends."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.accounts import administration
from core.accounts.models import SpentToken
from core.database import execute, now
from core.testing import PASSWORD, Person, TestInstance, Visitor
from core.testing.people import data_of, problem_of
from core.web import csrf

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


async def refreshed(at: TestInstance, token: str) -> httpx.Response:
    return await at.anon.call("POST", "/auth/refresh", json={"refreshToken": token})


async def status_with(at: TestInstance, token: str) -> int:
    """What `GET /users/me` answers to whoever bears this token."""
    answer = await at.anon.call("GET", "/users/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def run_out(at: TestInstance, column: str, session_id: str) -> None:
    """Let time pass for a session."""
    with at.inside():
        await execute(f"UPDATE core_session SET {column} = $1 WHERE id = $2", now(), session_id)
        at.instance.cache.drop_tag(f"session:{session_id}")


# -- Access tokens -------------------------------------------------------------
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer x.y.z", "Basic YTpi", "Bearer null", "ann"])
async def test_without_a_good_token_it_is_401(anon: Visitor, header: str | None) -> None:
    answer = await anon.call("GET", "/users/me", headers={"Authorization": header} if header else {})
    problem_of(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_access_token_lives_a_quarter_of_an_hour(ann: Person) -> None:
    said = jwt.decode(ann.access_token, options={"verify_signature": False})
    assert said["exp"] - said["iat"] == 900
    assert abs(said["iat"] - time.time()) < 60


def forged(at: TestInstance, real: str, key: bytes | None, algorithm: str = "HS256", **changes: Any) -> str:
    """A token that says what a real one says, changed and signed by whoever makes it; with its own key where None."""
    said = jwt.decode(real, options={"verify_signature": False}) | changes
    if algorithm == "none":
        return jwt.encode(said, None, algorithm)
    return jwt.encode(said, at.instance.secrets.derive("access-tokens") if key is None else key, algorithm)


@pytest.mark.filterwarnings("ignore:The HMAC key")
async def test_a_token_signed_by_others_or_by_nobody_is_refused(alpha: TestInstance, ann: Person) -> None:
    assert await status_with(alpha, forged(alpha, ann.access_token, None)) == 200
    assert await status_with(alpha, forged(alpha, ann.access_token, b"k" * 32)) == 401
    assert await status_with(alpha, forged(alpha, ann.access_token, None, "none")) == 401
    assert await status_with(alpha, forged(alpha, ann.access_token, None, "HS512")) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_000_000_000},
        {"iss": "https://beta.test"},
        {"aud": "once:reset"},
        {"iat": 9_999_999_999},
        {"sid": "0190a000-0000-7000-8000-000000000000"},
        {"sid": 5},
        {"exp": None},
        {"sid": "'; DROP TABLE core_session; --"},
    ],
)
async def test_a_token_that_says_something_else_is_refused(
    alpha: TestInstance, ann: Person, changes: dict[str, Any]
) -> None:
    assert await status_with(alpha, forged(alpha, ann.access_token, None, **changes)) == 401


async def test_a_token_of_another_instance_is_refused(alpha_and_beta: tuple[TestInstance, TestInstance]) -> None:
    alpha, beta = alpha_and_beta
    ann = await alpha.user("ann")
    assert await status_with(alpha, ann.access_token) == 200
    assert await status_with(beta, ann.access_token) == 401


async def test_the_role_is_read_anew_and_not_from_the_token(alpha: TestInstance, ann: Person) -> None:
    boasting = forged(alpha, ann.access_token, None, role="admin")
    headers = {"Authorization": f"Bearer {boasting}"}
    me = data_of(await alpha.anon.call("GET", "/users/me", headers=headers))
    assert me["role"] == "user"


async def test_a_refresh_token_is_no_access_token_and_the_reverse(alpha: TestInstance, ann: Person) -> None:
    assert await status_with(alpha, ann.refresh_token) == 401
    problem_of(await refreshed(alpha, ann.access_token), 401)


@FUZZ
@given(junk=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=300))
async def test_no_junk_signs_anybody_in(alpha: TestInstance, junk: str) -> None:
    assert await status_with(alpha, junk) == 401
    assert (await refreshed(alpha, junk)).status_code == 401


@FUZZ
@given(position=st.integers(0, 10_000), letter=st.sampled_from("ABCxyz019-_."))
async def test_no_letter_of_a_token_can_be_changed(
    alpha: TestInstance, ann: Person, position: int, letter: str
) -> None:
    token, place = ann.access_token, position % len(ann.access_token)
    changed = token[:place] + letter + token[place + 1 :]
    # The last letter of a part in base64 has bits that mean nothing.
    is_the_same = changed == token or place + 1 == len(token) or token[place + 1] == "."
    assert is_the_same or await status_with(alpha, changed) == 401


# -- Refresh tokens ------------------------------------------------------------
@pytest.mark.parametrize("path", ["/auth/refresh", "/auth/refresh-token"])
async def test_a_refresh_token_is_exchanged_for_new_tokens(alpha: TestInstance, ann: Person, path: str) -> None:
    first = await alpha.anon.post(path, {"refreshToken": ann.refresh_token})
    assert first["refreshToken"] != ann.refresh_token
    assert (first["userId"], first["expiresIn"]) == (ann.id, 900)
    assert await status_with(alpha, first["accessToken"]) == 200
    assert (await refreshed(alpha, first["refreshToken"])).status_code == 200


async def test_an_old_refresh_token_used_again_ends_the_whole_family(alpha: TestInstance, ann: Person) -> None:
    second = data_of(await refreshed(alpha, ann.refresh_token))
    third = data_of(await refreshed(alpha, second["refreshToken"]))
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    problem_of(await refreshed(alpha, third["refreshToken"]), 401)
    for token in (ann.access_token, second["accessToken"], third["accessToken"]):
        assert await status_with(alpha, token) == 401


async def test_the_reuse_in_one_family_leaves_other_sessions_alone(alpha: TestInstance, ann: Person) -> None:
    other = await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD})
    await refreshed(alpha, ann.refresh_token)
    await a_quarter_minute_later(ann)
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    assert await status_with(alpha, ann.access_token) == 401
    assert await status_with(alpha, other["accessToken"]) == 200


async def a_quarter_minute_later(person: Person) -> None:
    """Let so much time pass that an exchange is not the same one any more."""
    with person.instance.inside():
        await SpentToken.filter(session_id=person.session_id).update(spent_at=now() - timedelta(seconds=15))


async def test_windows_that_exchange_at_once_are_given_the_same_and_nobody_is_signed_out(
    alpha: TestInstance, ann: Person
) -> None:
    answers = await asyncio.gather(*(refreshed(alpha, ann.refresh_token) for _ in range(10)))
    assert len({data_of(answer)["refreshToken"] for answer in answers}) == 1
    for answer in answers:
        assert await status_with(alpha, data_of(answer)["accessToken"]) == 200
    data_of(await refreshed(alpha, data_of(answers[0])["refreshToken"]))


async def test_whose_answer_got_lost_may_ask_again_for_a_moment(alpha: TestInstance, ann: Person) -> None:
    lost = data_of(await refreshed(alpha, ann.refresh_token))
    again = data_of(await refreshed(alpha, ann.refresh_token))
    assert again["refreshToken"] == lost["refreshToken"]
    await a_quarter_minute_later(ann)
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    problem_of(await refreshed(alpha, again["refreshToken"]), 401)


async def test_not_even_for_a_moment_once_what_followed_was_exchanged(alpha: TestInstance, ann: Person) -> None:
    second = data_of(await refreshed(alpha, ann.refresh_token))
    third = data_of(await refreshed(alpha, second["refreshToken"]))
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    assert await status_with(alpha, third["accessToken"]) == 401


async def test_a_session_that_ended_is_not_begun_anew_by_asking_twice(alpha: TestInstance, ann: Person) -> None:
    await refreshed(alpha, ann.refresh_token)
    await ann.post("/auth/logout")
    problem_of(await refreshed(alpha, ann.refresh_token), 401)


async def test_what_follows_a_token_cannot_be_told_from_it(alpha: TestInstance, ann: Person) -> None:
    key = hashlib.sha256(ann.refresh_token.encode())
    fresh = data_of(await refreshed(alpha, ann.refresh_token))["refreshToken"]
    assert fresh not in (key.hexdigest(), base64.urlsafe_b64encode(key.digest()).rstrip(b"=").decode())
    assert len(base64.urlsafe_b64decode(fresh + "=")) == 32


async def test_a_refresh_token_that_ran_out_is_refused(alpha: TestInstance, ann: Person) -> None:
    await run_out(alpha, "expires_at", ann.session_id)
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    assert await status_with(alpha, ann.access_token) == 401


async def test_a_suspended_persons_tokens_are_good_for_nothing(alpha: TestInstance, ann: Person) -> None:
    await ann.get("/users/me")
    with alpha.inside():
        await administration.suspend(ann.actor)
    assert await status_with(alpha, ann.access_token) == 401
    problem_of(await refreshed(alpha, ann.refresh_token), 401)


# -- Ending --------------------------------------------------------------------
async def test_logging_out_ends_this_session_at_once(alpha: TestInstance, ann: Person) -> None:
    other = await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD})
    await ann.get("/users/me")
    await ann.post("/auth/logout")
    assert await status_with(alpha, ann.access_token) == 401
    problem_of(await refreshed(alpha, ann.refresh_token), 401)
    assert await status_with(alpha, other["accessToken"]) == 200


async def test_sessions_are_listed_and_ended_one_by_one(alpha: TestInstance, ann: Person) -> None:
    other = await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD})
    listed = (await ann.get("/auth/sessions"))["sessions"]
    assert [session["isCurrent"] for session in listed] == [True, False]
    assert listed[0]["sessionId"] == ann.session_id
    await ann.delete(f"/auth/sessions/{listed[1]['sessionId']}")
    assert await status_with(alpha, other["accessToken"]) == 401
    assert len((await ann.get("/auth/sessions"))["sessions"]) == 1
    await ann.refused(404, "DELETE", f"/auth/sessions/{listed[1]['sessionId']}")


async def test_the_list_of_sessions_holds_no_tokens_and_has_pages(alpha: TestInstance, ann: Person) -> None:
    tokens = [await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD}) for _ in range(4)]
    first = await ann.call("GET", "/auth/sessions?limit=3")
    cursor = data_of(first)["pagination"]["nextCursor"]
    second = await ann.call("GET", f"/auth/sessions?limit=3&cursor={cursor}")
    found = [session["sessionId"] for page in (first, second) for session in data_of(page)["sessions"]]
    assert len(set(found)) == 5
    assert not any(token["refreshToken"] in first.text + second.text for token in tokens)


async def test_all_others_are_ended_at_once(alpha: TestInstance, ann: Person, bob: Person) -> None:
    others = [await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD}) for _ in range(3)]
    assert await ann.delete("/auth/sessions") == {"endedCount": 3}
    assert [await status_with(alpha, other["accessToken"]) for other in others] == [401] * 3
    assert await status_with(alpha, ann.access_token) == 200
    assert await status_with(alpha, bob.access_token) == 200


@pytest.mark.parametrize("way", ["token", "cookie"])
async def test_a_session_that_ends_while_it_is_read_is_not_believed_afterwards(
    alpha: TestInstance, ann: Person, way: str
) -> None:
    cache, listeners = alpha.instance.cache, alpha.instance.database.engine.listeners

    def told_by_another_process(statement: str) -> None:
        if statement.startswith("SELECT") and "core_session" in statement:
            cache.drop_tag(f"session:{ann.session_id}")

    listeners.append(told_by_another_process)
    try:
        if way == "token":
            await ann.get("/users/me")
        else:
            async with ann.browser() as browser:
                await browser.get("/api/v1/users/me")
    finally:
        listeners.remove(told_by_another_process)
    digest = hashlib.sha256(ann.refresh_token.encode()).hexdigest()
    assert (cache.get(f"session:{ann.session_id}"), cache.get(f"cookie:{digest}")) == (None, None)


async def test_nobody_ends_another_persons_session(alpha: TestInstance, ann: Person, eve: Person) -> None:
    await eve.refused(404, "DELETE", f"/auth/sessions/{ann.session_id}")
    assert await status_with(alpha, ann.access_token) == 200


# -- Cookies -------------------------------------------------------------------
def csrf_token(at: TestInstance, session_id: str) -> str:
    """What our own pages carry for this session."""
    return csrf.session_token(at.instance.secrets.derive("csrf"), session_id)


async def test_a_browsers_cookie_reads_as_its_owner(ann: Person) -> None:
    async with ann.browser() as browser:
        assert data_of(await browser.get("/api/v1/users/me"))["userId"] == ann.id


async def test_a_cookie_alone_changes_nothing(ann: Person) -> None:
    async with ann.browser() as browser:
        for method, path in (("POST", "/posts"), ("PUT", "/users/me"), ("DELETE", f"/auth/sessions/{ann.session_id}")):
            answer = await browser.request(method, f"/api/v1{path}", json={"content": "forged"})
            assert problem_of(answer, 403)["code"] == "csrf_failed"
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_a_cookie_with_the_token_of_our_pages_does(alpha: TestInstance, ann: Person) -> None:
    headers = {"X-CSRF-Token": csrf_token(alpha, ann.session_id)}
    async with ann.browser() as browser:
        data_of(await browser.post("/api/v1/posts", json={"content": "mine"}, headers=headers))


async def test_another_sessions_token_and_another_sites_page_are_refused(
    alpha: TestInstance, ann: Person, eve: Person
) -> None:
    own, others = csrf_token(alpha, ann.session_id), csrf_token(alpha, eve.session_id)
    async with ann.browser() as browser:
        for headers in (
            {"X-CSRF-Token": others},
            {"X-CSRF-Token": own, "Sec-Fetch-Site": "cross-site"},
            {"X-CSRF-Token": own, "Sec-Fetch-Site": "same-site"},
            {"X-CSRF-Token": "junk"},
        ):
            answer = await browser.post("/api/v1/posts", json={"content": "forged"}, headers=headers)
            assert problem_of(answer, 403)["code"] == "csrf_failed"


async def test_a_token_in_the_header_wins_over_the_cookie_and_needs_no_csrf_token(ann: Person, eve: Person) -> None:
    async with ann.browser() as browser:
        answer = await browser.post("/api/v1/posts", json={"content": "eve's"}, headers=eve.headers)
        assert data_of(answer)["user"]["userId"] == eve.id


async def test_the_cookie_of_an_ended_session_is_a_strangers(ann: Person) -> None:
    async with ann.browser() as browser:
        await browser.get("/api/v1/users/me")
        await ann.post("/auth/logout")
        problem_of(await browser.get("/api/v1/users/me"), 401)
        problem_of(await browser.post("/api/v1/posts", json={"content": "x"}), 401)
