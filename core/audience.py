"""Who may see what: one set of rules, read as an SQL predicate for lists and as a yes or no for one thing.

The rules are a tree of facts. `sql()` writes the tree over the aliases `e` (core_entry) and `a` (the author's
core_actor); `holds()` answers it from a `Sight`, the facts of one viewer and one entry.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from core.database import row
from core.instance import here
from core.models import ACCEPTED, Actor, Entry

OPEN = ("public", "unlisted")


@dataclass(frozen=True)
class Viewer:
    """Who looks: an actor, or all actors of a host (a signed fetch by another server), or a stranger.

    A host sees what any of its people may see. A block hides from the one it is about, and from nobody else there.
    """

    actor_id: str | None = None
    host: str | None = None

    @property
    def is_stranger(self) -> bool:
        return self.actor_id is None and self.host is None

    def sql(self, parameter: int) -> Eyes:
        """Who looks, as SQL asks for them, where `$parameter` holds `self.parameter`."""
        if self.host is None:
            is_elsewhere = f"EXISTS (SELECT 1 FROM core_actor w WHERE w.id = ${parameter} AND w.domain <> '')"
            return Eyes(f"{{who}} = ${parameter}", f"{{who}} = ${parameter}", is_elsewhere)
        # One by one and not by `IN`: there are few whom it may be, and no index leads from a host to its people.
        is_theirs = f"v.domain = ${parameter}"
        return Eyes(
            f"(SELECT {is_theirs} AND NOT EXISTS ({_APART}) FROM core_actor v WHERE v.id = {{who}})",
            f"(SELECT {is_theirs} FROM core_actor v WHERE v.id = {{who}})",
            "(1 = 1)",
        )

    @property
    def parameter(self) -> str | None:
        return self.host if self.host is not None else self.actor_id


class Eyes(NamedTuple):
    """Conditions: that `{who}`, a column with an actor's id, is who looks, and that they are elsewhere.

    Of a host `each` is all but those apart from the author.
    """

    each: str
    all: str
    elsewhere: str

    def asked_in(self, text: str) -> str:
        """The SQL of a tie that names them behind columns, as `f.follower_id {viewer}`."""
        of = {"viewer": self.each, "all": self.all}
        asked = _ASKED.sub(lambda found: of[found["eyes"]].replace("{who}", found["column"]), text)
        return asked.replace("{elsewhere}", self.elsewhere)


_ASKED = re.compile(r"(?P<column>\w+\.\w+) \{(?P<eyes>viewer|all)\}")


_APART = (
    "SELECT 1 FROM core_block z WHERE (z.actor_id = v.id AND z.target_id = e.author_id)"
    " OR (z.actor_id = e.author_id AND z.target_id = v.id)"
)
STRANGER = Viewer()


@dataclass(frozen=True)
class Sight:
    """The facts of one viewer and one entry: `ties` holds the names of the relations that hold between them."""

    viewer: Viewer
    entry: Entry
    author_is_here: bool
    ties: frozenset[str]


class Rule(ABC):
    """A condition that can be written as SQL and answered from a sight."""

    @abstractmethod
    def sql(self, viewer: Eyes | None) -> str:
        """The condition, over the aliases `e` and `a`; without a viewer, for strangers."""

    @abstractmethod
    def holds(self, sight: Sight) -> bool:
        """Whether it holds for this viewer and this entry."""

    def __and__(self, other: Rule) -> Rule:
        return _Joined("AND", (self, other))

    def __or__(self, other: Rule) -> Rule:
        return _Joined("OR", (self, other))

    def __invert__(self) -> Rule:
        return _Not(self)


@dataclass(frozen=True, eq=False)
class _Joined(Rule):
    word: str
    parts: tuple[Rule, ...]

    def sql(self, viewer: Eyes | None) -> str:
        return "(" + f" {self.word} ".join(part.sql(viewer) for part in self.parts) + ")"

    def holds(self, sight: Sight) -> bool:
        answers = (part.holds(sight) for part in self.parts)
        return all(answers) if self.word == "AND" else any(answers)


@dataclass(frozen=True, eq=False)
class _Not(Rule):
    part: Rule

    def sql(self, viewer: Eyes | None) -> str:
        if isinstance(self.part, _Tie):
            # Not "NOT EXISTS": PostgreSQL would make a join of it, think that nothing is left, and sort the whole list.
            return f"({self.part.sql(viewer)}) IS NOT TRUE"
        return f"NOT {self.part.sql(viewer)}"

    def holds(self, sight: Sight) -> bool:
        return not self.part.holds(sight)


@dataclass(frozen=True, eq=False)
class _Fact(Rule):
    """A fact of the entry alone."""

    text: str
    question: Callable[[Sight], bool]

    def sql(self, viewer: Eyes | None) -> str:
        return self.text

    def holds(self, sight: Sight) -> bool:
        return self.question(sight)


@dataclass(frozen=True, eq=False)
class _Tie(Rule):
    """A fact between the viewer and the entry; strangers have none.

    `{viewer}` behind a column says that it is who looks, `{all}` that it is any of a host, whoever is apart.
    """

    name: str
    text: str

    def sql(self, viewer: Eyes | None) -> str:
        if viewer is None:
            return "(1 = 0)"
        return viewer.asked_in(self.text)

    def holds(self, sight: Sight) -> bool:
        return self.name in sight.ties


def _visibility(*names: str) -> Rule:
    listed = ", ".join(f"'{name}'" for name in names)
    return _Fact(f"e.visibility IN ({listed})", lambda sight: sight.entry.visibility in names)


_author_is_here = _Fact("(a.suspended_at IS NULL AND a.removed_at IS NULL)", lambda sight: sight.author_is_here)
_is_deleted = _Fact("(e.deleted_at IS NOT NULL)", lambda sight: sight.entry.deleted_at is not None)
_stays_here = _Fact("e.local_only", lambda sight: sight.entry.local_only)
_is_author = _Tie("author", "e.author_id {viewer}")
_is_elsewhere = _Tie("elsewhere", "{elsewhere}")
_follows = _Tie(
    "follows",
    "EXISTS (SELECT 1 FROM core_follow f WHERE f.target_id = e.author_id"
    f" AND f.follower_id {{viewer}} AND f.state = '{ACCEPTED}')",
)
# Of what came from elsewhere only a friend it was sent to: its author's server knows who is one.
_is_friend = _Tie(
    "friend",
    "EXISTS (SELECT 1 FROM core_follow f JOIN core_follow g ON g.follower_id = f.target_id"
    f" AND g.target_id = f.follower_id AND g.state = '{ACCEPTED}' WHERE f.target_id = e.author_id"
    f" AND f.follower_id {{viewer}} AND f.state = '{ACCEPTED}' AND (e.is_local OR EXISTS"
    " (SELECT 1 FROM core_mention m WHERE m.entry_id = e.id AND m.actor_id = f.follower_id)))",
)
_is_mentioned = _Tie(
    "mentioned", "EXISTS (SELECT 1 FROM core_mention m WHERE m.entry_id = e.id AND m.actor_id {viewer})"
)
# What came for friends names all of them as addressees: of these, whom its words name.
_is_named = _Tie(
    "named",
    "EXISTS (SELECT 1 FROM core_mention m WHERE m.entry_id = e.id AND m.actor_id {viewer}"
    " AND (e.is_local OR NOT m.silent))",
)
_blocks = _Tie("blocks", "EXISTS (SELECT 1 FROM core_block b WHERE b.target_id = e.author_id AND b.actor_id {viewer})")
_is_blocked = _Tie(
    "blocked", "EXISTS (SELECT 1 FROM core_block b WHERE b.actor_id = e.author_id AND b.target_id {viewer})"
)
_is_muted = _Tie("muted", "EXISTS (SELECT 1 FROM core_mute x WHERE x.target_id = e.author_id AND x.actor_id {viewer})")
_is_of_blocked_server = _Tie(
    "of_blocked_server",
    "EXISTS (SELECT 1 FROM core_domain_block h WHERE h.domain = a.domain AND h.actor_id {all})",
)
# Of an answer that waits, whoever here is to agree to it.
_is_asked = _Tie(
    "asked",
    "EXISTS (SELECT 1 FROM core_reply_request q WHERE q.entry_id = e.id AND q.state = 'pending'"
    " AND q.author_id {viewer})",
)
_had_to_do_with_an_answer = _Tie(
    "answered",
    "EXISTS (SELECT 1 FROM core_entry r WHERE r.reply_to_id = e.id AND r.deleted_at IS NULL AND (r.author_id {viewer}"
    " OR EXISTS (SELECT 1 FROM core_mention m WHERE m.entry_id = r.id AND m.actor_id {viewer})))",
)

TIES = (
    _is_author,
    _is_elsewhere,
    _follows,
    _is_friend,
    _is_mentioned,
    _is_named,
    _blocks,
    _is_blocked,
    _is_muted,
    _is_of_blocked_server,
    _is_asked,
)

# A mention widens `followers` and `friends` to whoever is named, never `private`. Who was in a circle when something
# was published for it is mentioned silently by that: later changes of the circle open and close nothing.
_FOR_THEM: Rule = (
    _visibility(*OPEN)
    | _is_author
    | (_visibility("followers", "circle", "direct") & _is_mentioned)
    | (_visibility("followers") & _follows)
    | (_visibility("friends") & (_is_friend | _is_named))
)
# Whom somebody blocks, and who blocks them, is out of their sight, and so is everybody of a server they block.
_MAY_MEET: Rule = ~(_stays_here & _is_elsewhere) & ~_blocks & ~_is_blocked & ~_is_of_blocked_server
VISIBLE: Rule = ~_is_deleted & _author_is_here & _FOR_THEM & _MAY_MEET
# The same, and an answer that waits for the viewer's word (core.replies): to be looked at, and in no list.
READABLE: Rule = VISIBLE | (~_is_deleted & _author_is_here & _visibility("private") & _is_asked & _MAY_MEET)
# Where something stood that was deleted. Whom it named is not known any more, but who answered it is, and whom.
PLACE: Rule = (
    _is_deleted
    & _author_is_here
    & (_FOR_THEM | (_visibility("followers", "friends", "circle", "direct") & _had_to_do_with_an_answer))
    & _MAY_MEET
)
# What somebody may see, less what they asked not to be shown in lists.
WANTED: Rule = VISIBLE & ~_is_muted


@lru_cache(maxsize=256)
def _written(rule: Rule, viewer: Eyes | None) -> str:
    """The text of a rule, which is asked for with every list: rules are few, and each is known by itself."""
    return rule.sql(viewer)


def visible_sql(viewer: Viewer, parameter: int, *, rule: Rule = VISIBLE) -> str:
    """A predicate over `e` and `a`; `$parameter` must hold `viewer.parameter`.

    What plugins add with the `visible` hook is AND-ed to it.
    """
    if viewer.is_stranger:  # the parameter is named all the same, for PostgreSQL wants to know its type
        text = f"{_written(rule, None)} AND ${parameter}::uuid IS NULL"
    else:
        text = _written(rule, viewer.sql(parameter))
    added = here().hooks.visible(viewer=viewer, parameter=parameter)
    return " AND ".join([text, *(f"({part})" for part in added)]) if added else text


async def look(viewer: Viewer, entry: Entry) -> Sight:
    """The facts of this viewer and this entry, in one query."""
    if viewer.is_stranger:
        author = await row(
            "SELECT suspended_at, removed_at FROM core_actor WHERE id = $1",
            entry.author_id,
        )
        return Sight(viewer, entry, _is_present(author), frozenset())
    viewer_sql = viewer.sql(2)
    columns = ", ".join(f"{tie.sql(viewer_sql)} AS tie_{tie.name}" for tie in TIES)
    facts = await row(
        f"SELECT a.suspended_at, a.removed_at, {columns}"
        " FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.id = $1",
        entry.id,
        viewer.parameter,
    )
    ties = frozenset(tie.name for tie in TIES if facts and facts[f"tie_{tie.name}"])
    return Sight(viewer, entry, _is_present(facts), ties)


def _is_present(author: dict[str, object] | None) -> bool:
    return author is not None and author["suspended_at"] is None and author["removed_at"] is None


async def may_see(viewer: Viewer, entry: Entry) -> bool:
    """Whether this viewer may see this entry by itself; plugins' `visible` predicates count too."""
    if not READABLE.holds(await look(viewer, entry)):
        return False
    if not here().hooks.visible(viewer=viewer, parameter=2):
        return True
    found = await row(
        "SELECT 1 AS one FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.id = $1 AND {visible_sql(viewer, 2, rule=READABLE)}",
        entry.id,
        viewer.parameter,
    )
    return found is not None


def viewer_of(actor: Actor | None) -> Viewer:
    """The viewer an actor is; a stranger where there is none."""
    return Viewer(actor_id=actor.id) if actor else STRANGER
