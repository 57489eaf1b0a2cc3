"""Logs: one line each, in one shape, and nothing in them that is nobody's business."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypercorn.config import Config
from hypercorn.logging import Logger

from core import logs
from core.logs import REMOVED, AccessLog, bind_request, configure, mask


@pytest.fixture(autouse=True)
def afterwards_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()


@pytest.fixture
def written() -> io.StringIO:
    stream = io.StringIO()
    configure("production", "info", stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_production_writes_a_json_object_a_line(written: io.StringIO) -> None:
    structlog.get_logger("kith.test").warning("job_failed", job="deliver", attempts=3, hosts=["a.test"])
    [line] = lines(written)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "job_failed",
        "job": "deliver",
        "attempts": 3,
        "hosts": ["a.test"],
        "level": "warning",
        "logger": "kith.test",
    }


def test_development_writes_lines_for_reading() -> None:
    stream = io.StringIO()
    configure("development", "info", stream=stream)
    structlog.get_logger("kith.test").info("listening", url="http://localhost:8080", password="hunter2")
    assert "listening" in stream.getvalue() and "url=http://localhost:8080" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_the_shape_may_be_chosen() -> None:
    stream = io.StringIO()
    configure("development", as_json=True, stream=stream)
    structlog.get_logger("kith.test").info("x")
    assert lines(stream)[0]["event"] == "x"


def test_what_is_below_the_level_is_left_out(written: io.StringIO) -> None:
    structlog.get_logger("kith.test").debug("too fine")
    logging.getLogger("huey").debug("too fine")
    assert lines(written) == []


def test_an_unknown_level_is_named() -> None:
    with pytest.raises(ValueError, match=r"level: 'loud'"):
        configure("production", "loud")


def test_configuring_twice_writes_once(written: io.StringIO) -> None:
    configure("production", "info", stream=written)
    structlog.get_logger("kith.test").info("once")
    assert len(lines(written)) == 1


def test_libraries_go_the_same_way(written: io.StringIO) -> None:
    logging.getLogger("huey").info("started %d workers", 2, extra={"token": "abc"})
    warnings.warn("old-fashioned", stacklevel=1)
    started, warning = lines(written)
    assert started["event"] == "started 2 workers" and started["logger"] == "huey" and started["token"] == REMOVED
    assert "old-fashioned" in warning["event"]


def test_libraries_that_had_handlers_of_their_own_lose_them(written: io.StringIO) -> None:
    own = io.StringIO()
    logger = logging.getLogger("some.library")
    logger.addHandler(logging.StreamHandler(own))
    logger.propagate = False
    configure("production", stream=written)
    logger.error("broken")
    assert own.getvalue() == "" and lines(written)[0]["event"] == "broken"


async def test_the_server_logs_through_ours(written: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config()
    config.errorlog = logging.getLogger("hypercorn.error")
    monkeypatch.setattr(config.errorlog, "level", logging.NOTSET)  # whatever a server in this process set it to
    config.errorlog.manager._clear_cache()
    await Logger(config).info("Running on %s", "http://127.0.0.1:8080")
    assert lines(written)[0]["event"] == "Running on http://127.0.0.1:8080"


@pytest.mark.parametrize("name", ["tortoise", "tortoise.db_client", "aiosqlite", "httpx", "asyncpg"])
def test_libraries_that_say_what_they_store_are_kept_quiet_even_when_debugging(name: str) -> None:
    stream = io.StringIO()
    configure("development", "debug", stream=stream)
    logging.getLogger(name).debug("INSERT INTO core_entry VALUES ('a message')")
    logging.getLogger(name).info("GET https://beta.test/?token=abc")
    assert stream.getvalue() == ""


async def test_each_request_has_its_own_id_on_its_lines(written: io.StringIO) -> None:
    async def request(number: int) -> None:
        bind_request(f"request-{number}")
        await asyncio.sleep(0)
        structlog.get_logger("kith.test").info("ours", number=number)
        logging.getLogger("some.library").info("theirs")

    await asyncio.gather(*(asyncio.create_task(request(number)) for number in range(3)))
    assert all(line["request_id"] == f"request-{line['number']}" for line in lines(written) if "number" in line)
    assert sorted(line["request_id"] for line in lines(written)) == [f"request-{n}" for n in (0, 0, 1, 1, 2, 2)]


def test_a_new_request_forgets_what_was_bound_before(written: io.StringIO) -> None:
    structlog.contextvars.bind_contextvars(actor="ann")
    bind_request("r")
    structlog.get_logger("kith.test").info("x")
    assert "actor" not in lines(written)[0]


@pytest.mark.parametrize(
    "key",
    [
        "password", "newPassword", "current_password", "token", "accessToken", "refresh_token", "Authorization",
        "cookie", "Set-Cookie", "email", "new_email", "content", "text", "body", "bio", "message", "otp", "csrfToken",
        "client_secret", "SECRET_KEY", "privateKey", "params", "ip", "remote_addr", "recoveryCodes",
    ],
)  # fmt: skip
def test_what_stands_under_a_telling_name_is_removed(written: io.StringIO, key: str) -> None:
    structlog.get_logger("kith.test").info("x", **{key: "hidden-thing", "deep": {"list": [{key: ["hidden-thing"]}]}})
    logging.getLogger("some.library").info("x", extra={"held": {key: "hidden-thing"}})
    assert "hidden-thing" not in written.getvalue()
    assert lines(written)[0][key] == REMOVED == lines(written)[0]["deep"]["list"][0][key]


@pytest.mark.parametrize("key", ["plugin", "hook", "status", "path", "job", "attempt", "seconds", "url", "host"])
def test_what_helps_to_find_a_fault_stays(written: io.StringIO, key: str) -> None:
    structlog.get_logger("kith.test").info("x", **{key: "useful"})
    assert lines(written)[0][key] == "useful"


JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("Authorization: Bearer abcdef123456", "abcdef123456"),
        ("bearer AbC-._~+/=", "AbC-"),
        ("Authorization: Basic YW5uOmh1bnRlcjI=", "YW5u"),
        (f"token {JWT} refused", JWT),
        ("mail to ann.lee+kith@mail.example.org failed", "ann.lee"),
        ("<ann@example.org>", "ann@example"),
        ("mailto:ann@example.org", "ann@example"),
        ("GET /verify?email=ann%40example.org", "ann%40"),
        ("GET /auth/verify-email?token=abc123&x=1", "abc123"),
        ("GET /join?code=abc123", "abc123"),
        ("postgres://kith:hunter2@db/kith", "hunter2"),
        ("redis://:hunter2@cache:6379/0", "hunter2"),
        ("stored $argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", "aGFzaA"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "MIIEvQ"),
        ("duplicate key\nDETAIL:  Key (email)=(ann@example.org) already exists.", "ann"),
        ("new row fails\nDETAIL:  Failing row contains (1, a private message).", "private message"),
        ("Key (username)=(ann) already exists", "(ann)"),
    ],
)
def test_what_looks_secret_is_masked_wherever_it_stands(written: io.StringIO, text: str, hidden: str) -> None:
    assert hidden not in mask(text) and REMOVED in mask(text)
    log = structlog.get_logger("kith.test")
    log.info(text, reason=text, several=[text, {"reason": text, text: 1}], error=ValueError(text))
    logging.getLogger("some.library").error("failed: %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
    assert hidden not in written.getvalue()
    assert "Traceback" in lines(written)[2]["exception"]


@pytest.mark.parametrize(
    "text",
    [
        "@ann@alpha.test followed @bob@beta.test",
        "acct:ann@alpha.test",
        "https://alpha.test/@ann@beta.test",
        "/.well-known/webfinger?resource=acct%3Aann%40alpha.test",
        "status_code=200",
        "Running on http://127.0.0.1:8080 (CTRL + C to quit)",
        "12 of 30 jobs at 12:30:01",
        "basic checks passed",
    ],
)
def test_what_is_public_stays_readable(text: str) -> None:
    assert mask(text) == text


def test_local_variables_never_stand_in_a_traceback() -> None:
    for environment in ("production", "development"):
        stream = io.StringIO()
        configure(environment, stream=stream)
        message_text = "a private message"
        try:
            len(message_text) / 0
        except ZeroDivisionError:
            structlog.get_logger("kith.test").exception("failed")
        assert "ZeroDivisionError" in stream.getvalue() and "a private message" not in stream.getvalue().replace(
            'message_text = "a private message"', ""
        )


def test_bytes_and_bottomless_things_are_removed(written: io.StringIO) -> None:
    knot: list[Any] = []
    knot.append(knot)
    structlog.get_logger("kith.test").info("x", raw=b"hidden-thing", knot=knot)
    assert "hidden-thing" not in written.getvalue() and REMOVED in written.getvalue()


def test_of_an_endless_text_both_ends_are_written(written: io.StringIO) -> None:
    structlog.get_logger("kith.test").info("x", reason="begin" + "-eyJ" * 1_000_000 + "end")
    [line] = lines(written)
    assert line["reason"].startswith("begin") and line["reason"].endswith("end") and len(line["reason"]) < 17_000


def test_an_answer_is_one_line_without_its_query(written: io.StringIO) -> None:
    AccessLog().write("GET", "/api/v1/search?q=something+private", 200, 0.01234, 512)
    [line] = lines(written)
    assert line["path"] == "/api/v1/search" and "private" not in written.getvalue()
    assert (line["method"], line["status"], line["milliseconds"], line["bytes"]) == ("GET", 200, 12.3, 512)


def test_under_load_a_sample_is_written_that_says_what_it_left_out(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = 100.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: second)
    access = AccessLog(lines_per_second=10, failures_per_second=5)
    for _ in range(1_000):
        access.write("GET", "/", 200, 0.001)
    for _ in range(100):
        access.write("GET", "/", 503, 0.001)
    assert [line["status"] for line in lines(written)] == [200] * 10 + [503] * 5
    second += 1
    access.write("GET", "/", 200, 0.001)
    access.write("GET", "/", 200, 0.001)
    assert [line.get("skipped") for line in lines(written)[-2:]] == [990, None]


def test_a_share_of_the_answers_may_do_and_failures_always_count(written: io.StringIO) -> None:
    quiet, tenth = AccessLog(0), AccessLog(0.1, lines_per_second=1_000)
    for _ in range(20):
        quiet.write("GET", "/", 200, 0.001)
    quiet.write("GET", "/", 500, 0.001)
    assert [line["status"] for line in lines(written)] == [500]
    for _ in range(100):
        tenth.write("GET", "/", 200, 0.001)
    assert len(lines(written)) == 11
