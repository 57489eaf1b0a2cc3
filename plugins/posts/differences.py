"""What an edit changed: in the words of a post, and in the files it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Any, Literal, NamedTuple

WORDS_AT_MOST = 2000  # on both sides together; what is longer is shown without marks
_WORD = re.compile(r"\s*\S+")

Change = Literal["same", "added", "removed"]


class Piece(NamedTuple):
    """A stretch of text, and what became of it."""

    change: Change
    text: str


def words(before: str, after: str) -> list[Piece]:
    """The text after an edit with what came and what went, in reading order; nothing where it is too long."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > WORDS_AT_MOST:
        return []
    pieces: list[Piece] = []
    for verb, from_old, to_old, from_new, to_new in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if verb == "equal":
            pieces.append(Piece("same", "".join(new[from_new:to_new])))
            continue
        pieces += _apart("removed", "".join(old[from_old:to_old]), " ")
        pieces += _apart("added", "".join(new[from_new:to_new]))
    return pieces


def _apart(change: Change, text: str, gap: str = "") -> list[Piece]:
    """A changed stretch, the white space before it unmarked, and of the breaks in what went only those inside."""
    words = text.lstrip()
    space = text[: len(text) - len(words)]
    return [Piece("same", (gap or space) if space else ""), Piece(change, words)] if words else []


def files(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The files after an edit and those that went, each with its `change`; one that is described in other words is
    "described", and `was` is what was said of it before."""
    old, new = ({file["url"]: file["alt"] for file in some} for some in (before, after))
    kept = [{**file, **_changed(file, old)} for file in after]
    return [*kept, *({**file, "change": "removed"} for file in before if file["url"] not in new)]


def _changed(file: dict[str, Any], old: dict[str, str]) -> dict[str, str]:
    if file["url"] not in old:
        return {"change": "added"}
    was = old[file["url"]]
    return {"change": "same"} if (was or "") == (file["alt"] or "") else {"change": "described", "was": was}


def marked(versions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Versions, newest first, each with what it changed in the one before: `text` and `warning` pieces, and `files`."""
    found: list[dict[str, Any]] = []
    for version, before in pairwise([*versions, None]):
        assert version is not None
        if before is None:
            found.append({**version, "words": [], "warning": [], "files": files(version["files"], version["files"])})
            continue
        changes = words(before["text"], version["text"])
        warning = words(before["contentWarning"] or "", version["contentWarning"] or "")
        found.append(
            {
                **version,
                "words": changes if _is_changed(changes) else [],
                "warning": warning if _is_changed(warning) else [],
                "files": files(before["files"], version["files"]),
            }
        )
    return found


def _is_changed(pieces: Sequence[Piece]) -> bool:
    return any(piece.change != "same" for piece in pieces)
