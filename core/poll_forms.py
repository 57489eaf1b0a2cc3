"""What a poll looks like in the form of its entry: what is asked is prepared, what moves is read for a whole page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.database import now, one_of, rows, when
from core.person_forms import Form, stamp

Marks = Mapping[str, int]


async def asked(entry_ids: Sequence[str]) -> dict[str, Form]:
    """What these entries ask, as far as it is the same for everybody and does not move."""
    forms: dict[str, Form] = {}
    for found in await rows(
        "SELECT o.entry_id, o.title, p.multiple, p.expires_at FROM core_poll_option o"
        f" JOIN core_poll p ON p.entry_id = o.entry_id WHERE o.entry_id {one_of(1)} ORDER BY o.entry_id, o.position",
        list(entry_ids),
    ):
        form = forms.setdefault(found["entry_id"], begun(found["multiple"], found["expires_at"]))
        form["options"].append(found["title"])
    return forms


def begun(multiple: object, expires_at: object) -> Form:
    """What a poll asks, before its options are put in."""
    return {"options": [], "multiple": bool(multiple), "expiresAt": stamp(expires_at)}


def tallies(parameter: int) -> str:
    """Marks of polls: `p` with the place of an option and its votes, `pv` with how many voted."""
    return (
        "SELECT 'p' || position AS mark, entry_id, votes_count AS number FROM core_poll_option"
        f" WHERE entry_id {one_of(parameter)} UNION ALL SELECT 'pv', entry_id, voters_count FROM core_poll"
        f" WHERE entry_id {one_of(parameter)}"
    )


def own_votes(viewer: int, parameter: int) -> str:
    """Marks of what the viewer chose: `v` with the place of the option."""
    return (
        f"SELECT 'v' || position AS mark, entry_id, 1 AS number FROM core_poll_vote"
        f" WHERE entry_id {one_of(parameter)} AND actor_id = ${viewer}"
    )


def finished(asked: Form, marks: Mapping[str, Any]) -> Form:
    """The whole form of a poll for one viewer."""
    votes = [marks.get(f"p{place}", 0) for place in range(len(asked["options"]))]
    chosen = [place for place in range(len(votes)) if f"v{place}" in marks]
    return {
        "options": [
            {"title": title, "votesCount": count} for title, count in zip(asked["options"], votes, strict=True)
        ],
        "multiple": asked["multiple"],
        "expiresAt": asked["expiresAt"],
        "isClosed": _is_past(asked["expiresAt"]),
        "votesCount": sum(votes),
        "votersCount": marks.get("pv"),
        "hasVoted": bool(chosen),
        "ownChoices": chosen,
    }


def _is_past(moment: str | None) -> bool:
    found = when(moment)
    return found is not None and found <= now()


async def of_stranger(entry_id: str) -> Form | None:
    """The form of a poll as everybody sees it; None where there is none."""
    form = (await asked([entry_id])).get(entry_id)
    if form is None:
        return None
    found = await rows(tallies(1), [entry_id])
    return finished(form, {each["mark"]: each["number"] for each in found})
