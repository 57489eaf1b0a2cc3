"""What an examination comes to: well, worth a look, or broken; with what to do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "broken"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and the mend where something is to be done."""

    about: str
    state: State
    says: str
    mend: str = ""


Examination = Callable[[], AsyncIterator[Finding]]


def well(about: str, says: str) -> Finding:
    """Nothing to do."""
    return Finding(about, "ok", says)


def weak(about: str, says: str, mend: str) -> Finding:
    """It works, and it would be better otherwise."""
    return Finding(about, "warning", says, mend)


def broken(about: str, says: str, mend: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding(about, "broken", says, mend)
