"""The part of JSON Schema 2020-12 that describes the API's bodies: where a value does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
# What a schema may say; a word that is not here would be passed over in silence.
KNOWN = {
    *("$ref", "allOf", "anyOf", "oneOf", "type", "enum", "const", "required", "properties", "additionalProperties"),
    *("items", "title", "description", "default", "minimum", "maximum", "maxLength", "minLength", "pattern", "format"),
}


def found_at(document: dict[str, Any], reference: str) -> Any:
    """What a reference within the document leads to; KeyError where it leads nowhere."""
    place: Any = document
    for part in reference.removeprefix("#/").split("/"):
        place = place[part.replace("~1", "/").replace("~0", "~")]
    return place


def references(part: Any) -> Iterator[str]:
    """Every `$ref` in a part of a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    for each in part if isinstance(part, list) else ():
        yield from references(each)


def misfits(document: dict[str, Any], schema: dict[str, Any], value: Any, at: str = "data") -> list[str]:
    """Where a value does not fit a schema, in words; none where it fits."""
    wrong = [f"{at}: nobody checks “{word}”" for word in schema.keys() - KNOWN]
    if "$ref" in schema:
        wrong += misfits(document, found_at(document, schema["$ref"]), value, at)
    for part in schema.get("allOf", ()):
        wrong += misfits(document, part, value, at)
    for word in ("anyOf", "oneOf"):
        if word in schema and all(misfits(document, part, value, at) for part in schema[word]):
            wrong.append(f"{at}: {value!r} fits none of {word}")
    if "type" in schema and not _is_a(value, schema["type"]):
        return [*wrong, f"{at}: {value!r} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{at}: {value!r} is none of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        wrong.append(f"{at}: {value!r} is not {schema['const']!r}")
    return wrong + _misfits_inside(document, schema, value, at)


def _misfits_inside(document: dict[str, Any], schema: dict[str, Any], value: Any, at: str) -> list[str]:
    wrong: list[str] = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        wrong += [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, part in value.items():
            if name in known:
                wrong += misfits(document, known[name], part, f"{at}.{name}")
            elif known:
                wrong.append(f"{at}.{name} is not documented")
    if isinstance(value, list) and "items" in schema:
        for number, part in enumerate(value):
            wrong += misfits(document, schema["items"], part, f"{at}[{number}]")
    return wrong


def _is_a(value: Any, wanted: str | list[str]) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)
