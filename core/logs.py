"""What the server writes about itself: structured lines that never hold a secret, an address or a message."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REMOVED = "[removed]"
MAX_DEPTH = 8
MAX_CHARACTERS = 16_000

# Parts of a key's name: `newPassword`, `refresh_token` and `set-cookie` are meant as well.
SECRET_PARTS = (
    "password", "passwd", "passphrase", "token", "secret", "authorization", "cookie", "credential", "apikey",
    "privatekey", "recoverycode", "csrf", "email", "signature",
)  # fmt: skip
SECRET_KEYS = frozenset(
    """
    address addresses bio body caption clientaddress comment content data form html ip key mail message messages note
    notes otp params payload query recipient remoteaddr remoteaddress session sessionid source summary text totp
    """.split()
)

# These say in plain statements what they send and store, whatever level we ask for.
_TALKATIVE = (
    "aiosqlite", "asyncio", "asyncpg", "hpack", "httpcore", "httpx", "PIL", "tortoise", "tortoise.db_client",
    "websockets",
)  # fmt: skip

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer)\s+[\w.~+/=-]{6,}"), rf"\1 {REMOVED}"),
    (re.compile(r"\b([Bb]asic)\s+(?=\S*[A-Z0-9=])[\w+/-]{6,}={0,2}"), rf"\1 {REMOVED}"),
    (re.compile(r"(?<![\w-])eyJ[\w-]{5,}\.[\w-]+\.[\w-]*"), REMOVED),
    (re.compile(r"\$argon2\w*\$[^\s'\"]+"), REMOVED),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), REMOVED),
    (re.compile(r"(?i)((?:password|token|secret|signature|csrf)[\w-]{0,40}=)[^&\s'\"]+"), rf"\1{REMOVED}"),
    (re.compile(r"(?i)\b((?:code|key|otp|sid)=)[^&\s'\"]+"), rf"\1{REMOVED}"),
    (re.compile(r"(://)[^/\s:@'\"]{0,200}:[^/\s@'\"]+@"), rf"\1{REMOVED}@"),
    (re.compile(r"(/invite/)[^/\s?'\"]+"), rf"\1{REMOVED}"),
    # An address, but not a handle: that begins with @ or acct: and is public.
    (re.compile(r"(?<![\w.+%@-])(?<!acct:)[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"), REMOVED),
    # PostgreSQL tells the values of the row that it refused.
    (re.compile(r"(?m)^(\s*DETAIL:).*$"), rf"\1 {REMOVED}"),
    (re.compile(r"(Key \([^)]{0,100}\)=)\(.*?\)(?= )"), rf"\1({REMOVED})"),
)


def configure(
    environment: str, level: str = "info", *, as_json: bool | None = None, stream: TextIO | None = None
) -> None:
    """Set up structlog and the standard library's logging; may be called again. ValueError for an unknown level.

    JSON where `environment` is "production", else lines for reading; `as_json` overrides that. Lines go to `stream`,
    standard error where it is None. A server that makes loggers of its own is to be given one of ours.
    """
    threshold = logging.getLevelNamesMapping().get(level.upper())
    if threshold is None:
        raise ValueError(f"level: {level!r} is none of debug, info, warning, error, critical")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
        if (environment == "production" if as_json is None else as_json)
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    _route_libraries(threshold)


def bind_request(request_id: str) -> None:
    """Put the request's id on every line that is logged from here on in this task; forgets what was bound before."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The processor that takes out what must not be in a log: by the names of keys, and by looks."""
    return {key: REMOVED if _is_secret(key) else _redacted(value, 0) for key, value in event.items()}


def mask(text: str) -> str:
    """A text without what looks like a token, a credential or an e-mail address; handles (`@name@host`) stay.

    Of a text longer than 16,000 characters the middle is left out.
    """
    if len(text) > MAX_CHARACTERS:
        text = f"{text[: MAX_CHARACTERS // 2]} … {text[-MAX_CHARACTERS // 2 :]}"
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


class AccessLog:
    """One line for each request while there are few; under load a sample, which tells how many it stands for.

    `share` (0 to 1) is how many of the answers below 500 are worth a line at all.
    """

    def __init__(self, share: float = 1.0, *, lines_per_second: int = 50, failures_per_second: int = 50) -> None:
        self._log = structlog.get_logger("kith.access")
        self._answers = _Budget(share, lines_per_second)
        self._failures = _Budget(1.0, failures_per_second)

    def write(self, method: str, path: str, status: int, seconds: float, size: int = 0) -> None:
        """Note an answer; `seconds` it took, `size` in bytes. What stands behind `?` in the path is left out."""
        budget = self._failures if status >= 500 else self._answers
        if not budget.allows():
            return
        skipped = {"skipped": budget.skipped} if budget.skipped else {}
        budget.skipped = 0
        self._log.info(
            "request",
            method=method,
            path=path.partition("?")[0][:500],
            status=status,
            milliseconds=round(seconds * 1000, 1),
            bytes=size,
            **skipped,
        )


class _Budget:
    """A share of everything, and so many in each second at most; `skipped` counts the rest."""

    def __init__(self, share: float, per_second: int) -> None:
        self.skipped = 0
        self._share, self._due = share, 0.0
        self._per_second = per_second
        self._second = 0
        self._used = 0

    def allows(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._used = second, 0
        self._due += self._share
        if self._due < 1 - 1e-9 or self._used >= self._per_second:
            self._due = min(self._due, 1.0)
            self.skipped += 1
            return False
        self._due -= 1
        self._used += 1
        return True


def _route_libraries(threshold: int) -> None:
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(threshold, logging.WARNING))
    logging.captureWarnings(True)


def _is_secret(key: object) -> bool:
    name = re.sub(r"[^a-z]", "", str(key).lower())
    return name in SECRET_KEYS or any(part in name for part in SECRET_PARTS)


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    if depth >= MAX_DEPTH or isinstance(value, bytes | bytearray | memoryview):
        return REMOVED
    if isinstance(value, Mapping):
        return {
            mask(str(key)): REMOVED if _is_secret(key) else _redacted(item, depth + 1) for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(item, depth + 1) for item in value]
    return mask(str(value))
