"""Who asks for a document: servers sign what they fetch, and what is not for everybody is shown to those it is for."""

from __future__ import annotations

from datetime import timedelta

from quart import Request

from core.asgi import cacheable
from core.audience import STRANGER, Viewer
from core.database import now
from core.errors import Forbidden, Unauthenticated
from core.federation.addresses import host_of
from core.federation.domains import is_refused
from core.federation.keys_store import KnownKey, find_key
from core.federation.signatures import BadSignature, Window, read_signature
from core.fetch import Refused
from core.instance import here
from core.models import Actor, Entry

KEEP_SECONDS = 60


def is_open() -> bool:
    """Whether public documents are given to everybody, without a look at who asks."""
    return not here().settings.federation.authorized_fetch


async def admit(request: Request) -> Viewer:
    """Who asks for a public document: a stranger, unless this server wants to know.

    Raises Unauthenticated, and Forbidden where the admins refuse the host.
    """
    if is_open():
        return STRANGER
    try:
        signer = await signer_of(request)
    except BadSignature as fault:
        raise Unauthenticated(f"The signature is no good: {fault}.", code="bad_signature") from None
    if signer is None:
        raise Unauthenticated("Requests for documents have to be signed here.", code="unsigned")
    return _viewer(signer)


async def viewer_of_request(request: Request) -> Viewer:
    """Who asks, as far as a good signature says; a stranger otherwise, and where the signer's host is refused."""
    try:
        signer = await signer_of(request)
    except (BadSignature, Forbidden):
        return STRANGER
    return _viewer(signer)


def _viewer(signer: Actor | None) -> Viewer:
    """All people of the signer's server: what is addressed to one of them is theirs to fetch."""
    if signer is None or not signer.domain or not signer.is_here:
        return STRANGER
    return Viewer(host=signer.domain)


async def signer_of(request: Request) -> Actor | None:
    """Who signed a GET, None where nobody did. Raises BadSignature, and Forbidden where the admins refuse the host."""
    if "Signature" not in request.headers:
        return None
    scope = request.scope
    claim = read_signature(scope["headers"])
    settings = here().settings.federation
    scheme, _, host = here().base_url.partition("://")
    evidence = claim.examine(
        request.method,
        _target(request),
        b"",
        host=host,
        now=now(),
        scheme=scheme,
        window=Window(past=timedelta(seconds=settings.signature_window_seconds)),
    )
    _must_be_wanted(evidence.key_id)
    known = await find_key(evidence.key_id)
    if known is None:
        raise BadSignature("the key is not known")
    try:
        evidence.check(known.key)
    except BadSignature:
        known = await _changed_key(evidence.key_id, known)
        evidence.check(known.key)
    if known.actor.domain and is_refused(known.actor.domain):
        raise Forbidden("This server does not talk with yours.")
    return known.actor


async def _changed_key(key_id: str, known: KnownKey) -> KnownKey:
    return await find_key(key_id, refetch=True) or known


def _must_be_wanted(key_id: str) -> None:
    try:
        refused = is_refused(host_of(key_id))
    except Refused:
        raise BadSignature("the key id is no address") from None
    if refused:
        raise Forbidden("This server does not talk with yours.")


def _target(request: Request) -> str:
    """Path and query as they were received."""
    scope = request.scope
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path


def keep(request: Request, *tags: str, seconds: float = KEEP_SECONDS) -> None:
    """Let a public document be kept for everybody, whoever signs: as long as nobody looks at who asks."""
    if is_open():
        cacheable(request, seconds, *tags, signed=True)


def forget(entry: Entry) -> None:
    """Forget what was kept of an entry, which is no longer what it was."""
    here().cache.drop_tag(f"entry:{entry.id}")
