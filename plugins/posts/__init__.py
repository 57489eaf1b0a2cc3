"""Text posts and comments, the feeds they appear in, and what people do with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from quart import Blueprint

from core.accounts.models import Account
from core.entries import Kind
from core.link_cards.service import keep_in_step
from core.models import Actor, Entry
from core.plugins import hookimpl
from core.web.slots import NavItem, Tab
from plugins.posts import (
    act_routes,
    acts,
    choice_pages,
    circle_pages,
    comments,
    composer_files,
    domain_block_pages,
    draft_routes,
    drafts,
    embedding,
    federation,
    feed_files,
    feeds,
    filter_pages,
    filter_routes,
    following_routes,
    history_pages,
    importing,
    involved_pages,
    list_pages,
    list_routes,
    meeting_pages,
    pages,
    places,
    poll_routes,
    profile_pages,
    quote_pages,
    quote_routes,
    reacting,
    reaction_routes,
    restoring,
    routes,
    service,
    sitemaps,
    suggestion_pages,
    thread_pages,
    unpublished_pages,
    writing,
)

REQUIRES: list[str] = []
CHOSEN = (list_pages, choice_pages, filter_pages, domain_block_pages)


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    spoken = (
        routes,
        act_routes,
        quote_routes,
        feeds,
        comments,
        poll_routes,
        list_routes,
        filter_routes,
        following_routes,
        draft_routes,
        reaction_routes,
    )
    api = [part.api for part in spoken]
    shown = (
        pages,
        quote_pages,
        profile_pages,
        circle_pages,
        meeting_pages,
        thread_pages,
        history_pages,
        involved_pages,
        writing,
        acts,
        unpublished_pages,
    )
    told = (composer_files, suggestion_pages, feed_files, embedding, sitemaps)
    return [*api, *(part.blueprint for part in (*shown, *CHOSEN, reacting, *told))]


@hookimpl
async def slot(name: str, viewer: Actor | None) -> Sequence[NavItem | Tab] | None:
    return await places.fill(name, viewer)


@hookimpl
async def allowed(actor: Actor, action: str, subject: Entry | Actor) -> bool | None:
    return await service.opinion(actor, action, subject)


@hookimpl
def kinds() -> Sequence[Kind]:
    return [federation.POST, importing.IMPORTED]


@hookimpl
async def entry_stored(entry: Entry) -> None:
    if entry.kind == federation.KIND:
        await keep_in_step(entry)


@hookimpl
async def export_account(account: Account) -> Mapping[str, Any]:
    kept = await drafts.exported(account.actor_id)
    return {"scheduled.json": await service.scheduled_by(account.actor_id), "drafts.json": kept}


@hookimpl
async def import_account(account: Account, archive: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if outbox := archive.get("core", {}).get("outbox.json"):
        return await importing.bring(account.actor_id, outbox)
    if "posts" in archive:
        return await restoring.restore_all(account.actor_id, archive["posts"])
    return None


@hookimpl
async def erase_account(account: Account) -> None:
    await service.erase(account.actor_id)
