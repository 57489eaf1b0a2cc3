"""The power fails in the middle of an import: it goes on where it was, and nothing is there twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.core.kith_process import Serving, eventually, kith_in
from tests.core.transfer.packing import create, outbox, packed, person

POSTS = 400
PASSWORD = "Quiet-Harbour-47"


async def test_an_import_survives_kill_9(tmp_path: Path) -> None:
    activities = [create(number % 28 + 1, f"post {number}") for number in range(POSTS)]
    for number, activity in enumerate(activities):
        activity["object"]["id"] = f"https://old.example/posts/{number}"
    archive = packed({"actor.json": person(), "outbox.json": outbox(*activities)})
    async with kith_in(tmp_path) as kith:
        kith.run("account", "create", "ann", "--email", "ann@example.org", "--password", PASSWORD, "--verified")
        serving = kith.serve()
        token = serving.sign_in("ann", PASSWORD)
        asked = serving.post(
            "/api/v1/users/me/import",
            headers={"Authorization": f"Bearer {token}"},
            data={"type": "archive"},
            files={"file": ("a.zip", archive, "application/zip")},
        )
        assert asked.status_code == 202, asked.text
        transfer_id = asked.json()["data"]["transferId"]
        eventually(lambda: state(serving, token, transfer_id)["stepsDone"] > 0)
        serving.kill()
        serving = kith.serve()
        token = serving.sign_in("ann", PASSWORD)
        eventually(lambda: state(serving, token, transfer_id)["state"] == "done", 90)
        report = state(serving, token, transfer_id)["report"]
        assert (report["done"], report["already"], report["failed"]) == (POSTS, 0, 0)
        assert serving.stop() == 0
        assert json.loads(kith.run("account", "show", "ann", "--json").stdout)["posts"] == POSTS


def state(serving: Serving, token: str, transfer_id: str) -> dict[str, Any]:
    answer = serving.get(f"/api/v1/users/me/transfers/{transfer_id}", {"Authorization": f"Bearer {token}"})
    found: dict[str, Any] = answer.json()["data"]
    return found
