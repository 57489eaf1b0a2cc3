"""Of what somebody may have only so much they have no more, however many requests ask for it at once."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import Any

import pytest

from core import circles, filter_rules, followed, people_lists
from core.oauth import personal
from core.testing import Person
from plugins.images import albums
from plugins.packs import service as packs
from plugins.posts import drafts

AT_ONCE = 8
FEW = [
    ("drafts", drafts, "AT_MOST", "/drafts", {"content": "Half"}),
    ("lists", people_lists, "LISTS_AT_MOST", "/lists", {"title": "One"}),
    ("filters", filter_rules, "FILTERS_AT_MOST", "/filters", {"title": "One", "words": [{"text": "x"}]}),
    ("circles", circles, "CIRCLES_AT_MOST", "/circles", {"name": "One {}"}),
    ("hashtags", followed, "TAGS_AT_MOST", "/tags/mill{}/follow", None),
    ("packs", packs, "PACKS_AT_MOST", "/packs", {"name": "One"}),
    ("albums", albums, "ALBUMS_AT_MOST", "/albums", {"title": "One"}),
    ("collections", albums, "ALBUMS_AT_MOST", "/albums", {"title": "One", "kind": "collection"}),
    ("tokens", personal, "TOKENS_AT_MOST", "/auth/tokens", {"name": "One", "scopes": ["read"]}),
]


@pytest.mark.parametrize(("module", "limit", "path", "body"), [one[1:] for one in FEW], ids=[one[0] for one in FEW])
async def test_nobody_gets_more_than_there_may_be_by_asking_for_many_at_once(
    ann: Person, monkeypatch: pytest.MonkeyPatch, module: ModuleType, limit: str, path: str, body: dict[str, Any] | None
) -> None:
    monkeypatch.setattr(module, limit, 2)

    async def ask(number: int) -> int:
        wanted = body and {name: v.format(number) if isinstance(v, str) else v for name, v in body.items()}
        return (await ann.call("POST", path.format(number), json=wanted)).status_code

    statuses = await asyncio.gather(*(ask(number) for number in range(AT_ONCE)))
    assert sorted(statuses)[:2] in ([200, 200], [201, 201])
    assert set(sorted(statuses)[2:]) <= {409, 422}, statuses
