"""Writing recipes down, and finding them; the only file that writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from core import HIGHEST_ID, Actor, Draft, Entry, execute, from_json, here, one_of, plain, publishing, render, rows
from core.api.forms import Form, Visibility
from core.audience import STRANGER, Viewer, visible_sql
from core.database import now
from core.errors import Invalid
from core.present import PAGE_COLUMNS

from .models import Recipe

KIND = "recipe"
MINUTES_AT_MOST = 7 * 24 * 60
INGREDIENTS_AT_MOST = 100


async def cook(
    author: Actor, name: str, steps: str, *, minutes: int, ingredients: Sequence[str], visibility: str = "public"
) -> Entry:
    """Publish a recipe. Raises Invalid naming each wrong field."""
    wanted = [one.strip() for one in ingredients if one.strip()]
    _check(name, steps, minutes, wanted)
    draft = Draft(KIND, author, content=_rendered(steps), source=steps, title=name.strip(), visibility=visibility)
    return await store(draft, minutes=minutes, ingredients=wanted)


async def store(draft: Draft, *, minutes: int, ingredients: Sequence[str]) -> Entry:
    """Publish a recipe from here or elsewhere: the entry and what is a recipe's own, in one transaction."""
    async with publishing(draft) as entry:
        await Recipe.create(
            id=entry.id, entry_id=entry.id, cook_id=entry.author_id, minutes=minutes, ingredients=list(ingredients)
        )
    return entry


def _rendered(steps: str) -> str:
    return render(steps, format="markdown", mentions={}, tag_url=lambda tag: here().url(f"/tags/{tag}"))


def _check(name: str, steps: str, minutes: int, ingredients: Sequence[str]) -> None:
    errors = {
        "name": "" if 0 < len(name.strip()) <= 200 else "A recipe has a name, of at most 200 characters.",
        "steps": "" if steps.strip() else "Say how it is made.",
        "minutes": "" if 0 < minutes <= MINUTES_AT_MOST else "Between a minute and a week.",
        "ingredients": "" if 0 < len(ingredients) <= INGREDIENTS_AT_MOST else "Between one and a hundred things.",
    }
    if faults := {field: message for field, message in errors.items() if message}:
        raise Invalid(faults)


async def newest(viewer: Viewer, before: str | None, limit: int) -> list[dict[str, Any]]:
    """One more than `limit` of the recipes somebody may see, newest first."""
    return await rows(
        f"SELECT {PAGE_COLUMNS}, e.id AS position FROM recipes_recipe r JOIN core_entry e ON e.id = r.entry_id"
        f" JOIN core_actor a ON a.id = e.author_id WHERE e.id < $2 AND {visible_sql(viewer, 1)}"
        " ORDER BY e.id DESC LIMIT $3",
        viewer.parameter,
        before or HIGHEST_ID,
        limit + 1,
    )


async def fields_of(entry_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the API adds to entries that are recipes: one query, however many there are."""
    found = await rows(
        f"SELECT entry_id, minutes, ingredients FROM recipes_recipe WHERE entry_id {one_of(1)}", list(entry_ids)
    )
    return {
        one["entry_id"]: {"recipe": {"minutes": one["minutes"], "ingredients": from_json(one["ingredients"])}}
        for one in found
    }


# -- What is stored about a person ---------------------------------------------
async def recipes_of(actor_id: str) -> list[dict[str, Any]]:
    """All that somebody cooked, to take along."""
    found = await Recipe.filter(cook_id=actor_id).select_related("entry").order_by("id")
    return [
        {
            "name": recipe.entry.title,
            "steps": recipe.entry.source or plain(recipe.entry.content),
            "minutes": recipe.minutes,
            "ingredients": recipe.ingredients,
            "visibility": recipe.entry.visibility,
            "publishedAt": recipe.entry.published_at.isoformat(),
        }
        for recipe in found
        if recipe.entry.deleted_at is None
    ]


class Brought(Form):
    """A recipe as it lies in an archive, which may be anybody's work: nothing is believed that is not checked."""

    name: str
    steps: str
    minutes: int
    ingredients: list[str]
    visibility: Visibility
    published_at: datetime


async def restore(actor_id: str, recipes: Any) -> Mapping[str, Any]:
    """Bring recipes back that are not here, as copies that stay here; brought twice, they are here once."""
    author = await Actor.get(id=actor_id)
    known = {(one["name"], one["steps"]) for one in await recipes_of(actor_id)}
    counts: Counter[str] = Counter()
    for recipe in recipes if isinstance(recipes, list) else []:
        try:
            brought = Brought.model_validate(recipe)
            _check(brought.name, brought.steps, brought.minutes, brought.ingredients)
        except (ValidationError, Invalid):
            counts["failed"] += 1
            continue
        if (brought.name, brought.steps) in known:
            counts["already"] += 1
            continue
        await store(_copy(author, brought), minutes=brought.minutes, ingredients=brought.ingredients)
        known.add((brought.name, brought.steps))
        counts["done"] += 1
    return counts


def _copy(author: Actor, brought: Brought) -> Draft:
    """It stands where it was written, pushes into nobody's timeline, and other servers hear nothing of it."""
    draft = Draft(KIND, author, content=_rendered(brought.steps), source=brought.steps, title=brought.name.strip())
    draft.visibility = "private" if brought.visibility == "direct" else brought.visibility
    draft.published_at = min(brought.published_at.astimezone(UTC), now())
    draft.local_only = draft.quiet = True
    return draft


async def forget(actor_id: str) -> None:
    """Forget what is a recipe's own; the entries are the core's to erase."""
    await execute("DELETE FROM recipes_recipe WHERE cook_id = $1", actor_id)


__all__ = ["KIND", "STRANGER", "cook", "fields_of", "forget", "newest", "recipes_of", "restore", "store"]
