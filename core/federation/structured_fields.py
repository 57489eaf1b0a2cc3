"""The part of Structured Field Values (RFC 8941) that HTTP message signatures need, read strictly."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field


class MalformedField(ValueError):
    """The text is not a structured field of the supported kinds."""


class Token(str):
    """A token, which is written without quotes."""

    __slots__ = ()


BareItem = str | Token | int | bool | bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One value with its parameters, in their order."""

    value: BareItem
    parameters: dict[str, BareItem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InnerList:
    """A list in parentheses with its parameters, in their order."""

    items: tuple[Item, ...]
    parameters: dict[str, BareItem] = field(default_factory=dict)


_KEY = re.compile(r"[a-z*][a-z0-9_\-.*]*")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BYTES = re.compile(r":([A-Za-z0-9+/]*={0,2}):")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?![0-9.])")
_BOOLEAN = re.compile(r"\?([01])")
_TOKEN = re.compile(r"[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*")
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_SPACES = re.compile(r" *")


def parse_dictionary(text: str) -> dict[str, Item | InnerList]:
    """Read a dictionary (section 4.2.2). A repeated key and decimals are refused. Raises MalformedField."""
    reader = _Reader(text.strip(" "))
    members: dict[str, Item | InnerList] = {}
    while not reader.finished:
        if members:
            reader.take(_COMMA)
        key = reader.take(_KEY)[0]
        if key in members:
            raise MalformedField(f"{key} appears twice")
        members[key] = reader.member()
    return members


def serialise(value: Item | InnerList) -> str:
    """Write a value in its canonical form (section 4.1)."""
    if isinstance(value, InnerList):
        written = "(" + " ".join(serialise(item) for item in value.items) + ")"
    else:
        written = _bare(value.value)
    for name, parameter in value.parameters.items():
        written += f";{name}" if parameter is True else f";{name}={_bare(parameter)}"
    return written


def _bare(value: BareItem) -> str:
    if isinstance(value, bool):
        return "?1" if value else "?0"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f":{base64.b64encode(value).decode()}:"
    if isinstance(value, Token):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    @property
    def finished(self) -> bool:
        return self.at == len(self.text)

    def next_is(self, character: str) -> bool:
        return self.text.startswith(character, self.at)

    def find(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = self.find(pattern)
        if match is None:
            raise MalformedField(f"unexpected text at position {self.at}")
        return match

    def member(self) -> Item | InnerList:
        if not self.next_is("="):
            return Item(True, self.parameters())
        self.at += 1
        return self.inner_list() if self.next_is("(") else self.item()

    def inner_list(self) -> InnerList:
        self.at += 1
        items: list[Item] = []
        self.take(_SPACES)
        while not self.next_is(")"):
            items.append(self.item())
            if not self.take(_SPACES)[0] and not self.next_is(")"):
                raise MalformedField(f"unexpected text at position {self.at}")
        self.at += 1
        return InnerList(tuple(items), self.parameters())

    def item(self) -> Item:
        return Item(self.bare_item(), self.parameters())

    def parameters(self) -> dict[str, BareItem]:
        found: dict[str, BareItem] = {}
        while self.next_is(";"):
            self.at += 1
            self.take(_SPACES)
            name = self.take(_KEY)[0]
            if name in found:
                raise MalformedField(f"{name} appears twice")
            found[name] = True
            if self.next_is("="):
                self.at += 1
                found[name] = self.bare_item()
        return found

    def bare_item(self) -> BareItem:
        if match := self.find(_STRING):
            return re.sub(r"\\(.)", r"\1", match[1])
        if match := self.find(_BYTES):
            try:
                return base64.b64decode(match[1], validate=True)
            except binascii.Error as error:
                raise MalformedField("base64 is malformed") from error
        if match := self.find(_NUMBER):
            return int(match[0])
        if match := self.find(_BOOLEAN):
            return match[1] == "1"
        return Token(self.take(_TOKEN)[0])
