"""The outermost door: what it writes down and counts of each request."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from core.logs import configure
from core.metrics import registry
from core.testing import Visitor, world


@pytest.fixture
def access_lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    configure("production", "info", stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.reset_defaults()


def requests_in(stream: io.StringIO) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in lines if line["event"] == "request"]


async def test_each_request_leaves_a_line_that_bears_its_id(access_lines: io.StringIO) -> None:
    async with world("logged.test", log__access_sample=1.0) as (logged,):
        answer = await logged.anon.page("/nodeinfo/2.1?of=nobody")
    [line] = requests_in(access_lines)
    assert (line["method"], line["path"], line["status"]) == ("GET", "/nodeinfo/2.1", 200)
    assert line["bytes"] == len(answer.content) and line["milliseconds"] > 0
    assert line["request_id"] == answer.headers["x-request-id"]


async def test_methods_nobody_knows_make_no_series(anon: Visitor) -> None:
    for method in ("BREW", "FETCH"):
        await anon.page("/", method=method)
    assert registry.get_sample_value("kith_http_requests_total", {"method": "other", "route": "other", "status": "405"})
    assert not registry.get_sample_value(
        "kith_http_requests_total", {"method": "BREW", "route": "other", "status": "405"}
    )
