"""nginx gives files itself once Kith has allowed it, with the configuration that the manual shows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.storage.backends import LocalFolder
from core.testing import world
from tests.core.kith_process import CLIENT, Kith, free_port, kith_in

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MANUAL = Path(__file__).parents[3] / "docs" / "admin.md"
WORDS = b"Not quite a picture, but nobody looks."
NAME = f"{'ab' * 32}.webp"


def configuration(folder: Path, files: Path, front: int, behind: int) -> str:
    """nginx's: the manual's location, and a way to Kith."""
    shown = re.search(r"location /kept-files/ \{.*?\n\}", MANUAL.read_text(), re.DOTALL)
    assert shown
    location, count = re.subn(r"alias \S+/instance/files/;", f"alias {files}/;", shown[0])
    assert count == 1
    paths = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.getuid() == 0 else ""
    return f"""
        daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}
        events {{ worker_connections 64; }}
        http {{
            access_log off; {paths}
            server {{
                listen 127.0.0.1:{front};
                location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_set_header Host $host:{front}; }}
                {location}
            }}
        }}
    """


@contextmanager
def nginx(folder: Path, text: str) -> Iterator[None]:
    assert NGINX
    folder.mkdir()
    path = folder / "nginx.conf"
    path.write_text(text)
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path, KITH_STORAGE__FRONT_SERVER="nginx") as found:
        yield found


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
async def test_nginx_gives_what_kith_allows_and_nothing_else(kith: Kith, tmp_path: Path) -> None:
    behind, front = free_port(), free_port()
    files = kith.folder / "files"
    await LocalFolder(files).put(NAME, WORDS)
    with nginx(tmp_path / "nginx", configuration(tmp_path / "nginx", files, front, behind)):
        kith.serve("--port", str(behind))
        address = f"http://127.0.0.1:{front}"
        bare = CLIENT.get(f"http://127.0.0.1:{behind}/files/{NAME}")
        assert bare.content == b"" and bare.headers["x-accel-redirect"] == f"/kept-files/ab/ab/{NAME}"
        answer = _soon(f"{address}/files/{NAME}")
        assert (answer.status_code, answer.content) == (200, WORDS)
        assert "x-accel-redirect" not in answer.headers
        assert answer.headers["content-type"] == "image/webp" and answer.headers["content-disposition"] == "inline"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        part = CLIENT.get(f"{address}/files/{NAME}", headers={"Range": "bytes=4-8"})
        assert (part.status_code, part.content) == (206, WORDS[4:9])
        again = CLIENT.get(f"{address}/files/{NAME}", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for path in (f"/kept-files/ab/ab/{NAME}", "/kept-files/../kith.db", f"/files/{'0' * 64}.webp"):
            assert CLIENT.get(address + path).status_code == 404, path


def _soon(url: str) -> httpx.Response:
    """The answer, once nginx is there."""
    until = time.monotonic() + 10
    while True:
        try:
            return CLIENT.get(url)
        except httpx.TransportError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


async def test_other_servers_are_told_the_path_of_the_file() -> None:
    async with world("alpha.test", storage__front_server="sendfile") as (alpha,):
        with alpha.inside():
            blob = await alpha.instance.storage.put(WORDS, "image/webp")
            url = alpha.instance.storage.url(blob)
        answer = await alpha.anon.page(url)
        path = Path(answer.headers["x-sendfile"])
        assert path.read_bytes() == WORDS and answer.headers["content-type"] == "image/webp"
