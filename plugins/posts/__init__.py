"""Text posts and comments, the feeds they appear in, and what people do with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from quart import Blueprint

from core.accounts.models import Account
from core.entries import Kind
from core.models import Actor
from core.plugins import hookimpl
from core.web.slots import NavItem, Tab
from plugins.posts import acts, federation, feeds, pages, places, profile_pages, routes, service, thread_pages, writing

REQUIRES: list[str] = []


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    api = [routes.api, feeds.api]
    return [*api, *(part.blueprint for part in (pages, profile_pages, thread_pages, writing, acts))]


@hookimpl
async def slot(name: str, viewer: Actor | None) -> Sequence[NavItem | Tab] | None:
    return await places.fill(name, viewer)


@hookimpl
def kinds() -> Sequence[Kind]:
    return [federation.POST]


@hookimpl
def inbox() -> Mapping[str, Any]:
    return federation.INBOX


@hookimpl
def outbox() -> Mapping[str, Any]:
    return federation.OUTBOX


@hookimpl
async def export_account(account: Account) -> Mapping[str, Any]:
    return {"scheduled.json": await service.scheduled_by(account.actor_id)}


@hookimpl
async def import_account(account: Account, archive: Mapping[str, Any]) -> None:
    await service.restore(account.actor_id, archive.get("posts", {}).get("scheduled.json", []))


@hookimpl
async def erase_account(account: Account) -> None:
    await service.erase(account.actor_id)
