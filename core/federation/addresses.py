"""The addresses of our own documents, and how addresses of others are compared."""

from __future__ import annotations

from core.addresses import Refused, parse_url
from core.instance import here

INSTANCE_ACTOR = "/actor"
SHARED_INBOX = "/inbox"


def activity_url(activity_id: str) -> str:
    """The address of an activity of ours; the publication of an entry bears the entry's id."""
    return here().url(f"/activities/{activity_id}")


def context_url(entry_id: str) -> str:
    """The address of the conversation that begins with an entry of ours."""
    return here().url(f"/contexts/{entry_id}")


def synchronization_url(actor_uri: str) -> str:
    """Where another server learns which of its people follow an actor of ours (FEP-8fcf)."""
    return f"{actor_uri}/followers_synchronization"


def host_of(url: str) -> str:
    """The host of an address in lower case, with its port unless that is the default. Raises Refused."""
    return parse_url(url).authority


def host_in_sql(column: str) -> str:
    """The host of the address in a column, as it is written there, as SQL."""
    if here().database.dialect == "postgres":
        return f"SPLIT_PART({column}, '/', 3)"
    rest = f"(SUBSTR({column}, INSTR({column}, '//') + 2) || '/')"
    return f"SUBSTR({rest}, 1, INSTR({rest}, '/') - 1)"


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, in the one spelling in which they can be compared. Raises Refused."""
    target = parse_url(url)
    return f"{target.scheme}://{target.authority}"


def same_origin(first: str, *others: str) -> bool:
    """Whether addresses share scheme, host and port; False where one of them is no address (section 6, FEP-fe34)."""
    try:
        origin = origin_of(first)
        return all(origin_of(other) == origin for other in others)
    except Refused:
        return False


def is_ours(url: str) -> bool:
    """Whether an address is one of this server's."""
    return same_origin(here().base_url, url)


def is_address(value: object) -> bool:
    """Whether a value is an http or https address at all."""
    if not isinstance(value, str):
        return False
    try:
        parse_url(value)
    except Refused:
        return False
    return True
