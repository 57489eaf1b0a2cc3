"""JSON in the one form in which two servers hash the same bytes: the JSON Canonicalization Scheme (RFC 8785)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_EXACT = 2**53  # whole numbers up to here are the same as a double, which is what all numbers are
_LONGEST = 21  # digits before the point that are written out


class Written(str):
    """A part that is in this form already."""

    __slots__ = ()


def canonical(value: Any) -> bytes:
    """A JSON value as RFC 8785 writes it. Raises ValueError for numbers JSON has none of."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, Written):
        return value
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{_written(name)}:{_written(inner)}" for name, inner in members) + "}"
    raise ValueError(f"JSON has no {type(value).__name__}")


def _number(value: float) -> str:
    """A number as ECMAScript writes a double (RFC 8785, section 3.2.2.3): its shortest digits."""
    if isinstance(value, int) and abs(value) <= _EXACT:
        return str(value)
    sign, digits, exponent = Decimal(repr(float(value))).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("JSON has no infinity")
    text = "".join(map(str, digits)).lstrip("0")
    if not text:
        return "0"
    exponent += len(text) - len(text.rstrip("0"))
    text = text.rstrip("0")
    return ("-" if sign else "") + _placed(text, len(text) + exponent)


def _placed(digits: str, point: int) -> str:
    """Digits with the decimal point behind the first `point` of them."""
    if len(digits) <= point <= _LONGEST:
        return digits + "0" * (point - len(digits))
    if 0 < point <= _LONGEST:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{point - 1:+d}"
