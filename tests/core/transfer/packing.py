"""Archives and lists as somebody might bring them, honest or not."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import orjson

from core.testing import Person
from core.testing.people import Data, data_of

OLD = "https://old.example/users/ann"


def packed(files: dict[str, Any], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these files; what is neither bytes nor text becomes JSON."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in files.items():
            if isinstance(content, (dict, list)):
                content = orjson.dumps(content)
            archive.writestr(name, content)
    return target.getvalue()


def person(uri: str = OLD, **more: Any) -> Data:
    return {"id": uri, "type": "Person", "preferredUsername": "ann", "followers": f"{uri}/followers", **more}


def create(number: int, content: str, *, by: str = OLD, **more: Any) -> Data:
    """An activity of an outbox, as other servers write it."""
    uri = f"{by}/statuses/{number}"
    note = {
        "id": uri,
        "type": "Note",
        "attributedTo": by,
        "content": content,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "cc": [f"{by}/followers"],
        "published": f"2019-03-{number:02}T10:00:00Z",
        **more,
    }
    return {"id": f"{uri}/activity", "type": "Create", "actor": by, "object": note}


def outbox(*activities: Data) -> Data:
    return {"id": "outbox.json", "type": "OrderedCollection", "orderedItems": list(activities)}


async def bring(who: Person, kind: str, content: bytes) -> Data:
    """Bring a file; the transfer it became."""
    files = {"file": ("whatever.bin", content, "application/octet-stream")}
    return data_of(await who.call("POST", "/users/me/import", files=files, data={"type": kind}))


async def refused(who: Person, kind: str, content: bytes, status: int = 422) -> Data:
    """Try to bring a file; the problem."""
    files = {"file": ("whatever.bin", content, "application/octet-stream")}
    return await who.refused(status, "POST", "/users/me/import", files=files, data={"type": kind})


async def outcome(who: Person, transfer: Data) -> Data:
    """What came of it, once everything is settled."""
    found = await who.get(f"/users/me/transfers/{transfer['transferId']}")
    assert found["state"] in ("done", "failed"), found
    report: Data = found["report"]
    return report | {"state": found["state"]}
