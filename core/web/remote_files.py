"""Pictures from elsewhere, at an address of ours: only those that profiles and posts from there name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from quart import Blueprint, Response, request

from core.api.limits import address_of, neighbourhood
from core.database import is_id, row
from core.emoji_room import looked_at
from core.errors import NotFound, RateLimited
from core.instance import here
from core.storage.door import GUARDS
from core.storage.remote import WANTED, shown_at, tag_of

blueprint = Blueprint("remote_files", __name__)
OF_PEOPLE = ("avatar", "cover")
FILMS = ("video", "audio")
FETCHES, FETCHES_SECONDS = 300, 600  # from one address
_NAME = re.compile(r"([0-9a-f-]{36})\.([0-9a-f]{12})\.webp")


@blueprint.get("/files/remote/<role>/<name>")
async def remote_picture(role: str, name: str) -> Response:
    """A picture that somebody elsewhere shows of themselves, with a post or in a text, or that a page has (card)."""
    found = _NAME.fullmatch(name)
    if found is None or role not in WANTED or not is_id(found[1]):
        raise NotFound()
    etag = f'"{found[2]}-{role}"'
    source = await _source(found[1], role)
    if (
        source and role == "emoji" and tag_of(source) != found[2]
    ):  # another picture meanwhile; who named it may not know
        return Response("", 302, {"Location": shown_at(found[1], role, source) or "", "Cache-Control": "max-age=3600"})
    if not source or tag_of(source) != found[2]:
        raise NotFound()
    pictures = here().remote_pictures
    content = await pictures.kept(source, role)
    if content is None:
        await count_fetch()
        content = await pictures.fetched(source, role)
    if content is None:
        raise NotFound()
    if role == "emoji":
        await looked_at(found[1])
    if request.headers.get("If-None-Match") == etag:
        return Response(b"", 304, _headers(etag))
    return Response(content, 200, _headers(etag), content_type="image/webp")


async def _source(thing_id: str, role: str) -> str:
    """Where the picture is: nothing of what is here, nor of people who are suspended or gone."""
    if not here().settings.storage.remote_megabytes:
        return ""
    if role == "emoji":
        emoji = await row("SELECT url FROM core_emoji WHERE id = $1 AND domain <> ''", thing_id)
        return str(emoji["url"]) if emoji else ""
    if role == "card" and not here().settings.link_previews.enabled:
        return ""
    if role == "card":
        card = await row("SELECT image_url FROM core_link_card WHERE id = $1", thing_id)
        return str(card["image_url"]) if card else ""
    if role not in OF_PEOPLE:
        return await attached_source(thing_id, *(("preview_url", FILMS) if role == "poster" else ("url", ("image",))))
    actor = await row(
        "SELECT avatar_url, cover_url FROM core_actor WHERE id = $1 AND domain <> '' AND suspended_at IS NULL"
        " AND removed_at IS NULL",
        thing_id,
    )
    return str(actor[f"{role}_url"]) if actor else ""


async def attached_source(attachment_id: str, column: str, types: Sequence[str]) -> str:
    """Where lies what hangs on a post from elsewhere: nothing of people who are suspended or gone."""
    wanted = ", ".join(f"'{one}'" for one in types)
    shown = await row(
        f"SELECT h.{column} FROM core_attachment h JOIN core_entry e ON e.id = h.entry_id JOIN core_actor a"
        f" ON a.id = e.author_id WHERE h.id = $1 AND h.file_id IS NULL AND h.type IN ({wanted})"
        " AND e.deleted_at IS NULL AND a.domain <> '' AND a.suspended_at IS NULL AND a.removed_at IS NULL",
        attachment_id,
    )
    return str(shown[column]) if shown else ""


async def count_fetch() -> None:
    """Count that another server is asked because of this request. Raises RateLimited."""
    if here().settings.rate_limits.enabled:
        key = f"remote-files:{neighbourhood(address_of(request))}"
        verdict = await here().limiter.take(key, FETCHES, FETCHES_SECONDS)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)


def _headers(etag: str) -> dict[str, str]:
    guards = {name.decode(): value.decode() for name, value in GUARDS}
    return {**guards, "ETag": etag, "Cache-Control": "public, max-age=604800", "Content-Disposition": "inline"}
