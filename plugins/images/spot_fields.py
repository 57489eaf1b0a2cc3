"""The fields of a form in which somebody says where pictures were taken."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import Invalid
from core.web.language import gettext as _
from plugins.images.spots import USUAL_PRECISION, Spot, spot_of

FIELDS = ("place", "latitude", "longitude", "precision")


def precisions() -> list[tuple[str, str]]:
    """How exactly a place can be told, and the words for it."""
    return [("area", _("Within a kilometre")), ("town", _("Within ten kilometres")), ("exact", _("Exactly"))]


def typed_spot(typed: Mapping[str, str]) -> Spot | None:
    """The place that was typed; None for nothing. Raises Invalid naming "latitude", "longitude" or "location"."""
    degrees: dict[str, float | None] = {}
    for name in ("latitude", "longitude"):
        try:
            degrees[name] = float(typed[name].replace(",", ".")) if typed[name].strip() else None
        except ValueError:
            raise Invalid({name: _("A number of degrees is expected.")}) from None
    return spot_of({"name": typed["place"], **degrees}, typed["precision"] or USUAL_PRECISION)
