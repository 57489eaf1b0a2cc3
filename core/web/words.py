"""Times, numbers, names and audiences in the reader's words: the filters of the templates."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.numbers import format_compact_decimal, format_decimal, format_percent
from markupsafe import Markup

from core.web.language import current_language, gettext, language, ngettext

HUES = 12


def as_time(value: str | datetime) -> datetime:
    """A time of the API (RFC 3339) or an aware datetime, as an aware datetime in UTC; ValueError for anything else."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment.astimezone(UTC)


def time_words(value: str | datetime, now: datetime | None = None) -> str:
    """How long ago, short: `now`, `5 min`, `3 h`, `2 d`, then the date (with the year where it is not this one)."""
    moment, now = as_time(value), now or datetime.now(UTC)
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return gettext("now") if seconds > -60 else _day(moment.date(), now.year, current_language().code)
    if seconds < 3600:
        return gettext("%(count)d min") % {"count": seconds // 60}
    if seconds < 86400:
        return gettext("%(count)d h") % {"count": seconds // 3600}
    if seconds < 7 * 86400:
        return gettext("%(count)d d") % {"count": seconds // 86400}
    return _day(moment.date(), now.year, current_language().code)


def wait_words(value: str | datetime, now: datetime | None = None) -> str:
    """How long something still takes, short: `in a moment`, `in 5 min`, `in 3 h`, then the date."""
    seconds = (as_time(value) - (now or datetime.now(UTC))).total_seconds()
    if seconds < 60:
        return gettext("in a moment")
    if seconds < 3600:
        return gettext("in %(count)d min") % {"count": seconds // 60}
    if seconds < 86400:
        return gettext("in %(count)d h") % {"count": seconds // 3600}
    return time_words(value, now)


@lru_cache(maxsize=1024)
def _day(day: date, this_year: int, code: str) -> str:
    return format_skeleton("MMMd" if day.year == this_year else "yMMMd", day, locale=language(code).locale)


@lru_cache(maxsize=4096)
def _exactly(minute: datetime, code: str) -> str:
    locale = language(code).locale
    return f"{format_date(minute, 'long', locale=locale)}, {format_time(minute, 'short', locale=locale)} UTC"


def time_element(value: str | datetime, words: str | None = None) -> Markup:
    """`<time>` with the time as words, the machine's form, and the exact time on hover."""
    moment = as_time(value)
    exact = _exactly(moment.replace(second=0, microsecond=0), current_language().code)
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(stamp, exact, words or time_words(moment))


def exact_time(value: str | datetime) -> str:
    """The exact time in words, in UTC."""
    return _exactly(as_time(value).replace(second=0, microsecond=0), current_language().code)


def date_words(value: str | datetime) -> str:
    """The day with its year, for what happens on it."""
    return _day(as_time(value).date(), 0, current_language().code)


def day_words(value: str | datetime) -> str:
    """Month and year, for `joined in …`."""
    return format_skeleton("yMMMM", as_time(value), locale=current_language().locale)


def compact(number: int | None) -> str:
    """A count that fits beside an icon: 950, 1.2K, 34K, 5.1M."""
    number = number or 0
    return str(number) if 0 <= number < 1000 else _compact(number, current_language().code)


@lru_cache(maxsize=4096)
def _compact(number: int, code: str) -> str:
    digits = 0 if abs(number) >= 10_000 and abs(number) < 1_000_000 else 1
    locale = language(code).locale
    short = format_compact_decimal(number, locale=locale, fraction_digits=digits)
    return format_decimal(number, locale=locale) if short.isdigit() else short


def whole(number: int | None) -> str:
    """A count in full, with the reader's separators."""
    return format_decimal(number or 0, locale=current_language().locale)


def percent(share: int) -> str:
    """A share of a hundred, as the reader writes it."""
    return format_percent(share / 100, locale=current_language().locale)


def hue_class(identity: str) -> str:
    """The colour class of somebody without a picture: always the same for the same id."""
    return f"hue-{zlib.crc32(identity.encode()) % HUES}"


_WORD = re.compile(r"[^\W_]+", re.UNICODE)


def initials(name: str) -> str:
    """One or two letters that stand for a name; a symbol where it has no letters."""
    words = _WORD.findall(name)
    letters = [word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)]
    return "".join(letters).upper()[:2] or "?"


@dataclass(frozen=True)
class Audience:
    """Who will see a post, as it is shown: an icon, a word, a sentence."""

    value: str
    icon: str
    word: str
    sentence: str
    mark: str = ""
    """Which of several of its sort it is, where the style sheet has to tell: `circle-3`; else it is its value."""


def content_types() -> list[tuple[str, str]]:
    """As what a post may be typed, in words."""
    return [("text/markdown", gettext("Markdown: *soft*, **strong**")), ("text/plain", gettext("Plain text, as typed"))]


def audience_words(visibility: str) -> Audience:
    """The icon, the word and the sentence of an audience; an unknown one is told as the narrowest."""
    return _audience(visibility, current_language().code)


@lru_cache(maxsize=256)
def _audience(visibility: str, code: str) -> Audience:
    """The same in the reader's language, which is that of the code."""
    icons = {"public": "globe", "unlisted": "moon", "followers": "lock", "friends": "users-round", "direct": "at-sign"}
    icons["circle"] = "circle-dot-dashed"
    words = {
        "public": (gettext("Public"), gettext("Everyone can see this")),
        "unlisted": (gettext("Quiet"), gettext("Everyone can see this, but it is kept out of the public lists")),
        "followers": (gettext("Followers"), gettext("Followers and people mentioned can see this")),
        "friends": (gettext("Friends"), gettext("Friends and people mentioned can see this")),
        "circle": (gettext("Circle"), gettext("Only some friends the author has chosen can see this")),
        "direct": (gettext("Mentioned"), gettext("Only people mentioned can see this")),
    }
    word, sentence = words.get(visibility, (gettext("Only me"), gettext("Only the author can see this")))
    return Audience(visibility, icons.get(visibility, "user-round"), word, sentence)


def author_audiences(followers: int, friends: int, answered: str = "") -> list[Audience]:
    """The choices of the composer, each with the sentence that says who will see the post.

    `answered` is who is answered (`@name`): they see the answer, unless it is for nobody.
    """
    sentences = {
        "public": gettext("Everyone will see this"),
        "unlisted": gettext("Everyone with the link and your followers will see this"),
        "followers": _seen_by_followers(followers, answered),
        "friends": _seen_by_friends(friends, answered),
        "direct": gettext("Only %(name)s and the people you mention will see this") % {"name": answered}
        if answered
        else gettext("Only the people you mention will see this"),
        "private": gettext("Only you will see this"),
    }
    return [
        Audience(value, audience_words(value).icon, audience_words(value).word, sentence)
        for value, sentence in sentences.items()
    ]


def circle_audience(circle_id: str, number: int, name: str, count: int, named: Sequence[str]) -> Audience:
    """A circle as a choice of the composer: `count` friends are in it, of whom some are `named`."""
    return Audience(f"circle:{circle_id}", "circle-dot-dashed", name, _seen_by(count, named), f"circle-{number}")


def answering_circle() -> Audience:
    """The choice of the composer for answers to what was for a circle."""
    sentence = gettext("Only those who were sent what you answer will see this")
    return Audience("circle", "circle-dot-dashed", audience_words("circle").word, sentence)


def _seen_by(count: int, named: Sequence[str]) -> str:
    """Some people by name, and how many others."""
    people = format_list([*named], locale=current_language().locale)
    if not (others := count - len(named)):
        return gettext("%(people)s will see this") % {"people": people}
    values = {"people": ", ".join(named), "count": whole(others)}
    said = ngettext(
        "%(people)s and %(count)s other will see this", "%(people)s and %(count)s others will see this", others
    )
    return said % values


def _seen_by_followers(count: int, answered: str) -> str:
    values = {"count": whole(count), "name": answered}
    if not count:
        alone = gettext("Nobody follows you yet: only people you mention will see this")
        return gettext("Nobody follows you yet: only %(name)s will see this") % values if answered else alone
    if not answered:
        said = ngettext("Your %(count)s follower will see this", "Your %(count)s followers will see this", count)
    else:
        said = ngettext(
            "Your %(count)s follower and %(name)s will see this",
            "Your %(count)s followers and %(name)s will see this",
            count,
        )
    return said % values


def _seen_by_friends(count: int, answered: str) -> str:
    values = {"count": whole(count), "name": answered}
    if not count:
        alone = gettext("You have no friends here yet: only people you mention will see this")
        return gettext("You have no friends here yet: only %(name)s will see this") % values if answered else alone
    if not answered:
        said = ngettext("Your %(count)s friend will see this", "Your %(count)s friends will see this", count)
    else:
        said = ngettext(
            "Your %(count)s friend and %(name)s will see this",
            "Your %(count)s friends and %(name)s will see this",
            count,
        )
    return said % values


def known_words(names: Sequence[str], count: int) -> str:
    """Who follows somebody of those whom the reader follows: some by name, and how many others."""
    if not (others := count - len(names)):
        return gettext("Followed by %(people)s") % {"people": format_list([*names], locale=current_language().locale)}
    values = {"people": ", ".join(names), "count": whole(others)}
    said = ngettext(
        "Followed by %(people)s and %(count)s you follow", "Followed by %(people)s and %(count)s you follow", others
    )
    return said % values


def reason_words(kind: str, count: int, names: Sequence[str], tag: str) -> str:
    """Why somebody is suggested, in a few words."""
    if kind == "followedBy":
        return known_words(names, count)
    if kind == "liked":
        said = ngettext("You liked a post of theirs", "You liked %(count)s of their posts", count)
    elif kind == "tag":
        said = gettext("Writes about #%(tag)s, as you do")
    elif kind == "newcomer":
        said = gettext("New here")
    elif count:
        said = ngettext("%(count)s person follows them", "%(count)s people follow them", count)
    else:
        said = gettext("Writes here")
    return said % {"count": whole(count), "tag": tag}


def role_words(role: str) -> str:
    """What somebody is to this place, for a badge; nothing for a member like others."""
    return {"moderator": gettext("Moderator"), "admin": gettext("Admin")}.get(role, "")


def display_name(user: dict[str, Any]) -> str:
    """What somebody is called: the name they chose, or their username."""
    return (user.get("fullName") or "").strip() or str(user["username"])
