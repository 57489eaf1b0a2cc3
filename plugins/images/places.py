"""What pictures put into the named places of pages: the ways to them, and what is said below a post that shows some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from core import present
from core.audience import viewer_of
from core.instance import here
from core.models import Actor, Entry
from core.web.language import gettext as _
from core.web.slots import Card, NavItem, Tab
from plugins.images import albums, alt_counting, alt_listing
from plugins.images.album_forms import album_form
from plugins.images.alt_suggestions import is_welcome
from plugins.images.placing import place_of
from plugins.images.service import KIND

GATHERED_SHOWN = 10  # collections of others, below a post of one's own


async def fill(name: str, viewer: Actor | None, **context: Any) -> NavItem | Tab | Card | Sequence[Card] | None:
    """What stands in the place of this name, for whoever looks."""
    if name == "nav":
        waiting = await alt_counting.count_for_navigation(viewer.id) if viewer else 0
        return NavItem("images", _("Pictures"), "/images", "image", order=60, guests=True, count=waiting)
    if name == "profile.tabs":
        return Tab("images", _("Gallery"), f"/@{context['actor'].acct}/images", 30)
    if name == "entry.about":
        return await _about(context["entry"], viewer)
    if name == "entry.own" and viewer is not None:
        found = (await _placed(context["entry"]), await _gathered(context["entry"], viewer))
        return [card for card in found if card is not None]
    return None


async def _placed(entry: Entry) -> Card | None:
    """Where one's own pictures are said to have been taken, and the way to say something else."""
    if entry.kind != KIND or not entry.is_local:
        return None
    told = await place_of(entry.id)
    place = told.name or (f"{told.latitude}, {told.longitude}" if told.latitude is not None else "")
    template = here().pages.environment.get_template("images/_placed.html")
    shown = Markup(template.render(place=place, post_id=entry.id))  # noqa: S704 – a template's
    return Card(_("Where it was taken"), shown)


async def _gathered(entry: Entry, author: Actor) -> Card | None:
    """Where others have put what somebody posted, for them to take it out again."""
    if not entry.is_visual:
        return None
    found = await albums.having(author, entry.id, None, GATHERED_SHOWN, of_others=True)
    if not found:
        return None
    others = [album_form(one) for one in found[:GATHERED_SHOWN]]
    template = here().pages.environment.get_template("images/_gathered.html")
    shown = Markup(template.render(albums=others, post_id=entry.id, has_more=len(found) > GATHERED_SHOWN))  # noqa: S704 – a template's
    return Card(_("In albums and collections of others"), shown)


async def _about(entry: Entry, viewer: Actor | None) -> Card | None:
    """Whom descriptions are owed to, and the way to suggest one or to answer those that wait."""
    shown = await alt_listing.pictures(entry.id) if entry.is_local and entry.is_visual else []
    if not shown:
        return None
    numbers = {picture["file_id"]: number for number, picture in enumerate(shown, 1)}
    owed = await alt_listing.credits(entry.id, viewer_of(viewer))
    is_own = viewer is not None and viewer.id == entry.author_id
    about: dict[str, Any] = {
        "pictures": shown,
        "owed": [(numbers[one["file_id"]], present.user_short(one)) for one in owed if one["file_id"] in numbers],
        "waiting": await alt_counting.count_waiting(entry.author_id, entry.id) if is_own else 0,
        "offers": viewer is not None and not is_own and await is_welcome(viewer, entry.author_id),
    }
    if not (about["owed"] or about["waiting"] or about["offers"]):
        return None
    template = here().pages.environment.get_template("images/_described.html")
    return Card(_("Descriptions of the pictures"), Markup(template.render(about)))  # noqa: S704 – a template's
