"""Lists are read item by item, however the pieces fall, and what is no JSON is refused."""

from __future__ import annotations

import io
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transfer import json_items
from core.transfer.json_items import NotJson, items_of

TEXT = st.text(max_size=20)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


class Trickle(io.BytesIO):
    """A file that gives a few bytes at a time."""

    def __init__(self, content: bytes, size: int) -> None:
        super().__init__(content)
        self.size = size

    def read(self, _size: int | None = -1) -> bytes:
        return super().read(self.size)


def read(content: bytes, size: int = 7) -> list[Any]:
    return list(items_of(Trickle(content, size), "orderedItems"))


@given(
    before=st.dictionaries(TEXT.filter(lambda key: key != "orderedItems"), ANYTHING, max_size=3),
    items=st.lists(st.dictionaries(TEXT, ANYTHING, max_size=4) | TEXT, max_size=6),
    size=st.integers(1, 40),
    indent=st.booleans(),
)
def test_what_is_read_bit_by_bit_is_what_was_written(
    before: dict[str, Any], items: list[Any], size: int, indent: bool
) -> None:
    content = orjson.dumps(before | {"orderedItems": items, "after": [{"orderedItems": [1]}]})
    if indent:
        content = orjson.dumps(orjson.loads(content), option=orjson.OPT_INDENT_2)
    assert read(content, size) == items


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"[{}]", b'{"orderedItems": [', b'{"orderedItems": [{]}', b"\xff", b"{}{}", b"\\", b"}", b'{"a": "b'],
)
def test_what_is_no_object_is_refused(content: bytes) -> None:
    with pytest.raises(NotJson):
        read(content)


def test_an_item_without_end_is_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_items, "LONGEST", 1000)
    with pytest.raises(NotJson):
        read(b'{"orderedItems": [{"a": "' + b"x" * 5000)
    assert read(b'{"' + b"k" * 5000 + b'": 1, "orderedItems": ["x"]}') == ["x"]
