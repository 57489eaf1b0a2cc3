"""The JSON API of files: uploading, describing and deleting them; what shows them comes with what is published."""

from __future__ import annotations

from pydantic import Field

from core.api import Answer, Api, Ask
from core.api.forms import AttachmentForm, Form
from core.attachments import describe_file, remove_file
from core.errors import Invalid
from core.file_fields import cut_of, focus_of
from core.file_forms import own_file_form
from core.storage.files import keep_upload, own_file

api = Api("files", __name__)


class NewFile(Form):
    file: str | None = Field(
        None,
        description="The file: JPEG, PNG, WebP, GIF or AVIF, a film or a sound. Its name says nothing.",
        json_schema_extra={"contentMediaType": "application/octet-stream"},
    )
    alt: str | None = Field(None, description="What is to be seen or heard, for who cannot.")
    focus: str | None = Field(None, description="What stays in view where it is cut: `across,up`, from -1 to 1.")
    turn: str | None = Field(None, description="How far a picture is turned to the right: 0, 90, 180 or 270 degrees.")
    crop: str | None = Field(
        None,
        description="The part of a picture that is kept, of what is seen once it is turned, as JSON: `x`, `y`, `width`,"
        " `height`, fractions from 0 to 1.",
    )


class FileChanges(Form):
    alt: str | None = Field(None, description="What is to be seen or heard, for who cannot.")
    focus: list[float] | None = Field(None, description="What stays in view where it is cut: two numbers, -1 to 1.")


class DeletedFile(Form):
    file_id: str


@api.post(
    "/files", files=("file",), file_limit="video_bytes", on_disk=True, body=NewFile, answer=AttachmentForm, status=201
)
async def upload_file(ask: Ask[NewFile, None]) -> Answer:
    """Upload a file, to be shown with a post.

    What cameras write into pictures is removed from all that is kept. HEIC is read only where the server can: else the
    answer is 415 with the code `heic_unsupported`. While `processingStatus` is `processing` there
    are no addresses yet; it can be named in a post already. What nothing shows is deleted after a day.
    """
    assert ask.upload is not None
    kept = ask.upload.kept
    if kept is None:
        raise Invalid({"file": "Choose a file."})
    cut = cut_of(ask.body.crop, ask.body.turn)
    file = await keep_upload(
        ask.actor.id, kept.path, kept.digest, alt=ask.body.alt or "", focus=focus_of(ask.body.focus), cut=cut
    )
    return Answer(own_file_form(file), 201, location=f"/api/v1/files/{file.id}")


@api.get("/files/<file_id>", answer=AttachmentForm)
async def read_file(ask: Ask[None, None], file_id: str) -> object:
    """Read what is said of a file of yours, and whether it is ready."""
    return own_file_form(await own_file(ask.actor.id, file_id))


@api.put("/files/<file_id>", body=FileChanges, answer=AttachmentForm)
async def change_file(ask: Ask[FileChanges, None], file_id: str) -> object:
    """Say in other words what is to be seen on a file of yours; what is left out stays."""
    changes = {name: getattr(ask.body, name) for name in ask.body.model_fields_set}
    if changes.get("alt", "") is None:
        changes["alt"] = ""
    return own_file_form(await describe_file(ask.actor, file_id, **changes))


@api.delete("/files/<file_id>", answer=DeletedFile)
async def delete_file(ask: Ask[None, None], file_id: str) -> object:
    """Delete a file of yours, also from the post that shows it."""
    await remove_file(ask.actor, file_id)
    return {"fileId": file_id}
