"""Files in a form: chosen, described, put in order and left out again, with scripts and without."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quart import request

from core.attachments import describe_file
from core.errors import Invalid, TooLarge, UnsupportedMediaType
from core.file_forms import own_file_form
from core.instance import here
from core.models import Actor
from core.storage.files import keep_upload
from core.storage.models import File
from core.storage.pictures import Cut
from core.uploads import kept_on_disk
from core.web.language import gettext as _

Shown = Mapping[str, Any]
AT_ONCE = 10  # that one form may bring


async def chosen_files(actor: Actor) -> list[Shown]:
    """What the form holds: files named before, as they are described and arranged now, and those it brings.

    Raises Invalid naming "file" for what cannot be taken; "fileIds" says in its form what was.
    """
    form = await request.form
    wanted = [str(file_id) for file_id in form.getlist("fileId")]
    known = {file.id: file for file in await File.filter(owner_id=actor.id)} if wanted else {}
    files = [known[file_id] for file_id in dict.fromkeys(wanted) if file_id in known]
    for place, file in enumerate(files):
        alt = " ".join(str(form.get(f"alt-{file.id}", file.alt)).split())
        if alt != file.alt:
            files[place] = await describe_file(actor, file.id, alt=alt)
    files = _arranged(files, str(form.get("files", "")))
    return [own_file_form(file) for file in [*files, *await uploaded_files(actor)]]


async def is_arranging() -> bool:
    """Whether a button was pressed that changes the files and publishes nothing."""
    return bool((await request.form).get("files"))


def _arranged(files: list[File], act: str) -> list[File]:
    verb, _colon, file_id = act.partition(":")
    place = next((number for number, file in enumerate(files) if file.id == file_id), None)
    if place is None:
        return files
    file = files.pop(place)
    if verb == "remove":
        return files
    files.insert(max(0, place + {"earlier": -1, "later": 1}.get(verb, 0)), file)
    return files


async def uploaded_files(
    actor: Actor, *, alt: str = "", focus: Sequence[float] | None = None, cut: Cut | None = None
) -> list[File]:
    """The files the form brings, made ready; what is said besides holds for each. Raises Invalid naming "file"."""
    files: list[File] = []
    for part in (await request.files).getlist("file"):
        if not part.filename and not part.stream.read(1):
            continue
        if len(files) == min(AT_ONCE, here().settings.limits.files_per_post):
            raise Invalid({"file": _("These are too many files at once.")})
        kept = await kept_on_disk(part.stream, "video_bytes")
        try:
            files.append(await keep_upload(actor.id, kept.path, kept.digest, alt=alt, focus=focus, cut=cut))
        except (TooLarge, UnsupportedMediaType) as refusal:
            raise Invalid({"file": refusal.sentence}) from None
        finally:
            kept.forget()
    return files


def ids_of(files: Sequence[Shown]) -> list[str]:
    """The ids, in their order."""
    return [file["fileId"] for file in files]
