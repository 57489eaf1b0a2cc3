"""Where a reader is in a list: cursors that cannot be read or made up."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core.errors import Invalid

MAC_BYTES = 8

_UUID = b"u"
_TEXT = b"s"


class Cursors:
    """Makes and reads cursors under a secret: each belongs to one list and cannot be made up."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def encode(self, list_name: str, position: str) -> str:
        """A cursor for a position in a list: most often the id of the last item."""
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

    def following(self, list_name: str, found: Sequence[Mapping[str, Any]], limit: int) -> str | None:
        """The cursor for the page after `found`, which was read one row too far; None where that is the last one."""
        return self.encode(list_name, str(found[limit - 1]["position"])) if len(found) > limit else None

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


def _packed(position: str) -> bytes:
    try:
        identity = UUID(position)
    except ValueError:
        identity = None
    if identity is not None and str(identity) == position:
        return _UUID + identity.bytes
    return _TEXT + position.encode()


def _not_ours() -> Invalid:
    return Invalid({"cursor": "This is not a cursor of this list."})
