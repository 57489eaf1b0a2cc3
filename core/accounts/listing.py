"""The accounts of this server, as those who look after it see them."""

from __future__ import annotations

from typing import Any

from core import present
from core.database import row, rows, value
from core.errors import NotFound
from core.people import find
from core.person_forms import SHORT_COLUMNS

STATES = ("waiting", "unverified", "active", "suspended", "leaving")
_FROM = (
    " FROM core_account c JOIN core_actor a ON a.id = c.actor_id"
    " LEFT JOIN core_invite v ON v.id = c.invite_id LEFT JOIN core_actor p ON p.id = v.account_id"
)
# A state in SQL, each excluding those before it.
_STATE = (
    "CASE WHEN c.stage = 'outside' AND c.is_waiting THEN 'waiting' WHEN c.stage = 'outside' THEN 'unverified'"
    " WHEN c.leaves_at IS NOT NULL THEN 'leaving' WHEN a.suspended_at IS NOT NULL THEN 'suspended' ELSE 'active' END"
)
_COLUMNS = (
    f"SELECT {', '.join(f'a.{column}' for column in SHORT_COLUMNS)}, a.role, a.created_at, a.posts_count, c.email,"
    f" c.email_verified_at, c.join_reason, c.leaves_at, p.username AS invited_by, {_STATE} AS state"
)
_FOUND = (
    " WHERE a.removed_at IS NULL"
    " AND ($1 = '' OR a.username_key LIKE $2 ESCAPE '\\' OR LOWER(a.name) LIKE $2 ESCAPE '\\'"
    " OR c.email_key LIKE $2 ESCAPE '\\')"
    f" AND ($3 = '' OR {_STATE} = $3) AND ($4 = '' OR a.role = $4)"
)
Form = dict[str, Any]


async def accounts(
    term: str = "", state: str = "", role: str = "", *, page: int = 1, limit: int = 20
) -> tuple[list[Form], int]:
    """A page of the accounts whose name or address holds `term`, newest first, and how many there are.

    `state` is one of STATES, or empty for all of them; so is `role`.
    """
    term = term.strip().removeprefix("@").lower()
    like = "%" + term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    parameters = (term, like, state, role)
    total = await value(f"SELECT COUNT(*){_FROM}{_FOUND}", *parameters)
    found = await rows(
        f"{_COLUMNS}{_FROM}{_FOUND} ORDER BY c.id DESC LIMIT $5 OFFSET $6", *parameters, limit, (page - 1) * limit
    )
    return [_form(each) for each in found], int(total or 0)


async def account_form(account_id: str) -> Form:
    """One account. Raises NotFound."""
    found = await row(f"{_COLUMNS}{_FROM} WHERE c.id = $1 AND a.removed_at IS NULL", account_id)
    if found is None:
        raise NotFound("There is no such account.")
    return _form(found)


async def account_id(name: str) -> str:
    """The account behind an id or a name, in whatever state it is. Raises NotFound."""
    actor = await find(name)
    if actor is None or not actor.is_local or actor.removed_at:
        raise NotFound("There is no such account.")
    return actor.id


def _form(found: dict[str, Any]) -> Form:
    verified = found["email_verified_at"]
    return {
        **present.user_short(found),
        "email": found["email"],
        "emailVerified": verified is not None,
        "role": found["role"],
        "state": found["state"],
        "reason": found["join_reason"] or None,
        "invitedBy": found["invited_by"],
        "leavesAt": present.stamp(found["leaves_at"]) if found["leaves_at"] else None,
        "postsCount": found["posts_count"],
        "createdAt": present.stamp(found["created_at"]),
    }
