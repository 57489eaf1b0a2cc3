"""The JSON API of taking along and bringing what is stored about oneself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field
from quart import Response, request, send_file

from core.accounts import fresh
from core.accounts.models import Account
from core.accounts.sessions import Identity
from core.api import Answer, Api, Ask, limits
from core.api.answers import JSON, envelope
from core.api.forms import Form, StreamQuery, stream_of
from core.errors import Invalid, Unauthenticated
from core.models import Actor
from core.transfer import importing, service
from core.transfer.exporting import ask_for, make_export
from core.transfer.models import Transfer
from core.transfer.reading import KINDS

api = Api("transfers", __name__)
ZIP = "application/zip"
FINISHED_AFTER = 600  # seconds
MADE_AT_ONCE = 2000  # posts; the archive of more takes longer than somebody waits for an answer


class TransferForm(Form):
    """An export or import; its progress is `stepsDone` of `steps`."""

    transfer_id: str
    kind: str = Field(description="`export`, or what was imported: `archive`, `follows`, `blocks` …")
    state: str = Field(description="`waiting`, `running`, `done` or `failed`.")
    steps: int
    steps_done: int
    size: int | None = Field(description="Of the archive, in bytes.")
    report: dict[str, Any] = Field(description="What came of an import: `done`, `already`, `failed`, and `reasons`.")
    download_url: str | None
    created_at: str
    finished_at: str | None
    expires_at: str | None = Field(description="When the archive is deleted.")


def _me() -> Identity:
    identity = limits.current_identity()
    if identity is None:
        raise Unauthenticated()
    return identity


def _user_agent() -> str:
    return request.headers.get("User-Agent", "")[:500]


@api.post("/users/me/export", answer=TransferForm, status=202)
async def ask_for_export(ask: Ask[None, None]) -> Answer:
    """Have an archive made of everything that is stored about you: once a day, to be downloaded within a week.

    The session must have proved lately whose it is: else 403 `proof_required`.
    """
    assert ask.identity is not None
    await fresh.require(ask.identity, address=ask.address, user_agent=ask.user_agent)
    account = await Account.get(id=ask.identity.account.id)
    transfer = await ask_for(account, address=ask.address, user_agent=ask.user_agent)
    return Answer(service.form_of(transfer), 202, location=f"/api/v1/users/me/transfers/{transfer.id}")


@api.raw("GET", "/users/me/export", media_type=ZIP)
async def export() -> Response:
    """The archive of everything that is stored about you.

    The latest one where it is of today; else it is made now. For somebody who wrote very much that takes longer than an
    answer may: then it is 202 with the transfer to watch, as POST answers.
    """
    identity = _me()
    await fresh.require(identity, address=limits.address_of(request), user_agent=_user_agent())
    account = await Account.get(id=identity.account.id)
    ready = await service.ready_export(account.id)
    if ready is None:
        at_once = (await Actor.get(id=account.id)).posts_count <= MADE_AT_ONCE
        address, user_agent = limits.address_of(request), _user_agent()
        # Where whoever waits for it goes away, the job finishes what was begun.
        delay = FINISHED_AFTER if at_once else 0
        transfer = await ask_for(account, address=address, user_agent=user_agent, delay=delay)
        if not at_once:
            return Response(envelope(service.form_of(transfer)), status=202, content_type=JSON)
        await make_export(transfer_id=transfer.id)
        ready = await Transfer.get(id=transfer.id)
    return await given(ready)


class ImportBody(Form):
    type: str = Field(description=f"What the file is: {', '.join(KINDS)}.")
    file: str | None = Field(
        None,
        description="A zip archive made by an export, or a table (CSV) of addresses as other servers write them.",
        json_schema_extra={"contentMediaType": "application/octet-stream"},
    )


@api.post(
    "/users/me/import", files=("file",), file_limit="import_bytes", body=ImportBody, answer=TransferForm, status=202
)
async def import_file(ask: Ask[ImportBody, None]) -> Answer:
    """Bring what you took along: an archive, or a list of whom to follow, block or mute, of lists, or of bookmarks.

    What is there already stays. The answer is a transfer to watch; its report counts what came of each line.
    """
    if ask.upload is None or ask.upload.content is None:
        raise Invalid({"file": "Choose a file."})
    account = await Account.get(actor_id=ask.actor.id)
    transfer = await importing.ask_for(account, ask.body.type, ask.upload.content)
    return Answer(service.form_of(transfer), 202, location=f"/api/v1/users/me/transfers/{transfer.id}")


@api.get("/users/me/transfers", query=StreamQuery, answer=stream_of("transfers", TransferForm))
async def read_transfers(ask: Ask[None, StreamQuery]) -> object:
    """What you had exported and imported, latest first."""
    name = f"transfers:{ask.actor.id}"
    found = await service.transfers_of(ask.actor.id, ask.before(name), ask.query.limit)
    forms = [service.form_of(transfer) for transfer in found]
    return ask.page("transfers", name, [{"position": transfer.id} for transfer in found], forms)


@api.get("/users/me/transfers/<transfer_id>", answer=TransferForm)
async def read_transfer(ask: Ask[None, None], transfer_id: str) -> object:
    """How far an export or import is, and what came of it."""
    return service.form_of(await service.transfer_of(ask.actor.id, transfer_id))


@api.raw("GET", "/users/me/transfers/<transfer_id>/archive", media_type=ZIP)
async def download(transfer_id: str) -> Response:
    """The archive of a finished export."""
    identity = _me()
    transfer = await service.transfer_of(identity.account.id, transfer_id)
    await fresh.require(identity, address=limits.address_of(request), user_agent=_user_agent())
    return await given(transfer)


async def given(transfer: Transfer) -> Response:
    """A finished archive as an answer, streamed from where it lies. Raises NotFound, Gone."""
    path: Path = await service.download(transfer, address=limits.address_of(request), user_agent=_user_agent())
    response = await send_file(
        path,
        mimetype=ZIP,
        as_attachment=True,
        attachment_filename=f"kith-{transfer.created_at:%Y-%m-%d}.zip",
        add_etags=False,
        last_modified=transfer.finished_at,
    )
    response.headers["Cache-Control"] = "private, no-store"
    return response
