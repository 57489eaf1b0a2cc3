"""Figures and the table they stand in: what was measured, what was wanted, and what another server takes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured number. `target` is the most it should be, or the least with `at_least`; `peer` is GoToSocial's."""

    what: str
    measured: float
    unit: str
    target: float | None = None
    at_least: bool = False
    peer: str = ""
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.measured / self.target if self.target else None

    @property
    def is_missed(self) -> bool:
        if self.target is None:
            return False
        return self.measured < self.target if self.at_least else self.measured > self.target


def line(figure: Figure) -> str:
    """One row of the table."""
    sign = "" if figure.target is None else "≥ " if figure.at_least else "≤ "
    target = f"{sign}{_number(figure.target)}" if figure.target is not None else ""
    ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
    mark = "!" if figure.is_missed else " "
    measured = f"{_number(figure.measured)} {figure.unit}"
    return f"{figure.what:<58} {measured:>14} {target:>9} {ratio:>6}{mark} {figure.peer:>12}  {figure.note}".rstrip()


HEADING = f"{'what':<58} {'measured':>14} {'target':>9} {'ratio':>6}  {'GoToSocial':>12}  remarks"


def as_json(figures: Iterable[Figure]) -> str:
    """All figures, with what the machine was at."""
    found = [asdict(figure) | {"ratio": figure.ratio, "missed": figure.is_missed} for figure in figures]
    return json.dumps({"load_average": os.getloadavg(), "figures": found}, indent=1, ensure_ascii=False)


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 100 else f"{value:.2f}"
