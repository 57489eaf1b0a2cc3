"""What whoever asks would rather have: a document for programs, or a page for people (RFC 9110, section 12.5.1)."""

from __future__ import annotations

LONGEST = 2000
DOCUMENTS = frozenset({"application/activity+json", "application/ld+json", "application/json"})
PAGES = frozenset({"text/html", "application/xhtml+xml"})


def prefers_document(accept: str, *, otherwise: bool) -> bool:
    """Whether `Accept` puts documents before pages: by weight, then by place; `otherwise` where it names neither."""
    best: tuple[float, int] | None = None
    answer = otherwise
    for place, part in enumerate(accept[:LONGEST].split(",")):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media_type not in DOCUMENTS and media_type not in PAGES:
            continue
        weight = _weight(parameters)
        if weight > 0 and (best is None or (-weight, place) < best):
            best, answer = (-weight, place), media_type in DOCUMENTS
    return answer


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
