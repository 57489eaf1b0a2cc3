"""The documents of our actors and entries, for other servers: public ones for everybody, others for whom they are."""

from __future__ import annotations

import orjson
from quart import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as Redirect

from core import emoji
from core.accounts.sessions import identify
from core.audience import OPEN, STRANGER, Viewer, may_see, viewer_of
from core.database import is_id
from core.emoji_models import Emoji
from core.errors import KithError, NotFound
from core.federation.addresses import INSTANCE_ACTOR, activity_url
from core.federation.consent import document_of
from core.federation.documents import (
    CONTEXT,
    Document,
    activity_response,
    actor_document,
    as_list,
    is_public,
    tombstone,
    wants_document,
    wants_page,
)
from core.federation.entry_activities import publication
from core.federation.models import Outgoing, Stamp
from core.federation.own_keys import instance_actor
from core.federation.readers import admit, is_open, keep, viewer_of_request
from core.federation.stamps import QUOTE, REPLY, Way, stamp_document
from core.instance import here
from core.models import Actor, Entry, Tombstone
from core.people import seen_here

blueprint = Blueprint("federation_documents", __name__)
Answer = Response | Redirect

ACTOR_SECONDS = 600


@blueprint.before_request
async def _only_where_it_federates() -> None:
    if not here().settings.federation.enabled:
        raise NotFound()


@blueprint.before_app_request
async def _document_of_a_page() -> Answer | None:
    """Whoever asks for the page of a person or a post, but would rather have the document, gets that."""
    if not request.path.startswith("/@") or request.method not in ("GET", "HEAD") or not wants_document(request):
        return None
    if not here().settings.federation.enabled:
        return None
    name, _, entry_id = request.path[2:].rstrip("/").partition("/")
    if is_id(entry_id):
        return await entry_answer(entry_id)
    actor = None if entry_id or "\x00" in name else await seen_here(name)
    return await actor_answer(actor) if actor else None


@blueprint.after_app_request
async def _pages_differ_by_accept(response: Response) -> Response:
    """A page at an address that has a document too says so to caches."""
    if request.path.startswith("/@"):
        response.vary.add("Accept")
    return response


@blueprint.get("/actors/<actor_id>")
async def read_actor(actor_id: str) -> Answer:
    """The document of one of our actors; their page where that is wanted."""
    actor = await own_actor(actor_id)
    if wants_page(request) and actor.is_here:
        return _to_page(actor.url or actor.uri)
    return await actor_answer(actor)


@blueprint.get(INSTANCE_ACTOR)
async def read_instance_actor() -> Answer:
    """The actor that stands for this server; given to everybody, for it takes its key to check a signature."""
    actor = await instance_actor()
    if wants_page(request):
        return _to_page(actor.url)
    keep(request, f"actor:{actor.id}", seconds=ACTOR_SECONDS)
    return activity_response(await actor_document(actor))


async def actor_answer(actor: Actor) -> Response:
    """An actor's document, or what is left of one who was removed."""
    await admit(request)
    if actor.removed_at is not None:
        return activity_response(tombstone(actor.uri, deleted=actor.removed_at), 410)
    keep(request, f"actor:{actor.id}", seconds=ACTOR_SECONDS)
    return activity_response(await actor_document(actor), personal=not is_open())


async def own_actor(actor_id: str) -> Actor:
    """The actor of ours with this id, removed or not. Raises NotFound."""
    actor = await Actor.get_or_none(id=actor_id, domain="") if is_id(actor_id) else None
    if actor is None:
        raise NotFound("There is no such actor.")
    return actor


def _to_page(url: str) -> Redirect:
    answer: Redirect = redirect(url)
    answer.headers["Vary"] = "Accept"
    return answer


@blueprint.get("/objects/<entry_id>")
async def read_entry(entry_id: str) -> Answer:
    """The document of one of our entries; its page where that is wanted."""
    if wants_page(request):
        entry = await own_entry(entry_id)
        if entry.deleted_at is None and entry.url and await _may_be_led_to(entry):
            return _to_page(entry.url)
    return await entry_answer(entry_id)


async def _may_be_led_to(entry: Entry) -> bool:
    """Whether whoever asks may learn that an entry is there and by whom: its page's address says both."""
    if entry.visibility in OPEN:
        return True
    try:
        identity = await identify(request)
    except KithError:  # a session that is no good is no session
        return False
    return identity is not None and await may_see(viewer_of(identity.actor), entry)


async def own_entry(entry_id: str) -> Entry:
    """The entry of ours with this id that leaves the house, deleted or not. Raises NotFound."""
    entry = await Entry.get_or_none(id=entry_id, is_local=True, local_only=False) if is_id(entry_id) else None
    if entry is None or entry.kind not in here().kinds:
        raise NotFound("There is no such post.")
    return entry


