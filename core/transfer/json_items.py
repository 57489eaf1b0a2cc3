"""The items of a list in a JSON object, one by one: of a file of any size no more than one item is held."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import IO, Any

import orjson

PIECE = 65_536
LONGEST = 1_048_576  # characters of one item
_MARK = re.compile(r'["\\{}\[\]]')


class NotJson(ValueError):
    """The file is no JSON object, or holds what nobody would write."""


def items_of(file: IO[bytes], name: str) -> Iterator[Any]:
    """Every item of the list `name` of the object in the file: those that are objects or text. Raises NotJson."""
    reader = _Reader(name)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        while piece := file.read(PIECE):
            yield from reader.read(decoder.decode(piece))
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise NotJson("it is not text") from error
    if reader.depth or not reader.began:
        raise NotJson("it ends in the middle")


class _Reader:
    """Walks from mark to mark: quotes and brackets are all that matters until an item is whole."""

    def __init__(self, name: str) -> None:
        self.depth, self.began = 0, False
        self._name = name
        self._in_text = self._escaped = self._in_list = False
        self._text: list[str] | None = None  # the last string of the outermost object: a key, maybe
        self._key = ""
        self._item: list[str] | None = None
        self._length = 0

    def read(self, piece: str) -> Iterator[Any]:
        kept = 0  # up to where the piece has been put into what is gathered
        place = 0
        if self._escaped and piece:
            self._escaped, place = False, 1
        while mark := _MARK.search(piece, place):
            sign, place = mark[0], mark.end()
            if self._in_text:
                if sign == "\\":
                    if place == len(piece):
                        self._escaped = True
                    place += 1
                elif sign == '"':
                    self._gather(piece[kept:place])
                    kept = place
                    self._in_text = False
                    yield from self._text_ended()
                continue
            if sign == "\\":
                raise NotJson("a backslash stands where none can")
            if sign == '"':
                kept = self._begin_text(mark.start(), kept)
            elif sign in "{[":
                kept = self._open(sign, mark.start(), kept)
            else:
                self._gather(piece[kept:place])
                kept = place
                yield from self._close()
        self._gather(piece[kept:])

    def _gather(self, text: str) -> None:
        if self._item is not None:
            self._length += len(text)
            if self._length > LONGEST:
                raise NotJson("an item of it is too long")
            self._item.append(text)
        elif self._text is not None:
            self._length += len(text)
            if self._length <= LONGEST:
                self._text.append(text)

    def _begin_text(self, start: int, kept: int) -> int:
        self._in_text = True
        if self._in_list and self.depth == 2 and self._item is None:
            self._item, self._length = [], 0
            return start
        if self.depth == 1:
            self._text, self._length = [], 0
            return start
        return kept

    def _text_ended(self) -> Iterator[Any]:
        if self._item is not None and self.depth == 2:
            yield self._finished()
        elif self._text is not None:
            self._key, self._text = "".join(self._text), None

    def _open(self, sign: str, start: int, kept: int) -> int:
        if self.depth == 0 and (sign == "[" or self.began):
            raise NotJson("it is no object")
        self.began = True
        if self.depth == 1 and sign == "[" and self._key == f'"{self._name}"':
            self._in_list = True
        elif self._in_list and self.depth == 2 and self._item is None:
            self._item, self._length = [], 0
            kept = start
        self.depth += 1
        return kept

    def _close(self) -> Iterator[Any]:
        self.depth -= 1
        if self.depth < 0:
            raise NotJson("it is no object")
        if self._item is not None and self.depth == 2:
            yield self._finished()
        elif self._in_list and self.depth == 1:
            self._in_list, self._key = False, ""

    def _finished(self) -> Any:
        text, self._item = "".join(self._item or ()), None
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise NotJson("an item of it is no JSON") from error
