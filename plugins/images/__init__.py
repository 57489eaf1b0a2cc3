"""Pictures: shared with a caption and a place, found nearby and by hashtag, described together.

Albums gather them, of one person or of several; collections gather what others have posted."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from quart import Blueprint

from core.accounts.models import Account
from core.audience import Viewer
from core.entries import Draft, Kind
from core.models import Actor, Entry
from core.plugins import hookimpl
from core.reportable import Reportable
from core.web.slots import Card, NavItem, Tab
from plugins.images import (
    album_documents,
    album_editing,
    album_federation,
    album_keeping,
    album_pages,
    album_reports,
    album_routes,
    alt_listing,
    alt_pages,
    alt_routes,
    alt_suggestions,
    federation,
    gathering_pages,
    pages,
    place_pages,
    places,
    routes,
    service,
)

REQUIRES = ["posts"]


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    shown = (pages, album_pages, album_editing, gathering_pages, alt_pages, place_pages)
    return [routes.api, album_routes.api, alt_routes.api, *(part.blueprint for part in shown)]


@hookimpl
def kinds() -> Sequence[Kind]:
    return [federation.IMAGE]


@hookimpl
def inbox() -> Mapping[str, Callable[..., Awaitable[str | None]]]:
    return album_federation.INBOX


@hookimpl
def outbox() -> Mapping[str, Callable[..., Awaitable[Any]]]:
    return album_documents.WRITERS


@hookimpl
async def slot(name: str, viewer: Actor | None, **context: Any) -> NavItem | Tab | Card | Sequence[Card] | None:
    return await places.fill(name, viewer, **context)


@hookimpl
async def reportable(viewer: Viewer, kind: str, name: str) -> Reportable | None:
    return await album_reports.reportable(viewer, kind, name)


@hookimpl
async def before_publish(draft: Draft) -> None:
    service.require_pictures(draft)


@hookimpl
async def entry_stored(entry: Entry) -> None:
    await service.keep_in_step(entry)
    await album_keeping.keep_in_step(entry)


@hookimpl
async def actor_stored(actor: Actor) -> None:
    if actor.removed_at is not None:
        await album_keeping.erase(actor.id)
        await alt_suggestions.erase(actor.id)


@hookimpl
async def export_account(account: Account) -> Mapping[str, Any]:
    return {
        "images.json": await service.images_of(account.actor_id),
        "albums.json": await album_keeping.exported(account.actor_id),
        "taken-out.json": await album_keeping.refused_by(account.actor_id),
        "alt-suggestions.json": await alt_listing.exported(account.actor_id),
    }


@hookimpl
async def import_account(account: Account, archive: Mapping[str, Any]) -> Mapping[str, Any] | None:
    kept = archive.get("images", {}).get("albums.json")
    return None if kept is None else await album_keeping.restore(account.actor_id, kept)


@hookimpl
async def erase_account(account: Account) -> None:
    await album_keeping.erase(account.actor_id)
    await alt_suggestions.erase(account.actor_id)
    await service.forget(account.actor_id)
