"""Delete and write anew: a post goes away for everybody, and what it was is a draft of its author."""

from __future__ import annotations

from typing import Any

from core.database import transaction
from core.entries import remove
from core.errors import Invalid
from core.models import Actor, Attachment, Entry
from core.poll_models import Poll, PollOption
from core.quote_models import QuoteRequest
from core.replies import asked_for
from core.storage import files
from plugins.posts import drafts, service
from plugins.posts.making import KIND
from plugins.posts.models import KeptDraft


async def redraft(actor: Actor, entry_id: str) -> KeptDraft:
    """Take one's own post away and keep what it was as a draft, with its files; both or neither.

    Raises NotFound, Forbidden for other people's, Invalid where it is no post, Conflict where drafts are too many.
    """
    entry = await service.own(actor, entry_id, "delete")
    if entry.kind != KIND:
        raise Invalid({"post": "Only posts can be deleted and written anew."})
    async with transaction():
        shown = await Attachment.filter(entry_id=entry.id, file_id__isnull=False).order_by("position")
        body = {**await _body(entry), "file_ids": [one.file_id for one in shown]}
        # What nothing shows any more is held by the draft, and does not go with the post.
        await Attachment.filter(entry_id=entry.id).delete()
        await files.let_go(body["file_ids"])
        draft = await drafts.save(actor, body)
        await remove(entry, by=actor)
    return draft


async def _body(entry: Entry) -> dict[str, Any]:
    waiting = await asked_for(entry)
    visibility = waiting.visibility if waiting else entry.visibility
    asking = await QuoteRequest.get_or_none(entry_id=entry.id)
    # Who was in the circle is not written down as a circle: until its author chooses anew, it is for nobody else.
    is_lost = entry.visibility == "circle" and not entry.reply_to_id
    return {
        "content": entry.source,
        "content_type": entry.source_type,
        "content_warning": entry.content_warning,
        "visibility": "private" if is_lost else visibility,
        "circle_id": None,
        "language": entry.language,
        "reply_to_id": entry.reply_to_id,
        "quote_id": entry.quote_id or (asking.quoted_id if asking else None),
        "local_only": entry.local_only,
        "sensitive": entry.sensitive,
        "reply_policy": entry.reply_policy,
        "quote_policy": entry.quote_policy,
        "poll": await _poll(entry),
        "publish_at": None,
    }


async def _poll(entry: Entry) -> dict[str, Any] | None:
    poll = await Poll.get_or_none(entry_id=entry.id)
    if poll is None:
        return None
    options = [one.title for one in await PollOption.filter(entry_id=entry.id).order_by("position")]
    seconds = int((poll.expires_at - entry.published_at).total_seconds()) if poll.expires_at else None
    return {"options": options, "multiple": poll.multiple, "expires_in": seconds}
