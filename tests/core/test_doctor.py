"""`kith doctor`: what is well, what is weak, what is broken, and how to mend it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.database import execute, now
from core.doctor.examining import examine
from core.federation.hosts import FAILURES
from core.testing import TestInstance
from tests.core.kith_process import Kith, free_port, kith_in

PLUGIN = '''
"""Has an oven."""
from core.doctor.findings import broken
from core.plugins import hookimpl

API = ">=1.0,<2"


async def oven():
    yield broken("oven", "is cold", "light it")


async def chimney():
    raise RuntimeError("a secret of the chimney")
    yield


@hookimpl
def examinations():
    return [oven, chimney]
'''


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path) as kith:
        yield kith


def findings(kith: Kith, *, code: int) -> dict[str, tuple[str, str]]:
    found = json.loads(kith.run("doctor", "--json", code=code).stdout)
    return {one["about"]: (one["state"], one["says"]) for one in found}


async def state_of(instance: TestInstance, about: str) -> tuple[str, str]:
    with instance.inside():
        return [(one.state, one.says) async for one in examine() if one.about == about][0]


async def test_a_server_that_is_well_is_told_so(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "a@b.example", "--password", "Quiet-Harbour-47", "--role", "admin")
    port = free_port()
    at = {"KITH_SERVER__BASE_URL": f"http://127.0.0.1:{port}", "KITH_SERVER__DOMAIN": f"127.0.0.1:{port}"}
    kith.environ |= at | {"KITH_FEDERATION__ALLOW_HTTP": "true", "KITH_FEDERATION__ALLOW_PRIVATE_ADDRESSES": "true"}
    kith.serve("--port", str(port))
    said = kith.run("doctor").stdout
    assert "BROKEN" not in said
    assert f"http://127.0.0.1:{port} answers" in said
    assert f"@name@127.0.0.1:{port}" in said
    assert "in charge with a password alone: ann" in said


async def test_a_server_that_is_not_there_and_that_nobody_runs_is_broken(kith: Kith) -> None:
    kith.environ["KITH_SERVER__PORT"] = str(free_port())
    found = findings(kith, code=1)
    assert {about for about, (state, _) in found.items() if state == "broken"} >= {"address", "people", "federation"}
    assert "ConnectError" in found["address"][1]


async def test_people_who_bear_another_address_than_the_server_has_now_are_told(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "a@b.example", "--password", "Quiet-Harbour-47", "--role", "admin")
    assert "names" not in findings(kith, code=1)
    kith.run("account", "create", "bob", "--email", "b@b.example", "--password", "Quiet-Harbour-47")
    kith.environ |= {"KITH_SERVER__BASE_URL": "https://kith.example", "KITH_SERVER__ENVIRONMENT": "development"}
    kith.run("account", "create", "cat", "--email", "c@b.example", "--password", "Quiet-Harbour-47")
    state, says = findings(kith, code=1)["names"]
    assert (state, says) == (
        "broken",
        "ann and 1 more made at http://localhost:8080: other servers cannot reach them",
    )


async def test_keys_that_others_can_read_are_told(kith: Kith) -> None:
    kith.run("config", "check")
    kith.run("account", "list")
    (kith.folder / "secrets" / "keys.json").chmod(0o644)
    said = kith.run("doctor", code=1).stdout
    assert "can be read by everybody" in said and "chmod 600" in said


async def test_a_database_whose_keys_are_gone_is_told(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "ann@example.org")
    serving = kith.serve()
    assert serving.get("/@ann", headers={"Accept": "application/activity+json"}).status_code == 200
    serving.stop()
    assert findings(kith, code=1)["keys"][0] == "ok"
    shutil.rmtree(kith.folder / "secrets")
    assert findings(kith, code=1)["keys"] == ("broken", "they do not open what is sealed in federation_key")


async def test_a_mail_server_that_nobody_answers_for_is_told_without_its_password(kith: Kith) -> None:
    kith.environ |= {"KITH_MAIL__BACKEND": "smtp", "SMTP_URL": f"smtp://kith:Secret-Word@127.0.0.1:{free_port()}"}
    said = kith.run("doctor", code=1).stdout
    assert "BROKEN  mail" in said and "Secret-Word" not in said


async def test_a_page_of_somebody_else_at_our_address_is_told(kith: Kith) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        kith.environ |= {"KITH_SERVER__BASE_URL": f"http://127.0.0.1:{port}"}
        found = await asyncio.to_thread(findings, kith, code=1)
    assert found["address"] == ("broken", f"http://127.0.0.1:{port} is answered by something else")


async def test_work_that_nobody_does_is_told(alpha: TestInstance) -> None:
    assert (await state_of(alpha, "jobs"))[0] == "ok"
    with alpha.inside():
        await execute(
            "INSERT INTO core_job (id, name, arguments, lane, state, attempts, due_at, error, created_at) VALUES"
            " ('00000000-0000-7000-8000-000000000001', 'core.nothing', '{}', 5, 'waiting', 0, $1, '', $1)",
            now() - timedelta(minutes=25),
        )
    assert await state_of(alpha, "jobs") == ("broken", "the oldest has waited 25 minutes")


async def test_a_server_that_reaches_no_other_is_told(alpha: TestInstance) -> None:
    with alpha.inside():
        for number in range(6):
            await execute(
                "INSERT INTO federation_host (name, policy, note, reacts, knock, failures, created_at)"
                " VALUES ($1, '', '', '', 'cavage', $2, $3)",
                f"h{number}.test",
                FAILURES,
                now(),
            )
    state, says = await state_of(alpha, "deliveries")
    assert state == "warning"
    assert says.startswith("6 of 6 other servers take nothing")


async def test_a_plugin_that_was_left_out_is_told_with_the_line_that_failed(kith: Kith) -> None:
    folder = kith.folder / "plugins" / "kitchen"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PLUGIN + "raise RuntimeError('no gas')\n")
    kith.environ |= {"KITH_PLUGINS__ENABLED": "kitchen"}
    state, says = findings(kith, code=1)["plugins"]
    assert state == "broken" and "RuntimeError: no gas (kitchen/__init__.py, line 21)" in says
    (folder / "__init__.py").write_text(PLUGIN)
    assert findings(kith, code=1)["plugins"] == ("ok", "kitchen: loaded")


async def test_plugins_are_examined_too_and_one_that_breaks_is_a_finding(kith: Kith) -> None:
    folder = kith.folder / "plugins" / "kitchen"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(PLUGIN)
    kith.environ |= {"KITH_PLUGINS__ENABLED": "kitchen"}
    found = findings(kith, code=1)
    assert found["oven"] == ("broken", "is cold")
    assert found["chimney"] == ("broken", "could not be examined: RuntimeError")
