"""Whether files can be kept, read, given away and deleted where settings say that they lie."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import AsyncIterator

from core.doctor.findings import Finding, broken, weak, well
from core.errors import Unavailable
from core.fetch import FetchError
from core.instance import here

_SECONDS = 10.0


async def files() -> AsyncIterator[Finding]:
    """A small file is put where the others lie, read again, and deleted."""
    storage, backend = here().settings.storage, here().storage.backend
    place = f"the bucket {storage.bucket}" if storage.backend == "s3" else storage.path
    mend = (
        "look at bucket, endpoint, region and keys of [storage]; the keys must read, write, list and delete"
        if storage.backend == "s3"
        else f"let this user write in {place}"
    )
    content = secrets.token_bytes(64)
    name = f"{hashlib.sha256(content).hexdigest()}.bin"
    try:
        await backend.put(name, content)
        try:
            again = b"".join([piece async for piece in backend.read(name)])
            is_given = not storage.public_url or await _given(backend.url(name)) == content
            await anext(backend.names(), None)
        finally:
            await backend.delete(name)
    except (OSError, Unavailable) as error:
        yield broken("files", f"cannot be kept in {place}: {type(error).__name__}", mend)
        return
    if storage.public_url and await _are_listed(storage.public_url):
        yield broken(
            "files",
            f"{storage.public_url} lists them all to everybody, what was shown to a few people too",
            "let everybody read from the bucket, and nobody but you list it",
        )
    elif again != content:
        yield broken("files", f"come back from {place} as something else", mend)
    elif not is_given:
        yield weak(
            "files", f"{storage.public_url} does not give what lies in {place}", "look at public_url of [storage]"
        )
    else:
        yield well("files", f"in {place}: written, read and deleted")


async def _are_listed(url: str) -> bool:
    """Whether a store tells strangers what lies in it."""
    return b"<ListBucketResult" in await _given(f"{url.rstrip('/')}/?list-type=2&max-keys=1")


async def _given(url: str) -> bytes:
    try:
        answer = await here().http.get(url, accept="*/*", sign=False, limit=4096, deadline=_SECONDS)
    except FetchError:
        return b""
    return answer.body if answer.status == 200 else b""
