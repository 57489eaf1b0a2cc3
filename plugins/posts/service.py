"""Writing, changing and removing text posts and comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Unpack

from core import circles, entries, policies, polls
from core.attachments import drafts_of, drafts_of_files, hide_cameras
from core.audience import viewer_of
from core.changing_policies import change_policies
from core.database import is_id, new_id, now, transaction
from core.entries import Draft, publishing, visible_entry
from core.errors import Forbidden, Invalid, KithError, NotFound, RateLimited
from core.html import CONTENT_TYPES, find_tags, tag_key
from core.instance import here
from core.models import Actor, Entry, EntryTag
from core.permissions import require_allowed
from core.storage import files
from core.tasks import task
from plugins.posts.asking import WantedPoll, changed_poll
from plugins.posts.making import KIND, Wanted, answering, drafted, worded
from plugins.posts.models import ImportedPost, KeptDraft, ScheduledPost

Unpublished = KeptDraft | ScheduledPost
FILES_STAY = timedelta(days=365)  # after the draft was last kept


async def write(
    author: Actor,
    content: str,
    *,
    entry_id: str = "",
    are_taken: bool = False,
    instead_of: Unpublished | None = None,
    **wanted: Unpack[Wanted],
) -> Entry:
    """Publish a post; `are_taken` says that its files were set aside for it before.

    What it was until now, a draft or a post for later, is gone with that: once, whoever else publishes it meanwhile.
    Raises Invalid naming the field, NotFound for what it answers or quotes and for what it was, Rejected.
    """
    draft = await drafted(author, content, **wanted)
    draft.id = entry_id
    async with publishing(draft) as entry:
        await _replace(instead_of)
        if not are_taken:
            await files.take(author.id, wanted.get("file_ids", ()))
        await polls.end_later(entry, draft.poll)
    return entry


async def _replace(former: Unpublished | None) -> None:
    if former is None:
        return
    if not await type(former).filter(id=former.id).delete():
        raise NotFound("This is gone already: published or thrown away somewhere else.")
    if isinstance(former, KeptDraft):
        await files.hold(former.author_id, former.body.get("file_ids") or (), now())


async def draft_of_kind(kind: str, author: Actor, content: str, **wanted: Unpack[Wanted]) -> Draft:
    """What has the words of a post and is of another kind, ready to be published. Raises as `write` does."""
    return await drafted(author, content, kind=kind, **wanted)


async def comment(
    author: Actor, parent_id: str, content: str, *, content_warning: str = "", content_type: str | None = None
) -> Entry:
    """Answer an entry of any kind; the answer is for whom the entry is for. Raises Invalid, NotFound, Rejected."""
    wanted: Wanted = {"content_warning": content_warning, "content_type": content_type, "reply_to_id": parent_id}
    return await write(author, content, **wanted)


@task
async def publish_due(post_id: str) -> None:
    """Publish a post whose time has come; nothing happens where it was taken back or stands already.

    What its author may not publish any more, or not while they are suspended, and what answers something that is gone,
    is among their drafts from then on, which say why. Without a quote that is gone it is published.
    """
    waiting = await ScheduledPost.get_or_none(id=post_id)
    if waiting is None:
        return
    if not await Entry.exists(id=post_id):
        try:
            await _publish(await Actor.get(id=waiting.author_id), waiting)
        except RateLimited:  # in looking up whom it names: it is tried again
            raise
        except KithError as failure:
            await _become_draft(waiting, failure)
            return
    await waiting.delete()


class NothingToAnswer(NotFound):
    """What somebody wrote an answer to is gone by the time it is to be published, or not for them any more."""


async def _publish(author: Actor, waiting: ScheduledPost) -> None:
    if not author.is_here:
        raise Forbidden("You were suspended when its time came.")
    if waiting.body.get("reply_to_id"):
        try:
            await visible_entry(viewer_of(author), waiting.body["reply_to_id"])
        except NotFound:
            raise NothingToAnswer("What this was to answer is gone. It can still be posted on its own.") from None
    how: dict[str, Any] = {"opens_at": waiting.publish_at, "entry_id": waiting.id, "are_taken": True}
    try:
        await write(author, **await _as_it_can_be(author, waiting.body), **how)
    except NotFound:  # what it quotes has gone meanwhile
        alone = {**waiting.body, "quote_id": None}
        await write(author, **await _as_it_can_be(author, alone), **how)


async def _become_draft(waiting: ScheduledPost, failure: KithError) -> None:
    """Keep what cannot be published for its author to go on with, files and all, with why that is."""
    kept = {**waiting.body, "publish_at": None, "problem": failure.sentence}
    if isinstance(failure, NothingToAnswer):
        kept["reply_to_id"] = None
    async with transaction():
        if await ScheduledPost.filter(id=waiting.id).delete():
            await KeptDraft.create(author_id=waiting.author_id, body=kept)
            taken = waiting.body.get("file_ids") or ()
            await files.let_go(taken)
            await files.hold(waiting.author_id, taken, now() + FILES_STAY)


async def _as_it_can_be(author: Actor, body: dict[str, Any]) -> dict[str, Any]:
    """What was written for a circle that is gone or empty by now is for nobody else: its author alone has it."""
    if body.get("visibility") != "circle" or body.get("reply_to_id"):
        return body
    try:
        await circles.audience(author, body.get("circle_id") or "")
    except Invalid:
        return {**body, "visibility": "private", "circle_id": None}
    return body


async def write_later(
    author: Actor, at: datetime, body: dict[str, Any], *, instead_of: Unpublished | None = None
) -> str:
    """Keep a post until its time has come; the id it will have. Raises as `write`, where it could not be published."""
    if at <= now():
        raise Invalid({"publishAt": "This is in the past."})
    draft = await drafted(author, **body, opens_at=at)
    # What it answers may be gone by then: who may see it is settled now.
    body = {**body, "visibility": draft.visibility, "local_only": draft.local_only}
    # The id carries the time of publication: it is known now, and sorts where the post will stand.
    entry_id = new_id(at)
    async with transaction():
        await _replace(instead_of)
        taken = instead_of.body.get("file_ids", ()) if isinstance(instead_of, ScheduledPost) else ()
        wanted = body.get("file_ids", ())
        await files.let_go(set(taken) - set(wanted))
        await files.take(author.id, [one for one in wanted if one not in taken])
        await ScheduledPost.create(id=entry_id, author_id=author.id, body=body, publish_at=at)
        await publish_due.later(post_id=entry_id, delay=(at - now()).total_seconds())
    return entry_id


async def scheduled_by(author_id: str) -> list[dict[str, Any]]:
    """What somebody wrote for later, to take along."""
    waiting = await ScheduledPost.filter(author_id=author_id).order_by("id")
    return [{"publishAt": one.publish_at.isoformat(), "body": one.body} for one in waiting]


async def erase(author_id: str) -> None:
    """Forget what somebody who left had not published yet, and from where they brought what."""
    await KeptDraft.filter(author_id=author_id).delete()
    await ScheduledPost.filter(author_id=author_id).delete()
    await ImportedPost.filter(author_id=author_id).delete()


async def change(
    actor: Actor,
    entry_id: str,
    content: str,
    *,
    content_type: str | None = None,
    content_warning: str | None = None,
    language: str | None = None,
    sensitive: bool | None = None,
    reply_policy: str | None = None,
    quote_policy: str | None = None,
    poll: WantedPoll | None = None,
    file_ids: Sequence[str] | None = None,
    show_camera: bool | None = None,
) -> Entry:
    """Give one's own post new words; what is None stays, a poll without options goes, and other options begin anew.

    `show_camera` tells with what pictures were taken that come to it now, and False forgets that of all of them.

    Raises NotFound, Forbidden for others', Invalid, Rejected.
    """
    entry = await own(actor, entry_id, "edit")
    if show_camera and not here().kinds[entry.kind].tells_cameras:
        raise Invalid({"showCamera": "With what they were taken is told of pictures that are shared as such."})
    shown = await drafts_of(entry)
    attachments = shown if file_ids is None else await drafts_of_files(actor, file_ids)
    draft = await worded(
        actor,
        content,
        content_type=content_type or entry.source_type,
        content_warning=entry.content_warning if content_warning is None else content_warning,
        language=entry.language if language is None else language,
        kind=entry.kind,
        attachments=attachments,
    )
    draft.visibility, draft.title = entry.visibility, entry.title
    draft.tags += await _tags_beside_words(entry)
    if sensitive is None:  # it is with a warning, and goes with it
        sensitive = entry.sensitive and not (entry.content_warning and not draft.content_warning)
    draft.sensitive = sensitive
    draft.poll = await changed_poll(entry.id, poll)
    if entry.reply_to_id:
        parent = await Entry.get(id=entry.reply_to_id)
        await answering(draft, parent)
    if entry.visibility in ("circle", "direct"):  # new words bring it before nobody it was not sent to
        draft.silent_mentions = await _sent_to(entry, draft.silent_mentions)
    is_same = [one.file_id for one in shown] == [one.file_id for one in attachments]
    if is_same and draft.poll is None and all(getattr(draft, name) == getattr(entry, name) for name in _SAID):
        await change_policies(entry, reply=reply_policy, quote=quote_policy)
        if show_camera is False:
            await hide_cameras(entry)
        return entry
    draft.reply_policy, draft.quote_policy = reply_policy, quote_policy
    before, after = ({one.file_id for one in some if one.file_id} for some in (shown, attachments))
    async with transaction():
        await files.take(actor.id, list(after - before), show_cameras=bool(show_camera))
        if show_camera is False:
            await files.forget_cameras(before)
        await files.let_go(before - after)
        await polls.end_later(entry, draft.poll)
        return await entries.edit(entry, draft)


async def _sent_to(entry: Entry, answered: Sequence[Actor]) -> list[Actor]:
    """Those to whom what is for a few goes without being named, when it is edited; `answered` are those it answers.

    Of a circle whoever was sent it goes on seeing it, whoever is in the circle now. Of a message those whom it would go
    to as an answer, as far as it went to them before: it may be narrower than what it answers, which itself may be for
    more people by now.
    """
    before = await entries.addressed(entry)
    if entry.visibility == "circle":
        return await Actor.filter(id__in=before)
    return [one for one in answered if one.id in before]


async def _tags_beside_words(entry: Entry) -> list[str]:
    """The hashtags of an entry that do not stand in its words: they stay whatever it says."""
    if entry.kind == KIND:
        return []
    in_words = {tag_key(name) for name in find_tags(entry.source, format=CONTENT_TYPES[entry.source_type])}
    return [tag.name for tag in await EntryTag.filter(entry_id=entry.id) if tag.key not in in_words]


_SAID = ("source", "source_type", "content", "content_warning", "language", "sensitive")


async def delete(actor: Actor, entry_id: str) -> None:
    """Take one's own post away. Raises NotFound, Forbidden for other people's."""
    waiting = await ScheduledPost.get_or_none(id=entry_id, author_id=actor.id) if is_id(entry_id) else None
    if waiting:
        async with transaction():
            await files.let_go(waiting.body.get("file_ids", ()))
            await waiting.delete()
        return
    await entries.remove(await own(actor, entry_id, "delete"), by=actor)


async def own(actor: Actor, entry_id: str, action: str) -> Entry:
    """A post that somebody may do this to: their own. Raises NotFound, Forbidden for other people's."""
    entry = await visible_entry(viewer_of(actor), entry_id)
    await require_allowed(actor, action, entry, None if entry.author_id == actor.id else "This is somebody else's.")
    return entry


async def opinion(actor: Actor, action: str, subject: Entry | Actor) -> bool | None:
    """Authors change and delete what is theirs, whatever its kind, and say who may answer and quote it."""
    if isinstance(subject, Actor):
        return None
    if action == "reply":
        return await policies.permits(actor, "reply", subject)
    if action == "quote":
        return await policies.permits(actor, "quote", subject)
    return action in ("edit", "delete") and subject.author_id == actor.id or None
