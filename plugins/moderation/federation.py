"""Reports cross the border as Flags: in the name of the server, never of whoever reported (federation profile, 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.audience import viewer_of
from core.database import one_of, rows
from core.entries import Act
from core.errors import Rejected
from core.html import plain
from core.instance import here
from core.models import Actor, Entry
from core.outbound import Outbound
from core.reading.values import as_list, id_of, identity
from core.reportable import Reportable
from plugins.moderation import service

OBJECTS_AT_MOST = 100
THINGS_AT_MOST = 10  # that plugins are asked for


async def flag(act: Act) -> Outbound | None:
    """A report for the server of whom it is about; of what stands in a group, for the server of the group as well."""
    if act.target is None:
        return None
    entry, reason = act.details["entry"], act.details["reason"]
    document: dict[str, Any] = {"type": "Flag", "content": reason, "to": [act.target.uri], "cc": []}
    thing = act.details.get("thing")
    document["object"] = [act.target.uri, *(one.uri for one in (entry, thing) if one)]
    if entry is not None and (group := await _group_of(entry)):
        # Where threads lie in groups, a Flag is about one thing, for one group, and has its words elsewhere.
        document |= {"to": [group], "object": entry.uri, "summary": reason}
    return Outbound(document, actors=[act.target])


async def _group_of(entry: Entry) -> str:
    """The group elsewhere that passed an entry on, or the thread it belongs to."""
    found = await rows(
        "SELECT a.uri FROM core_boost b JOIN core_actor a ON a.id = b.actor_id AND a.type = 'group' AND a.domain <> ''"
        f" WHERE b.entry_id {one_of(1)} ORDER BY b.id LIMIT 1",
        [one for one in (entry.id, entry.root_id) if one],
    )
    return str(found[0]["uri"]) if found else ""


async def receive_flag(incoming: Any) -> str | None:
    """Another server says that something of somebody here should be looked at."""
    document = incoming.document
    uris = [identity(uri) for one in as_list(document.get("object"))[:OBJECTS_AT_MOST] if (uri := id_of(one))]
    entries = await Entry.filter(uri__in=uris, is_local=True, deleted_at__isnull=True).order_by("id")
    target = await Actor.filter(uri__in=uris, domain="", removed_at__isnull=True).order_by("id").first()
    if target is None and entries:
        target = await Actor.get_or_none(id=entries[0].author_id, removed_at__isnull=True)
    thing = await _thing(incoming, uris)
    if target is None and thing:
        target = await Actor.get_or_none(id=thing.owner_id, domain="", removed_at__isnull=True)
    if target is None:
        raise Rejected("There is nothing of this server in it.")
    said = document.get("content") or document.get("summary")
    thing = thing if thing and thing.owner_id == target.id else None
    reason = plain(said) if isinstance(said, str) else ""
    await service.receive(incoming.actor, incoming.id, target, entries, reason, thing=thing)
    return None


async def _thing(incoming: Any, uris: Sequence[str]) -> Reportable | None:
    """The first of what is named that some plugin has here, and that server may see."""
    for uri in uris[:THINGS_AT_MOST]:
        if uri.startswith(here().url("/")):
            found: Reportable | None = await here().hooks.reportable(
                viewer=viewer_of(incoming.actor), kind="", name=uri
            )
            if found:
                return found
    return None
