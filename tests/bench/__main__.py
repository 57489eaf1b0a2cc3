"""`python -m tests.bench [names…] [--db sqlite|postgres|both] [--json FILE]`: measure, and print a table."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tests.bench import delivery, inbox, large, posting, reading, signing_in, uploading, weights, yardstick
from tests.bench.bench import Apart, Bench
from tests.bench.figures import HEADING, Figure, as_json, line
from tests.bench.seeding import Wanted

NAMES = (
    "start",
    "reading",
    "pages",
    "signing-in",
    "posting",
    "inbox",
    "delivery",
    "flood",
    "uploading",
    "memory",
    "crowd",
    "large",
)
START_SECONDS, IDLE_MEGABYTES, BUSY_MEGABYTES = 2.0, 120.0, 200.0


def main() -> None:
    """Figures inform: the exit code is 0 whatever they are."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(NAMES)}; all of them where none is named")
    parser.add_argument("--db", choices=("sqlite", "postgres", "both"), default="sqlite")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    names = set(given.names or NAMES)
    dialects = ("sqlite", "postgres") if given.db == "both" else (given.db,)
    figures = list[Figure]()
    print(
        f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; "
        f"the yardstick, which never changes, takes {yardstick.milliseconds():.0f} ms here\n{HEADING}",
        flush=True,
    )
    for dialect in dialects:
        bench = Bench(dialect, Apart(), heard=lambda text: print(text, flush=True))
        try:
            measure(bench, names)
        finally:
            figures += bench.figures
            bench.close()
    missed = [figure for figure in figures if figure.is_missed]
    print(f"\nload average {os.getloadavg()[0]:.1f}; {len(missed)} of {len(figures)} figures miss their target")
    for figure in missed:
        print(line(figure))
    if given.json:
        given.json.write_text(as_json(figures))


def measure(bench: Bench, names: set[str]) -> None:
    """One round on one kind of database."""
    if names - {"crowd", "large"}:
        everyday(bench, names)
    if "crowd" in names:
        posting.crowd(bench)
    if "large" in names:
        large.large(bench)


def everyday(bench: Bench, names: set[str]) -> None:
    """Everything that is measured on one instance with fifty members and two thousand posts."""
    place = bench.place(Wanted())
    senders = inbox.Senders(bench, place) if names & {"inbox", "flood"} else None
    hosts = delivery.prepare(bench, place) if "delivery" in names else None
    try:
        with place.serving() as server:
            if "start" in names:
                remarks = f"{server.start_cpu_seconds:.2f} s CPU"
                bench.note(
                    "first answer after the command", server.start_seconds, "s", START_SECONDS, peer="0.9", note=remarks
                )
            if "memory" in names:
                bench.note("memory after the start", server.megabytes(), "MB", IDLE_MEGABYTES, peer="122")
            if "reading" in names:
                reading.reading(bench, place, server)
                reading.authentication(bench, place, server)
                reading.queries(bench, place, server)
            if "pages" in names:
                weights.weights(bench, place, server)
            if "signing-in" in names:
                signing_in.signing_in(bench, place, server)
            if "posting" in names:
                posting.posting(bench, place, server)
            if senders and "inbox" in names:
                inbox.inbox(bench, place, server, senders)
            if hosts:
                delivery.delivery(bench, place, server, hosts)
            if senders and "flood" in names:
                inbox.flood(bench, place, server, senders)
            if "uploading" in names:
                uploading.uploading(bench, place, server)
            if "memory" in names:
                bench.note("memory after all of this", server.megabytes(), "MB", BUSY_MEGABYTES, peer="277–662")
    finally:
        if hosts:
            hosts.close()


if __name__ == "__main__":
    main()
