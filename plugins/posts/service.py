"""Writing, changing and removing text posts and comments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from core import entries
from core.actors import are_apart
from core.audience import OPEN, viewer_of
from core.database import is_id, new_id, now, transaction
from core.entries import Draft, publishing, visible_entry
from core.errors import Forbidden, Invalid, NotFound
from core.html import Linked, counted_length, find_mentions, find_tags, render, without_controls
from core.instance import here
from core.models import Actor, Entry
from core.people import find
from core.tasks import task
from plugins.posts.models import ScheduledPost

KIND = "post"
MENTIONS_AT_MOST = 30
# From the widest to the narrowest: an answer never reaches further than what it answers.
WIDTH = {"public": 0, "unlisted": 1, "followers": 2, "friends": 3, "direct": 4, "private": 5}


class Wanted(TypedDict, total=False):
    """What a post may be besides its words; a visibility of None is the usual one."""

    visibility: str | None
    content_warning: str
    language: str
    reply_to_id: str | None
    quote_id: str | None
    local_only: bool
    sensitive: bool


async def write(author: Actor, content: str, *, entry_id: str = "", **wanted: Unpack[Wanted]) -> Entry:
    """Publish a post. Raises Invalid naming the field, NotFound for what it answers or quotes, Rejected."""
    draft = await _drafted(author, content, **wanted)
    draft.id = entry_id
    async with publishing(draft) as entry:
        pass
    return entry


async def _drafted(
    author: Actor,
    content: str,
    *,
    visibility: str | None = None,
    content_warning: str = "",
    language: str = "",
    reply_to_id: str | None = None,
    quote_id: str | None = None,
    local_only: bool = False,
    sensitive: bool = False,
) -> Draft:
    draft = await _draft(author, content, content_warning=content_warning, language=language)
    draft.sensitive = sensitive
    if reply_to_id:
        draft.reply_to = await visible_entry(viewer_of(author), reply_to_id)
        await _answer(draft, draft.reply_to)
    if quote_id:
        draft.quote = await visible_entry(viewer_of(author), quote_id)
        if draft.quote.visibility not in OPEN and draft.quote.author_id != author.id:
            raise Invalid({"quote": "Only what everybody may see can be quoted."})
    draft.visibility = _narrowed(visibility, draft.reply_to)
    draft.local_only = local_only or any(known.local_only for known in (draft.reply_to, draft.quote) if known)
    return draft


async def comment(author: Actor, parent_id: str, content: str, *, content_warning: str = "") -> Entry:
    """Answer an entry of any kind; the answer is for whom the entry is for. Raises Invalid, NotFound, Rejected."""
    return await write(author, content, content_warning=content_warning, reply_to_id=parent_id)


@task
async def publish_due(post_id: str) -> None:
    """Publish a post whose time has come; nothing happens where it was taken back or stands already."""
    waiting = await ScheduledPost.get_or_none(id=post_id)
    if waiting is None:
        return
    author = await Actor.get(id=waiting.author_id)
    if author.is_here and not await Entry.exists(id=post_id):
        try:
            await write(author, **waiting.body, entry_id=post_id)
        except NotFound:  # what it answers or quotes has gone meanwhile
            await write(author, **{**waiting.body, "reply_to_id": None, "quote_id": None}, entry_id=post_id)
    await waiting.delete()


async def write_later(author: Actor, at: datetime, body: dict[str, Any]) -> str:
    """Keep a post until its time has come; the id it will have. Raises as `write`, where it could not be published."""
    if at <= now():
        raise Invalid({"publishAt": "This is in the past."})
    draft = await _drafted(author, **body)
    # What it answers may be gone by then: who may see it is settled now.
    body = {**body, "visibility": draft.visibility, "local_only": draft.local_only}
    # The id carries the time of publication: it is known now, and sorts where the post will stand.
    entry_id = new_id(at)
    async with transaction():
        await ScheduledPost.create(id=entry_id, author_id=author.id, body=body, publish_at=at)
        await publish_due.later(post_id=entry_id, delay=(at - now()).total_seconds())
    return entry_id


async def scheduled_by(author_id: str) -> list[dict[str, Any]]:
    """What somebody wrote for later, to take along."""
    waiting = await ScheduledPost.filter(author_id=author_id).order_by("id")
    return [{"publishAt": one.publish_at.isoformat(), "body": one.body} for one in waiting]


async def restore(author_id: str, scheduled: Sequence[Mapping[str, Any]]) -> None:
    """Bring back what is still to come and not here; what it answered or quoted elsewhere is not brought along."""
    author = await Actor.get(id=author_id)
    known = {(one["publishAt"], one["body"]["content"]) for one in await scheduled_by(author_id)}
    for one in scheduled:
        at = datetime.fromisoformat(one["publishAt"])
        body = {**one["body"], "reply_to_id": None, "quote_id": None}
        if at > now() and (one["publishAt"], body["content"]) not in known:
            await write_later(author, at, body)


async def erase(author_id: str) -> None:
    """Forget what somebody who left had written for later."""
    await ScheduledPost.filter(author_id=author_id).delete()


async def change(
    actor: Actor,
    entry_id: str,
    content: str,
    *,
    content_warning: str | None = None,
    language: str | None = None,
    sensitive: bool | None = None,
) -> Entry:
    """Give one's own post new words; what is None stays. Raises NotFound, Forbidden for others', Invalid, Rejected."""
    entry = await own(actor, entry_id)
    draft = await _draft(
        actor,
        content,
        content_warning=entry.content_warning if content_warning is None else content_warning,
        language=entry.language if language is None else language,
        kind=entry.kind,
    )
    draft.visibility, draft.title = entry.visibility, entry.title
    draft.sensitive = entry.sensitive if sensitive is None else sensitive
    if entry.reply_to_id:
        parent = await Entry.get(id=entry.reply_to_id)
        await _answer(draft, parent)
    return await entries.edit(entry, draft)


async def delete(actor: Actor, entry_id: str) -> None:
    """Take one's own post away. Raises NotFound, Forbidden for other people's."""
    waiting = await ScheduledPost.get_or_none(id=entry_id, author_id=actor.id) if is_id(entry_id) else None
    if waiting:
        await waiting.delete()
        return
    await entries.remove(await own(actor, entry_id), by=actor)


async def own(actor: Actor, entry_id: str) -> Entry:
    """One's own post. Raises NotFound, Forbidden for other people's."""
    entry = await visible_entry(viewer_of(actor), entry_id)
    if entry.author_id != actor.id:
        raise Forbidden("This is somebody else's.")
    return entry


def _check_content(content: str) -> None:
    length = counted_length(content)
    if not content.strip():
        raise Invalid({"content": "Write something first."})
    most = here().settings.limits.post_characters
    if length > most:
        raise Invalid({"content": f"This is too long: {length} characters of at most {most}."})


async def _draft(
    author: Actor, content: str, *, content_warning: str, language: str, kind: str = KIND
) -> Draft:
    content = without_controls(content)
    _check_content(content)
    if len(content_warning) > 500:
        raise Invalid({"contentWarning": "This is too long: at most 500 characters."})
    named = await _mentioned(author, content)
    html = render(content, format="markdown", mentions=named.links, tag_url=lambda tag: here().url(f"/tags/{tag}"))
    return Draft(
        kind=kind,
        author=author,
        content=html,
        source=content,
        content_warning=content_warning.strip(),
        language=language or here().settings.server.languages[0],
        mentions=named.actors,
        tags=find_tags(content),
    )


class _Named:
    def __init__(self) -> None:
        self.links: dict[str, Linked] = {}
        self.actors: list[Actor] = []


async def _mentioned(author: Actor, content: str) -> _Named:
    """Who is named in a text; people of other servers are looked up there if they are not known yet."""
    named = _Named()
    for mention in list(find_mentions(content))[:MENTIONS_AT_MOST]:
        actor = await find(mention.key) or (await _look_up(f"@{mention.key}") if mention.host else None)
        if actor is None or not actor.is_here or await are_apart(author.id, actor.id):
            continue
        named.links[mention.key] = Linked(url=actor.url or actor.uri, label=actor.username, uri=actor.uri)
        if actor.id not in [known.id for known in named.actors]:
            named.actors.append(actor)
    return named


async def _look_up(address: str) -> Actor | None:
    found = await here().hooks.look_up(address=address)
    return found if isinstance(found, Actor) else None


async def _answer(draft: Draft, parent: Entry) -> None:
    """Whoever is answered learns of it, and so does everybody in a conversation that is for a few."""
    draft.reply_to = parent
    addressed: Sequence[str] = [parent.author_id]
    if parent.visibility == "direct":
        addressed = [parent.author_id, *await entries.addressed(parent)]
    known = {actor.id for actor in draft.mentions} | {draft.author.id}
    draft.silent_mentions = await Actor.filter(id__in=[one for one in addressed if one not in known])


def _narrowed(wanted: str | None, parent: Entry | None) -> str:
    if parent is None:
        return wanted or "public"
    return max(wanted or parent.visibility, parent.visibility, key=WIDTH.__getitem__)
