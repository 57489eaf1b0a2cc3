"""The audit trail has words for all that is recorded, forgets what is old, and is flooded by nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from core.accounts import audit
from core.accounts.audit_words import EVENTS, event_words
from core.accounts.proof_models import SecurityEvent
from core.database import new_id, now
from core.testing import PASSWORD, Person, TestInstance, settle, world

ROOT = Path(__file__).resolve().parents[2]


RECORDERS = ("record", "record_act")


def recorded() -> Iterator[tuple[str, str]]:
    """Every name the code records, with where it does."""
    for path in (*(ROOT / "core").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")):
        text = path.read_text("utf-8")
        if "audit" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _is_record(node.func, text):
                names = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                assert names, f"{where} records an event whose name is no literal: it could have no words"
                yield from ((str(name), where) for name in names)


def _is_record(called: ast.expr, text: str) -> bool:
    if isinstance(called, ast.Attribute):
        return called.attr in RECORDERS and isinstance(called.value, ast.Name) and called.value.id == "audit"
    return isinstance(called, ast.Name) and called.id in RECORDERS and "from core.accounts.audit import" in text


def test_everything_that_is_recorded_has_words() -> None:
    wordless = sorted((name, where) for name, where in recorded() if name not in EVENTS)
    lines = [f'    "{name}": lambda d: _("…"),  # {where}' for name, where in wordless]
    assert wordless == [], "add to EVENTS in core/accounts/audit_words.py what happened:\n" + "\n".join(lines)


def test_there_are_no_words_for_what_nobody_records() -> None:
    names = {name for name, _where in recorded()} | {audit.FAILED_SIGN_IN}
    assert sorted(EVENTS.keys() - names) == [], "take these out of EVENTS in core/accounts/audit_words.py"


def test_words_stand_without_details_and_the_unknown_is_told_by_its_name() -> None:
    assert all(event_words(name, {}) and "%" not in event_words(name, {}) for name in EVENTS)
    told = event_words("role_changed", {"before": "user", "role": "moderator"})
    assert told == "The role was changed from Member to Moderator"
    assert event_words("kettle_boiled", {}) == "Kettle boiled"


async def events(alpha: TestInstance, name: str = "") -> list[SecurityEvent]:
    with alpha.inside():
        await alpha.instance.database.engine.settle()
        return [event for event in await audit.all_events(limit=500) if name in ("", event.name)]


async def test_failed_sign_ins_are_recorded_a_few_times_an_hour_for_those_who_exist(
    alpha: TestInstance, ann: Person
) -> None:
    headers = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}
    for name in ["ann"] * (audit.FAILURES_PER_HOUR + 5) + ["nobody"] * 3:
        body = {"username": name, "password": "not the one"}
        await alpha.anon.refused(401, "POST", "/auth/login", body, headers=headers)
    found = await events(alpha, "sign_in_failed")
    assert len(found) == audit.FAILURES_PER_HOUR
    assert {(one.account_id, one.by_id, one.address) for one in found} == {(ann.id, None, "127.0.0.1")}
    assert "Firefox" in found[0].user_agent and PASSWORD not in str(found[0].details)


async def test_the_place_is_forgotten_sooner_than_what_happened_there() -> None:
    async with world(
        "alpha.test", retention__security_event_days=400, retention__security_address_days=90
    ) as (alpha,):
        ages = (1, 91, 401)
        with alpha.inside():
            for days in ages:
                at = now() - timedelta(days=days)
                place = {"address": "192.0.2.7", "user_agent": "Firefox"}
                await SecurityEvent.create(id=new_id(at), name="suspended", created_at=at, **place)
            await audit.forget_old_events()
        found = await events(alpha)
        assert [(one.address, one.user_agent) for one in found] == [("192.0.2.7", "Firefox"), ("", "")]


async def test_a_log_without_an_end_keeps_everything() -> None:
    async with world("alpha.test", retention__security_event_days=0, retention__security_address_days=0) as (alpha,):
        with alpha.inside():
            at = now() - timedelta(days=5000)
            await SecurityEvent.create(id=new_id(at), name="suspended", created_at=at, address="192.0.2.7")
            await audit.forget_old_events()
        assert [one.address for one in await events(alpha)] == ["192.0.2.7"]
        await settle(alpha)
