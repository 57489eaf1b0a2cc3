"""Lists of domains as files, in the format that Mastodon's admins exchange."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.errors import Invalid
from core.federation.domains import NOTE_AT_MOST, Policy, checked_domain, decide_all, decisions

ROWS_AT_MOST = 20_000
CHARACTERS_AT_MOST = 20_000_000
HEADER = ("#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate")
_SEVERITIES: dict[str, Policy] = {"suspend": "block", "silence": "silence"}
_WRITTEN = {policy: severity for severity, policy in _SEVERITIES.items()}


@dataclass
class Imported:
    """What became of a list: how many domains were decided about, and which lines were left out, with the reason."""

    decided: int = 0
    left_out: list[tuple[int, str, str]] = field(default_factory=list)


async def exported() -> str:
    """All blocked and silenced domains, with the notes as public comments."""
    return _written(
        [domain, _WRITTEN[decision.policy], "false", "false", decision.note, "false"]
        for domain, decision in (await decisions()).items()
        if decision.policy in _WRITTEN
    )


async def exported_allowed() -> str:
    """All allowed domains, one a line under a header."""
    allowed = [domain for domain, decision in (await decisions()).items() if decision.policy == "allow"]
    return "\n".join(["#domain", *allowed, ""])


def _written(lines: Iterator[list[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(lines)
    return text.getvalue()


async def take_in(text: str, policy: Policy | None = None) -> Imported:
    """Decide as a list says; without a header each line is a domain to block.

    `policy` is decided about every domain, whatever the list says: "allow" for a list of allowed ones. A line with the
    severity "noop" says nothing, and one that cannot be read is left out. Raises Invalid where it is too long.
    """
    if len(text) > CHARACTERS_AT_MOST:
        raise Invalid({"file": "This file is too large."})
    imported, decided = Imported(), dict[str, tuple[Policy, str | None]]()
    for number, domain, severity, note in _read(text):
        wanted = policy or _SEVERITIES.get(severity)
        if severity == "noop" and policy is None:
            continue
        if wanted is None:
            imported.left_out.append((number, domain, f"“{severity}” is neither suspend nor silence nor noop"))
            continue
        try:
            decided[checked_domain(domain)] = (wanted, note[:NOTE_AT_MOST] if note else None)
        except Invalid as fault:
            imported.left_out.append((number, domain, " ".join(fault.errors.values())))
    await decide_all(decided)
    imported.decided = len(decided)
    return imported


def _read(text: str) -> Iterator[tuple[int, str, str, str]]:
    """Line number, domain, severity and comment of each line that names a domain. Raises Invalid."""
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    columns: dict[str, int] = {"domain": 0}
    try:
        for number, line in enumerate(lines, 1):
            if number > ROWS_AT_MOST:
                raise Invalid({"file": f"This list is too long: at most {ROWS_AT_MOST} lines."})
            cells = [cell.strip() for cell in line]
            if number == 1 and (cells and cells[0].lower().lstrip("#") == "domain"):
                columns = {cell.lower().lstrip("#"): index for index, cell in enumerate(cells)}
            elif any(cells):
                yield (
                    number,
                    _cell(cells, columns, "domain"),
                    _cell(cells, columns, "severity").lower() or "suspend",
                    _cell(cells, columns, "public_comment"),
                )
    except csv.Error:
        raise Invalid({"file": "This file is not a list of comma-separated values."}) from None


def _cell(cells: list[str], columns: dict[str, int], name: str) -> str:
    index = columns.get(name)
    return cells[index] if index is not None and index < len(cells) else ""
