"""What holds for every route: the envelope, each failure, ids, times, lists, caching, other origins."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from core.database import new_id
from core.testing import Person, TestInstance, Visitor, world
from core.testing.people import data_of, fields_of, problem_of
from tests.core.plugin_folder import PluginFolder

NOBODY = "0190a000-0000-7000-8000-000000000000"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
JSON = {"Content-Type": "application/json"}

FAULTY = """
from quart import request

from core.api import Api
from core.errors import Unavailable

api = Api("faults", __name__)


@api.get("/faults/<kind>", signed_out=True)
async def fail(ask, kind):
    if kind == "busy":
        raise Unavailable(7)
    raise ValueError("what nobody outside may read")


@hookimpl
def blueprints():
    return [api]
"""


# -- Success -------------------------------------------------------------------
async def test_what_is_made_answers_201_with_its_address(ann: Person) -> None:
    answer = await ann.call("POST", "/posts", json={"content": "here"})
    assert answer.status_code == 201
    post_id = data_of(answer)["postId"]
    assert answer.headers["Location"] == f"/api/v1/posts/{post_id}"
    assert (await ann.page(answer.headers["Location"])).json()["data"]["postId"] == post_id


async def test_an_answer_is_json_in_an_envelope(anon: Visitor) -> None:
    answer = await anon.call("GET", "/instance")
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.json()) == {"success", "data"}


async def test_keys_are_camel_case_and_times_end_in_z(ann: Person) -> None:
    post = await ann.publish("with #tags and @ann")
    assert TIME.fullmatch(post["createdAt"])
    assert [key for key in keys_of([post, await ann.get("/users/me"), await ann.get("/instance")]) if "_" in key] == []


def keys_of(value: Any) -> Iterator[str]:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict):
        yield from value
    for part in parts:
        yield from keys_of(part)


async def test_every_answer_has_a_request_id_of_its_own(anon: Visitor) -> None:
    answers = [await anon.call("GET", path) for path in ("/instance", "/instance", "/nowhere")]
    assert len({answer.headers["X-Request-Id"] for answer in answers}) == 3


# -- Failures ------------------------------------------------------------------
@pytest.mark.parametrize("body", [b"{", b"{'a': 1}", b"\xff\xfe", b'{"content": "x"', b"", b"   ", b"NaN,"])
async def test_what_is_no_json_is_400(ann: Person, body: bytes) -> None:
    problem = problem_of(await ann.call("POST", "/posts", content=body, headers=JSON), 400)
    assert problem["code"] == "malformed_json"


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "true"])
async def test_json_that_is_no_object_is_422(ann: Person, body: str) -> None:
    problem_of(await ann.call("POST", "/posts", content=body, headers=JSON), 422)


async def test_every_wrong_field_is_named_and_nothing_is_stored(ann: Person) -> None:
    body = {"content": 5, "visibility": "odd", "fileIds": 7, "publishAt": "soon", "unknown": 1}
    problem = await ann.refused(422, "POST", "/posts", body)
    assert sorted(fields_of(problem)) == ["content", "fileIds", "publishAt", "visibility"]
    assert all(error["message"] for error in problem["errors"])
    assert (await ann.get("/users/me"))["postsCount"] == 0


async def test_unknown_keys_are_ignored(ann: Person) -> None:
    assert (await ann.publish("words", unheardOf=True))["content"] == "<p>words</p>"


async def test_a_failure_is_a_problem_document(anon: Visitor) -> None:
    problem = problem_of(await anon.call("GET", "/nowhere"), 404)
    assert set(problem) == {"success", "type", "title", "status", "detail", "code"}
    assert problem["success"] is False
    assert problem["status"] == 404
    assert problem["code"] == "not_found"


async def test_who_is_not_signed_in_is_told_how_to(anon: Visitor) -> None:
    answer = await anon.call("POST", "/posts", json={"content": "x"})
    problem_of(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_what_is_somebody_elses_is_403(ann: Person, eve: Person) -> None:
    post = await ann.publish()
    assert (await eve.refused(403, "DELETE", f"/posts/{post['postId']}"))["code"] == "forbidden"


@pytest.mark.parametrize("path", ["/instance", "/users/me", "/posts/x/like"])
async def test_a_wrong_method_is_405_and_names_the_right_ones(ann: Person, path: str) -> None:
    answer = await ann.call("PATCH", path)
    problem_of(answer, 405)
    assert answer.headers["Allow"]


async def test_what_is_so_already_is_409(ann: Person, bob: Person) -> None:
    await ann.follow(bob)
    assert (await ann.refused(409, "POST", f"/users/{bob.id}/follow"))["code"] == "already_following"


async def test_a_body_that_is_too_large_is_413(ann: Person) -> None:
    body = b'{"content": "' + b"x" * ann.instance.instance.settings.limits.request_bytes + b'"}'
    problem_of(await ann.call("POST", "/posts", content=body, headers=JSON), 413)


async def test_a_body_that_hides_its_length_is_413_too(ann: Person) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(ann.instance.instance.settings.limits.request_bytes // 10_000 + 2):
            yield b" " * 10_000

    problem_of(await ann.call("POST", "/posts", content=endless(), headers=JSON), 413)


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_type_is_415(ann: Person, media_type: str) -> None:
    headers = {"Content-Type": media_type}
    problem_of(await ann.call("POST", "/posts", content=b'{"content": "x"}', headers=headers), 415)


async def test_a_surprise_is_500_with_an_id_and_no_internals(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = PluginFolder(tmp_path_factory.mktemp("drop-ins")).add("faulty", FAULTY)
    async with world("faulty.test", plugins=["posts", "faulty"], drop_ins=folder.path) as (faulty,):
        answer = await faulty.anon.call("GET", "/faults/crash")
        assert problem_of(answer, 500)["errorId"]
        assert "nobody outside" not in answer.text
        busy = await faulty.anon.call("GET", "/faults/busy")
        problem_of(busy, 503)
        assert int(busy.headers["Retry-After"]) >= 7


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"content":' * 5000 + "1" + "}" * 5000, '{"content": 1' + "0" * 5000 + "}"]
)
async def test_deep_and_endless_json_is_refused_and_survived(ann: Person, text: str) -> None:
    answer = await ann.call("POST", "/posts", content=text, headers=JSON)
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/posts", {"content": "x", "contentWarning": "a\0b"}, "contentWarning"),
        ("POST", "/posts", {"content": "x", "language": "e\0"}, "language"),
        ("PUT", "/users/me", {"fullName": "a\0b"}, "fullName"),
        ("PUT", "/users/me", {"settings": {"theme": "\0"}}, "settings.theme"),
        ("POST", "/friends/request", {"targetUserId": "\0"}, "targetUserId"),
        ("POST", "/auth/login", {"username": "a\0b", "password": "Quiet-Harbour-47"}, "username"),
        (
            "POST",
            "/auth/register",
            {"username": "abc", "email": "a\0b@example.org", "password": "Quiet-Harbour-47"},
            "email",
        ),
    ],
)
async def test_a_nul_in_a_text_is_422_whichever_the_database(
    ann: Person, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    assert fields_of(await ann.refused(422, method, path, body)) == [field]


async def test_a_nul_in_a_query_is_422(ann: Person) -> None:
    assert fields_of(await ann.refused(422, "GET", "/users/search?term=a%00b")) == ["term"]


# -- Ids -----------------------------------------------------------------------
BAD_IDS = [
    NOBODY,
    "0",
    "-1",
    "nonsense",
    "%00",
    "'",
    "9" * 60,
    "%F0%9F%98%80",
    "a" * 3000,
    "{}",
    "null",
    NOBODY.upper(),
]


@pytest.mark.parametrize("bad", BAD_IDS)
async def test_a_bad_id_is_404(ann: Person, bad: str) -> None:
    for path in ("", "/comments", "/likes", "/history", "/thread"):
        problem_of(await ann.call("GET", f"/posts/{bad}{path}"), 404)
    for path in ("", "/profile", "/posts", "/followers", "/following", "/friends"):
        problem_of(await ann.call("GET", f"/users/{bad}{path}"), 404)
    for path in (f"/posts/{bad}/like", f"/posts/{bad}/bookmark", f"/users/{bad}/follow", f"/users/{bad}/block"):
        problem_of(await ann.call("POST", path), 404)
        problem_of(await ann.call("DELETE", path), 404)
    problem_of(await ann.call("DELETE", f"/auth/sessions/{bad}"), 404)
    for verb in ("accept", "reject"):
        problem_of(await ann.call("PUT", f"/follow-requests/{bad}/{verb}"), 404)


@pytest.mark.parametrize("shape", ["{id}", "ann", "@ann", "@ann@alpha.test", "ANN", "@Ann@ALPHA.test"])
async def test_a_person_is_found_by_id_or_name(ann: Person, anon: Visitor, shape: str) -> None:
    assert (await anon.get(f"/users/{shape.format(id=ann.id)}"))["userId"] == ann.id


async def test_ids_sort_by_creation(ann: Person) -> None:
    made = [(await ann.publish())["postId"] for _ in range(5)]
    assert made == sorted(made)


# -- Lists ---------------------------------------------------------------------
STREAMS = [
    "/posts",
    "/feed",
    "/feed?scope=local",
    "/bookmarks",
    "/blocks",
    "/mutes",
    "/domain-blocks",
    "/friends",
    "/friends/requests",
    "/follow-requests",
    "/users/ann/posts",
    "/users/ann/followers",
    "/users/ann/following",
    "/users/ann/friends",
    "/auth/sessions",
]
TABLES = ["/users", "/users/search?term=a"]


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_has_a_cursor_and_refuses_a_made_up_one(ann: Person, path: str) -> None:
    pagination = (await ann.get(path))["pagination"]
    assert pagination.keys() == {"nextCursor", "hasMore"}
    glue = "&" if "?" in path else "?"
    for bad in ("nonsense", "AAAA", "' OR 1=1", NOBODY, "", "%00"):
        assert fields_of(await ann.refused(422, "GET", f"{path}{glue}cursor={bad}")) == ["cursor"]


@pytest.mark.parametrize("path", TABLES)
async def test_a_table_has_pages(ann: Person, path: str) -> None:
    assert (await ann.get(path))["pagination"] == {"page": 1, "limit": 20, "total": 1, "hasMore": False}
    glue = "&" if "?" in path else "?"
    for bad in (0, -1, "x", "9" * 30):
        assert fields_of(await ann.refused(422, "GET", f"{path}{glue}page={bad}")) == ["page"]


@pytest.mark.parametrize("path", STREAMS + TABLES)
async def test_a_limit_is_from_1_to_50(ann: Person, path: str) -> None:
    glue = "&" if "?" in path else "?"
    for bad in (0, 51, -5, "x", "2.5", ""):
        assert fields_of(await ann.refused(422, "GET", f"{path}{glue}limit={bad}")) == ["limit"]
    await ann.get(f"{path}{glue}limit=50")


# -- Caching -------------------------------------------------------------------
async def test_a_strangers_read_may_be_kept_and_asked_for_again(ann: Person, anon: Visitor) -> None:
    path = f"/posts/{(await ann.publish())['postId']}"
    first = await anon.call("GET", path)
    assert "public" in first.headers["Cache-Control"]
    again = await anon.call("GET", path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    await ann.put(path, {"content": "other words"})
    assert (await anon.call("GET", path, headers={"If-None-Match": first.headers["ETag"]})).status_code == 200


@pytest.mark.parametrize("path", ["/users/me", "/feed", "/posts", "/users/ann", "/instance"])
async def test_what_somebody_signed_in_reads_is_theirs_alone(ann: Person, path: str) -> None:
    headers = (await ann.call("GET", path)).headers
    assert "private" in headers["Cache-Control"]
    assert "Authorization" in headers["Vary"]


async def test_neither_failures_nor_what_was_done_is_kept(ann: Person) -> None:
    for answer in (await ann.call("GET", "/nowhere"), await ann.call("POST", "/posts", json={"content": "x"})):
        assert answer.headers["Cache-Control"] == "no-store"


# -- Other origins -------------------------------------------------------------
async def test_other_origins_may_ask_but_never_with_credentials(ann: Person, anon: Visitor) -> None:
    origin = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    before = await anon.call("OPTIONS", "/posts", headers=origin)
    assert before.status_code == 200
    assert "Authorization" in before.headers["Access-Control-Allow-Headers"]
    for answer in (before, await ann.call("GET", "/users/me", headers=origin), await anon.call("GET", "/nowhere")):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]


async def test_an_unknown_id_of_the_right_form_and_a_hidden_one_look_the_same(ann: Person, eve: Person) -> None:
    hidden = (await ann.publish(visibility="private"))["postId"]
    answers = [await eve.refused(404, "GET", f"/posts/{post_id}") for post_id in (hidden, new_id())]
    assert answers[0] == answers[1]


async def test_the_instance_says_what_it_is(alpha: TestInstance, anon: Visitor) -> None:
    said = await anon.get("/instance")
    assert (said["domain"], said["registration"]) == ("alpha.test", "open")
    assert {"federation", "posts"} <= {plugin["name"] for plugin in said["plugins"]}
    assert said["limits"]["postCharacters"] == alpha.instance.settings.limits.post_characters
