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
_TOO_MANY = "Too many wait for an answer of this author already. Please wait for that."


def needs_consent(author: Actor, quoted: Entry | None, visibility: str) -> bool:
    """Whether whom it quotes has to be asked first: on another server, or here and wishing for that.

    What is for one's own eyes needs nobody's consent.
    """
    if quoted is None or quoted.author_id == author.id or not author.is_local or visibility == "private":
        return False
    return not quoted.is_local or quoted.quote_policy == "ask"


async def reply_needs_consent(author: Actor, parent: Entry | None, visibility: str) -> bool:
    """Whether whom an answer answers has to be asked first: by people here on another server, and here by everybody.

    An author here has said who may, and that is known, unless they want to be asked each time.
    """
    if parent is None or visibility == "private":
        return False
    asks = parent.reply_policy == "ask" if parent.is_local else author.is_local
    return asks and not await permits_at_once(author, parent)


async def reply_waits(author: Actor, parent: Entry | None, visibility: str, *, quiet: bool) -> bool:
    """The same of an answer that is about to be published; what is brought along asks nobody elsewhere.

    Raises Rejected where too many of the author's wait already for whom it answers.
    """
    if parent is None or (quiet and not parent.is_local) or not await reply_needs_consent(author, parent, visibility):
        return False
    if parent.is_local:
        await _check_room(parent.author_id, author)
    return True


async def _check_room(author_id: str, asker: Actor) -> None:
    """Raise Rejected where too many answers of somebody wait for an author here already, or of all together."""
    counted = "SELECT COUNT(*) FROM core_reply_request q JOIN core_entry e ON e.id = q.entry_id AND q.state = 'pending'"
    of_one = int(await value(f"{counted} WHERE q.author_id = $1 AND e.author_id = $2", author_id, asker.id) or 0)
    of_all = int(await value(f"{counted} WHERE q.author_id = $1", author_id) or 0)
    if of_one >= PENDING_OF_ONE or of_all >= PENDING_AT_MOST:
        raise Rejected(_TOO_MANY)


async def wait_for_answer(quoted: Entry, asker: Actor, quoting_uri: str, entry: Entry | None, uri: str = "") -> None:
    """Put it to the author of an entry here whether it may be quoted, once for each post that is to quote it.

    `entry` is that post, where it is known here, `uri` the request of another server. Raises Rejected where too many
    of the asker's wait already.
    """
    counted = "SELECT COUNT(*) FROM core_quote_asked WHERE author_id = $1"
    of_one = int(await value(f"{counted} AND actor_id = $2", quoted.author_id, asker.id) or 0)
    if of_one >= PENDING_OF_ONE or int(await value(counted, quoted.author_id) or 0) >= PENDING_AT_MOST:
        raise Rejected(_TOO_MANY)
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
