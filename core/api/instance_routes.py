"""The JSON API about this server itself."""

from __future__ import annotations

from typing import Any

import core
from core.api import Api, Ask
from core.api.forms import Form
from core.database import row
from core.instance import here

api = Api("instance", __name__)
COUNTS = "instance:counts"
SMALL, FRESH_SECONDS, KEPT_SECONDS = 20_000, 30, 300


class PluginForm(Form):
    name: str
    version: str
    description: str


class LimitsForm(Form):
    post_characters: int
    biography_characters: int
    profile_fields: int
    poll_options: int
    poll_option_characters: int
    files_per_post: int
    image_bytes: int
    video_bytes: int


class CountsForm(Form):
    users: int
    posts: int
    domains: int


class InstanceForm(Form):
    name: str
    domain: str
    description: str
    version: str
    rules: list[str]
    contact: str | None
    languages: list[str]
    registration: str
    limits: LimitsForm
    plugins: list[PluginForm]
    counts: CountsForm
    vapid_key: str | None


@api.get("/instance", answer=InstanceForm, signed_out=True)
async def read_instance(ask: Ask[None, None]) -> object:
    """What this server is, what it allows, and what runs on it."""
    settings, limits = here().settings, here().settings.limits
    return {
        "name": settings.server.name,
        "domain": settings.server.domain,
        "description": settings.server.description,
        "version": core.__version__,
        "rules": list(settings.server.rules),
        "contact": settings.server.contact or None,
        "languages": list(settings.server.languages),
        "registration": settings.accounts.registration,
        "limits": {
            "postCharacters": limits.post_characters,
            "biographyCharacters": limits.biography_characters,
            "profileFields": limits.profile_fields,
            "pollOptions": limits.poll_options,
            "pollOptionCharacters": limits.poll_option_characters,
            "filesPerPost": limits.files_per_post,
            "imageBytes": limits.image_bytes,
            "videoBytes": limits.video_bytes,
        },
        "plugins": [
            {"name": plugin.name, "version": plugin.version, "description": plugin.description}
            for plugin in here().hooks.plugins.values()
        ],
        "counts": await counts(),
        "vapidKey": None,
    }


async def counts() -> dict[str, Any]:
    """How many people and open posts there are here, and servers known; of many it takes a while to show."""
    cache = here().cache
    found: dict[str, Any] | None = cache.get(COUNTS)
    if found is None:
        found = await _count()
        is_small = sum(found.values()) < SMALL
        if found["users"]:  # the first of all finds themselves counted as soon as they are in
            cache.put(COUNTS, found, ttl=FRESH_SECONDS if is_small else KEPT_SECONDS)
    return found


async def _count() -> dict[str, Any]:
    found = await row(
        "SELECT (SELECT COUNT(*) FROM core_account WHERE stage <> 'outside') AS users,"
        " (SELECT COUNT(*) FROM core_entry WHERE is_local AND deleted_at IS NULL"
        " AND visibility IN ('public', 'unlisted')) AS posts,"
        " (SELECT COUNT(DISTINCT domain) FROM core_actor WHERE domain <> '') AS domains"
    )
    return dict(found or {})
