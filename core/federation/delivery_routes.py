"""Where a post of one's own went: the JSON API, what stands on its page, and the button to send it again."""

from __future__ import annotations

from typing import Literal

from markupsafe import Markup
from quart import Blueprint, redirect
from werkzeug import Response as Redirect

from core.api import Answer, Api, Ask
from core.api.forms import Form
from core.errors import Conflict, RateLimited, Unauthenticated
from core.federation import reach
from core.federation.reach import EntryReach
from core.federation.reach_words import words_of
from core.instance import here
from core.models import Actor, Entry
from core.present import stamp
from core.web.language import gettext as _
from core.web.pages import viewer_identity
from core.web.slots import Card

api = Api("delivery", __name__, area="posts")
blueprint = Blueprint("delivery_pages", __name__)


class ServerForm(Form):
    server: str
    state: Literal["waiting", "refused"]
    reason: str
    next_attempt_at: str | None


class DeliveryForm(Form):
    """How many servers have a post, wait for it and turned it down; `servers` are up to 100 that do not have it."""

    post_id: str
    reached_count: int
    waiting_count: int
    refused_count: int
    servers: list[ServerForm]


class SentAgain(Form):
    post_id: str
    tried_count: int


def _form(entry_id: str, found: EntryReach) -> dict[str, object]:
    return {
        "postId": entry_id,
        "reachedCount": found.reached,
        "waitingCount": found.waiting,
        "refusedCount": found.refused,
        "servers": [
            {
                "server": one.host,
                "state": one.state,
                "reason": words_of(one),
                "nextAttemptAt": stamp(one.next_attempt_at) if one.next_attempt_at else None,
            }
            for one in found.servers
        ],
    }


@api.get("/posts/<post_id>/delivery", answer=DeliveryForm)
async def read_delivery(ask: Ask[None, None], post_id: str) -> object:
    """Which other servers have a post of yours, as far back as that is remembered."""
    return _form(post_id, await reach.reach_of(ask.actor, post_id))


@api.post("/posts/<post_id>/delivery/retry", answer=SentAgain, status=202)
async def retry_delivery(ask: Ask[None, None], post_id: str) -> Answer:
    """Send a post of yours again to the servers that do not have it."""
    return Answer({"postId": post_id, "triedCount": await reach.send_again(ask.actor, post_id)}, 202)


@blueprint.post("/posts/<post_id>/delivery/retry")
async def retry(post_id: str) -> Redirect:
    """Send a post of one's own again, from its page."""
    identity = await viewer_identity()
    if identity is None:
        raise Unauthenticated("Please log in first.")
    try:
        await reach.send_again(identity.actor, post_id)
    except (Conflict, RateLimited):  # nothing is left to do, or it was just done: the page tells
        pass
    return redirect(f"/@{identity.actor.username}/{post_id}#delivery", 303)


async def card(viewer: Actor | None, entry: Entry) -> Card | None:
    """What stands below a post of one's own that went to other servers."""
    if viewer is None or entry.author_id != viewer.id or entry.local_only or not here().settings.federation.enabled:
        return None
    found = await reach.counted(entry)
    if not (found.reached or found.waiting or found.refused):
        return None
    template = here().pages.environment.get_template("federation/_delivery.html")
    return Card(_("Where this post went"), Markup(template.render(delivery=_form(entry.id, found))))  # noqa: S704 – a template's
