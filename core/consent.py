"""Whose consent a quote or an answer needs, how they are asked, and what stands in its place until they agree."""

from __future__ import annotations

from core.database import execute, new_id, value
from core.errors import Rejected
from core.html import with_quote_inline
from core.models import Actor, Entry
from core.policies import permits_at_once
from core.quote_models import QuoteRequest

PENDING_OF_ONE = 20  # of one person with one author
PENDING_AT_MOST = 1000  # with one author


def needs_consent(author: Actor, quoted: Entry | None, visibility: str) -> bool:
    """Whether whom it quotes has to be asked first: on another server, or here and wishing for that.

    What is for one's own eyes needs nobody's consent.
    """
    if quoted is None or quoted.author_id == author.id or not author.is_local or visibility == "private":
        return False
    return not quoted.is_local or quoted.quote_policy == "ask"


async def reply_needs_consent(author: Actor, parent: Entry | None, visibility: str) -> bool:
    """Whether whom an answer of somebody here answers, on another server, has to be asked first.

    An author here has said who may, and that is known.
    """
    if parent is None or parent.is_local or not author.is_local or visibility == "private":
        return False
    return not await permits_at_once(author, parent)


async def wait_for_answer(quoted: Entry, asker: Actor, quoting_uri: str, entry: Entry | None, uri: str = "") -> None:
    """Put it to the author of an entry here whether it may be quoted, once for each post that is to quote it.

    `entry` is that post, where it is known here, `uri` the request of another server. Raises Rejected where too many
    of the asker's wait already.
    """
    counted = "SELECT COUNT(*) FROM core_quote_asked WHERE author_id = $1"
    of_one = int(await value(f"{counted} AND actor_id = $2", quoted.author_id, asker.id) or 0)
    if of_one >= PENDING_OF_ONE or int(await value(counted, quoted.author_id) or 0) >= PENDING_AT_MOST:
        raise Rejected("Too many wait for an answer of this author already. Please wait for that.")
    await execute(
        "INSERT INTO core_quote_asked (id, quoted_id, author_id, actor_id, entry_id, quoting_uri, uri)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (quoting_uri, quoted_id)"
        " DO UPDATE SET uri = excluded.uri, entry_id = excluded.entry_id"
        " WHERE core_quote_asked.actor_id = excluded.actor_id",
        new_id(),
        quoted.id,
        quoted.author_id,
        asker.id,
        entry.id if entry else None,
        quoting_uri,
        uri,
    )


def as_link(content: str, quoted: Entry | None) -> str:
    """The words of a post with a link to what it is to quote."""
    return with_quote_inline(content, quoted.url or quoted.uri) if quoted else content


async def still_asking(entry: Entry, content: str) -> str:
    """New words for an entry, with the link below them that the old ones had for a quote nobody agreed to yet."""
    asked = await QuoteRequest.get_or_none(entry_id=entry.id).select_related("quoted") if entry.is_local else None
    return as_link(content, asked.quoted) if asked else content
