"""Lets the demo say when what it publishes was written, so that a week of posts does not look like a minute's work."""

from __future__ import annotations

from datetime import datetime

from quart import has_request_context, request

from core import Draft, hookimpl

API = ">=1.0,<2"
VERSION = "1.0"
HEADER = "Kith-Demo-Date"


@hookimpl
async def before_publish(draft: Draft) -> None:
    said = request.headers.get(HEADER) if has_request_context() else None
    if not said:
        return
    if request.method == "PUT":
        draft.edited_at = datetime.fromisoformat(said)
    else:
        draft.published_at = datetime.fromisoformat(said)
