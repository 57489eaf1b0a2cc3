"""Roles are a table of permissions, and nobody acts on those who have as much to say as they do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.api import Api
from core.errors import Forbidden
from core.models import Actor
from core.permissions import PERMISSIONS, ROLE_PERMISSIONS, ROLES, may, outranks, require, those_with
from core.testing import Person, TestInstance

ROOT = Path(__file__).resolve().parents[2]
# Code that asks for a role by name; the table is the only place that may know them.
ASKS_FOR_A_ROLE = re.compile(r"\.role\s*(==|!=|in\b|not in\b)|(?<!for )\brole\s+(in|not in)\s*[(\[{]|RANKS\[")


@pytest.fixture
async def moderator(alpha: TestInstance) -> AsyncIterator[Person]:
    yield await alpha.user("minder", role="moderator")


def test_each_role_may_what_the_one_below_may_and_more() -> None:
    assert ROLES == ("user", "moderator", "admin")
    for lower, higher in zip(ROLES, ROLES[1:], strict=False):
        assert ROLE_PERMISSIONS[lower] < ROLE_PERMISSIONS[higher]
    assert ROLE_PERMISSIONS["user"] == frozenset()
    assert ROLE_PERMISSIONS["admin"] == PERMISSIONS.keys()


def test_a_stranger_may_nothing_and_a_misspelt_permission_is_no_permission() -> None:
    keeper = Actor(role="admin")
    assert may(keeper, "roles.set") and not may(None, "roles.set") and not may(Actor(role="user"), "roles.set")
    with pytest.raises(Forbidden):
        require(Actor(role="moderator"), "roles.set")
    for asked in (may, require):
        with pytest.raises(KeyError):
            asked(keeper, "roles.sett")
    with pytest.raises(KeyError):
        Api("dishes", __name__).get("/dishes", permission="dishes.cook")
    assert those_with("accounts.suspend") == ("moderator", "admin")


def test_nobody_outranks_their_like() -> None:
    ranks = [Actor(role=role) for role in ROLES]
    above = [[outranks(one, other) for other in ranks] for one in ranks]
    assert above == [[False, False, False], [True, False, False], [True, True, False]]


def test_no_code_asks_for_a_role_by_name() -> None:
    sources = [
        path
        for folder in ("core", "plugins", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".html") and path.name != "permissions.py" and "node_modules" not in path.parts
    ]
    asking = [str(path.relative_to(ROOT)) for path in sources if ASKS_FOR_A_ROLE.search(path.read_text("utf-8"))]
    assert asking == [], "ask may(actor, permission) of core/permissions.py instead"


async def test_moderators_change_profiles_of_members_but_not_of_those_who_stand_as_high(
    alpha: TestInstance, ann: Person, admin: Person, moderator: Person
) -> None:
    other = await alpha.user("other_mod", role="moderator")
    for path in ("/users/{}", "/users/{}/profile"):
        assert (await moderator.put(path.format(ann.id), {"bio": "tidied"}))["bio"] == "<p>tidied</p>"
        for above in (admin, other):
            refusal = await moderator.refused(403, "PUT", path.format(above.id), {"bio": "mine now"})
            assert refusal["code"] == "not_above_them"
        assert (await moderator.put(path.format(moderator.id), {"bio": "myself"}))["bio"] == "<p>myself</p>"
        assert (await admin.put(path.format(moderator.id), {"bio": "by the admin"}))["bio"] == "<p>by the admin</p>"


async def test_the_document_says_which_permission_a_route_needs(alpha: TestInstance) -> None:
    document = (await alpha.anon.page("/api/openapi.json")).json()
    operation = document["paths"]["/api/v1/users"]["post"]
    assert operation["x-permission"] == "accounts.create"
    assert "which moderators and admins have" in operation["description"]
    assert "403" in operation["responses"]
