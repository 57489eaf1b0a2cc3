"""Who asks for a document: servers sign what they fetch, and what is not for everybody is shown to those it is for."""

from __future__ import annotations

from quart import Request

from core.asgi import cacheable
from core.audience import STRANGER, Viewer
from core.database import value
from core.errors import Forbidden, RateLimited, Unauthenticated, Unavailable
from core.federation.addresses import host_in_sql, host_of
from core.federation.verification import Signed, claim_of, examined, signer_with
from core.instance import here
from core.models import Actor, Entry

KEEP_SECONDS = 60
OTHERS_SECONDS = 60


def is_open() -> bool:
    """Whether public documents are given to everybody, without a look at who asks."""
    return not here().settings.federation.authorized_fetch


async def admit(request: Request) -> Viewer:
    """Who asks for a public document: a stranger, unless this server wants to know.

    Raises Unauthenticated, and Forbidden where the admins refuse the host.
    """
    if is_open():
        return STRANGER
    signer = await signer_of(request)
    if signer is None:
        raise Unauthenticated("Requests for documents have to be signed here.", code="unsigned")
    return await _viewer(signer)


async def viewer_of_request(request: Request) -> Viewer:
    """Who asks, as far as a good signature says; a stranger otherwise, and where the signer's host is refused.

    Also where nobody can say just now: any other answer would tell that there is something to be hidden.
    """
    try:
        signer = await signer_of(request)
    except (Unauthenticated, Forbidden, RateLimited, Unavailable):
        return STRANGER
    return await _viewer(signer)


async def _viewer(signer: Actor | None) -> Viewer:
    """Whoever signs in person asks for themselves, a server's own actor for all its people: it names none of them."""
    if signer is None or not signer.domain or not signer.is_here:
        return STRANGER
    return Viewer(host=signer.domain) if await _is_server(signer) else Viewer(actor_id=signer.id)


async def _is_server(signer: Actor) -> bool:
    """Whether an actor is its server's own: there are servers that call it a person, by the name of the host.

    Some domains give names to people of many servers: none of these speaks for all of that name.
    """
    if signer.type != "application" and signer.username_key != signer.domain:
        return False
    host = host_of(signer.uri)

    async def others() -> bool:
        found = await value(
            "SELECT 1 FROM core_actor WHERE domain = $1 AND domain <> '' AND removed_at IS NULL"
            f" AND LOWER({host_in_sql('uri')}) <> $2 LIMIT 1",
            signer.domain,
            host,
        )
        return found is not None

    if signer.domain != host:  # few are so, and whoever bears this name may have become known just now
        return not await others()
    return not await here().cache.remember(f"ids-elsewhere:{host}", OTHERS_SECONDS, others)


async def signer_of(request: Request) -> Actor | None:
    """Who signed a GET, None where nobody did. Raises Unauthenticated, and Forbidden where the host is refused."""
    if "Signature" not in request.headers:
        return None
    signed = Signed.of(request.scope)
    return await signer_with(examined(signed, claim_of(signed.headers), b""))


def keep(request: Request, *tags: str, seconds: float = KEEP_SECONDS) -> None:
    """Let a public document be kept for everybody, whoever signs: as long as nobody looks at who asks."""
    if is_open():
        cacheable(request, seconds, *tags, signed=True)


def forget(entry: Entry) -> None:
    """Forget what was kept of an entry, which is no longer what it was."""
    here().cache.drop_tag(f"entry:{entry.id}")
