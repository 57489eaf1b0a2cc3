"""Ten plugins do not make ten rows of icons."""

from __future__ import annotations

import pytest
from lucide import IconDoesNotExist

from core.web.icons import FRAME_ICONS, icon, icon_styles
from core.web.slots import RAIL_LIMIT, NavItem, Tab, arrange, in_order


def entries(count: int) -> list[NavItem]:
    return [NavItem(f"n{number}", "", "/", "x", order=100 - number) for number in range(count)]


def test_the_rail_keeps_its_order_and_hides_what_is_too_much_behind_more() -> None:
    found = arrange(entries(12), signed_in=True)
    assert len(found.rail) + 1 == RAIL_LIMIT
    assert [item.name for item in found.rail][:2] == ["n11", "n10"]
    assert len(found.more) == 12 - len(found.rail)


def test_what_fits_needs_no_more() -> None:
    assert arrange(entries(RAIL_LIMIT), signed_in=True).more == []


def test_a_phone_shows_the_three_most_wanted() -> None:
    items = [NavItem(name, "", "/", "x", bar=bar) for name, bar in (("d", 40), ("a", 0), ("c", 30), ("b", 10))]
    assert [item.name for item in arrange(items, signed_in=True).bar] == ["a", "b", "c"]


def test_strangers_see_what_is_meant_for_them() -> None:
    items = [NavItem("home", "", "/", "x", guests=True), NavItem("messages", "", "/", "x")]
    assert [item.name for item in arrange(items, signed_in=False).rail] == ["home"]


def test_tabs_stand_in_the_order_they_ask_for() -> None:
    assert [tab.name for tab in in_order([Tab("b", "", "", 20), Tab("a", "", "", 10)])] == ["a", "b"]


def test_every_icon_of_the_frame_is_drawn_in_the_style_sheet() -> None:
    rules = icon_styles()
    assert all(f".i-{name}{{--i:url(" in rules for name in FRAME_ICONS)
    assert "<" not in rules


def test_an_icon_is_silent_beside_a_word_and_speaks_alone() -> None:
    assert icon("heart") == '<i class="i-heart"></i>'
    assert icon("heart", 'Like "it"') == '<i class="i-heart" role="img" aria-label="Like &#34;it&#34;"></i>'


def test_an_icon_only_a_plugin_uses_is_drawn_in_place() -> None:
    assert icon("anchor").startswith('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><')
    with pytest.raises(IconDoesNotExist):
        icon("no-such-icon")
