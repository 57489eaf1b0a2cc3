"""The public form of what is behind a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from core.instance import here
from core.storage.remote import shown_at

# With core_link_card as c, none of which may be there.
CARD_COLUMNS = (
    "CAST(c.id AS TEXT) AS card_id, c.url AS card_url, c.title AS card_title, c.description AS card_description,"
    " c.site_name AS card_site, c.image_url AS card_image, c.image_alt AS card_alt, c.image_width AS card_width,"
    " c.image_height AS card_height"
)


def card_form(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The form of a row of CARD_COLUMNS; None where nothing is known of a page. Its picture comes from this server.

    Where previews are switched off nothing is shown of what was fetched before, either.
    """
    if not found["card_title"] or not here().settings.link_previews.enabled:
        return None
    image = shown_at(found["card_id"], "card", found["card_image"])
    return {
        "url": found["card_url"],
        "title": found["card_title"],
        "description": found["card_description"] or None,
        "siteName": found["card_site"] or None,
        "host": (urlsplit(found["card_url"]).hostname or "").removeprefix("www."),
        "image": {
            "url": image,
            "alt": found["card_alt"] or None,
            "width": found["card_width"],
            "height": found["card_height"],
        }
        if image
        else None,
    }
