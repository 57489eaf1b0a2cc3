"""Reports as those in charge see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from core import present
from core.database import one_of, rows
from core.instance import here
from core.models import Actor
from core.present import PAGE_COLUMNS


async def forms_of(reports: Sequence[dict[str, Any]], viewer: Actor) -> list[dict[str, Any]]:
    """The forms of these reports, with the people and posts they are about; three queries however many they are."""
    people = await _people(reports)
    posts = await _posts([one["id"] for one in reports], viewer)
    return [
        {
            "reportId": one["id"],
            "state": one["state"],
            "reason": one["reason"],
            "forwarded": bool(one["forwarded"]),
            "reporter": people.get(one["reporter_id"]),
            "target": people[one["target_id"]],
            "posts": posts.get(one["id"], []),
            "thing": _thing(one),
            "note": one["note"],
            "resolvedBy": people.get(one["resolved_by_id"]),
            "resolvedAt": present.stamp(one["resolved_at"]),
            "createdAt": present.stamp(one["created_at"]),
        }
        for one in reports
    ]


def _thing(report: dict[str, Any]) -> dict[str, str] | None:
    if not report["thing_kind"]:
        return None
    page = here().url(report["thing_path"])
    return {"type": report["thing_kind"], "id": report["thing_id"], "name": report["thing_name"], "url": page}


async def _people(reports: Sequence[dict[str, Any]]) -> dict[str | None, dict[str, Any]]:
    ids = {one[key] for one in reports for key in ("reporter_id", "target_id", "resolved_by_id") if one[key]}
    found = await rows(f"SELECT a.* FROM core_actor a WHERE a.id {one_of(1)}", list(ids))
    return {one["id"]: dict(present.user_short(one)) for one in found}


async def _posts(report_ids: list[str], viewer: Actor) -> dict[str, list[dict[str, Any]]]:
    """What is reported, whoever it was for: it has to be read to be judged."""
    found = await rows(
        f"SELECT {PAGE_COLUMNS}, x.report_id FROM moderation_reported_entry x JOIN core_entry e ON e.id = x.entry_id"
        f" JOIN core_actor a ON a.id = e.author_id WHERE x.report_id {one_of(1)} ORDER BY e.id",
        report_ids,
    )
    by_report: dict[str, list[dict[str, Any]]] = {}
    for row, form in zip(found, await present.posts(found, viewer), strict=True):
        by_report.setdefault(row["report_id"], []).append(orjson.loads(form))
    return by_report
