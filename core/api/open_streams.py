"""How many streams of live events are open at once: of one person, and of those who have yet to say who they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from core.errors import RateLimited
from core.instance import here
from core.live import Live

AGAIN_SECONDS = 60.0
_unnamed: WeakKeyDictionary[Live, Counter[str]] = WeakKeyDictionary()


def check_person(account_id: str) -> None:
    """Raise RateLimited where somebody has as many streams open as one may have; to be called before one more is."""
    settings = here().settings.rate_limits
    if settings.enabled and here().live.open_of(account_id) >= settings.open_streams:
        raise _too_many()


@contextmanager
def unnamed(place: str) -> Iterator[None]:
    """Count a socket of an address, while it has not signed in. Raises RateLimited where there are too many."""
    settings, counts = here().settings.rate_limits, _unnamed.setdefault(here().live, Counter())
    if settings.enabled and counts[place] >= settings.open_streams:
        raise _too_many()
    counts[place] += 1
    try:
        yield
    finally:
        counts[place] -= 1
        if not counts[place]:
            del counts[place]


def _too_many() -> RateLimited:
    return RateLimited(AGAIN_SECONDS, "You have too many of these open. Close some.")