async def entry_answer(entry_id: str) -> Response:
    """An entry's document: to whom it is for, a tombstone where it was public and is deleted, else nothing at all."""
    if await _is_erased(entry_id):
        await admit(request)
        return activity_response(tombstone(here().url(f"/objects/{entry_id}")), 410)
    entry = await own_entry(entry_id)
    if entry.visibility in OPEN:
        viewer = await admit(request)
        if entry.deleted_at is not None:
            return activity_response(tombstone(entry.uri, _written_type(entry), entry.deleted_at), 410)
    else:
        viewer = await viewer_of_request(request)
    await must_see(viewer, entry)
    keep_entry(entry)
    document = await document_of(entry)
    return activity_response({"@context": CONTEXT, **document}, personal=is_personal(entry))


async def _is_erased(entry_id: str) -> bool:
    """Whether something everybody could see was here that went with its author: only its tombstone is left."""
    if not is_id(entry_id) or await Entry.exists(id=entry_id):
        return False
    return await Tombstone.exists(uri=here().url(f"/objects/{entry_id}"))


async def must_see(viewer: Viewer, entry: Entry) -> None:
    """Raise NotFound unless this viewer may see the entry: the same answer whether it is hidden or absent."""
    if not await may_see(viewer, entry):
        raise NotFound("There is no such post.")


def is_personal(entry: Entry) -> bool:
    """Whether the answer about an entry depends on who asks."""
    return entry.visibility not in OPEN or not is_open()


def keep_entry(entry: Entry) -> None:
    """Let an answer about an entry be kept where it is the same for everybody."""
    if not is_personal(entry):
        keep(request, f"entry:{entry.id}", f"actor:{entry.author_id}")


def _written_type(entry: Entry) -> str:
    return next(iter(here().kinds[entry.kind].document_types), "")


@blueprint.get("/emojis/<emoji_id>")
async def read_emoji(emoji_id: str) -> Response:
    """The document of a small picture of ours."""
    found = await Emoji.get_or_none(id=emoji_id, domain="") if is_id(emoji_id) else None
    if found is None:
        raise NotFound("There is no such picture here.")
    await admit(request)
    keep(request, emoji.EMOJIS)
    return activity_response({"@context": CONTEXT, **emoji.document_of(found)}, personal=not is_open())


@blueprint.get("/quote_authorizations/<stamp_id>")
async def read_quote_stamp(stamp_id: str) -> Response:
    """Our consent to a quote, as long as it holds (FEP-044f)."""
    return await _stamp(stamp_id, QUOTE)


@blueprint.get("/reply_authorizations/<reply_stamp_id>")
async def read_reply_stamp(reply_stamp_id: str) -> Response:
    """Our consent to an answer, as long as it holds."""
    return await _stamp(reply_stamp_id, REPLY)


async def _stamp(stamp_id: str, way: Way) -> Response:
    """A stamp, for those who may see what it is about."""
    kind = way.action
    stamp = await Stamp.get_or_none(id=stamp_id, kind=kind, revoked_at__isnull=True) if is_id(stamp_id) else None
    if stamp is None:
        raise NotFound()
    target = await own_entry(stamp.target_id)
    await must_see(await (admit if target.visibility in OPEN else viewer_of_request)(request), target)
    document = {"@context": CONTEXT, **await stamp_document(stamp, target)}
    return activity_response(document, personal=is_personal(target))


@blueprint.get("/activities/<activity_id>")
async def read_activity(activity_id: str) -> Response:
    """The publication of an entry; or what else of ours was addressed to everybody, as long as it is kept."""
    if is_id(activity_id) and await Entry.exists(id=activity_id, is_local=True):
        return await _publication(await own_entry(activity_id))
    outgoing = await Outgoing.get_or_none(id=activity_id) if is_id(activity_id) else None
    activity: Document = orjson.loads(outgoing.body) if outgoing else {}
    is_for_all = any(is_public(one) for key in ("to", "cc") for one in as_list(activity.get(key)))
    if not is_for_all or activity.get("id") != activity_url(activity_id):
        raise NotFound()
    await admit(request)
    entry_id = outgoing.entry_id if outgoing else None
    if entry_id and activity.get("type") != "Delete":
        await must_see(STRANGER, await own_entry(str(entry_id)))
    return activity_response(activity, personal=not is_open())


async def _publication(entry: Entry) -> Response:
    """The Create of an entry, for those who may see the entry."""
    await must_see(await (admit if entry.visibility in OPEN else viewer_of_request)(request), entry)
    keep_entry(entry)
    document = await publication(await Actor.get(id=entry.author_id), entry)
    return activity_response({"@context": CONTEXT, **document}, personal=is_personal(entry))
