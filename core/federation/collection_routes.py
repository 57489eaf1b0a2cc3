"""The collections of our actors and entries: what they published, who follows, what was answered."""

from __future__ import annotations

from typing import Any

from quart import Blueprint, Response, request

from core import people, pins
from core.accounts.privacy import hides_network
from core.audience import OPEN, STRANGER, visible_sql
from core.database import HIGHEST_ID, LOWEST_ID, is_id, rows, value
from core.errors import NotFound, Unauthenticated
from core.federation.addresses import INSTANCE_ACTOR, context_url, origin_of
from core.federation.collections import collection, page, whole
from core.federation.documents import Document, activity_response
from core.federation.entry_activities import publication
from core.federation.readers import admit, is_open, keep, signer_of
from core.federation.routes import keep_entry, must_see, own_actor, own_entry
from core.instance import here
from core.models import ACCEPTED, Actor, Entry

blueprint = Blueprint("federation_collections", __name__)

OUTBOX_PAGE = 20
PEOPLE_PAGE = 100
THREAD_PAGE = 60
SYNCHRONIZED_AT_MOST = 25_000


@blueprint.before_request
async def _only_where_it_federates() -> None:
    if not here().settings.federation.enabled:
        raise NotFound()


@blueprint.get(f"{INSTANCE_ACTOR}/<name>")
async def read_of_instance_actor(name: str) -> Response:
    """The server itself publishes nothing and follows nobody."""
    if name not in ("outbox", "followers", "following"):
        raise NotFound()
    keep(request)
    return activity_response(whole(here().url(f"{INSTANCE_ACTOR}/{name}"), []))


@blueprint.get("/actors/<actor_id>/outbox")
async def read_outbox(actor_id: str) -> Response:
    """What an actor published for everybody, newest first."""
    actor = await _present(actor_id)
    await admit(request)
    keep(request, f"actor:{actor.id}")
    before = _position("before")
    if before is None:
        total = await value(f"SELECT COUNT(*) {_published()}", actor.id, None)
        return _answer(collection(actor.outbox_url, total, first=_at(actor.outbox_url, "before", HIGHEST_ID)))
    found = await rows(
        f"SELECT e.id {_published()} AND e.id < $3 ORDER BY e.id DESC LIMIT $4",
        actor.id,
        None,
        before,
        OUTBOX_PAGE + 1,
    )
    entries = await Entry.filter(id__in=[one["id"] for one in found[:OUTBOX_PAGE]]).order_by("-id")
    return _answer(
        page(
            _at(actor.outbox_url, "before", before),
            actor.outbox_url,
            [await publication(actor, entry) for entry in entries],
            following=_next(actor.outbox_url, "before", found, OUTBOX_PAGE),
            embeds=True,
        )
    )


def _published() -> str:
    kinds = ", ".join(f"'{name}'" for name in here().kinds)
    return (
        "FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE e.author_id = $1"
        f" AND e.visibility IN ('public', 'unlisted') AND NOT e.local_only AND e.kind IN ({kinds or 'NULL'})"
        f" AND {visible_sql(STRANGER, 2)}"
    )


@blueprint.get("/actors/<actor_id>/followers")
async def read_followers(actor_id: str) -> Response:
    """Who follows an actor, last come first."""
    actor = await _present(actor_id)
    return await _people(actor, actor.followers_url, actor.followers_count, people.followers)


@blueprint.get("/actors/<actor_id>/following")
async def read_following(actor_id: str) -> Response:
    """Whom an actor follows, last come first."""
    actor = await _present(actor_id)
    return await _people(actor, actor.following_url, actor.following_count, people.following)


async def _people(actor: Actor, uri: str, total: int, listed: Any) -> Response:
    await admit(request)
    keep(request, f"actor:{actor.id}")
    before, hidden = _position("before"), await hides_network(actor, STRANGER)
    if before is None:  # without a first page the members are nobody's business (section 4)
        return _answer(collection(uri, total, first="" if hidden else _at(uri, "before", HIGHEST_ID)))
    if hidden:
        raise NotFound("There is no such page.")
    found = await listed(actor, STRANGER, before, PEOPLE_PAGE)
    following = _next(uri, "before", found, PEOPLE_PAGE, column="position")
    items = [one["uri"] for one in found[:PEOPLE_PAGE]]
    return _answer(page(_at(uri, "before", before), uri, items, following=following))


@blueprint.get("/actors/<actor_id>/featured")
async def read_featured(actor_id: str) -> Response:
    """What an actor pinned to the profile, the latest first."""
    actor = await _present(actor_id)
    await admit(request)
    keep(request, f"actor:{actor.id}", f"profile:{actor.id}")
    shown = [entry.uri for entry in await pins.pinned_by(actor) if not entry.local_only]
    return _answer(whole(actor.featured_url, shown))


