"""What one line of an import does: whom to follow, block or mute, which servers to block, what to keep."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from core import actors, domain_blocks, people_lists, reactions
from core.accounts.models import Account
from core.accounts.profile import SETTINGS, change_profile, change_settings
from core.addresses import Refused, parse_url
from core.audience import may_see, viewer_of
from core.entries import by_uri
from core.errors import Conflict, Invalid, KithError, NotFound
from core.instance import here
from core.models import Actor, Entry
from core.people import find

_ADDRESS = re.compile(r"[^\s@/?#]{1,255}(?:@[^\s@/?#]{1,255})?")
Act = Callable[[], Awaitable[object]]
_TIES: Mapping[str, Callable[[Actor, Actor], Awaitable[object]]] = {
    "follows": actors.follow,
    "blocks": actors.block,
    "mutes": actors.mute,
}


class Pace:
    """Asks other servers for one thing after another, and each of them no more often than the settings say."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        settings = here().settings.rate_limits
        self._seconds = 60 / settings.import_look_ups_per_minute if settings.enabled else 0
        self._free_at: dict[str, float] = {}

    async def keep(self, host: str) -> None:
        """Wait until this host may be asked again."""
        wait = self._free_at.get(host, 0) - time.monotonic()
        if wait > 0:
            await self._sleep(wait)
        self._free_at[host] = time.monotonic() + self._seconds


async def act_of(actor: Actor, part: str, line: str, pace: Pace) -> Act:
    """What a line asks for, ready to be done in a transaction. Raises KithErrors for what cannot be found."""
    if part == "bookmarks":
        entry = await _entry(actor, line, pace)
        return lambda: reactions.bookmark(actor, entry)
    if part == "domain_blocks":
        return lambda: domain_blocks.block(actor, line)
    if part == "lists":
        title, _comma, address = line.rpartition(",")
        member = await _person(address, pace)
        return lambda: _put_on_list(actor, title, member)
    target, tie = await _person(line, pace), _TIES[part]
    return lambda: tie(actor, target)


async def _put_on_list(actor: Actor, title: str, person: Actor) -> None:
    """Put somebody on the list of this name, which is made where there is none. Raises Invalid, Conflict."""
    found = await people_lists.called(actor, title) or await people_lists.make(actor, title)
    if found.id in await people_lists.lists_with(actor, person):
        raise Conflict("They are on this list already.")
    await people_lists.add(actor, found.id, [person])


async def _person(line: str, pace: Pace) -> Actor:
    address = line.removeprefix("@")
    if not _ADDRESS.fullmatch(address):
        raise Invalid({"line": "no address"}, "This is no address of a person.")
    name, _, host = address.partition("@")
    found = await find(address)
    if found is None and host and host.lower() != here().domain.lower():
        await pace.keep(host.lower())
        looked_up = await here().hooks.look_up(address=f"@{name}@{host}", fresh=False)
        found = looked_up if isinstance(looked_up, Actor) else None
    if found is None or found.removed_at:
        raise NotFound("There is no such person, or their server does not answer.")
    return found


async def _entry(actor: Actor, uri: str, pace: Pace) -> Entry:
    try:
        host = parse_url(uri).authority
    except Refused:
        raise Invalid({"line": "no address"}, "This is no address of a post.") from None
    found = await by_uri(uri)
    if found is not None and not await may_see(viewer_of(actor), found):
        found = None  # nobody learns from an import that it is there
    elif found is None and not uri.startswith(f"{here().base_url}/"):
        await pace.keep(host)
        looked_up = await here().hooks.look_up(address=uri, fresh=False)
        found = looked_up if isinstance(looked_up, Entry) else None
    if found is None:
        raise NotFound("There is no such post, or its server does not answer.")
    return found


# -- Who one is ----------------------------------------------------------------
async def bring_profile(account: Account, actor: Actor, person: Any, stored: Any) -> None:
    """Fill in what somebody has not said of themselves here yet, and take over their settings. Never who they are."""
    if isinstance(person, Mapping):
        wanted = _words(actor, person)
        if wanted:
            await change_profile(actor, **wanted)
    settings = stored.get("settings") if isinstance(stored, Mapping) else None
    if isinstance(settings, Mapping) and not account.settings:
        for name in SETTINGS.keys() & settings.keys():
            try:
                await change_settings(account, {name: settings[name]})
            except KithError:
                continue  # one that means nothing here


def _words(actor: Actor, person: Mapping[str, Any]) -> dict[str, Any]:
    wanted: dict[str, Any] = {}
    name, source = person.get("name"), person.get("source")
    words = source.get("content") if isinstance(source, Mapping) else None
    if isinstance(name, str) and name.strip() and actor.name in ("", actor.username) and "\0" not in name:
        wanted["full_name"] = name[:100]
    if isinstance(words, str) and words.strip() and not actor.summary_source and "\0" not in words:
        wanted["bio"] = words[: here().settings.limits.biography_characters]
    return wanted
