"""Where a reader is in a list: opaque cursors, limits and page numbers, checked as they come in."""

from __future__ import annotations

import base64
import hmac
import json
from uuid import UUID

from core.errors import Invalid

MAC_BYTES = 8
DEFAULT_LIMIT = 20
MAX_LIMIT = 50
MAX_PAGE = 100_000

Part = str | int | float | None

_UUID = b"u"
_TEXT = b"s"
_PARTS = b"t"


class Cursors:
    """Makes and reads cursors under a secret: each belongs to one list and cannot be made up."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def encode(self, list_name: str, position: str | tuple[Part, ...]) -> str:
        """A cursor for a position in a list: the id of the last item, or the values the list is sorted by."""
        if isinstance(position, tuple):
            content = _PARTS + json.dumps(position, separators=(",", ":")).encode()
        else:
            content = _packed(position)
        return base64.urlsafe_b64encode(self._mac(list_name, content) + content).rstrip(b"=").decode()

    def decode(self, list_name: str, cursor: str) -> str:
        """The id in a cursor of this list; Invalid for anything else."""
        content = self._content(list_name, cursor)
        if content[:1] == _UUID:
            return str(UUID(bytes=content[1:]))
        if content[:1] == _TEXT:
            return content[1:].decode()
        raise _not_ours()

    def decode_parts(self, list_name: str, cursor: str) -> tuple[Part, ...]:
        """The values in a cursor of this list; Invalid for anything else."""
        content = self._content(list_name, cursor)
        if content[:1] != _PARTS:
            raise _not_ours()
        return tuple(json.loads(content[1:]))

    def _content(self, list_name: str, cursor: str) -> bytes:
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (ValueError, TypeError) as error:
            raise _not_ours() from error
        mac, content = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not content or not hmac.compare_digest(mac, self._mac(list_name, content)):
            raise _not_ours()
        return content

    def _mac(self, list_name: str, content: bytes) -> bytes:
        return hmac.digest(self._secret, list_name.encode() + b"\0" + content, "sha256")[:MAC_BYTES]


def limit_from(value: str | int | None) -> int:
    """How many items were asked for: 1 to 50, 20 where nothing was said; Invalid for anything else."""
    if value is None:
        return DEFAULT_LIMIT
    limit = _whole_number(value)
    if limit is None or not 1 <= limit <= MAX_LIMIT:
        raise Invalid({"limit": f"This must be a whole number from 1 to {MAX_LIMIT}."})
    return limit


def page_from(value: str | int | None) -> int:
    """Which page was asked for, counted from 1; Invalid for anything else."""
    if value is None:
        return 1
    page = _whole_number(value)
    if page is None or not 1 <= page <= MAX_PAGE:
        raise Invalid({"page": f"This must be a whole number from 1 to {MAX_PAGE}."})
    return page


def _packed(position: str) -> bytes:
    try:
        identity = UUID(position)
    except ValueError:
        identity = None
    if identity is not None and str(identity) == position:
        return _UUID + identity.bytes
    return _TEXT + position.encode()


def _whole_number(value: str | int) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def _not_ours() -> Invalid:
    return Invalid({"cursor": "This is not a cursor of this list."})
