"""The JSON API of uploads in parts: what breaks off goes on where it stopped."""

from __future__ import annotations

from pydantic import Field
from quart import request

from core.api import Answer, Api, Ask
from core.api.forms import AttachmentForm, Form
from core.file_fields import cut_of, focus_of
from core.file_forms import own_file_form
from core.person_forms import stamp
from core.storage import parts
from core.storage.parts import Unfinished

api = Api("uploads", __name__, area="files")


class NewUpload(Form):
    size: int = Field(description="Of the whole file, in bytes.")


class Offset(Form):
    offset: int = Field(ge=0, description="How many bytes have come before these.")


class UploadForm(Form):
    """An upload under way."""

    upload_id: str
    size: int
    offset: int = Field(description="How many bytes have come: where to go on.")
    expires_at: str = Field(description="When it goes, unless more of it comes.")


class FinishedUpload(Form):
    alt: str | None = Field(None, description="What is to be seen or heard, for who cannot.")
    focus: str | None = Field(None, description="As for `POST /files`.")
    turn: str | None = Field(None, description="As for `POST /files`.")
    crop: str | None = Field(None, description="As for `POST /files`.")


class DeletedUpload(Form):
    upload_id: str


def _form(upload: Unfinished) -> dict[str, object]:
    return {
        "uploadId": upload.id,
        "size": upload.size,
        "offset": upload.offset,
        "expiresAt": stamp(upload.expires_at),
    }


@api.post("/uploads", body=NewUpload, answer=UploadForm, status=201)
async def begin_upload(ask: Ask[NewUpload, None]) -> Answer:
    """Begin to upload a file in parts, for networks that break off.

    Send the bytes with `PATCH`, as many at once as you like; when all have come, `POST /uploads/{uploadId}/file` makes
    a file of them. Twenty may be under way at once. What nobody goes on with is deleted after a day.
    """
    upload = await parts.begin(ask.actor.id, ask.body.size)
    return Answer(_form(upload), 201, location=f"/api/v1/uploads/{upload.id}")


@api.get("/uploads/<upload_id>", answer=UploadForm)
async def read_upload(ask: Ask[None, None], upload_id: str) -> object:
    """Read how much of an upload of yours has come."""
    return _form(parts.own_upload(ask.actor.id, upload_id))


@api.patch("/uploads/<upload_id>", query=Offset, bytes_limit="video_bytes", answer=UploadForm)
async def go_on(ask: Ask[None, Offset], upload_id: str) -> object:
    """Send the next bytes of an upload of yours, or all that are missing.

    What has come stays, also where the connection breaks: ask then how much that is. 409 with the code `wrong_offset`
    where that is not `offset`, `busy` while another request still writes. What cannot be taken is refused as soon as
    its beginning has come, and forgotten.
    """
    upload = parts.own_upload(ask.actor.id, upload_id)
    await parts.go_on(upload, ask.query.offset, request.body)
    return _form(upload)


@api.post("/uploads/<upload_id>/file", body=FinishedUpload, answer=AttachmentForm, status=201)
async def finish_upload(ask: Ask[FinishedUpload, None], upload_id: str) -> Answer:
    """Make a file of an upload that is whole, as `POST /files` does; `fileId` is the `uploadId`.

    Asked once more it answers the same. 409 with the code `incomplete` where some of it is missing.
    """
    body = ask.body
    file = await parts.finish(
        ask.actor.id,
        upload_id,
        alt=body.alt or "",
        focus=focus_of(body.focus),
        cut=cut_of(body.crop, body.turn),
    )
    return Answer(own_file_form(file), 201, location=f"/api/v1/files/{file.id}")


@api.delete("/uploads/<upload_id>", answer=DeletedUpload)
async def delete_upload(ask: Ask[None, None], upload_id: str) -> object:
    """Give up an upload of yours."""
    parts.forget(parts.own_upload(ask.actor.id, upload_id))
    return {"uploadId": upload_id}
