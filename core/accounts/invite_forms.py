"""Invites as the API, the pages and commands show them to whoever may see them."""

from __future__ import annotations

from typing import Any

from core import present
from core.accounts import invites
from core.instance import here


def form_of(invite: invites.Row) -> dict[str, Any]:
    """An invite, a row of core.accounts.invites, in the form of the API."""
    return {
        "inviteId": invite["id"],
        "code": invite["code"],
        "url": here().url(f"/invite/{invite['code']}"),
        "note": invite["note"],
        "uses": invite["uses"],
        "usesAtMost": invite["uses_at_most"],
        "state": invite["state"],
        "joined": invite["joined"],
        "madeBy": invite["made_by"],
        "createdAt": present.stamp(invite["created_at"]),
        "expiresAt": present.stamp(invite["expires_at"]),
    }
