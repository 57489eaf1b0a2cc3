"""Who may do what: a table of what each role is trusted with, and the questions everybody asks of it."""

from __future__ import annotations

from collections.abc import Mapping

from core.database import rows
from core.errors import Conflict, Forbidden
from core.instance import here
from core.models import Actor, Entry

# What somebody may be trusted with on this server, in words for admins and the API's document.
PERMISSIONS: Mapping[str, str] = {
    "accounts.read": "see the accounts of this server and what state they are in",
    "accounts.approve": "let in, or turn down, who asked to join",
    "accounts.create": "make accounts for others",
    "accounts.edit": "change what stands on somebody's profile",
    "accounts.suspend": "suspend somebody, and let them be there again",
    "accounts.delete": "delete somebody's account for good",
    "accounts.secure": "take away a second factor somebody has lost",
    "roles.set": "make somebody a moderator or an admin",
    "invites.create": "make invites where only some may",
    "invites.manage": "see and revoke everybody's invites",
    "reports.manage": "read reports and act on them",
    "reports.own": "see and settle reports of oneself, as there may be nobody else who could",
    "files.purge": "take pictures and films away for good, wherever they are shown",
    "audit.read": "read the security log of the server",
    "domains.manage": "block, silence and allow other servers",
    "federation.manage": "look after what goes to and comes from other servers",
    "emojis.manage": "look after the small pictures of this server",
    "settings.manage": "change how the server is set up",
    "plugins.manage": "switch plugins on and off",
    "jobs.manage": "look after background jobs",
}
_MODERATOR = frozenset(
    {
        "accounts.read",
        "accounts.approve",
        "accounts.create",
        "accounts.edit",
        "accounts.suspend",
        "accounts.delete",
        "invites.create",
        "invites.manage",
        "reports.manage",
        "files.purge",
    }
)
# From the lowest rank to the highest: whoever stands later outranks whoever stands earlier.
ROLE_PERMISSIONS: Mapping[str, frozenset[str]] = {
    "user": frozenset(),
    "moderator": _MODERATOR,
    "admin": frozenset(PERMISSIONS),
}
ROLES = tuple(ROLE_PERMISSIONS)
_RANKS = {role: rank for rank, role in enumerate(ROLES)}
# What may be done to a person, and the permission it takes to do it to somebody else.
ACTS_ON_PEOPLE: Mapping[str, str] = {
    "edit": "accounts.edit",
    "suspend": "accounts.suspend",
    "unsuspend": "accounts.suspend",
    "delete": "accounts.delete",
    "set_role": "roles.set",
    "reset_second_factor": "accounts.secure",
}
OWN = ("edit", "set_role")  # what people may do to themselves: of roles, lay down what they have


def may(actor: Actor | None, permission: str) -> bool:
    """Whether somebody is trusted with this; a stranger with nothing, nor an app that acts for somebody.

    KeyError for a permission that nobody knows.
    """
    if permission not in PERMISSIONS:
        raise KeyError(f"There is no permission “{permission}”; core/permissions.py lists them.")
    return actor is not None and not actor.through_app and permission in ROLE_PERMISSIONS[actor.role]


def require(actor: Actor | None, permission: str) -> None:
    """Raise Forbidden unless somebody is trusted with this. KeyError as `may`."""
    if not may(actor, permission):
        raise Forbidden()


def outranks(actor: Actor, target: Actor) -> bool:
    """Whether `actor` stands above `target`: nobody else's doings are of their rank or a higher one to undo."""
    return _RANKS[actor.role] > _RANKS[target.role]


def those_with(permission: str) -> tuple[str, ...]:
    """The roles that are trusted with this, lowest first. KeyError as `may`."""
    if permission not in PERMISSIONS:
        raise KeyError(f"There is no permission “{permission}”; core/permissions.py lists them.")
    return tuple(role for role, held in ROLE_PERMISSIONS.items() if permission in held)


async def allowed(actor: Actor, action: str, subject: Entry | Actor) -> bool:
    """Whether somebody may do this to that: one no of a plugin or, about people, of the table is a no.

    Without a yes it is a no too: of people the table says it, of entries the plugin that publishes such things. Lists
    are read with SQL (the hook `visible`); this is for one thing at a time.
    """
    try:
        await require_allowed(actor, action, subject)
    except Forbidden:
        return False
    return True


async def require_allowed(actor: Actor, action: str, subject: Entry | Actor, sentence: str | None = None) -> None:
    """Raise Forbidden, with the sentence where one is given, unless somebody is `allowed` to do this to that.

    Raises KeyError for what nobody does to people.
    """
    answers = []
    if isinstance(subject, Actor):
        _require_above(actor, action, subject, sentence)
        answers.append(True)
    answers += await here().hooks.allowed(actor=actor, action=action, subject=subject)
    if not answers or not all(answers):
        raise Forbidden(sentence)


def _require_above(actor: Actor, action: str, person: Actor, sentence: str | None) -> None:
    permission = ACTS_ON_PEOPLE[action]
    if actor.id == person.id and action in OWN:
        return
    if not may(actor, permission):
        raise Forbidden(sentence)
    if not outranks(actor, person):
        raise Forbidden("They have as much to say here as you do, or more.", code="not_above_them")


async def require_over(actor: Actor, permission: str, owner_id: str) -> None:
    """Raise Forbidden unless somebody is trusted with this, and has more to say than whose thing it is done to."""
    require(actor, permission)
    if not outranks(actor, await Actor.get(id=owner_id)):
        raise Forbidden("They have as much to say here as you do, or more.", code="not_above_them")


def roles_to_give(actor: Actor) -> tuple[str, ...]:
    """The roles up to one's own, lowest first: nobody gives what they do not have."""
    return ROLES[: _RANKS[actor.role] + 1]


def require_may_give(actor: Actor, role: str) -> None:
    """Raise Forbidden for a role that is not among `roles_to_give`."""
    if role not in roles_to_give(actor):
        raise Forbidden("You cannot give more than you have.", code="not_above_them")


async def keep_an_admin(actor: Actor) -> None:
    """Inside the transaction that takes somebody away, raise Conflict where no admin would be left.

    Whoever takes away another one at the same moment waits.
    """
    lock = " FOR NO KEY UPDATE" if here().database.dialect == "postgres" else ""
    admins = await rows(
        "SELECT id, suspended_at FROM core_actor WHERE domain = '' AND role = $1 AND removed_at IS NULL"
        f" ORDER BY id{lock}",
        ROLES[-1],
    )
    others = [one for one in admins if one["id"] != actor.id]
    if len(others) < len(admins) and not any(one["suspended_at"] is None for one in others):
        raise Conflict("This server needs an admin: make somebody else one first.", code="last_admin")
