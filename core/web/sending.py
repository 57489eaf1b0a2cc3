"""A form that makes something makes it once: sent again, by the back button or a second press, it leads there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from io import SEEK_END
from typing import IO

from quart import Response, request

from core.api.idempotency import fingerprint, forget, once
from core.database import is_id
from core.errors import Conflict
from core.models import Actor, Entry
from core.web import csrf
from core.web.language import gettext as _

FIELD = "formKey"
# What may differ when the same is sent again: the page's own tokens, and the draft that is kept while somebody writes.
PASSING = frozenset({FIELD, csrf.FIELD, "next", "draftId", "draftVersion"})
PATIENCE = 100  # times it is asked whether the first one is through
PAUSE = 0.1  # seconds


def new_key() -> str:
    """What makes one form differ from all others, those with the same words included."""
    return secrets.token_urlsafe(12)


async def once_for_form(actor: Actor, make: Callable[[], Awaitable[str]]) -> str:
    """Do what the form asks for; the path to what was made, which the same form leads to however often it is sent.

    A form that bears no key is taken as it comes, and so is one whose post was deleted since. Whatever `make` raises is
    forgotten: the form can be sent again.
    Raises Conflict where the first one takes very long.
    """
    key = str((await request.form).get(FIELD, ""))
    if not key:
        return await make()

    async def answer() -> Response:
        return Response(status=303, headers={"Location": await make()})

    digest = fingerprint(request.method, request.path, await _said())
    for _round in range(PATIENCE):
        try:
            # Other words under the same key, after the back button, are another post.
            path = (await once(actor, f"{key} {digest}", digest, answer)).headers["Location"]
        except Conflict as conflict:
            if conflict.code != "request_in_progress":
                raise
            await asyncio.sleep(PAUSE)
            continue
        if await _is_there(path):
            return path
        await forget(actor, f"{key} {digest}", path)
    raise Conflict(_("This is on its way already. Look at your profile before you send it again."))


async def _is_there(path: str) -> bool:
    """Whether what was made has not been deleted since."""
    entry_id = path.rpartition("/")[2]
    return not is_id(entry_id) or await Entry.exists(id=entry_id, deleted_at__isnull=True)


async def _said() -> bytes:
    """What the form says, files by their names and sizes."""
    words = [pair for pair in (await request.form).items(multi=True) if pair[0] not in PASSING]
    files = [(name, part.filename, _size(part.stream)) for name, part in (await request.files).items(multi=True)]
    return repr((words, files)).encode()


def _size(stream: IO[bytes]) -> int:
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    return size
