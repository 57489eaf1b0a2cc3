"""User names: which can be had, which are kept, and which look too much like another one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from quart import Quart

from core.database import LOWEST_ID, one_at_a_time, rows
from core.errors import Conflict
from core.instance import Instance, here
from core.models import Actor, FormerName

# ActivityPub servers agree on this much of a name (federation.md, section 2); ours have no dots or dashes at the ends.
_USERNAME = re.compile(r"[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*", re.IGNORECASE)
USERNAME_AT_MOST = 30
RESERVED = frozenset(
    "about abuse account accounts activities activity actor actors admin administrator api apps archive auth"
    " authorize blocks bookmarks comments compose contact contexts devices email emoji emojis everyone explore export"
    " favicon feed files followers following forgot friends global groups healthz help home host-meta hostmaster"
    " icons images import inbox info instance invite invites kith local login logo logout lookup mail mailer"
    " manifest me media messages metrics mod moderation moderator moderators mutes newsletter nodeinfo noreply"
    " notifications null oauth objects official outbox owner passkey passkeys password postmaster posts privacy"
    " profile quote-authorizations quotes readyz register requests reset robots root rules search security sessions"
    " settings setup share signup staff static status stream support system tags team timeline undefined users"
    " verify webauthn webfinger webmaster welcome well-known".split()
)
_SEPARATORS = re.compile(r"[._-]")
# What cannot be told apart at a glance, in small letters: each is read as what stands after it, in this order.
_LOOK_ALIKES = (("rn", "m"), ("vv", "w"), ("1", "l"), ("i", "l"), ("0", "o"))
_kept_by: WeakKeyDictionary[Quart, frozenset[str]] = WeakKeyDictionary()


def check_username(username: str) -> str | None:
    """What is wrong with a name, or None."""
    if not username:
        return "Choose a name."
    if len(username) > USERNAME_AT_MOST:
        return f"This is too long: at most {USERNAME_AT_MOST} characters."
    if not _USERNAME.fullmatch(username):
        return "Use letters from a to z, digits and underscores; dots and dashes only between them."
    if look_key(username) in _kept(here()):
        return "This name is kept for the server itself."
    return None


def _kept(instance: Instance) -> frozenset[str]:
    """What no name may look like; nothing of it changes while a server runs."""
    if instance.app not in _kept_by:
        names = (*RESERVED, *_own_paths(instance), *instance.settings.accounts.reserved_names)
        _kept_by[instance.app] = frozenset(map(look_key, names))
    return _kept_by[instance.app]


def _own_paths(instance: Instance) -> Iterable[str]:
    """Where the paths of this server begin, those of its plugins too: nobody is to pass for a part of it."""
    for rule in instance.app.url_map.iter_rules():
        first = rule.rule.split("/")[1].lstrip(".").partition(".")[0]
        if first and not first.startswith(("<", "@")):
            yield first


def look_key(username: str) -> str:
    """What a name looks like at a glance: the same for names that could pass for one another."""
    return _read(_letters(username), _LOOK_ALIKES)


async def claim(username: str, *, of: str = LOWEST_ID) -> None:
    """In the transaction that stores a name: be the only one to take one that looks like this. Raises as `check_free`.

    Whoever wants such a name at the same moment waits for the end of the transaction, and is then too late.
    """
    await one_at_a_time(f"name:{look_key(username)}")
    await check_free(username, of=of)


def _letters(username: str) -> str:
    return _SEPARATORS.sub("", username.lower())


def _in_print(username: str) -> str:
    """As `look_key`, but for a small `i`, whose dot is seen: Kari is not Karl, and AIice is Alice."""
    return _read(_letters(username.replace("I", "l")), [pair for pair in _LOOK_ALIKES if pair[0] != "i"])


def _read(letters: str, pairs: Iterable[tuple[str, str]]) -> str:
    for seen, read_as in pairs:
        letters = letters.replace(seen, read_as)
    return letters


async def check_free(username: str, *, of: str = LOWEST_ID) -> None:
    """Raise Conflict where a name is taken, or could pass for that of somebody who is here.

    Dots, dashes, underscores and case make no difference, nor does what looks the same in print, such as `0` for `o` or
    `I` for `l`; beside those in charge none does that a glance misses, such as `i` for `l`. `of` is the account that
    wants to change its name.
    """
    taken = Conflict("This name is taken.", code="username_taken")
    if await Actor.filter(username_key=username.lower(), domain="").exclude(id=of).exists():
        raise taken
    if await FormerName.filter(username_key=username.lower()).exclude(actor_id=of).exists():
        raise taken
    alike = await rows(
        "SELECT a.username, a.role FROM core_account c JOIN core_actor a ON a.id = c.actor_id"
        " WHERE c.look_key = $1 AND c.id <> $2",
        look_key(username),
        of,
    )
    if any(
        other["role"] != "user"
        or _letters(other["username"]) == _letters(username)
        or _in_print(other["username"]) == _in_print(username)
        for other in alike
    ):
        raise Conflict("This name looks too much like that of somebody who is here.", code="username_taken")
