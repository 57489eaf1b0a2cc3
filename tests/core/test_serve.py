"""`kith serve` as a process: its start, its end, and what a crash leaves behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from redis import Redis
from redis.exceptions import RedisError
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.core.kith_process import Kith, children_of, eventually, kith_in
from tests.emoji_pictures import picture

REDIS_URL = os.environ.get("KITH_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
ERRANDS = '''
"""Runs errands: slowly, and in the background."""
import asyncio
import os

from quart import Blueprint, request

from core.instance import here
from core.plugins import hookimpl
from core.tasks import task

API = ">=1.0,<2"
routes = Blueprint("errands", __name__)


@routes.get("/slowly")
async def slowly():
    note("asked")
    await asyncio.sleep(1.5)
    return str(os.getpid())


@routes.post("/errand/<name>")
async def send(name):
    await errand.later(name=name, seconds=float(request.args.get("seconds", 0)))
    return str(os.getpid())


@task
async def errand(name, seconds):
    note(f"begun {name}")
    await asyncio.sleep(seconds)
    note(f"done {name} {os.getpid()}")


def note(text):
    with (here().folder / "notes").open("a") as file:
        file.write(text + "\\n")


@hookimpl
def blueprints():
    return [routes]
'''


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    plugin = tmp_path / "instance" / "plugins" / "errands"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(ERRANDS)
    async with kith_in(tmp_path, KITH_PLUGINS__ENABLED="posts,errands") as found:
        yield found


@pytest.fixture
def redis() -> str:
    try:
        with Redis.from_url(REDIS_URL) as client:
            client.ping()
    except RedisError:
        pytest.skip("no Redis answers")
    return REDIS_URL


def noted(kith: Kith, text: str) -> bool:
    path = kith.folder / "notes"
    return path.exists() and any(line.startswith(text) for line in path.read_text().splitlines())


def test_a_server_says_where_it_is_and_how_to_become_its_admin_and_ends_when_told_to(kith: Kith) -> None:
    serving = kith.serve()
    assert serving.get("/healthz").text == "ok\n"
    assert f"Kith is at http://localhost:{serving.port}\n" in serving.output
    link = re.search(r"http://localhost:\d+(/setup\?token=\S+)", serving.output)
    assert link and serving.get(link[1]).status_code == 200
    assert serving.get("/setup?token=wrong").status_code == 404
    assert serving.stop() == 0
    kith.run("account", "create", "ann", "--email", "ann@example.org", "--role", "admin")
    assert "/setup" not in kith.serve().output


def test_whoever_starts_a_server_without_a_name_is_told_that_names_stay_and_later_whom_another_name_left_behind(
    kith: Kith,
) -> None:
    serving = kith.serve()
    assert f"Names end in @localhost:{serving.port} for ever" in serving.output
    assert serving.stop() == 0
    kith.run("account", "create", "ann", "--email", "ann@example.org", "--role", "admin")
    kith.environ |= {"KITH_SERVER__BASE_URL": "https://kith.example", "KITH_SERVER__ENVIRONMENT": "development"}
    said = kith.serve().output
    assert "ann made at http://localhost:8080: other servers cannot reach them." in said and "for ever" not in said


async def test_what_runs_is_finished_and_sockets_are_closed_before_the_server_ends(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "a@example.org", "--password", "Quiet-Harbour-47", "--verified")
    serving = kith.serve()
    async with connect(f"ws://127.0.0.1:{serving.port}/api/v1/stream", proxy=None) as socket:
        answer = asyncio.create_task(asyncio.to_thread(serving.get, "/slowly"))
        await asyncio.to_thread(serving.post, "/errand/milk?seconds=1")
        await asyncio.to_thread(eventually, lambda: noted(kith, "asked") and noted(kith, "begun milk"))
        assert await asyncio.to_thread(serving.stop) == 0
        assert (await answer).status_code == 200
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
    assert noted(kith, "done milk")


def test_a_job_that_was_cut_off_by_kill_9_is_done_after_the_next_start(kith: Kith) -> None:
    serving = kith.serve()
    serving.post("/errand/bread?seconds=6")
    eventually(lambda: noted(kith, "begun bread"))
    serving.kill()
    assert not noted(kith, "done bread")
    kith.serve()
    eventually(lambda: noted(kith, "done bread"))


def test_a_second_server_on_the_same_instance_or_port_is_refused(kith: Kith, tmp_path: Path) -> None:
    serving = kith.serve()
    told = kith.run_afresh("serve", code=1).stderr
    assert f"is being served already, by process {serving.process.pid}" in told
    other = Kith(tmp_path / "other")
    told = other.run_afresh("serve", "--port", str(serving.port), code=1).stderr
    assert told == f"kith: Cannot listen on 127.0.0.1 port {serving.port}: Address already in use\n"


def test_what_a_server_starts_does_not_keep_its_port_taken_after_a_crash(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "a@example.org", "--password", "Quiet-Harbour-47", "--verified")
    serving = kith.serve()
    headers = {"Authorization": f"Bearer {serving.sign_in('ann', 'Quiet-Harbour-47')}"}
    uploaded = {"file": ("a.png", picture(), "image/png")}
    assert serving.post("/api/v1/files", headers=headers, files=uploaded).status_code == 201
    (maker,) = children_of(serving.process.pid)
    assert listener_at(serving.port) in held_by(serving.process.pid)
    assert listener_at(serving.port) not in held_by(maker)


def held_by(pid: int) -> set[str]:
    """What a process has open."""
    return {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir()}


def listener_at(port: int) -> str:
    """The socket that listens on a port of this machine, as a process has it open."""
    table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return next(f"socket:[{row[9]}]" for row in table if row[1].endswith(f":{port:04X}") and row[3] == "0A")


@pytest.mark.parametrize("arguments", [("serve", "--workers", "2"), ("serve", "--no-worker"), ("worker",)])
def test_more_than_one_process_without_redis_is_refused(kith: Kith, arguments: tuple[str, ...]) -> None:
    told = kith.run_afresh(*arguments, code=1).stderr
    assert "redis.url" in told and len(told.splitlines()) == 1


def test_an_account_suspended_on_the_command_line_is_signed_out_of_the_running_server(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "a@example.org", "--password", "Quiet-Harbour-47", "--verified")
    serving = kith.serve()
    headers = {"Authorization": f"Bearer {serving.sign_in('ann', 'Quiet-Harbour-47')}"}
    assert serving.get("/api/v1/users/me", headers).status_code == 200
    kith.run("account", "suspend", "ann")
    eventually(lambda: serving.get("/api/v1/users/me", headers).status_code == 401)


def test_with_redis_a_session_that_ends_in_one_process_is_refused_by_all(kith: Kith, redis: str) -> None:
    kith.run("account", "create", "ann", "--email", "a@example.org", "--password", "Quiet-Harbour-47", "--verified")
    serving = kith.serve("--workers", "2", REDIS_URL=redis)
    headers = {"Authorization": f"Bearer {serving.sign_in('ann', 'Quiet-Harbour-47')}"}

    def answers() -> set[int]:
        """What is answered on a dozen connections, which the processes share among them."""
        return {serving.get("/api/v1/users/me", headers).status_code for _ in range(12)}

    assert answers() == {200}  # now every process has the session in its memory, for half a minute
    assert serving.post("/api/v1/auth/logout", headers=headers, json={}).status_code == 200
    eventually(lambda: answers() == {401}, 20)


def test_with_redis_a_token_that_is_revoked_in_one_process_is_refused_by_all(kith: Kith, redis: str) -> None:
    kith.run("account", "create", "ann", "--email", "a@example.org", "--password", "Quiet-Harbour-47", "--verified")
    serving = kith.serve("--workers", "2", REDIS_URL=redis)
    hers = {"Authorization": f"Bearer {serving.sign_in('ann', 'Quiet-Harbour-47')}"}
    body = {"name": "A script", "scopes": ["read:users"]}
    made = serving.post("/api/v1/auth/tokens", headers=hers, json=body).json()["data"]
    headers = {"Authorization": f"Bearer {made['token']}"}

    def answers() -> set[int]:
        return {serving.get("/api/v1/users/me", headers).status_code for _ in range(12)}

    assert answers() == {200}
    httpx.delete(f"{serving.url}/api/v1/auth/tokens/{made['tokenId']}", headers=hers, trust_env=False)
    eventually(lambda: answers() == {401}, 20)


def test_with_redis_jobs_are_done_in_a_process_of_their_own_and_dead_processes_come_back(
    kith: Kith, redis: str
) -> None:
    serving = kith.serve("--workers", "2", REDIS_URL=redis)
    assert len(children_of(serving.process.pid)) == 3
    web = serving.post("/errand/eggs").text
    eventually(lambda: noted(kith, "done eggs"))
    worker = next(line for line in (kith.folder / "notes").read_text().splitlines() if line.startswith("done")).split()[
        2
    ]
    children = {str(pid) for pid in children_of(serving.process.pid)}
    assert web != worker and {web, worker} <= children
    os.kill(int(worker), signal.SIGKILL)
    eventually(
        lambda: (
            len(children_of(serving.process.pid)) == 3 and str(worker) not in map(str, children_of(serving.process.pid))
        )
    )
    serving.post("/errand/ham")
    eventually(lambda: noted(kith, "done ham"))
    assert 'kith_http_requests_total{method="POST"' in serving.get("/metrics").text
    assert serving.stop() == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_with_redis_a_worker_may_stand_alone_and_ends_with_its_server_gone(kith: Kith, redis: str) -> None:
    serving = kith.serve("--no-worker", REDIS_URL=redis)
    assert len(children_of(serving.process.pid)) == 1
    serving.post("/errand/salt")
    worker = kith.serve(command="worker", REDIS_URL=redis)
    eventually(lambda: noted(kith, "done salt"))
    worker.process.terminate()
    assert worker.process.wait(30) == 0
    child = children_of(serving.process.pid)[0]
    serving.process.kill()
    eventually(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2])
