"""Times, numbers, names and audiences as a reader sees them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.web import words
from core.web.language import speaking

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (timedelta(seconds=-20), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3, minutes=59), "3 h"),
        (timedelta(days=6), "6 d"),
        (timedelta(days=8), "Nov 12"),
        (timedelta(days=400), "Oct 16, 2025"),
        (timedelta(days=-3), "Nov 23"),
    ],
)
def test_a_time_is_told_as_shortly_as_it_can_be(before: timedelta, said: str) -> None:
    assert words.time_words(NOW - before, NOW) == said


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (timedelta(seconds=-5), "in a moment"),
        (timedelta(seconds=59), "in a moment"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(hours=3, minutes=59), "in 3 h"),
        (timedelta(days=3), "Nov 23"),
    ],
)
def test_a_wait_is_told_as_shortly_as_it_can_be(after: timedelta, said: str) -> None:
    assert words.wait_words(NOW + after, NOW) == said


def test_a_date_follows_the_reader_s_language() -> None:
    with speaking("de"):
        assert words.time_words(NOW - timedelta(days=400), NOW) == "16. Okt. 2025"
        assert words.whole(12345) == "12.345"
        assert words.compact(12345) == "12.345"
    with speaking("fr"):
        assert words.whole(12345) == "12\u202f345"


def test_the_exact_time_stands_behind_the_words() -> None:
    element = words.time_element("2026-01-20T18:45:00.123Z", "long ago")
    assert 'datetime="2026-01-20T18:45:00Z"' in element
    assert "January 20, 2026" in element and "UTC" in element
    assert ">long ago</time>" in element


@pytest.mark.parametrize("value", ["2026-01-20T18:45:00", "yesterday", ""])
def test_a_time_without_a_zone_is_no_time(value: str) -> None:
    with pytest.raises(ValueError):
        words.as_time(value)


@pytest.mark.parametrize(
    ("number", "said"),
    [(None, "0"), (0, "0"), (999, "999"), (1234, "1.2K"), (34_567, "35K"), (5_100_000, "5.1M")],
)
def test_a_count_fits_beside_an_icon(number: int | None, said: str) -> None:
    assert words.compact(number) == said


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ann Holloway", "AH"),
        ("bob", "B"),
        ("Mai Linh Trần", "MT"),
        ("雪", "雪"),
        ("✨ Ann ✨", "A"),
        ("🌻", "?"),
        ("", "?"),
        ("_under_score_", "US"),
    ],
)
def test_somebody_without_a_picture_gets_their_letters(name: str, letters: str) -> None:
    assert words.initials(name) == letters


def test_the_same_person_always_has_the_same_colour() -> None:
    assert words.hue_class("0198") == words.hue_class("0198")
    assert {words.hue_class(str(number)) for number in range(200)} == {f"hue-{number}" for number in range(12)}


def test_an_unknown_audience_is_told_as_the_narrowest() -> None:
    assert words.audience_words("nobody-knows").word == words.audience_words("private").word


def test_the_composer_says_how_many_will_see_it() -> None:
    sentences = {audience.value: audience.sentence for audience in words.author_audiences(1, 12)}
    assert sentences["followers"] == "Your 1 follower will see this"
    assert sentences["friends"] == "Your 12 friends will see this"
    assert list(sentences) == ["public", "unlisted", "followers", "friends", "direct", "private"]
    assert "Nobody follows you yet" in words.author_audiences(0, 0)[2].sentence


def test_somebody_without_a_shown_name_goes_by_their_username() -> None:
    assert words.display_name({"username": "ann", "fullName": "  "}) == "ann"
