"""The JSON API of files that may not be here."""

from __future__ import annotations

from pydantic import Field

from core.api import Api, Ask
from core.api.forms import Form
from core.errors import Invalid
from core.purging import service as purging

api = Api("purging", __name__, area="files")


class Purge(Form):
    file_id: str | None = Field(None, description="What hangs on a post.")
    digest: str | None = Field(None, description="Or a SHA-256: of what was uploaded, or in the address of a file.")
    reason: str = Field("", description="For those in charge who come after you.")


class Purged(Form):
    """How many of each were taken away."""

    uploads: int
    profile_pictures: int
    emojis: int
    from_elsewhere: int


@api.post("/admin/files/purge", body=Purge, answer=Purged, permission=purging.PURGE)
async def purge_file(ask: Ask[Purge, None]) -> object:
    """Take a file away for good, wherever it is shown, and refuse it from now on."""
    body = ask.body
    if (body.file_id is None) == (body.digest is None):
        raise Invalid({"fileId": "Either fileId or digest is expected."})
    if body.file_id is not None:
        return await purging.purge_file(body.file_id, reason=body.reason, by=ask.doer)
    return await purging.purge(body.digest or "", reason=body.reason, by=ask.doer)
