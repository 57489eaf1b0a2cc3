"""Whether the world finds the server: its name, its certificate, its pages under its own address."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx

from core.doctor.findings import Finding, broken, weak, well
from core.instance import here

_SECONDS = 10.0
_DAYS_LEFT = 10


async def name() -> AsyncIterator[Finding]:
    """The name of the server stands in the DNS."""
    host = urlsplit(here().base_url).hostname or ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        yield broken("name", f"{host} is not in the DNS", f"give {host} an A or AAAA record that points here")
        return
    yield well("name", f"{host} is {', '.join(sorted({str(address[4][0]) for address in found}))}")


async def certificate() -> AsyncIterator[Finding]:
    """TLS works, and will next week."""
    address = urlsplit(here().base_url)
    if address.scheme != "https":
        yield well("certificate", "none: the address begins with http://")
        return
    mend = "let the proxy in front renew it; Caddy does by itself"
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(
                address.hostname,
                address.port or 443,
                ssl=ssl.create_default_context(),
                server_hostname=address.hostname,
            )
            peer = writer.get_extra_info("peercert")
            writer.close()
    except ssl.SSLCertVerificationError as error:
        yield broken("certificate", error.verify_message, mend)
        return
    except (OSError, TimeoutError) as error:
        yield broken("certificate", f"no connection with TLS: {type(error).__name__}", "start the proxy in front")
        return
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(peer["notAfter"]), UTC)
    days = (until - datetime.now(UTC)).days
    yield (
        weak("certificate", f"ends in {days} days", mend)
        if days < _DAYS_LEFT
        else well("certificate", f"good for {days} days")
    )


async def pages() -> AsyncIterator[Finding]:
    """Under its own address it is this server that answers, as it is."""
    mend = "start kith serve; see that the proxy passes Host and paths on as they are"
    try:
        async with httpx.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            alive = await client.get(f"{here().base_url}/readyz")
            about = await client.get(f"{here().base_url}/api/v1/instance")
    except httpx.HTTPError as error:
        yield broken("address", f"{here().base_url} does not answer: {type(error).__name__}", mend)
        return
    if alive.status_code != 200:
        yield broken(
            "address", f"{here().base_url}/readyz answers {alive.status_code}: {alive.text.strip()[:80]}", mend
        )
    elif about.status_code != 200 or not _is_ours(about):
        yield broken("address", f"{here().base_url} is answered by something else", mend)
    else:
        yield well("address", f"{here().base_url} answers")


def _is_ours(answer: httpx.Response) -> bool:
    try:
        return bool(answer.json()["data"]["domain"] == here().domain)
    except (ValueError, KeyError, TypeError):
        return False
