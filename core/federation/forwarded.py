"""What others pass on of somebody without a proof we believe: their server is asked, and what it says is taken.

Servers that follow ActivityPub 7.1.2 with Linked Data signatures pass answers on so (federation profile, section 5).
The signature is not looked at, and nothing of the activity is believed but which object it may be about.
"""

from __future__ import annotations

import hashlib

import orjson
import structlog

from core import entries
from core.audience import OPEN
from core.database import transaction
from core.errors import KithError
from core.federation import consent, stamps
from core.federation.addresses import host_of, is_ours, same_origin
from core.federation.documents import Document, first_known_type, id_of
from core.federation.domains import is_refused
from core.federation.fetching import NotThere, budget, fetch_document
from core.federation.normalise import Activity
from core.federation.objects import fetch_references, receive_object
from core.federation.origin import check_fetched
from core.federation.relevance import concerns_us
from core.federation.verification import FORWARDED
from core.fetch import FetchError, Refused
from core.instance import here
from core.models import Actor, Entry
from core.reading import is_vote, kind_of
from core.tasks import task

log = structlog.get_logger(__name__)
LOOKED_UP_PER_HOUR = 120  # of what one server passes on
ASKED_PER_HOUR = 400  # of one origin, whoever passes its things on
HOUR = 3600
ATTEMPTS = 3
RETRY_SECONDS = 15


def is_forwarded(content: bytes, activity: Activity) -> bool:
    """Whether an activity, as it was received, is one that is passed on with a Linked Data signature."""
    signature = orjson.loads(content).get("signature")
    return (
        activity.type in FORWARDED
        and isinstance(signature, dict)
        and first_known_type(signature, ("RsaSignature2017",)) != ""
    )


async def look_later(activity: Activity, passed_on_by: str) -> bool:
    """Have the origin of an activity's object asked by a job, where that concerns us; whether it will be."""
    uri, author_uri = activity.object_id, activity.actor
    if not same_origin(uri, author_uri, activity.id) or is_ours(uri) or is_refused(host_of(author_uri)):
        return False
    if activity.type == "Create":
        if await entries.by_uri(uri) or not await concerns_us(activity.object or {}, author_uri):
            return False
    elif await _known(activity.type, uri, author_uri) is None:
        return False
    return await ask_later(activity.type, uri, author_uri, passed_on_by)


async def ask_later(verb: str, uri: str, author_uri: str, passed_on_by: str) -> bool:
    """Have a job ask the origin of an object what has become of it; whether it will, for that is bounded."""
    for key, limit in (
        (f"forwarded-by:{passed_on_by}", LOOKED_UP_PER_HOUR),
        (f"forwarded-of:{host_of(author_uri)}", ASKED_PER_HOUR),
    ):
        if not (await here().limiter.take(key, limit, HOUR)).allowed:
            log.info("forwarded_not_looked_up", host=passed_on_by, verb=verb, reason="too many within an hour")
            return False
    name = hashlib.blake2b(uri.encode(), digest_size=16).hexdigest()
    async with transaction():
        await look_up.later(key=f"forwarded:{verb}:{name}", verb=verb, uri=uri, author_uri=author_uri)
    return True


async def _known(verb: str, uri: str, author_uri: str) -> Entry | None:
    """The entry that may have changed or gone; none that only some may see goes, for its server denies it to us."""
    entry = await Entry.get_or_none(uri=uri, is_local=False, deleted_at=None)
    if entry is None or (verb == "Delete" and entry.visibility not in OPEN):
        return None
    author = await Actor.get(id=entry.author_id)
    return entry if author.uri == author_uri and author.is_here else None


@task(lane=7, attempts=3)
async def look_up(verb: str, uri: str, author_uri: str, attempt: int = 1) -> None:
    """Ask the server of an object's author what has become of it, and do as it says; what fails is tried again."""
    known = await _known(verb, uri, author_uri)
    if known is None and verb != "Create":
        return
    try:
        with budget():
            await _look_up(verb, uri, author_uri, known)
    except (Refused, NotThere) as refusal:
        log.info("forwarded_refused", host=host_of(uri), verb=verb, reason=refusal.reason)
    except FetchError as failure:  # no fault of ours, so that no job has failed
        log.info("forwarded_not_fetched", host=host_of(uri), verb=verb, attempt=attempt, reason=failure.reason)
        if attempt < ATTEMPTS:
            await look_up.later(
                delay=RETRY_SECONDS * 8**attempt, verb=verb, uri=uri, author_uri=author_uri, attempt=attempt + 1
            )
    except KithError as refusal:
        log.info("forwarded_refused", host=host_of(uri), verb=verb, reason=refusal.sentence[:200])


async def _look_up(verb: str, uri: str, author_uri: str, known: Entry | None) -> None:
    try:
        document = await fetch_document(uri)
    except NotThere:
        if verb == "Delete" and known is not None:
            await entries.remove(known, by=await Actor.get(id=known.author_id))
            return
        raise
    if verb == "Delete":
        if known is not None and id_of(document) == uri and first_known_type(document, ("Tombstone",)):
            await entries.remove(known, by=await Actor.get(id=known.author_id))
        return
    check_fetched(document, uri, author_uri)
    if verb == "Create":
        if not is_vote(document) and await concerns_us(document, author_uri):
            await receive_object(document)
    elif known is not None:
        await _change(known, document)


async def _change(known: Entry, document: Document) -> None:
    kind = here().kinds.get(known.kind)
    if kind is None or kind.receive is None or kind_of(document) is None:
        return
    await fetch_references(document, thread=(known.uri,))
    document = await stamps.checked(document)
    author = await Actor.get(id=known.author_id)
    async with transaction():
        current = await Entry.get_or_none(id=known.id, deleted_at=None)
        if current is not None and author.is_here:
            await consent.receive(kind, author, document, current)
