"""The reader's language: which one, its words, its direction."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from gettext import NullTranslations, translation
from pathlib import Path

from babel import Locale, UnknownLocaleError
from markupsafe import Markup

TRANSLATIONS = Path(__file__).resolve().parents[2] / "translations"


@dataclass(frozen=True)
class Language:
    """A language the pages can speak."""

    code: str
    locale: Locale
    translations: NullTranslations = field(default_factory=NullTranslations)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, for the dir attribute."""
        return "rtl" if self.locale.text_direction == "rtl" else "ltr"


@lru_cache(maxsize=32)
def language(code: str) -> Language:
    """The language of this code (`de`, `pt-BR`), with English words where nobody has translated yet.

    Raises LookupError for a code that is no language.
    """
    try:
        locale = Locale.parse(code, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise LookupError(f"{code!r} is no language known here") from error
    words = translation("kith", TRANSLATIONS, [str(locale), locale.language], fallback=True)
    return Language(code, locale, words)


@lru_cache(maxsize=64)
def language_name(code: str) -> str:
    """What a language calls itself (`Deutsch`), or its code where that is not known."""
    try:
        name = language(code).locale.get_display_name()
    except LookupError:
        name = None
    return name[:1].upper() + name[1:] if name else code


_current: ContextVar[Language | None] = ContextVar("language", default=None)


def current_language() -> Language:
    """The language of the running request; English outside of one."""
    return _current.get() or language("en")


@contextmanager
def speaking(code: str) -> Iterator[Language]:
    """Everything said inside is said in this language."""
    chosen = language(code)
    token = _current.set(chosen)
    try:
        yield chosen
    finally:
        _current.reset(token)


def speak(code: str) -> Language:
    """Choose the language for the rest of this context, e.g. of this request."""
    chosen = language(code)
    _current.set(chosen)
    return chosen


def choose_language(accept_language: str, available: Collection[str], fallback: str = "en") -> str:
    """The best of `available` for an Accept-Language header (RFC 9110 §12.5.4); a region falls back to its language."""
    wishes: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        tag, _, weight = part.partition(";")
        name, _, number = weight.strip().partition("=")
        try:
            quality = float(number) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if tag.strip() and quality > 0:
            wishes.append((-quality, place, tag.strip().lower()))
    known = {code.lower(): code for code in available}
    for _, _, tag in sorted(wishes):
        for candidate in (tag, tag.split("-")[0]):
            if candidate in known:
                return known[candidate]
    return fallback


def gettext(message: str) -> str:
    """The message in the reader's language."""
    return current_language().translations.gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The message in the form the count asks for, in the reader's language."""
    return current_language().translations.ngettext(singular, plural, count)


def said(message: str, /, **variables: object) -> Markup:
    """The message in the reader's language as templates say it: a format string, whatever is put into it escaped."""
    if not variables:
        return _said(current_language().code, message)
    return Markup(gettext(message)) % variables


@lru_cache(maxsize=4096)
def _said(code: str, message: str) -> Markup:
    return Markup(language(code).translations.gettext(message)) % {}


def counted(singular: str, plural: str, count: int, /, **variables: object) -> Markup:
    """The message in the form the count asks for, as templates say it; `num` is the count."""
    return Markup(ngettext(singular, plural, count)) % {"num": count, **variables}


def said_plainly(message: str, /, **variables: object) -> str:
    """The message as templates of plain text say it: nothing is escaped."""
    return gettext(message) % variables


def counted_plainly(singular: str, plural: str, count: int, /, **variables: object) -> str:
    """The same in the form the count asks for; `num` is the count."""
    return ngettext(singular, plural, count) % {"num": count, **variables}
