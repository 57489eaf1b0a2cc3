"""What somebody typed into the search field, understood: words, phrases, what must not be there, and operators."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from core.errors import Invalid
from core.html import tag_key
from plugins.search.wanted import Term
from plugins.search.words import sought_in, tag_mark

LONGEST = 500
TERMS_AT_MOST = 20
HAS = ("image", "video", "audio", "poll", "link")
_TOKEN = re.compile(r'(?P<minus>-)?(?:(?P<operator>[a-z]+):)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))', re.IGNORECASE)


@dataclass
class Query:
    """What is looked for. Marks are what the index knows of an entry beside its words."""

    terms: list[Term] = field(default_factory=list)
    excluded: list[Term] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    excluded_marks: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    excluded_people: list[str] = field(default_factory=list)
    before: datetime | None = None
    after: datetime | None = None
    language: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing says what to look for: then nothing is found."""
        return not (self.terms or self.marks or self.people or self.before or self.after)


def understood(text: str, tags: str = "") -> Query:
    """The query somebody typed; `tags` are hashtags between commas, all of which are to be there.

    What is no operator is a word. Raises Invalid for dates that are none and for too much at once.
    """
    if len(text) > LONGEST:
        raise Invalid({"q": f"This is too long: at most {LONGEST} characters."})
    query = Query()
    for token in _TOKEN.finditer(text):
        _take(query, token)
    query.marks += [tag_mark(tag_key(tag)) for part in tags.split(",") if (tag := part.strip().lstrip("#＃"))]
    if len(query.terms) + len(query.excluded) + len(query.marks) > TERMS_AT_MOST:
        raise Invalid({"q": f"At most {TERMS_AT_MOST} words at once."})
    return query


def _take(query: Query, token: re.Match[str]) -> None:
    operator, minus = (token["operator"] or "").lower(), bool(token["minus"])
    given = token["phrase"] if token["phrase"] is not None else token["word"]
    if operator == "from" and given.strip("@"):
        (query.excluded_people if minus else query.people).append(given)
    elif operator == "has" and given.lower().rstrip("s") in HAS:
        (query.excluded_marks if minus else query.marks).append(f"has{given.lower().rstrip('s')}")
    elif operator == "lang" and (code := re.match("[A-Za-z]{2,3}", given)):
        (query.excluded_marks if minus else query.marks).append(f"lang{code[0].lower()}")
        query.language = code[0].lower()
    elif operator in ("before", "after") and not minus:
        _bound(query, operator, given)
    elif given[:1] in ("#", "＃") and not operator and tag_key(given[1:]):
        (query.excluded_marks if minus else query.marks).append(tag_mark(tag_key(given[1:])))
    else:
        _words(query.excluded if minus else query.terms, token, operator, given)


def _words(terms: list[Term], token: re.Match[str], operator: str, given: str) -> None:
    if token["phrase"] is not None:
        words = [word for part, _ in sought_in(given) for word in part]
        terms += _words_of(operator)
        if words:
            terms.append(Term(tuple(words), exact=True))
        return
    text = f"{operator}:{given}" if operator else given
    wanted = sought_in(text)
    for place, (words, goes_on) in enumerate(wanted):
        is_cut = place == len(wanted) - 1 and text.endswith("*") and len(words[-1]) > 1
        terms.append(Term(tuple(words), goes_on or is_cut, typed=text if len(wanted) == 1 else ""))


def _words_of(operator: str) -> list[Term]:
    return [Term(tuple(words)) for words, _ in sought_in(operator)] if operator else []


def _bound(query: Query, operator: str, given: str) -> None:
    """`before:2026-03-01` is before that day begins, `after:` is after it has ended; a month or year counts whole."""
    parts = given.split("-")
    try:
        year, month, day = (int(parts[place]) if place < len(parts) else 0 for place in range(3))
        first = date(year, month or 1, day or 1)
        after = first + timedelta(days=1) if day else _next(first, month)
    except (ValueError, OverflowError):
        raise Invalid({"q": f"“{operator}:” needs a day such as {operator}:2026-03-01."}) from None
    moment = first if operator == "before" else after
    setattr(query, operator, datetime.combine(moment, time(), UTC))


def _next(first: date, month: int) -> date:
    """The first day after a month, or where none is given after a year."""
    return date(first.year + (not month or month == 12), 1 if not month or month == 12 else month + 1, 1)
