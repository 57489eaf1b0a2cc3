"""The people that the body of a request names by their ids."""

from __future__ import annotations

from collections.abc import Sequence

from core import people
from core.api.ask import Ask
from core.errors import Invalid, NotFound
from core.models import Actor


async def people_named(ask: Ask[object, object], user_ids: Sequence[str], *, most: int) -> list[Actor]:
    """Those whom `userIds` names, in its order. Raises Invalid where they are more than `most`, or one is not seen."""
    if len(user_ids) > most:
        raise Invalid({"userIds": f"These are too many: at most {most}."})
    found = []
    for number, user_id in enumerate(user_ids):
        try:
            found.append(await people.visible_actor(ask.viewer, user_id))
        except NotFound:
            raise Invalid({f"userIds.{number}": "There is no such person."}) from None
    return found
