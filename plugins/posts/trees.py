"""Answers as the tree they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.present import Form

DEEPEST = 4  # what is answered deeper than this stands behind a link to its own thread


def tree(root_id: str, below: Sequence[Form]) -> list[dict[str, Any]]:
    """The answers to `root_id`, each with those to it; `moreCount` is how many lie below the deepest."""
    answers: dict[str, list[Form]] = {}
    for form in below:
        answers.setdefault(form["inReplyTo"], []).append(form)
    return [_branch(form, answers, 1) for form in answers.get(root_id, [])]


def _branch(form: Form, answers: dict[str, list[Form]], depth: int) -> dict[str, Any]:
    direct = answers.get(form["postId"], [])
    shown = direct if depth < DEEPEST else []
    return {
        "post": form,
        "replies": [_branch(answer, answers, depth + 1) for answer in shown],
        "moreCount": len(direct) - len(shown),
    }
