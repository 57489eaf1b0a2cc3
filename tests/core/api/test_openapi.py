"""The OpenAPI document: sound, complete, and true."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.testing import PASSWORD, Person, TestInstance, Visitor, world
from tests.core.api.schemas import found_at, misfits, references
from tests.core.plugin_folder import PluginFolder

Document = dict[str, Any]
METHODS = ("get", "post", "put", "delete", "patch")

# Two plugins that call different things by one name.
DISHES = """
from core.api import Api
from core.api.forms import Form, stream_of, Post

api = Api("{name}", __name__)


class Dish(Form):
    {field}: str


@api.get("/{name}", answer=Dish, signed_out=True)
async def read(ask):
    return {{"{field}": "x"}}


@api.get("/{name}/all", answer=stream_of("{name}", Post), signed_out=True)
async def read_all(ask):
    return {{"{name}": [], "pagination": {{"nextCursor": None, "hasMore": False}}}}


@hookimpl
def blueprints():
    return [api]
"""


async def document_of(at: TestInstance) -> Document:
    answer = await at.anon.page("/api/openapi.json")
    assert answer.status_code == 200
    found: Document = answer.json()
    return found


@pytest.fixture
async def document(alpha: TestInstance) -> Document:
    return await document_of(alpha)


def operations(document: Document) -> dict[tuple[str, str], dict[str, Any]]:
    """Every operation by its method and path."""
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def schema_of(document: Document, method: str, path: str, status: int) -> dict[str, Any]:
    """The schema a documented answer has; KeyError where it is not documented."""
    responses = document["paths"][f"/api/v1{path}"][method.lower()]["responses"]
    [content] = responses[str(status)]["content"].values()
    schema: dict[str, Any] = content["schema"]
    return schema


# -- Sound ---------------------------------------------------------------------
def test_it_is_openapi_3_1_and_every_reference_leads_somewhere(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    assert document["info"]["title"] and document["info"]["version"]
    assert all(found_at(document, reference) is not None for reference in references(document))


def test_every_operation_is_named_once_and_described(document: Document) -> None:
    found = operations(document)
    assert len({operation["operationId"] for operation in found.values()}) == len(found)
    assert [place for place, operation in found.items() if not operation["summary"]] == []


def test_the_parameters_of_every_path_are_those_in_it(document: Document) -> None:
    for (method, path), operation in operations(document).items():
        declared = {part["name"] for part in operation["parameters"] if part["in"] == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), (method, path)


def test_every_operation_has_failures_as_problem_documents(document: Document) -> None:
    for place, operation in operations(document).items():
        failures = [status for status in operation["responses"] if status[0] in "45d"]
        assert {"401", "429"} <= set(failures), place
        for status in failures:
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"], place


# -- Complete ------------------------------------------------------------------
async def test_every_route_stands_in_it(alpha: TestInstance, document: Document) -> None:
    known = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in operations(document)}
    routes = {
        (method, re.sub(r"<[^>]*>", "{}", rule.rule))
        for rule in alpha.instance.app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and not rule.websocket
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert routes == known


async def test_routes_of_plugins_stand_in_it_even_with_equal_names(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = PluginFolder(tmp_path_factory.mktemp("drop-ins"))
    folder.add("soups", DISHES.format(name="soups", field="broth"))
    folder.add("cakes", DISHES.format(name="cakes", field="icing"))
    async with world("kitchen.test", plugins=["posts", "soups", "cakes"], drop_ins=folder.path) as (kitchen,):
        document = await document_of(kitchen)
        for path in ("/soups", "/cakes", "/soups/all", "/cakes/all", "/posts"):
            data = await kitchen.anon.call("GET", path)
            assert misfits(document, schema_of(document, "GET", path, 200), data.json()) == [], path


async def test_it_is_kept_and_public(anon: Visitor) -> None:
    first, second = await anon.page("/api/openapi.json"), await anon.page("/api/openapi.json")
    assert first.content == second.content
    assert "public" in first.headers["Cache-Control"]


async def test_the_readable_page_shows_every_operation_and_loads_nothing_from_elsewhere(
    anon: Visitor, document: Document
) -> None:
    page = await anon.page("/api/docs")
    assert page.status_code == 200
    for operation in operations(document).values():
        assert f'id="{operation["operationId"]}"' in page.text
    loaded = re.findall(r'(?:src|href)="(https?:)?//([^/"]+)', page.text)
    assert {host for _, host in loaded} <= {"alpha.test"}


async def test_the_readable_page_leads_from_each_operation_to_what_it_takes_and_what_it_answers(
    anon: Visitor, document: Document
) -> None:
    text = (await anon.page("/api/docs")).text
    assert set(re.findall(r'href="#([^"]+)"', text)) <= set(re.findall(r'id="([^"]+)"', text))
    writing = text.partition('id="posts_post_posts"')[2].partition("</details>")[0]
    assert 'href="#NewPost"' in writing and 'href="#Post"' in writing and 'href="#Problem"' in text
    written = text.partition('id="NewPost"')[2].partition("</details>")[0]
    assert re.search(r"<code>visibility</code>.*<code>unlisted</code>", written)
    assert re.search(r"<code>fileIds</code> .*list of string", written)
    chosen = text.partition('id="Choices"')[2].partition("</details>")[0]
    assert re.search(r"<code>choices</code>.*list of integer.*required", chosen)
    for tag in {operation["tags"][0] for operation in operations(document).values()}:
        assert f'href="#tag-{tag}"' in text and f'<h2 id="tag-{tag}">' in text


# -- True ----------------------------------------------------------------------
async def test_answers_fit_their_schemas(
    alpha: TestInstance, ann: Person, bob: Person, admin: Person, anon: Visitor, document: Document
) -> None:
    root = (await ann.publish("a #tag for @bob", contentWarning="W"))["postId"]
    post = (await bob.publish("see", quote=root, inReplyTo=root))["postId"]
    await bob.follow(ann)
    calls: list[tuple[Visitor, str, str, str, Any]] = [
        (anon, "POST", "/auth/register", "", {"username": "new", "email": "new@example.org", "password": PASSWORD}),
        (anon, "POST", "/auth/login", "", {"username": "ann", "password": PASSWORD}),
        (anon, "POST", "/auth/refresh", "", {"refreshToken": bob.refresh_token}),
        (admin, "POST", "/users", "", {"username": "made", "email": "made@example.org", "password": PASSWORD}),
        *((ann, "GET", path, "", None) for path in (
            "/users/me", "/users", "/users/search", "/posts", "/feed", "/bookmarks", "/blocks", "/mutes", "/friends",
            "/friends/requests", "/domain-blocks", "/follow-requests", "/auth/sessions", "/instance",
        )),
        *((anon, "GET", path, ann.id, None) for path in (
            "/users/{userId}", "/users/{userId}/profile", "/users/{userId}/posts", "/users/{userId}/followers",
            "/users/{userId}/following", "/users/{userId}/friends",
        )),
        *((ann, "GET", path, post, None) for path in (
            "/posts/{postId}", "/posts/{postId}/comments", "/posts/{postId}/likes", "/posts/{postId}/history",
            "/posts/{postId}/thread",
        )),
        (ann, "PUT", "/users/me", "", {"bio": "x", "fields": [{"name": "a", "value": "b"}]}),
        (ann, "PUT", "/users/{userId}", ann.id, {"bio": "y"}),
        (ann, "POST", "/friends/request", "", {"targetUserId": bob.id}),
        (ann, "POST", "/domain-blocks", "", {"domain": "far.test"}),
        (ann, "DELETE", "/domain-blocks/{domain}", "far.test", None),
        *((bob, method, "/posts/{postId}/" + verb, root, None)
          for verb in ("like", "share", "bookmark") for method in ("POST", "DELETE")),
        *((ann, method, "/users/{userId}/" + verb, admin.id, None)
          for verb in ("follow", "mute", "block") for method in ("POST", "DELETE")),
        (ann, "POST", "/posts", "", {"content": "x"}),
        (ann, "POST", "/posts", "", {"content": "x", "publishAt": "2099-01-01T00:00:00Z"}),
        (ann, "POST", "/status", "", {"content": "x"}),
        (ann, "PUT", "/posts/{postId}", root, {"content": "y"}),
        (ann, "POST", "/posts/{postId}/comments", root, {"content": "x"}),
        (bob, "PUT", "/comments/{commentId}", post, {"content": "y"}),
        (bob, "DELETE", "/comments/{commentId}", post, None),
        (ann, "DELETE", "/posts/{postId}", root, None),
        (ann, "POST", "/auth/logout", "", None),
    ]  # fmt: skip
    for who, method, path, value, body in calls:
        answer = await who.call(method, re.sub(r"\{\w+\}", value, path), json=body)
        assert answer.status_code < 300, (method, path, answer.text)
        schema = schema_of(document, method, path, answer.status_code)
        assert misfits(document, schema, answer.json()) == [], (method, path)


async def test_failures_are_documented_and_fit_their_schemas(
    ann: Person, eve: Person, anon: Visitor, document: Document
) -> None:
    post = (await ann.publish())["postId"]
    calls: list[tuple[Visitor, str, str, str, Any, int]] = [
        (anon, "GET", "/users/me", "", None, 401),
        (anon, "GET", "/feed", "?scope=home", None, 401),
        (anon, "GET", "/posts", "?limit=0", None, 422),
        (eve, "PUT", "/posts/{postId}", post, {"content": "x"}, 403),
        (eve, "DELETE", "/posts/{postId}", post, None, 403),
        (eve, "GET", "/posts/{postId}", "nonsense", None, 404),
        (ann, "POST", "/users/{userId}/follow", ann.id, None, 422),
        (ann, "DELETE", "/users/{userId}/follow", eve.id, None, 404),
        (ann, "POST", "/posts", "", {"content": ""}, 422),
        (ann, "PUT", "/friends/accept", "", {"requestId": "x"}, 404),
        (anon, "POST", "/auth/login", "", {"username": "ann", "password": "x"}, 401),
        (anon, "POST", "/auth/refresh", "", {"refreshToken": "x"}, 401),
        (anon, "POST", "/auth/register", "", {"username": "ann", "email": "a@b.org", "password": PASSWORD}, 409),
        (ann, "POST", "/users", "", {}, 403),
    ]
    for who, method, path, value, body, status in calls:
        place = path + value if value.startswith("?") else re.sub(r"\{\w+\}", value, path)
        answer = await who.call(method, place, json=body)
        assert answer.status_code == status, (method, path, answer.text)
        assert misfits(document, schema_of(document, method, path, status), answer.json()) == [], (method, path)


async def test_no_documented_read_without_parameters_fails(admin: Person, document: Document) -> None:
    for (method, path), operation in operations(document).items():
        if method == "GET" and "{" not in path and not path.endswith("/stream"):
            answer = await admin.page(path)
            if answer.status_code == 422:  # what is to be found has to be said
                asked = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
                assert {error["field"] for error in answer.json()["errors"]} <= asked, path
            else:
                assert answer.status_code in (200, 202), path


async def test_what_a_body_needs_is_what_the_server_asks_for(ann: Person, document: Document) -> None:
    for (method, path), operation in operations(document).items():
        if "requestBody" not in operation or path.startswith("/api/v1/auth/"):
            continue
        if "application/json" not in operation["requestBody"]["content"]:  # tested where files are
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        required = found_at(document, schema["$ref"]).get("required", [])
        answer = await ann.page(re.sub(r"\{\w+\}", "nobody", path), method=method, json={})
        named = [error["field"] for error in answer.json().get("errors", ())] if answer.status_code == 422 else []
        assert answer.status_code in (200, 403, 404) or sorted(named) == sorted(required), (method, path, answer.text)
