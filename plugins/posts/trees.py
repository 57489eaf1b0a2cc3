"""Answers as the tree they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.present import Form

DEEPEST = 4  # what is answered deeper than this stands behind a link to its own thread


def tree(top: Sequence[Form], below: Sequence[Form], *, is_whole: bool = True) -> list[dict[str, Any]]:
    """The answers in `top`, each with those to it; `moreCount` is how many more were given than stand here.

    `below` is all that was answered to them, or, where `is_whole` is false, a part of it.
    """
    answers: dict[str, list[Form]] = {}
    for form in below:
        answers.setdefault(form["inReplyTo"], []).append(form)
    return [_branch(form, answers, 1, is_whole) for form in top]


def _branch(form: Form, answers: dict[str, list[Form]], depth: int, is_whole: bool) -> dict[str, Any]:
    shown = answers.get(form["postId"], []) if depth < DEEPEST else []
    is_all = depth < DEEPEST and is_whole
    return {
        "post": form,
        "replies": [_branch(answer, answers, depth + 1, is_whole) for answer in shown],
        "moreCount": 0 if is_all else max(form["commentsCount"] - len(shown), 0),
    }
