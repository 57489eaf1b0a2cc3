"""The address that is in the names of people for ever: what to know before it is given, and after it was changed."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from core.config_checks import is_loopback
from core.database import row
from core.instance import here


class LeftBehind(NamedTuple):
    """Accounts made while this server had another address."""

    username: str
    address: str
    many: int

    def __str__(self) -> str:
        others = f" and {self.many - 1} more" if self.many > 1 else ""
        return f"{self.username}{others} made at {self.address}: other servers cannot reach them"


def has_no_name_yet() -> bool:
    """Whether the server still has the address every machine calls itself by."""
    return is_loopback(urlsplit(here().base_url).hostname or "")


async def left_behind() -> LeftBehind | None:
    """The first of those who were made at another address than today's, and how many they are; None where nobody was.

    What names them to other servers holds that address and is never written anew. On a server without a name nobody
    minds: it is there to be tried.
    """
    if has_no_name_yet():
        return None
    found = await row(
        "SELECT a.username, a.uri, COUNT(*) OVER () AS many FROM core_actor a JOIN core_account c ON c.actor_id = a.id"
        " WHERE a.removed_at IS NULL AND a.uri NOT LIKE $1 ORDER BY a.id LIMIT 1",
        f"{here().base_url}/%",
    )
    if found is None:
        return None
    parts = urlsplit(found["uri"])
    return LeftBehind(found["username"], f"{parts.scheme}://{parts.netloc}", found["many"])
