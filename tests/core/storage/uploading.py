"""How files are uploaded in tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from core.storage.pictures import AT_ONCE
from core.testing import Person, TestInstance
from core.testing.people import data_of


async def upload(person: Person, content: bytes, name: str = "a.jpg", **more: Any) -> httpx.Response:
    """The answer to an upload as it is; `alt` and `focus` go into the form, `headers` where they belong."""
    headers = more.pop("headers", {})
    texts = {key: value for key, value in more.items() if value}
    return await person.call(
        "POST", "/files", files={"file": (name, content, "image/jpeg")}, data=texts, headers=headers
    )


async def uploaded(person: Person, content: bytes, name: str = "a.jpg", **more: Any) -> dict[str, Any]:
    """What an upload came to."""
    return data_of(await upload(person, content, name, **more))


async def attached(alpha: TestInstance, url: str) -> bytes:
    """What lies at the address of something shown."""
    answer = await alpha.anon.page(url)
    assert answer.status_code == 200, url
    return answer.content


@asynccontextmanager
async def makers_busy(instance: TestInstance) -> AsyncIterator[None]:
    """Whoever makes pictures is busy with others for the time of the block: what is uploaded waits for its job."""
    async with AsyncExitStack() as turns:
        for _ in range(AT_ONCE):
            await turns.enter_async_context(instance.instance.pictures._turns.turn(can_wait=False))
        yield