@blueprint.get("/actors/<actor_id>/followers_synchronization")
async def read_own_followers(actor_id: str) -> Response:
    """Which people of the asking server follow an actor (FEP-8fcf); only that server may ask."""
    actor = await _present(actor_id)
    signer = await signer_of(request)
    if signer is None or not signer.domain:
        raise Unauthenticated("This request has to be signed.", code="unsigned")
    origin = origin_of(signer.uri)
    found = await rows(
        "SELECT a.uri FROM core_follow f JOIN core_actor a ON a.id = f.follower_id WHERE f.target_id = $1"
        f" AND f.state = '{ACCEPTED}' AND a.domain <> '' AND a.removed_at IS NULL"
        " AND SUBSTR(a.uri, 1, $2) = $3 ORDER BY a.id LIMIT $4",
        actor.id,
        len(origin) + 1,
        f"{origin}/",
        SYNCHRONIZED_AT_MOST,
    )
    document = whole(f"{actor.uri}/followers_synchronization", [one["uri"] for one in found])
    return activity_response(document, personal=True)


@blueprint.get("/objects/<entry_id>/replies")
async def read_replies(entry_id: str) -> Response:
    """The public answers to a public entry, oldest first."""
    entry = await _public(entry_id)
    return await _thread(entry, f"{entry.uri}/replies", "e.reply_to_id = $1", ordered=False)


@blueprint.get("/contexts/<entry_id>")
async def read_context(entry_id: str) -> Response:
    """The public part of a conversation that began here, oldest first (FEP-7888)."""
    entry = await _public(entry_id)
    author = await Actor.get(id=entry.author_id)
    where = "(e.id = $1 OR e.root_id = $1)"
    return await _thread(entry, context_url(entry.id), where, ordered=True, attributedTo=author.uri)


@blueprint.get("/objects/<entry_id>/likes")
async def read_likes(entry_id: str) -> Response:
    """How many like an entry; not who."""
    entry = await _public(entry_id)
    return _answer(collection(f"{entry.uri}/likes", entry.likes_count, ordered=False))


@blueprint.get("/objects/<entry_id>/shares")
async def read_shares(entry_id: str) -> Response:
    """How many passed an entry on; not who."""
    entry = await _public(entry_id)
    return _answer(collection(f"{entry.uri}/shares", entry.boosts_count, ordered=False))


async def _public(entry_id: str) -> Entry:
    """An entry of ours that is for everybody. Raises NotFound."""
    entry = await own_entry(entry_id)
    if entry.visibility not in OPEN:
        raise NotFound("There is no such post.")
    await must_see(await admit(request), entry)
    keep_entry(entry)
    return entry


async def _thread(entry: Entry, uri: str, where: str, *, ordered: bool, **more: Any) -> Response:
    source = (
        f"FROM core_entry e JOIN core_actor a ON a.id = e.author_id WHERE {where} AND NOT e.local_only"
        f" AND e.visibility IN ('public', 'unlisted') AND {visible_sql(STRANGER, 2)}"
    )
    after = _position("after")
    if after is None:
        total = await value(f"SELECT COUNT(*) {source}", entry.id, None)
        return _answer(collection(uri, total, first=_at(uri, "after", LOWEST_ID), ordered=ordered, **more))
    found = await rows(
        f"SELECT e.id, e.uri {source} AND e.id > $3 ORDER BY e.id LIMIT $4", entry.id, None, after, THREAD_PAGE + 1
    )
    items = [one["uri"] for one in found[:THREAD_PAGE]]
    following = _next(uri, "after", found, THREAD_PAGE)
    return _answer(page(_at(uri, "after", after), uri, items, following=following, ordered=ordered))


async def _present(actor_id: str) -> Actor:
    """An actor of ours who is neither suspended nor removed. Raises NotFound."""
    actor = await own_actor(actor_id)
    if not actor.is_here:
        raise NotFound("There is no such actor.")
    return actor


def _position(name: str) -> str | None:
    """The place in a list where a page begins, None where the list itself is asked for. Raises NotFound."""
    found = request.args.get(name)
    if found is not None and not is_id(found):
        raise NotFound("There is no such page.")
    return found


def _at(uri: str, name: str, position: str) -> str:
    return f"{uri}?{name}={position}"


def _next(uri: str, name: str, found: list[dict[str, Any]], size: int, column: str = "id") -> str:
    return _at(uri, name, str(found[size - 1][column])) if len(found) > size else ""


def _answer(document: Document) -> Response:
    return activity_response(document, personal=not is_open())
