"""What came of an import, in numbers, with the first of what failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.text import without_controls

OUTCOMES = ("done", "already", "failed")
LINES_AT_MOST = 100
REASONS_AT_MOST = 20


class Report:
    """Counts what was done, what was so already and what failed for which reason; it goes on from what is stored."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self._counts = {name: int(stored.get(name, 0)) for name in OUTCOMES}
        self._reasons: dict[str, int] = dict(stored.get("reasons", {}))
        self._lines: list[dict[str, str]] = list(stored.get("lines", []))

    def add(self, outcome: str, number: int = 1) -> None:
        """Count one outcome more."""
        self._counts[outcome] += number

    def failed(self, line: str, reason: str) -> None:
        """Count a failure, and remember the line if there is room."""
        self.add("failed")
        self._reason(reason, 1)
        if len(self._lines) < LINES_AT_MOST:
            self._lines.append({"line": without_controls(line[:200]), "reason": reason[:200]})

    def add_counts(self, counts: Mapping[str, Any]) -> None:
        """Count what a plugin says: numbers under `done`, `already` and `failed`, and under `reasons` by sentence."""
        for name in OUTCOMES:
            self.add(name, int(counts.get(name, 0)))
        for reason, number in counts.get("reasons", {}).items():
            self._reason(str(reason), int(number))

    def _reason(self, reason: str, number: int) -> None:
        known = reason in self._reasons or len(self._reasons) < REASONS_AT_MOST
        key = reason[:200] if known else "Something else."
        self._reasons[key] = self._reasons.get(key, 0) + number

    def told(self) -> dict[str, Any]:
        """As it is stored and shown."""
        return {**self._counts, "reasons": self._reasons, "lines": self._lines}
