"""What the composer offers: who would see a post, in which languages it may be, how long, and how it begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core import people
from core.accounts.profile import settings_of
from core.accounts.sessions import Identity
from core.instance import here
from core.web.forms import Form
from core.web.language import language_name
from core.web.words import author_audiences
from plugins.posts.service import WIDTH

Post = Mapping[str, Any]


async def composer(identity: Identity, form: Form | None = None, parent: Post | None = None) -> dict[str, Any]:
    """The composer for somebody: with what they typed already, and for an answer to `parent` where there is one."""
    settings, own = here().settings, settings_of(identity.account)
    languages = settings.server.languages
    followers, friends = await people.count_ties(identity.actor.id)
    visibility, answered = own["defaultVisibility"], ""
    audiences = author_audiences(followers, friends)
    if parent:
        # An answer never reaches further than what it answers; whoever is answered sees it.
        if parent["user"]["userId"] != identity.actor.id:
            answered = f"@{parent['user']['acct']}"
        visibility = _first_choice(parent["visibility"], visibility)
        audiences = [
            audience
            for audience in author_audiences(followers, friends, answered)
            if WIDTH[audience.value] >= WIDTH[parent["visibility"]]
        ]
    values = {
        "language": own["language"] if own["language"] in languages else languages[0],
        "visibility": visibility,
    }
    typed = {name: value for name, value in form.values.items() if value} if form else {}
    return {
        "form": Form(values | typed, form.errors if form else {}, form.sentence if form else ""),
        "audiences": audiences,
        "languages": [(code, language_name(code)) for code in languages],
        "limit": settings.limits.post_characters,
    }


def _first_choice(parent: str, usual: str) -> str:
    """An answer begins as narrow as one usually writes, but where it is for the other person, it stays so."""
    return parent if parent == "direct" else max(usual, parent, key=WIDTH.__getitem__)
