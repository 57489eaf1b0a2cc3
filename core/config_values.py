"""Turns what a file or a variable says into the type a setting holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, get_args, get_origin

_BOOLEANS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def converted(value: object, hint: object, bounds: Mapping[str, Any], is_text: bool) -> object:
    """The value as the type `hint` within `bounds`; `is_text` where it comes from the environment.

    Raises ValueError with what it must be instead, never repeating the value: it may be a secret. Raises TypeError
    for a type no setting can have.
    """
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        if isinstance(value, str) and value in choices:
            return value
        near = get_close_matches(value, choices, n=1) if isinstance(value, str) else []
        raise ValueError(f"must be one of {', '.join(choices)}" + "".join(f"; did you mean {word}?" for word in near))
    if hint is str:
        if isinstance(value, str):
            return value
        raise ValueError("must be a text in quotes")
    if hint is bool:
        found = _BOOLEANS.get(str(value).strip().lower()) if is_text else value
        if isinstance(found, bool):
            return found
        raise ValueError("must be true or false")
    if hint in (int, float):
        return _bounded(_number(value, hint is int, is_text), bounds)
    if get_origin(hint) is tuple:
        items = _listed(value) if isinstance(value, str) and is_text else value
        if isinstance(items, list | tuple) and all(isinstance(item, str) for item in items):
            return tuple(items)
        raise ValueError("must be a list of texts")
    raise TypeError(f"a setting cannot be of the type {hint}")


def _number(value: object, is_whole: bool, is_text: bool) -> int | float:
    try:
        if is_text:
            return int(str(value)) if is_whole else float(str(value))
        if isinstance(value, int if is_whole else int | float) and not isinstance(value, bool):
            return value
    except ValueError:
        pass
    raise ValueError("must be a whole number" if is_whole else "must be a number")


def _bounded(number: int | float, bounds: Mapping[str, Any]) -> int | float:
    lowest, highest = bounds.get("minimum"), bounds.get("maximum")
    if lowest is not None and not number >= lowest:
        raise ValueError(f"must be at least {lowest}")
    if highest is not None and not number <= highest:
        raise ValueError(f"must be at most {highest}")
    return number


def _listed(text: str) -> object:
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return None
    return [item.strip() for item in text.split(",") if item.strip()]
