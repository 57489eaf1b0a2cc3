"""A retry with the same Idempotency-Key gets the first answer, for a day."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import timedelta

from quart import Response

from core.api.answers import JSON
from core.database import carried_through, execute, new_id, now, row
from core.errors import Conflict, Invalid
from core.instance import here
from core.models import Actor
from core.tasks import periodic, task

KEEP = timedelta(hours=24)
ABANDONED = timedelta(seconds=60)  # whoever began with this key must have died


def fingerprint(method: str, path: str, content: bytes) -> str:
    """What makes a request the same request. Nobody without the server's key learns from it what was sent, a password
    for instance, by trying out what it could have been."""
    key = here().secrets.derive("idempotency")
    return hmac.new(key, b"\n".join((method.encode(), path.encode(), content)), hashlib.sha256).hexdigest()


async def once(actor: Actor, key: str, digest: str, answer: Callable[[], Awaitable[Response]]) -> Response:
    """Answer, or repeat the answer of the first request with this key of this actor.

    Raises Invalid where the key was used for another request, Conflict while the first one is still running. Whoever
    hangs up meanwhile breaks nothing off: the same may be on its way again already.
    """
    return await carried_through(_once(actor, key, digest, answer))


async def forget(actor: Actor, key: str, location: str) -> None:
    """Forget the answer that leads there, for nothing is there any more: what is asked for again is done again."""
    await execute(
        "DELETE FROM core_idempotent_answer WHERE actor_id = $1 AND key_hash = $2 AND location = $3",
        actor.id,
        _hashed(key),
        location,
    )


async def _once(actor: Actor, key: str, digest: str, answer: Callable[[], Awaitable[Response]]) -> Response:
    key_hash = _hashed(key)
    if not await _claim(actor, key_hash, digest):
        return await _repeat(actor, key_hash, digest)
    try:
        response = await answer()
    except BaseException:
        await _forget(actor, key_hash)
        raise
    body = (await response.get_data(as_text=False)).decode()
    await execute(
        "UPDATE core_idempotent_answer SET status = $1, location = $2, body = $3 WHERE actor_id = $4 AND key_hash = $5",
        response.status_code,
        response.headers.get("Location", ""),
        body,
        actor.id,
        key_hash,
    )
    return response


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


async def _claim(actor: Actor, key_hash: str, digest: str) -> bool:
    await execute(
        "DELETE FROM core_idempotent_answer WHERE actor_id = $1 AND key_hash = $2"
        " AND (created_at < $3 OR (status = 0 AND created_at < $4))",
        actor.id,
        key_hash,
        now() - KEEP,
        now() - ABANDONED,
    )
    return bool(
        await execute(
            "INSERT INTO core_idempotent_answer (id, actor_id, key_hash, request_hash, status, location, body,"
            " created_at) VALUES ($1, $2, $3, $4, 0, '', '', $5) ON CONFLICT DO NOTHING",
            new_id(),
            actor.id,
            key_hash,
            digest,
            now(),
        )
    )


async def _repeat(actor: Actor, key_hash: str, digest: str) -> Response:
    first = await row(
        "SELECT request_hash, status, location, body FROM core_idempotent_answer"
        " WHERE actor_id = $1 AND key_hash = $2",
        actor.id,
        key_hash,
    )
    if first is None or first["status"] == 0:
        raise Conflict("The first request with this key is still running.", code="request_in_progress")
    if first["request_hash"] != digest:
        raise Invalid({"Idempotency-Key": "This key was used for another request."})
    response = Response(first["body"], status=first["status"], content_type=JSON)
    response.headers["Idempotent-Replayed"] = "true"
    if first["location"]:
        response.headers["Location"] = first["location"]
    return response


async def _forget(actor: Actor, key_hash: str) -> None:
    await execute("DELETE FROM core_idempotent_answer WHERE actor_id = $1 AND key_hash = $2", actor.id, key_hash)


@periodic(seconds=3600)
@task
async def forget_old_answers() -> None:
    """Answers are kept for a day."""
    await execute("DELETE FROM core_idempotent_answer WHERE created_at < $1", now() - KEEP)
