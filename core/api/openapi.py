"""The OpenAPI 3.1 document, written from the routes as they are declared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic.json_schema import JsonSchemaMode, models_json_schema

from core.api.answers import JSON, PROBLEM
from core.api.forms import Form, Problem
from core.api.routes import BASE, BYTES, Api, Route
from core.api.scope_words import in_words
from core.api.scopes import PROFILE, READ, WRITE
from core.permissions import those_with
from core.uploads import MULTIPART

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_REFERENCE = "#/components/schemas/{model}"
Schema = dict[str, Any]
Model = type[Form]

_FAILURES = {
    "400": "The body is no JSON.",
    "401": "Nobody is signed in, or by a token that is no good.",
    "403": "Signed in, but not allowed; `insufficient_scope` where an app's token lacks the scope.",
    "404": "Absent, or not visible to you.",
    "409": "It is so already.",
    "413": "Too large.",
    "415": "Another media type is expected.",
    "422": "Fields are wrong; each is named.",
    "429": "Too many requests.",
    "default": "Something went wrong here; `errorId` stands in the log.",
}
_RETRY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "A retry with the same key within a day gets the first answer.",
}


def document(blueprints: Iterable[object], *, title: str, version: str, base_url: str) -> dict[str, Any]:
    """The document for the routes of these blueprints (those of them that are an `Api`)."""
    routes = [route for blueprint in blueprints if isinstance(blueprint, Api) for route in blueprint.documented]
    schemas = _Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = BASE + _PARAMETER.sub(lambda m: "{" + _camel(m[1]) + "}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, path, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "description": "The JSON API of this Kith server. Times are RFC 3339 in UTC; ids are UUIDv7.",
        },
        "servers": [{"url": base_url}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.definitions.items())),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "oauth2": {"type": "oauth2", "flows": {"authorizationCode": _flow(routes, base_url)}},
            },
        },
    }


def _flow(routes: Iterable[Route], base_url: str) -> dict[str, Any]:
    scopes = sorted({route.scope for route in routes} - {""})
    return {
        "authorizationUrl": f"{base_url}/oauth/authorize",
        "tokenUrl": f"{base_url}/oauth/token",
        "refreshUrl": f"{base_url}/oauth/token",
        "scopes": {scope: in_words(scope).words for scope in (PROFILE, READ, WRITE, *scopes)},
    }


class _Schemas:
    """The schemas of all models at once, so that two that bear one name get different ones in the document."""

    def __init__(self, routes: Iterable[Route]) -> None:
        wanted: dict[tuple[Model, JsonSchemaMode], None] = {(Problem, "serialization"): None}
        for route in routes:
            wanted |= {(model, "serialization"): None for model in (*route.answers.values(),)}
            if route.body:
                wanted[route.body, "validation"] = None
        self._references, found = models_json_schema(list(wanted), ref_template=_REFERENCE)
        self.definitions: dict[str, Schema] = found["$defs"]

    def of(self, model: Model, mode: JsonSchemaMode = "serialization") -> Schema:
        """A reference to a model's schema."""
        return self._references[model, mode]


def _operation(route: Route, path: str, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route, path),
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [_path_parameter(_camel(name)) for name in _PARAMETER.findall(route.path)]
        + _query_parameters(route),
        "responses": _answers(route, schemas) | {name: _failure(name, schemas) for name in _failures_of(route)},
        "security": _security(route),
    }
    if described := "\n\n".join(part for part in (route.description, _trust(route)) if part):
        operation["description"] = described
    if route.permission:
        operation["x-permission"] = route.permission
    if route.body:
        content = {MULTIPART if route.files else JSON: {"schema": schemas.of(route.body, "validation")}}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    if route.bytes_limit:
        operation["requestBody"] = {"required": True, "content": {BYTES: {"schema": {}}}}
    if route.repeatable:
        operation["parameters"].append(_RETRY)
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    """Any of these will do: a sign-in, an app with the scope where there is one, nothing where strangers may."""
    return [
        {"bearer": []},
        *([{"oauth2": [route.scope]}] if route.scope else []),
        *([{}] if route.signed_out else []),
    ]


def _trust(route: Route) -> str:
    """Which permission is needed, and who has it."""
    if not route.permission:
        return ""
    holders = " and ".join(f"{role}s" for role in those_with(route.permission))
    return f"Needs the permission `{route.permission}`, which {holders} have."


def _operation_id(route: Route, path: str) -> str:
    words = re.sub(r"[^a-zA-Z0-9]+", "_", path[len(BASE) :]).strip("_")
    return f"{route.tag}_{route.method.lower()}_{words}"


def _failures_of(route: Route) -> list[str]:
    found = {"401", "403", "429", "default"}
    if "<" in route.path:
        found.add("404")
    if route.body:
        found |= {"400", "413", "415", "422"}
    if route.query:
        found.add("422")
    if route.bytes_limit:
        found |= {"409", "413", "415"}
    if route.method in ("PUT", "DELETE"):
        found.add("404")
    if route.method == "POST":
        found |= {"404", "409", "422"}
    return sorted(found)


def _failure(name: str, schemas: _Schemas) -> dict[str, Any]:
    return {"description": _FAILURES[name], "content": {PROBLEM: {"schema": schemas.of(Problem)}}}


def _answers(route: Route, schemas: _Schemas) -> dict[str, Any]:
    if route.media_type != JSON:
        return {"200": {"description": "Done.", "content": {route.media_type: {"schema": {"type": "string"}}}}}
    return {
        str(status): {
            "description": "Accepted, and goes on." if status == 202 else "Done.",
            "content": {JSON: {"schema": _enveloped(schemas.of(model))}},
        }
        for status, model in route.answers.items()
    }


def _enveloped(data: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"success": {"const": True}, "data": data},
        "required": ["success", "data"],
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
