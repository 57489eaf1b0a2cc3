"""What htmx asks and what it is told: fragments instead of pages, redirects, and words for failures."""

from __future__ import annotations

from typing import Protocol

from markupsafe import Markup


class Headers(Protocol):
    """The headers of a request, whatever the framework keeps them in."""

    def get(self, key: str) -> str | None: ...


def wants_fragment(headers: Headers) -> bool:
    """Whether a part of the page is asked for, not the page; answers must then `Vary: HX-Request`."""
    return headers.get("HX-Request") == "true" and headers.get("HX-History-Restore-Request") != "true"


def go_to(path: str) -> dict[str, str]:
    """Headers that make htmx load another page, in place of a 303."""
    return {"HX-Redirect": path}


def failure(sentence: str) -> str:
    """The body of a failed fragment request: the page shows the sentence in a toast and keeps what was typed."""
    return str(Markup("<p data-says>{}</p>").format(sentence))
