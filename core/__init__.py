"""Kith's core: the nouns everybody shares, and the borders. What stands in `__all__` is all that a plugin needs.

Names are looked up when they are first used, so that importing one part of the core does not import all of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.api import Answer, Api, Ask
    from core.api.forms import Form
    from core.audience import STRANGER, Viewer, may_see, viewer_of, visible_sql
    from core.database import (
        HIGHEST_ID,
        LOWEST_ID,
        IdField,
        JSONField,
        OrderedIndex,
        after_commit,
        execute,
        from_json,
        is_id,
        many,
        new_id,
        now,
        one_of,
        row,
        rows,
        transaction,
        value,
        when,
    )
    from core.entries import (
        Act,
        AttachmentDraft,
        Document,
        Draft,
        Kind,
        by_uri,
        edit,
        publishing,
        remove,
        visible_entry,
    )
    from core.html import clean, plain, render
    from core.instance import here, inside
    from core.models import Actor, Entry
    from core.permissions import allowed, may, require, require_allowed
    from core.plugins import hookimpl
    from core.sealing import Sealed
    from core.settings import setting
    from core.tasks import periodic, task
    from core.web.pages import render_fragment, render_page, viewer_identity
    from core.web.slots import Card, NavItem, Tab

__version__ = "0.1.0"
PLUGIN_API = "1.0"

_HOMES = {
    "core.api": "Answer Api Ask",
    "core.api.forms": "Form",
    "core.audience": "STRANGER Viewer may_see viewer_of visible_sql",
    "core.database": (
        "HIGHEST_ID LOWEST_ID IdField JSONField OrderedIndex after_commit execute from_json is_id many new_id now"
        " one_of row rows transaction value when"
    ),
    "core.entries": "Act AttachmentDraft Document Draft Kind by_uri edit publishing remove visible_entry",
    "core.html": "clean plain render",
    "core.instance": "here inside",
    "core.models": "Actor Entry",
    "core.permissions": "allowed may require require_allowed",
    "core.plugins": "hookimpl",
    "core.sealing": "Sealed",
    "core.settings": "setting",
    "core.tasks": "periodic task",
    "core.web.pages": "render_fragment render_page viewer_identity",
    "core.web.slots": "Card NavItem Tab",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = [
    "HIGHEST_ID",
    "LOWEST_ID",
    "PLUGIN_API",
    "STRANGER",
    "Act",
    "Actor",
    "Answer",
    "Api",
    "Ask",
    "AttachmentDraft",
    "Card",
    "Document",
    "Draft",
    "Entry",
    "Form",
    "IdField",
    "JSONField",
    "Kind",
    "NavItem",
    "OrderedIndex",
    "Sealed",
    "Tab",
    "Viewer",
    "after_commit",
    "allowed",
    "by_uri",
    "clean",
    "edit",
    "execute",
    "from_json",
    "here",
    "hookimpl",
    "inside",
    "is_id",
    "many",
    "may",
    "may_see",
    "new_id",
    "now",
    "one_of",
    "periodic",
    "plain",
    "publishing",
    "remove",
    "render",
    "render_fragment",
    "render_page",
    "require",
    "require_allowed",
    "row",
    "rows",
    "setting",
    "task",
    "transaction",
    "value",
    "viewer_identity",
    "viewer_of",
    "visible_entry",
    "visible_sql",
    "when",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"core has no “{name}”")
    found = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = found
    return found
