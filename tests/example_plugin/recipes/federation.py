"""How recipes cross the border: a note that everybody can show, with what only those who know recipes read."""

from __future__ import annotations

from core import Actor, Document, Entry, Kind
from core.entry_document import entry_document
from core.reading import as_list, draft_of

from . import service
from .models import Recipe

TERM = "recipe"


async def to_document(entry: Entry) -> Document:
    """A note that says in words what it is; the numbers stand beside it."""
    recipe = await Recipe.get(entry_id=entry.id)
    document = await entry_document(entry, "Note")
    document["name"] = entry.title
    document[TERM] = {"minutes": recipe.minutes, "ingredients": recipe.ingredients}
    return document


async def receive(author: Actor, document: Document) -> Entry | None:
    """A recipe from elsewhere; numbers and things that make no sense are left out, never believed."""
    told = document[TERM]
    minutes = told.get("minutes")
    ingredients = [one for one in as_list(told.get("ingredients")) if isinstance(one, str)]
    draft = await draft_of(author, document, service.KIND)
    draft.title = str(document.get("name") or "")[:200]
    return await service.store(
        draft,
        minutes=minutes if isinstance(minutes, int) and 0 < minutes <= service.MINUTES_AT_MOST else 1,
        ingredients=[one[:200] for one in ingredients][: service.INGREDIENTS_AT_MOST],
    )


RECIPE = Kind(
    service.KIND,
    to_document,
    receive,
    document_types=("Note",),
    recognises=lambda document: isinstance(document.get(TERM), dict),
    fields=service.fields_of,
    card="recipes/_card.html",
)
