"""Cursors, limits and page numbers as they come in from strangers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils import uuid7

from core.cursors import Cursors, limit_from, page_from
from core.errors import Invalid

CURSORS = Cursors(b"a secret of this instance, 32 bytes")
POST = str(uuid7())


@pytest.mark.parametrize("position", [POST, "x", "", "name@host", "é", POST.upper(), POST.replace("-", "")])
def test_a_cursor_leads_back_to_its_place(position: str) -> None:
    cursor = CURSORS.encode("home", position)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert CURSORS.decode("home", cursor) == position


def test_the_cursor_of_an_id_is_short() -> None:
    assert len(CURSORS.encode("home", POST)) <= 34


def test_a_place_may_have_several_parts() -> None:
    place = (12, 3.5, "é", None, POST)
    assert CURSORS.decode_parts("trends", CURSORS.encode("trends", place)) == place


def test_a_cursor_of_one_list_opens_no_other() -> None:
    with pytest.raises(Invalid) as refused:
        CURSORS.decode("local", CURSORS.encode("home", POST))
    assert set(refused.value.errors) == {"cursor"}


def test_a_cursor_of_another_instance_is_refused() -> None:
    with pytest.raises(Invalid):
        CURSORS.decode("home", Cursors(b"another secret").encode("home", POST))


def test_parts_and_ids_are_not_mistaken_for_one_another() -> None:
    with pytest.raises(Invalid):
        CURSORS.decode("home", CURSORS.encode("home", (POST,)))
    with pytest.raises(Invalid):
        CURSORS.decode_parts("home", CURSORS.encode("home", POST))


def test_an_altered_cursor_is_refused_wherever_it_was_altered() -> None:
    cursor = CURSORS.encode("home", POST)
    for place, sign in enumerate(cursor[:-1]):
        altered = cursor[:place] + ("A" if sign != "A" else "B") + cursor[place + 1 :]
        with pytest.raises(Invalid):
            CURSORS.decode("home", altered)


@pytest.mark.parametrize("cursor", ["", "nonsense", "AAAA", "AAAAAAAAAAA", "' OR 1=1", POST[:-1], POST, "=", "\0", "é"])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        CURSORS.decode("home", cursor)
    assert set(refused.value.errors) == {"cursor"}


@given(st.text())
def test_no_text_whatever_is_a_cursor(text: str) -> None:
    with pytest.raises(Invalid):
        CURSORS.decode("home", text)


@pytest.mark.parametrize(("value", "limit"), [(None, 20), ("1", 1), ("50", 50), (7, 7), ("007", 7)])
def test_limits_in_range_are_taken(value: str | int | None, limit: int) -> None:
    assert limit_from(value) == limit


@pytest.mark.parametrize(
    "value", ["0", "51", "-1", 0, 51, "many", "", " 5", "+5", "5.0", "٣", "1e1", "9" * 5_000, True]
)
def test_other_limits_are_refused_by_name(value: str | int) -> None:
    with pytest.raises(Invalid) as refused:
        limit_from(value)
    assert set(refused.value.errors) == {"limit"}


@pytest.mark.parametrize(("value", "page"), [(None, 1), ("1", 1), ("12", 12), (3, 3)])
def test_pages_are_counted_from_one(value: str | int | None, page: int) -> None:
    assert page_from(value) == page


@pytest.mark.parametrize("value", ["0", "-1", 0, "x", "", "9" * 30, "1000000"])
def test_other_pages_are_refused_by_name(value: str | int) -> None:
    with pytest.raises(Invalid) as refused:
        page_from(value)
    assert set(refused.value.errors) == {"page"}
