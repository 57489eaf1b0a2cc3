"""A store that speaks S3, on this machine for the time of the tests, and what lies in its bucket or in the folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import obstore
from moto.s3.models import FakeMultipart, s3_backends
from moto.server import ThreadedMotoServer
from obstore.store import S3Store
from requests.structures import CaseInsensitiveDict

from core.testing import TestInstance

BUCKET = "kith-files"
_ACCOUNT = "123456789012"  # whose everything is that nobody signed


@contextmanager
def store() -> Iterator[str]:
    """The address of a store with an empty bucket."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        address = f"http://{host}:{port}"
        httpx.put(f"{address}/{BUCKET}", trust_env=False).raise_for_status()
        yield address
    finally:
        server.stop()


def settings(address: str, **more: object) -> dict[str, object]:
    """The settings of an instance that keeps its files there."""
    wanted = {"backend": "s3", "bucket": BUCKET, "endpoint": address, "access_key": "kith", "secret_key": "secret"}
    return {f"storage__{name}": value for name, value in {**wanted, **more}.items()}


def _bucket() -> Any:
    return s3_backends[_ACCOUNT]["aws"].buckets[BUCKET]


def _own_store(address: str) -> S3Store:
    return S3Store(
        BUCKET,
        config={"endpoint": address, "region": "us-east-1", "access_key_id": "kith", "secret_access_key": "secret"},
        client_options={"allow_http": True},
    )


def emptied() -> None:
    """Forget what lies in the bucket."""
    _bucket().keys.clear()


def _is_bucket(alpha: TestInstance) -> bool:
    return alpha.instance.settings.storage.backend == "s3"


def _path(alpha: TestInstance, name: str) -> Path:
    return alpha.folder / "files" / name[:2] / name[2:4] / name


def kept(alpha: TestInstance) -> dict[str, bytes]:
    """What lies where the instance keeps its files, by name."""
    if _is_bucket(alpha):
        return {name: _bucket().keys[name].value for name in list(_bucket().keys.keys())}
    return {path.name: path.read_bytes() for path in (alpha.folder / "files").rglob("*") if path.is_file()}


def keep(alpha: TestInstance, name: str, content: bytes, *, days_ago: int = 0) -> None:
    """Have something lie there without the instance's doing."""
    if _is_bucket(alpha):
        obstore.put(_own_store(alpha.instance.settings.storage.endpoint), name, content)
        _bucket().keys[name].last_modified = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=days_ago)
        return
    path = _path(alpha, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - days_ago * 86_400,) * 2)


def lose(alpha: TestInstance, name: str) -> None:
    """Have it lie there no longer."""
    if _is_bucket(alpha):
        _bucket().keys.pop(name)
    else:
        _path(alpha, name).unlink()


def begin_in_parts(name: str) -> str:
    """Have somebody begin to put a large file there, long ago as the store says, and never finish; the id of that."""
    upload = FakeMultipart(name, CaseInsensitiveDict(), _ACCOUNT, "us-east-1")
    _bucket().multiparts[upload.id] = upload
    return str(upload.id)


def in_parts() -> list[str]:
    """The ids of what was begun and not finished."""
    return list(_bucket().multiparts)
