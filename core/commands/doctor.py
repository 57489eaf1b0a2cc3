"""kith doctor."""

from __future__ import annotations

from dataclasses import asdict

import click

from core.commands.context import Failed
from core.commands.output import json_option, print_list
from core.commands.running import in_instance
from core.doctor.examining import examine

SIGNS = {"ok": "ok    ", "warning": "weak  ", "broken": "BROKEN"}


@click.command()
@json_option
@in_instance
async def doctor(as_json: bool) -> None:
    """Look for what is broken, weak or about to fail, and say how to mend it. Ends with 1 where something is broken."""
    found = []
    async for finding in examine():
        found.append(finding)
        if not as_json:
            print(f"{SIGNS[finding.state]}  {finding.about:<12} {finding.says}", flush=True)
            if finding.mend:
                print(f"{'':21}→ {finding.mend}", flush=True)
    if as_json:
        print_list([asdict(finding) for finding in found], {}, as_json=True)
    number = sum(finding.state == "broken" for finding in found)
    if number:
        raise Failed(f"{number} of {len(found)} things are broken.")
