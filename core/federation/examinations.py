"""What `kith doctor` asks about federation: do others find us, and do we reach them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx

from core.database import now, row, value, when
from core.doctor.findings import Finding, broken, weak, well
from core.federation.hosts import FAILURES
from core.federation.own_keys import instance_actor
from core.instance import here

_SECONDS = 10.0
_LATE = timedelta(minutes=30)


async def found_by_others() -> AsyncIterator[Finding]:
    """WebFinger (RFC 7033) at the domain that stands in everybody's address here leads to this server."""
    settings = here().settings
    if not settings.federation.enabled:
        yield well("federation", "switched off")
        return
    actor = await instance_actor()
    address = f"{here().base_url.partition('://')[0]}://{here().domain}/.well-known/webfinger"
    mend = f"have {here().domain} answer /.well-known/webfinger, or lead from there to {here().base_url}"
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False, follow_redirects=True) as client:
            answer = await client.get(address, params={"resource": f"acct:{actor.username}@{here().domain}"})
            links = answer.json()["links"] if answer.status_code == 200 else []
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        yield broken("federation", f"{address} does not answer as it should: {type(error).__name__}", mend)
        return
    if any(link.get("rel") == "self" and link.get("href") == actor.uri for link in links):
        yield well("federation", f"others find people as @name@{here().domain}")
    else:
        yield broken("federation", f"{address} answers {answer.status_code} and does not lead here", mend)


async def deliveries() -> AsyncIterator[Finding]:
    """What waits to go out, and where nothing arrives."""
    waiting = int(str(await value("SELECT COUNT(*) FROM federation_delivery")))
    closed = int(str(await value("SELECT COUNT(*) FROM federation_host WHERE failures >= $1", FAILURES)))
    late = await row(
        "SELECT d.due_at FROM federation_delivery d LEFT JOIN federation_host h ON h.name = d.host"
        " WHERE d.state = 'waiting' AND d.due_at < $1 AND COALESCE(h.failures, 0) < $2 ORDER BY d.due_at LIMIT 1",
        now() - _LATE,
        FAILURES,
    )
    due_at = when(late["due_at"]) if late else None
    known = int(str(await value("SELECT COUNT(*) FROM federation_host")))
    if due_at:
        minutes = (now() - due_at).total_seconds() / 60
        yield broken(
            "deliveries", f"one could have gone {minutes:.0f} minutes ago", "start kith serve, or a kith worker"
        )
    elif known >= 5 and closed > known / 2:
        yield weak(
            "deliveries",
            f"{closed} of {known} other servers take nothing: it may be this one that cannot reach out",
            "kith federation queue shows what went wrong; check the firewall",
        )
    else:
        yield well("deliveries", f"{waiting} wait, {closed} of {known} other servers are away")
