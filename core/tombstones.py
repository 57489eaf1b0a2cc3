"""What was deleted stays deleted: its address is remembered, and who deleted it."""

from __future__ import annotations

from core.models import Tombstone


async def bury(uri: str, actor_uri: str, former_type: str = "") -> None:
    """Remember that whoever `actor_uri` is deleted the thing at `uri`, known here or not."""
    await Tombstone.get_or_create(uri=uri, actor_uri=actor_uri, defaults={"former_type": former_type})


async def is_buried(uri: str, actor_uri: str) -> bool:
    """Whether that actor has deleted the thing at `uri`, so that it does not come back."""
    return await Tombstone.exists(uri=uri, actor_uri=actor_uri)
