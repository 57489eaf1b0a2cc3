"""Reads what servers say of the type of what they send."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r';[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))[ \t]*')


def media_type_of(text: str) -> tuple[str, dict[str, str]]:
    """A Content-Type taken apart, in lower case but for the parameters' values; ("", {}) when it is malformed."""
    end = text.find(";")
    media_type = (text if end < 0 else text[:end]).strip().lower()
    parameters: dict[str, str] = {}
    while 0 <= end < len(text):
        match = _PARAMETER.match(text, end)
        if match is None or match[1].lower() in parameters:
            return "", {}
        quoted, plain = match[2], match[3]
        parameters[match[1].lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        end = match.end()
    return media_type, parameters
