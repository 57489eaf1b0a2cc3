"""Forms that come back with what was typed and what is wrong with it, and where to go after them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Form:
    """A form as it is shown: the values that stand in it and the errors beside its fields."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    sentence: str = ""
    """What went wrong with the form as a whole, where no single field is to blame."""

    def value(self, name: str) -> str:
        """What stands in the field."""
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        """What is wrong with the field, or nothing."""
        return self.errors.get(name, "")


def local_path(wanted: str | None, fallback: str = "/") -> str:
    """Where to go next, if it is a path on this server; never another host, scheme or a header's line break."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return fallback
    if any(ord(character) < 0x20 or character in "\\\x7f" for character in wanted):
        return fallback
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return fallback
    return fallback if parts.scheme or parts.netloc else wanted
