"""What the admins decided about other servers: block, silence or allow a domain and everything under it."""

from __future__ import annotations

from typing import Literal
from weakref import WeakKeyDictionary

from core.database import Database, rows
from core.instance import here

Policy = Literal["", "block", "silence", "allow"]
POLICIES: tuple[Policy, ...] = ("", "block", "silence", "allow")
NOTE_AT_MOST = 2000

_policies: WeakKeyDictionary[Database, dict[str, Policy]] = WeakKeyDictionary()


def policy_of(host: str) -> Policy:
    """What was decided about a host or the nearest domain above it; empty where nothing was. Never waits."""
    known = _policies.get(here().database)
    if not known:
        return ""
    name = host.lower()
    if name in known:
        return known[name]
    name = name.rpartition(":")[0] if ":" in name else name
    while name:
        if name in known:
            return known[name]
        name = name.partition(".")[2]
    return ""


def is_refused(host: str) -> bool:
    """Whether this server has nothing to do with a host: blocked, or not among those allowed. Never waits."""
    settings = here().settings.federation
    policy = policy_of(host)
    if settings.mode == "allowlist":
        return policy != "allow"
    return policy == "block"


def is_silenced(host: str) -> bool:
    """Whether people of a host are kept out of public lists. Never waits."""
    return policy_of(host) == "silence"


async def load_policies() -> None:
    """Read all decisions anew; until then none are known."""
    found = await rows("SELECT name, policy FROM federation_host WHERE policy <> ''")
    _policies[here().database] = {one["name"]: one["policy"] for one in found}
