"""What becomes of an upload that is not ready at once: told to open sockets of its owner, and of nobody else."""

from __future__ import annotations

import pytest

from core.testing import Person, TestInstance
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import uploaded

PHOTO = saved(quarters(300, 200), "JPEG")


async def test_the_owner_hears_what_became_of_an_upload_and_nobody_else(
    ann: Person, eve: Person, alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.storage.files.AT_ONCE", 0.0)
    async with ann.socket() as socket, eve.socket() as other:
        for person, one in ((ann, socket), (eve, other)):
            await one.send({"type": "auth", "token": person.access_token})
            await one.receive_type("ready")
            await one.send({"type": "subscribe", "channel": "files"})
            await one.send({"type": "subscribe", "channel": f"files:{ann.id}"})
            assert (await one.receive_type("error"))["data"]["code"] == "invalid"
        good, damaged = await uploaded(ann, PHOTO), await uploaded(ann, PHOTO[:900])
        assert (good["processingStatus"], damaged["processingStatus"]) == ("processing", "processing")
        frames = [await socket.receive_type("file") for _ in range(2)]
        assert {frame["channel"] for frame in frames} == {"files"}
        told = [frame["data"] for frame in frames]
        assert {one["fileId"]: one["processingStatus"] for one in told} == {
            good["fileId"]: "ready",
            damaged["fileId"]: "failed",
        }
        own = await uploaded(eve, saved(quarters(80, 80), "PNG"))
        assert (await other.receive())["data"] == {"fileId": own["fileId"], "processingStatus": "ready"}
    about = (await ann.get(f"/files/{damaged['fileId']}"))["metadata"]
    assert about["failure"] == "This picture is damaged and cannot be read."
    assert "failure" not in (await ann.get(f"/files/{good['fileId']}"))["metadata"]
