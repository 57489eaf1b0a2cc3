"""What somebody keeps to themselves: whom they follow, and who follows them."""

from __future__ import annotations

from core.accounts.models import Account
from core.accounts.profile import settings_of
from core.audience import Viewer
from core.errors import Forbidden
from core.models import Actor


async def hides_network(actor: Actor, viewer: Viewer) -> bool:
    """Whether the lists of followers, of those who are followed and of friends are not for this viewer."""
    if not actor.is_local or viewer.actor_id == actor.id:
        return False
    account = await Account.get_or_none(id=actor.id)
    return account is not None and bool(settings_of(account)["hideNetwork"])


async def require_network(actor: Actor, viewer: Viewer) -> None:
    """Raise Forbidden where these lists are not for this viewer; how long they are is no secret."""
    if await hides_network(actor, viewer):
        raise Forbidden("They keep to themselves whom they know.", code="network_hidden")
