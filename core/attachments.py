"""What is said of a file that hangs on an entry already: changed or taken away, with all who show it told."""

from __future__ import annotations

from collections.abc import Sequence

from core import prepared, revisions
from core.database import after_commit, execute, now, row, transaction
from core.entries import Act, AttachmentDraft
from core.errors import Invalid, NotFound
from core.instance import here
from core.models import Actor, Attachment, Entry, EntryTag
from core.permissions import require_allowed
from core.storage import files
from core.storage.models import File

UNCHANGED: Sequence[float] = ()


async def describe_file(
    actor: Actor, file_id: str, *, alt: str | None = None, focus: Sequence[float] | None = UNCHANGED
) -> File:
    """Say in other words what is to be seen on a file of one's own, or what of it stays in view where it is cut.

    What was said before is kept in the history of the entry that shows it.
    Raises NotFound for anybody else's, Invalid naming "alt" or "focus".
    """
    file = await files.own_file(actor.id, file_id)
    said = file.alt
    if alt is not None:
        file.alt = files.checked_alt(alt)
    if focus is not UNCHANGED:
        file.focus = files.checked_focus(focus)
    changed = [name for name, is_said in (("alt", alt is not None), ("focus", focus is not UNCHANGED)) if is_said]
    async with transaction():
        entry = await _shown_in(file.id)
        if entry:
            await require_allowed(actor, "edit", entry)
            if file.alt != said:
                await revisions.keep_before_describing(entry)
        if not await execute("UPDATE core_file SET alt = alt WHERE id = $1", file.id):
            raise NotFound("There is no such file.")
        if changed:  # and nothing else: of that somebody may have said something new meanwhile
            await file.save(update_fields=changed)
        await file.refresh_from_db()
        if entry:
            await _tell(actor, entry)
    return file


async def remove_file(actor: Actor, file_id: str) -> None:
    """Take a file of one's own away for good, also from the entry that shows it. Raises NotFound for anybody else's."""
    file = await files.own_file(actor.id, file_id)
    async with transaction():
        entry = await _shown_in(file.id)
        await files.discard([file.id])
        if entry:
            await require_allowed(actor, "edit", entry)
            await _tell(actor, entry)


async def hide_cameras(entry: Entry) -> None:
    """Tell no longer with what the pictures of an entry were taken: it is forgotten. It is no edit."""
    async with transaction():
        shown = await Attachment.filter(entry_id=entry.id, file_id__isnull=False)
        if await files.forget_cameras(str(one.file_id) for one in shown):
            await execute("UPDATE core_entry SET version = version + 1 WHERE id = $1", entry.id)
            prepared.changed(entry, [tag.key for tag in await EntryTag.filter(entry_id=entry.id)])
            after_commit(lambda: here().hooks.entry_updated(entry=entry))


async def drafts_of(entry: Entry) -> list[AttachmentDraft]:
    """What hangs on an entry, to hang on it again when it is changed."""
    return [
        AttachmentDraft(
            type=one.type,
            url=one.url,
            media_type=one.media_type,
            alt=one.alt,
            width=one.width,
            height=one.height,
            blurhash=one.blurhash,
            focus=one.focus,
            file_id=one.file_id,
            preview_url=one.preview_url,
        )
        for one in await Attachment.filter(entry_id=entry.id).order_by("position")
    ]


async def drafts_of_files(owner: Actor, file_ids: Sequence[str]) -> list[AttachmentDraft]:
    """Somebody's files as they will hang on an entry; what is said of them stays with them.

    Raises Invalid naming "fileIds" where they are too many, and as `ready_files`.
    """
    most = here().settings.limits.files_per_post
    if len(file_ids) > most:
        raise Invalid({"fileIds": f"These are too many: at most {most} files."})
    found = await files.ready_files(owner.id, file_ids)
    return [AttachmentDraft(type=file.type, media_type=file.media_type, file_id=file.id) for file in found]


async def _shown_in(file_id: str) -> Entry | None:
    found = await row(
        "SELECT h.entry_id FROM core_attachment h JOIN core_entry e ON e.id = h.entry_id"
        " WHERE h.file_id = $1 AND e.deleted_at IS NULL",
        file_id,
    )
    return await Entry.get(id=found["entry_id"]) if found else None


async def _tell(actor: Actor, entry: Entry) -> None:
    """Have everybody told who shows the entry, in the running transaction."""
    await execute("UPDATE core_entry SET version = version + 1, edited_at = $1 WHERE id = $2", now(), entry.id)
    await entry.refresh_from_db()
    prepared.changed(entry, [tag.key for tag in await EntryTag.filter(entry_id=entry.id)])
    await here().hooks.outgoing(act=Act("update", actor, entry=entry))
    await here().hooks.entry_stored(entry=entry)
    after_commit(lambda: here().hooks.entry_updated(entry=entry))
