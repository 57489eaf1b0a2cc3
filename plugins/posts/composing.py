"""What the composer offers: who would see a post, in which languages it may be, how long, and how it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core import circles
from core.accounts.profile import settings_of
from core.accounts.sessions import Identity
from core.instance import here
from core.web.forms import Form
from core.web.language import language_name
from core.web.sending import new_key
from core.web.words import Audience, answering_circle, author_audiences, circle_audience
from plugins.posts.making import WIDTH

Post = Mapping[str, Any]


async def composer(
    identity: Identity, form: Form | None = None, parent: Post | None = None, files: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The composer for somebody: with what they typed already, and for an answer to `parent` where there is one."""
    settings, own = here().settings, settings_of(identity.account)
    languages = settings.server.languages
    reach = await circles.reach(identity.actor.id)
    visibility, answered = own["defaultVisibility"], ""
    audiences = _with_circles(author_audiences(reach.followers, reach.friends), reach)
    if parent:
        # An answer never reaches further than what it answers; whoever is answered sees it.
        if parent["user"]["userId"] != identity.actor.id:
            answered = f"@{parent['user']['acct']}"
        visibility = _first_choice(parent["visibility"], visibility)
        audiences = [
            audience
            for audience in author_audiences(reach.followers, reach.friends, answered)
            if WIDTH[audience.value] >= WIDTH[parent["visibility"]]
        ]
        if parent["visibility"] == "circle":
            audiences.insert(0, answering_circle())
    values = {
        "pollMost": str(settings.limits.poll_options),
        "language": own["language"] if own["language"] in languages else languages[0],
        "visibility": visibility,
        "contentType": own["contentType"],
        "formKey": new_key(),
    }
    typed = {name: value for name, value in form.values.items() if value} if form else {}
    return {
        "form": Form(values | typed, form.errors if form else {}, form.sentence if form else ""),
        "audiences": audiences,
        "languages": [(code, language_name(code)) for code in languages],
        "limit": settings.limits.post_characters,
        "files": files,
    }


def _first_choice(parent: str, usual: str) -> str:
    """An answer begins as narrow as one usually writes, but where it is for the other person, it stays so."""
    return parent if parent in ("circle", "direct") else max(usual, parent, key=WIDTH.__getitem__)


def _with_circles(audiences: list[Audience], reach: circles.Reach) -> list[Audience]:
    """Circles stand behind all friends, and before what is for fewer."""
    offered = [
        circle_audience(circle.circle_id, number, circle.name, circle.count, circle.names)
        for number, circle in enumerate(reach.circles, 1)
    ]
    place = sum(WIDTH[one.value] < WIDTH["circle"] for one in audiences)
    return [*audiences[:place], *offered, *audiences[place:]]
