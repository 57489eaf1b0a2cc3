"""A retry with the same Idempotency-Key gets the first answer."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.api.idempotency import forget_old_answers
from core.database import execute, now, value
from core.testing import PASSWORD, Person, TestInstance
from core.testing.people import data_of, fields_of, problem_of


async def post(person: Person, key: str, body: Any = None, path: str = "/posts") -> httpx.Response:
    return await person.call("POST", path, json=body or {"content": "once"}, headers={"Idempotency-Key": key})


async def written(person: Person) -> int:
    return int((await person.get("/users/me"))["postsCount"])


async def age(instance: TestInstance, **time: float) -> None:
    """Let time pass for what was kept."""
    with instance.inside():
        await execute("UPDATE core_idempotent_answer SET created_at = $1", now() - timedelta(**time))


async def test_a_retry_gets_the_first_answer_and_does_nothing(ann: Person) -> None:
    first, second = await post(ann, "a"), await post(ann, "a")
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert first.headers["Location"] == second.headers["Location"]
    assert (first.headers.get("Idempotent-Replayed"), second.headers["Idempotent-Replayed"]) == (None, "true")
    assert second.headers["Content-Type"] == "application/json"
    assert await written(ann) == 1


async def test_another_key_or_none_is_another_request(ann: Person) -> None:
    answers = [await post(ann, "a"), await post(ann, "b"), await ann.call("POST", "/posts", json={"content": "once"})]
    assert len({data_of(answer)["postId"] for answer in answers}) == 3


async def test_a_key_used_for_another_request_is_refused(ann: Person) -> None:
    root = data_of(await post(ann, "a"))["postId"]
    for answer in (
        await post(ann, "a", {"content": "other words"}),
        await post(ann, "a", path=f"/posts/{root}/comments"),
        await post(ann, "a", path="/posts?x=1"),
    ):
        assert fields_of(problem_of(answer, 422)) == ["Idempotency-Key"]
    assert await written(ann) == 1


async def test_keys_are_personal(ann: Person, bob: Person) -> None:
    his, hers = data_of(await post(bob, "shared")), data_of(await post(ann, "shared"))
    assert (his["user"]["userId"], hers["user"]["userId"]) == (bob.id, ann.id)


async def test_of_many_at_once_one_is_done(ann: Person) -> None:
    answers = await asyncio.gather(*(post(ann, "a") for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "request_in_progress"
    assert await written(ann) == 1
    assert (await post(ann, "a")).status_code == 201


async def test_what_failed_may_be_tried_again(ann: Person, bob: Person) -> None:
    problem_of(await post(ann, "a", {"content": ""}), 422)
    assert data_of(await post(ann, "a", {"content": "better"}))
    problem_of(await post(ann, "b", {"content": "x", "inReplyTo": bob.id}), 404)
    assert data_of(await post(ann, "b", {"content": "x"}))


@pytest.mark.parametrize("key", ["x" * 3000, "ünï", " spaced ", "'; DROP TABLE core_entry; --"])
async def test_any_text_is_a_key(ann: Person, key: str) -> None:
    header = key.encode("latin-1")
    answers = [
        await ann.call("POST", "/posts", json={"content": "x"}, headers={"Idempotency-Key": header}) for _ in range(2)
    ]
    assert len({data_of(answer)["postId"] for answer in answers}) == 1


async def test_an_answer_is_kept_for_a_day(alpha: TestInstance, ann: Person) -> None:
    first = data_of(await post(ann, "a"))
    await age(alpha, hours=23)
    assert data_of(await post(ann, "a"))["postId"] == first["postId"]
    await age(alpha, hours=25)
    assert data_of(await post(ann, "a"))["postId"] != first["postId"]


async def test_old_answers_are_forgotten(alpha: TestInstance, ann: Person) -> None:
    await post(ann, "a")
    with alpha.inside():
        await forget_old_answers()
        assert await value("SELECT COUNT(*) FROM core_idempotent_answer") == 1
        await age(alpha, hours=25)
        await forget_old_answers()
        assert await value("SELECT COUNT(*) FROM core_idempotent_answer") == 0


async def test_what_was_begun_by_a_server_that_died_is_done_anew(alpha: TestInstance, ann: Person) -> None:
    await post(ann, "a")
    with alpha.inside():
        await execute("UPDATE core_idempotent_answer SET status = 0, body = ''")
    assert problem_of(await post(ann, "a"), 409)["code"] == "request_in_progress"
    await age(alpha, minutes=2)
    assert (await post(ann, "a")).status_code == 201


async def test_acts_without_a_body_are_repeated_too(ann: Person, bob: Person) -> None:
    headers = {"Idempotency-Key": "follow"}
    answers = [await ann.call("POST", f"/users/{bob.id}/follow", headers=headers) for _ in range(2)]
    assert [data_of(answer)["isFollowing"] for answer in answers] == [True, True]
    problem_of(await ann.call("POST", f"/users/{bob.id}/follow"), 409)


async def test_a_key_means_nothing_for_other_methods(ann: Person) -> None:
    headers = {"Idempotency-Key": "a"}
    for bio in ("one", "two"):
        data_of(await ann.call("PUT", "/users/me", json={"bio": bio}, headers=headers))
    assert (await ann.get("/users/me"))["bio"] == "<p>two</p>"


async def test_what_is_kept_of_a_request_tells_nobody_what_was_sent(admin: Person) -> None:
    body = b'{"username": "carl", "email": "carl@example.org", "password": "Quiet-Harbour-47"}'
    headers = {"Idempotency-Key": "carl", "Content-Type": "application/json"}
    assert (await admin.call("POST", "/users", content=body, headers=headers)).status_code == 201
    with admin.instance.inside():
        kept = await value("SELECT request_hash FROM core_idempotent_answer")
    assert kept != hashlib.sha256(b"\n".join((b"POST", b"/api/v1/users?", body))).hexdigest()
    assert len(kept) == 64


async def test_proofs_are_not_repeated_from_memory(ann: Person) -> None:
    headers = {"Idempotency-Key": "proof"}
    for password, status in ((PASSWORD, 200), ("Wrong-Harbour-1", 422), (PASSWORD, 200)):
        answer = await ann.call("POST", "/auth/confirm", json={"password": password}, headers=headers)
        assert answer.status_code == status
        assert "Idempotent-Replayed" not in answer.headers
