"""The JSON API of looking after accounts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.accounts import listing, requests
from core.api import Api, Ask
from core.api.answers import table_of
from core.api.forms import Form, Nothing, TableQuery, UserShort
from core.api.forms import table_of as table_model

api = Api("admin", __name__)


class AdminUser(UserShort):
    """An account as those who look after it see it; `reason` is what they wrote when they asked to join."""

    email: str
    email_verified: bool
    role: Literal["user", "moderator", "admin"]
    state: Literal["waiting", "unverified", "active", "suspended", "leaving"]
    reason: str | None
    invited_by: str | None
    leaves_at: str | None = Field(description="When it will be deleted, where they asked for that.")
    posts_count: int
    created_at: str


class AnswerToRequest(Form):
    sentence: str = Field("", description="What to tell them with it, in the mail they get.")


class AccountsQuery(TableQuery):
    term: str = ""
    state: Literal["", "waiting", "unverified", "active", "suspended", "leaving"] = ""
    role: Literal["", "user", "moderator", "admin"] = ""


@api.get("/admin/users", query=AccountsQuery, answer=table_model("users", AdminUser), permission="accounts.read")
async def read_accounts(ask: Ask[None, AccountsQuery]) -> object:
    """The accounts of this server, newest first: those whose name or address holds `term`, in this state."""
    query = ask.query
    found, total = await listing.accounts(query.term, query.state, query.role, page=query.page, limit=query.limit)
    return table_of("users", found, query.page, query.limit, total)


@api.get("/admin/users/<user_id>", answer=AdminUser, permission="accounts.read")
async def read_account(ask: Ask[None, None], user_id: str) -> object:
    """One account, by id or name."""
    return await listing.account_form(await listing.account_id(user_id))


@api.post(
    "/admin/users/<user_id>/approve",
    body=AnswerToRequest,
    body_optional=True,
    answer=AdminUser,
    permission="accounts.approve",
)
async def approve(ask: Ask[AnswerToRequest | None, None], user_id: str) -> object:
    """Let somebody in who asked to join."""
    account_id = await listing.account_id(user_id)
    await requests.approve(ask.doer, account_id, ask.body.sentence if ask.body else "")
    return await listing.account_form(account_id)


@api.post(
    "/admin/users/<user_id>/reject",
    body=AnswerToRequest,
    body_optional=True,
    answer=Nothing,
    permission="accounts.approve",
)
async def reject(ask: Ask[AnswerToRequest | None, None], user_id: str) -> object:
    """Turn somebody down who asked to join: their account is erased, and the name is free again."""
    await requests.reject(ask.doer, await listing.account_id(user_id), ask.body.sentence if ask.body else "")
    return {}
