"""Cursors as they come in from strangers."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uuid_utils import uuid7

from core.cursors import Cursors
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


def test_a_cursor_of_one_list_opens_no_other() -> None:
    with pytest.raises(Invalid) as refused:
        CURSORS.decode("local", CURSORS.encode("home", POST))
    assert set(refused.value.errors) == {"cursor"}


def test_a_cursor_of_another_instance_is_refused() -> None:
    with pytest.raises(Invalid):
        CURSORS.decode("home", Cursors(b"another secret").encode("home", POST))


def test_the_cursor_for_the_next_page_names_the_last_row_of_this_one() -> None:
    found = [{"position": str(uuid7())} for _ in range(3)]
    following = CURSORS.following("home", found, 2)
    assert following and CURSORS.decode("home", following) == found[1]["position"]
    assert CURSORS.following("home", found, 3) is None
    assert CURSORS.following("home", [], 3) is None


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
