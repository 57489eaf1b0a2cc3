"""Icons: lucide drawings, the known ones in the style sheet as masks (a page names them in 23 bytes), others inline."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from urllib.parse import quote
from zipfile import ZipFile

from lucide import IconDoesNotExist
from markupsafe import Markup

FRAME_ICONS = tuple(
    """
    arrow-down arrow-left arrow-right arrow-up at-sign backpack badge-check ban bell book-open bookmark bot check
    chevron-down circle-dot-dashed clock compass door-open earth ellipsis external-link feather file film flag
    gallery-vertical-end globe grip-vertical heart heart-handshake history house image info languages leaf link list
    lock log-out mail menu message-circle moon music pencil pin pin-off plus quote repeat-2 reply search server-off
    settings shield smile-plus sun-moon trash-2 triangle-alert user-round user-round-plus users-round volume-x vote
    x zoom-in zoom-out
    """.split()
)
"""Icons of the frame and its parts. Plugins may use any other name; it is then drawn inline."""

FILLED = frozenset({"bookmark", "heart"})
"""Icons that are also drawn filled, for what you have done; the style sheet knows them as `--on`."""

_known = set(FRAME_ICONS)


@lru_cache(maxsize=512)
def icon(name: str, label: str = "") -> Markup:
    """An icon of 20 px that takes the colour of its text; silent beside a word, or with a label of its own.

    Raises lucide.IconDoesNotExist for a name lucide does not know.
    """
    spoken = Markup(' role="img" aria-label="{}"').format(label) if label else Markup("")
    if name in _known:
        return Markup('<i class="i-{}"{}></i>').format(name, spoken)
    hidden = spoken or Markup(' aria-hidden="true"')
    return Markup('<svg class="icon" viewBox="0 0 24 24"{}>{}</svg>').format(hidden, Markup(_drawing(name)))


@lru_cache
def icon_styles() -> str:
    """The rules that give each icon of the frame its drawing."""
    rules = []
    for name, drawing in _drawings(FRAME_ICONS).items():
        filled = f"--on:{_mask(drawing, 'black')};" if name in FILLED else ""
        rules.append(f".i-{name}{{--i:{_mask(drawing, 'none')};{filled}}}")
    return "@layer base{" + "\n".join(rules) + "}\n"


def _mask(drawing: str, fill: str) -> str:
    drawing = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' stroke='black' stroke-width='2'"
        f" stroke-linecap='round' stroke-linejoin='round' fill='{fill}'>{drawing}</svg>"
    )
    encoded = quote(drawing.replace('"', "'"), safe=" =:/;,-'()")
    return f'url("data:image/svg+xml,{encoded}")'


@lru_cache(maxsize=512)
def _drawing(name: str) -> str:
    return _drawings([name])[name]


def _drawings(names: Iterable[str]) -> dict[str, str]:
    """The shapes inside lucide's <svg> of each name; stroke and size come from the style sheet.

    The archive is opened once for all: reading what its 1,745 drawings are called takes longer than everything else.
    """
    found = {}
    with files("lucide").joinpath("lucide.zip").open("rb") as file, ZipFile(file) as archive:
        for name in names:
            try:
                whole = archive.read(f"{name}.svg").decode()
            except KeyError:
                raise IconDoesNotExist(f"The icon {name!r} does not exist.") from None
            inside = whole[whole.index(">", whole.index("<svg")) + 1 : whole.rindex("</svg>")]
            found[name] = " ".join(inside.split()).replace(" />", "/>").replace("> <", "><").strip()
    return found
