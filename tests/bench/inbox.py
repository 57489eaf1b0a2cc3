"""What comes in: signed activities of known senders, and more of them than can be taken."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from tests.bench.bench import Bench, Place
from tests.bench.databases import ask, waiting
from tests.bench.load import Load, run
from tests.bench.peers import Mail, peers_of, written
from tests.bench.posting import drained
from tests.bench.seeding import Strangers, seed_strangers
from tests.bench.server import Server

HOSTS = 20
EACH = 10
ACTIVITIES = 4000
CONNECTIONS = 16
PER_SECOND = 250.0
FLOOD_CONNECTIONS = 1500
FLOOD_ACTIVITIES = 6000
FULL = 50_000
GROWTH_MEGABYTES = 100.0


class Senders:
    """People of other servers, who are known to a server and write to it."""

    def __init__(self, bench: Bench, place: Place) -> None:
        self._bench, self._place = bench, place
        self._peers = peers_of(HOSTS, EACH)
        strangers = Strangers(self._peers, followed_by=place.seeded.members[0].id)
        self._keys = bench.apart.do(seed_strangers, place.folder, place.environ, strangers)
        self._written = 0

    def write(self, count: int) -> list[bytes]:
        """So many requests, none of which was written before."""
        place, seeded = self._place, self._place.seeded
        mail = Mail(
            peers=self._peers,
            keys=self._keys,
            port=place.port,
            base_url=place.base_url,
            entries=[entry_id for entry_id, _ in seeded.public],
            members=[f"{place.base_url}/actors/{member.id}" for member in seeded.members],
            count=count,
            start=self._written,
        )
        self._written += count
        return self._bench.apart.do(written, mail)


def inbox(bench: Bench, place: Place, server: Server, senders: Senders) -> None:
    """Activities as fast as they are taken; then it is seen how long it takes to act on all of them."""
    bench.load(server, Load(place.port, senders.write(HOSTS * EACH), CONNECTIONS, count=HOSTS * EACH))
    drained(place)
    requests = senders.write(ACTIVITIES)
    before, began = server.cpu_seconds(), time.monotonic()
    answered = bench.apart.do(run, Load(place.port, requests, CONNECTIONS, count=ACTIVITIES))
    left = waiting(place.database)
    drained(place)
    seconds = time.monotonic() - began
    milliseconds = (server.cpu_seconds() - before) * 1000 / ACTIVITIES
    if set(answered.statuses) != {202}:
        raise RuntimeError(f"activities were answered {dict(answered.statuses)}: {answered.last[:500]!r}")
    done = f"{answered.per_second:.0f}/s accepted, {left} waiting then; p99 {answered.percentile(0.99) * 1000:.0f} ms"
    bench.note(
        "activities taken and acted on", ACTIVITIES / seconds, "/s", PER_SECOND, at_least=True, note=done, peer="24–30"
    )
    bench.note(
        "activities a core can act on",
        1000 / milliseconds,
        "/s",
        PER_SECOND,
        at_least=True,
        note=f"{milliseconds:.2f} ms CPU",
    )
    outcomes = ask(place.database, "SELECT state, outcome, COUNT(*) FROM federation_received GROUP BY state, outcome")
    refused = sum(count for state, _, count in outcomes if state not in ("done", "ignored"))
    bench.note(
        "of them refused or failed",
        refused,
        "",
        note=", ".join(f"{count} {state} {why}" for state, why, count in outcomes),
    )


def flood(bench: Bench, place: Place, server: Server, senders: Senders) -> None:
    """More at once than is let in, and then, with the waiting room full, more than may wait."""
    before = server.megabytes()
    requests = senders.write(FLOOD_ACTIVITIES)
    answered = bench.apart.do(run, Load(place.port, requests, FLOOD_CONNECTIONS, count=FLOOD_ACTIVITIES))
    said = ", ".join(f"{count} × {status}" for status, count in sorted(answered.statuses.items()))
    refused = answered.count - answered.statuses[202]
    bench.note(f"refused of a flood over {FLOOD_CONNECTIONS} connections", refused, "", note=said)
    bench.note("of those, told when to try again", answered.retry_after, "", refused, at_least=True)
    bench.note("memory that a flood adds", server.megabytes() - before, "MB", GROWTH_MEGABYTES, peer="385")
    drained(place)
    _fill(place)
    time.sleep(2.5)
    answered = bench.apart.do(run, Load(place.port, senders.write(400), CONNECTIONS, count=400))
    answered = bench.apart.do(run, Load(place.port, senders.write(400), CONNECTIONS, count=400))
    said = ", ".join(f"{count} × {status}" for status, count in sorted(answered.statuses.items()))
    refused = answered.statuses[429] + answered.statuses[503]
    bench.note(
        "refused of 400 while 50,000 wait",
        refused,
        "",
        400,
        at_least=True,
        note=f"{said}; {answered.retry_after} told when",
    )
    ask(place.database, "DELETE FROM federation_received WHERE outcome = 'bench'")


def _fill(place: Place) -> None:
    """Have as many activities wait as may, none of which is due."""
    is_postgres = place.database.startswith("postgres")
    later = datetime.now(UTC) + timedelta(days=1)
    number = "lpad(to_hex(n), 12, '0')" if is_postgres else "printf('%012x', n)"
    identifier = f"('00000000-0000-7000-8000-' || {number})" + ("::uuid" if is_postgres else "")
    ask(
        place.database,
        f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {FULL + 10})"
        " INSERT INTO federation_received"
        " (id, uri, actor_uri, verb, body, state, attempts, due_at, outcome, received_at)"
        f" SELECT {identifier}, 'https://bench.example/' || n, 'x', 'Create', '', 'waiting', 0, $1, 'bench', $1"
        " FROM numbers",
        later if is_postgres else later.isoformat(" "),
    )
