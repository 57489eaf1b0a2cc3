"""What somebody would rather not see: their filters, read once, and which of them a post is caught by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import from_json, now, rows, when
from core.entry_forms import Prepared
from core.html import plain
from core.instance import here

CONTEXTS = ("home", "lists", "public", "thread", "profile", "notifications")
HIDE, WARN = "hide", "warn"
KEEP_SECONDS = 600
_LETTER, _LETTERS = re.compile(r"\w"), re.compile(r"\w+")
Form = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """One filter, ready to be held against posts; it catches what has any of its words, people or languages."""

    id: str
    title: str
    hides: bool
    contexts: frozenset[str]
    words: tuple[tuple[str, bool], ...]
    people: frozenset[str]
    languages: frozenset[str]
    expires_at: datetime | None

    def catches(self, words: str, form: Form) -> bool:
        """Whether a post with these words, which `words_of` made of its form, is what the filter is about."""
        if self.people and self.people.intersection(_people_of(form)):
            return True
        if self.languages and (form.get("language") or "").partition("-")[0].lower() in self.languages:
            return True
        return any(_stands_in(words, word, whole=whole) for word, whole in self.words)


Sieve = tuple[Rule, ...]


def caught(sieve: Sieve, context: str, words: str, form: Form) -> list[Rule]:
    """The filters that catch a post where it is about to be shown; those whose time is over catch nothing."""
    moment = now()
    return [
        rule
        for rule in sieve
        if context in rule.contexts
        and (rule.expires_at is None or rule.expires_at > moment)
        and rule.catches(words, form)
    ]


def shown(rules: Sequence[Rule]) -> list[dict[str, str]] | None:
    """What is said of a post that filters warn of."""
    return [{"filterId": rule.id, "title": rule.title} for rule in rules] or None


def caught_on(
    page: Sequence[Form], prepared: Mapping[str, Prepared], viewer_id: str, sieve: Sieve, context: str
) -> dict[str, list[Rule]]:
    """The filters that catch entries of a page, but for the viewer's own; without any further query."""
    found = {}
    for row in page:
        if row["author_id"] != viewer_id:
            form, words = _read_in(row, prepared[row["id"]])
            found[row["id"]] = caught(sieve, context, words, {**form, "sharedBy": {"userId": row.get("via_id")}})
    return found


def _read_in(row: Form, prepared: Prepared) -> tuple[Form, str]:
    """An entry's author and language, and all it says, as filters look at them; kept for each version of it."""
    cache, key = here().cache, f"words:{row['id']}:{row['version']}:{row['author_version']}"
    kept: tuple[Form, str] | None = cache.get(key)
    if kept is None:
        since, form = cache.mark(), {**from_json(prepared.head.decode() + "}"), "poll": prepared.poll}
        text = words_of(form, from_json(prepared.quote.decode()))
        author_id = form["user"] and form["user"]["userId"]
        kept = {"user": {"userId": author_id}, "language": form["language"]}, text
        cache.put(key, kept, KEEP_SECONDS, size=600 + 4 * len(text), tags=prepared.tags, since=since)
    return kept


# -- What a post says ----------------------------------------------------------
def words_of(form: Form, quote: Form | None) -> str:
    """All that is to be read in a post, as filters compare it."""
    return folded("\n".join(filter(None, _texts(form, quote))))


def _texts(form: Form, quote: Form | None) -> Iterator[str | None]:
    yield form.get("title")
    yield form.get("contentWarning")
    yield plain(form["content"])
    yield from (f"#{tag}" for tag in form["tags"])
    yield from (file.get("alt") for file in form["attachments"])
    for option in (form.get("poll") or {}).get("options", ()):
        yield option if isinstance(option, str) else option["title"]
    if quote:
        yield plain(quote.get("content") or "")


def folded(text: str) -> str:
    """One spelling for all that reads alike: width, case and kinds of space make no difference."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _people_of(form: Form) -> Iterator[str]:
    for key in ("user", "sharedBy"):
        if person := form.get(key):
            yield person["userId"]


# -- Whose filters -------------------------------------------------------------
def kept(actor_id: str) -> Sieve | None:
    """Somebody's filters where they were read lately, else None."""
    found: Sieve | None = here().cache.get(_key(actor_id))
    return found


def load(actor_id: str, found: Sequence[Form], since: int) -> Sieve:
    """Somebody's filters out of rows of `rules_sql`, to be kept; `since` is the cache's mark before they were read."""
    sieve = _sieve(found)
    here().cache.put(_key(actor_id), sieve, KEEP_SECONDS, size=200 + 1000 * len(sieve), since=since)
    return sieve


async def of(actor_id: str) -> Sieve:
    """Somebody's filters."""
    found, since = kept(actor_id), here().cache.mark()
    return load(actor_id, await rows(rules_sql(1), actor_id), since) if found is None else found


def forget(actor_id: str) -> None:
    """Somebody's filters have changed."""
    here().cache.drop(_key(actor_id))


def _key(actor_id: str) -> str:
    return f"sieve:{actor_id}"


RULE = "rule"


def rules_sql(parameter: int) -> str:
    """Somebody's filters as rows marked RULE: one for each, and one for each person in one, which says nothing else.

    Other marks can be joined to it (core.present); it comes first, so that PostgreSQL knows the types of its columns.
    """
    return (
        f"SELECT '{RULE}' AS mark, f.id AS entry_id, 0 AS number, f.title, f.action, f.contexts, f.words, f.languages,"
        f" f.expires_at, NULL::uuid AS person_id FROM core_filter f WHERE f.actor_id = ${parameter} UNION ALL"
        f" SELECT '{RULE}', p.rule_id, 0, NULL, NULL, NULL, NULL, NULL, NULL, p.person_id FROM core_filter_person p"
        f" JOIN core_filter f ON f.id = p.rule_id WHERE f.actor_id = ${parameter}"
    )


NO_RULE = "NULL, NULL, NULL, NULL, NULL, NULL, NULL"  # in place of the columns after the first three


def _sieve(found: Sequence[Form]) -> Sieve:
    people: dict[str, set[str]] = {}
    for each in found:
        if each["person_id"] is not None:
            people.setdefault(each["entry_id"], set()).add(each["person_id"])
    rules = sorted((each for each in found if each["person_id"] is None), key=lambda each: each["entry_id"])
    return tuple(
        Rule(
            id=each["entry_id"],
            title=each["title"],
            hides=each["action"] == HIDE,
            contexts=frozenset(from_json(each["contexts"])),
            words=tuple((folded(word["text"]), word["wholeWord"]) for word in from_json(each["words"])),
            people=frozenset(people.get(each["entry_id"], ())),
            languages=frozenset(from_json(each["languages"])),
            expires_at=when(each["expires_at"]),
        )
        for each in rules
    )


def _stands_in(text: str, word: str, *, whole: bool) -> bool:
    """Whether a text has a word; it takes longer with their lengths, however they are chosen, and never more.

    Whole words stand between what is no letter; where a phrase begins with a sign, anything may stand before it.
    """
    at, begins, ends = text.find(word), _LETTER.match(word), _LETTER.match(word[-1:])
    while at >= 0 and whole:
        after = at + len(word)
        is_begun = not begins or at == 0 or not _LETTER.match(text, at - 1)
        if is_begun and not (ends and _LETTER.match(text, after)):
            break
        # Nowhere else among the letters that follow does a word begin.
        letters = _LETTERS.match(text, at)
        at = text.find(word, max(letters.end() if letters else 0, at + 1))
    return at >= 0
