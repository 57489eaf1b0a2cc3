"""What failures say to whoever asked."""

from __future__ import annotations

import pytest

from core.errors import RateLimited


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "1 second"),
        (90, "90 seconds"),
        (91, "2 minutes"),
        (841, "15 minutes"),
        (5401, "2 hours"),
        (90 * 3600 + 1, "4 days"),
    ],
)
def test_nobody_is_told_to_come_back_too_early(seconds: float, said: str) -> None:
    assert RateLimited(seconds).sentence == f"That was too much in a short time. Please try again in {said}."


def test_what_was_too_much_is_named_before_when_to_come_back() -> None:
    error = RateLimited(600, "You have reported much.")
    assert error.sentence == "You have reported much. Please try again in 10 minutes."
