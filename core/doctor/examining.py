"""One examination after the other: the core's, then the plugins'."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from core.doctor import address, ground, keeping, safety
from core.doctor.findings import Examination, Finding, broken
from core.instance import here

SECONDS = 30.0
CORE: tuple[Examination, ...] = (
    ground.clock,
    ground.disk,
    keeping.files,
    ground.keys,
    ground.database,
    ground.redis,
    ground.jobs,
    ground.plugins,
    address.name,
    address.certificate,
    address.pages,
    safety.mail,
    safety.provider,
    safety.people,
    safety.names,
    safety.joining,
    safety.proxies,
)


async def examine() -> AsyncIterator[Finding]:
    """Every finding, as soon as it is known. An examination that fails or takes too long is a finding itself."""
    theirs = [one for found in here().hooks.examinations() for one in found]
    for examination in (*CORE, *theirs):
        try:
            async with asyncio.timeout(SECONDS):
                found = [finding async for finding in examination()]
        except Exception as error:
            name = examination.__name__.replace("_", " ")
            found = [broken(name, f"could not be examined: {type(error).__name__}", "look at what it needs, try again")]
        for finding in found:
            yield finding
