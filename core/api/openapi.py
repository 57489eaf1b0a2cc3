"""The OpenAPI 3.1 document, written from the routes as they are declared."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from core.api.forms import Problem
from core.api.routes import BASE, Api, Route

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
_REFERENCE = "#/components/schemas/{model}"
Schemas = dict[str, Any]

_FAILURES = {
    400: "The body is no JSON.",
    401: "Nobody is signed in.",
    403: "Signed in, but not allowed.",
    404: "Absent, or not visible to you.",
    409: "It is so already.",
    413: "Too large.",
    415: "Another media type is expected.",
    422: "Fields are wrong; each is named.",
    429: "Too many requests.",
}


def document(blueprints: Iterable[object], *, title: str, version: str, base_url: str) -> dict[str, Any]:
    """The document for the routes of these blueprints (those of them that are an `Api`)."""
    routes = [route for blueprint in blueprints if isinstance(blueprint, Api) for route in blueprint.documented]
    schemas: Schemas = {}
    _add(schemas, Problem)
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
            "schemas": dict(sorted(schemas.items())),
            "responses": {str(status): _failure(words) for status, words in _FAILURES.items()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(route: Route, path: str, schemas: Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route, path),
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [_path_parameter(_camel(name)) for name in _PARAMETER.findall(route.path)]
        + _query_parameters(route, schemas),
        "responses": {str(route.status): _success(route, schemas)}
        | {str(status): {"$ref": f"#/components/responses/{status}"} for status in _failures_of(route)},
        "security": [{"bearer": []}, {}] if route.signed_out else [{"bearer": []}],
    }
    if route.description:
        operation["description"] = route.description
    if route.body:
        reference = _add(schemas, route.body, mode="validation")
        content = {"application/json": {"schema": reference}}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    if route.repeatable:
        operation["parameters"].append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "A retry with the same key within a day gets the first answer.",
            }
        )
    return operation


def _operation_id(route: Route, path: str) -> str:
    words = re.sub(r"[^a-zA-Z0-9]+", "_", path[len(BASE) :]).strip("_")
    return f"{route.tag}_{route.method.lower()}_{words}"


def _failures_of(route: Route) -> list[int]:
    found = [429]
    if not route.signed_out:
        found.append(401)
    if route.role != "user":
        found.append(403)
    if "<" in route.path:
        found.append(404)
    if route.body:
        found += [400, 413, 415, 422]
    if route.query:
        found.append(422)
    if route.method in ("PUT", "DELETE"):
        found += [403, 404]
    if route.method == "POST":
        found += [403, 404, 409, 422]
    return sorted(set(found))


def _success(route: Route, schemas: Schemas) -> dict[str, Any]:
    data = _add(schemas, route.answer)
    schema = {
        "type": "object",
        "properties": {"success": {"const": True}, "data": data},
        "required": ["success", "data"],
    }
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _failure(words: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": words, "content": {"application/problem+json": {"schema": schema}}}


def _add(schemas: Schemas, model: Any, mode: Any = "serialization") -> dict[str, Any]:
    """Put a model and what it refers to among the schemas; a reference to it."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        _, found = models_json_schema([(model, mode)], ref_template=_REFERENCE)
        schemas.update(found["$defs"])
        return {"$ref": _REFERENCE.format(model=model.__name__)}
    schema = TypeAdapter(model).json_schema(ref_template=_REFERENCE, mode=mode)
    schemas.update(schema.pop("$defs", {}))
    return schema


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(route: Route, schemas: Schemas) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema(ref_template=_REFERENCE)
    schemas.update(schema.get("$defs", {}))
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": part}
        for name, part in schema["properties"].items()
    ]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
