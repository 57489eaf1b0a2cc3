"""Whom or what somebody means by a name or an address, here or on another server."""

from __future__ import annotations

from core.audience import viewer_of
from core.database import is_id
from core.entries import visible_entry
from core.errors import NotFound
from core.instance import here
from core.looking_up import look_up
from core.models import Actor, Entry
from core.people import visible_actor


def is_address(text: str) -> bool:
    """Whether a text is the address of a page or a thing."""
    return text.startswith(("http://", "https://"))


async def meant(actor: Actor | None, text: str) -> Actor | Entry:
    """The person or thing behind `@name`, `@name@host` or an address, as far as whoever asks may see it.

    What is not known here is looked up on its server for those who are signed in. Raises NotFound, and what asking
    another server may raise. Not to be called inside a transaction.
    """
    viewer = viewer_of(actor)
    thing = await _at_address(actor, text) if is_address(text) else await visible_actor(viewer, text)
    if thing is None:
        raise NotFound()
    return thing if isinstance(thing, Actor) else await visible_entry(viewer, thing.id)


async def _at_address(actor: Actor | None, address: str) -> Actor | Entry | None:
    """Somebody or something by address: of this server, or of another one for those who are signed in."""
    viewer = viewer_of(actor)
    if address.startswith(here().base_url + "/"):
        parts = address.removeprefix(here().base_url).partition("?")[0].strip("/").split("/")
        if len(parts) > 1 and is_id(parts[1]) and (parts[0].startswith("@") or parts[0] == "objects"):
            return await visible_entry(viewer, parts[1])
        name = parts[1] if parts[0] == "actors" and len(parts) > 1 else parts[0] if parts[0].startswith("@") else ""
        return await visible_actor(viewer, name)
    if actor is None:
        raise NotFound()
    thing = await look_up(actor.id, address)
    return await visible_actor(viewer, thing.id) if isinstance(thing, Actor) else thing
