"""What a rush of sign-ins does to everybody else."""

from __future__ import annotations

import orjson

from tests.bench.bench import Bench, Place
from tests.bench.load import Load, request, run
from tests.bench.seeding import PASSWORD
from tests.bench.server import Server

AT_ONCE = 20
SECONDS = 5.0
SLOWER = 3.0  # times as long as without a rush


def signing_in(bench: Bench, place: Place, server: Server) -> None:
    """Somebody reads their feed now and then, first alone, then while twenty sign in at a time, again and again."""
    host = f"127.0.0.1:{place.port}"
    token = {"Authorization": f"Bearer {place.seeded.members[0].access_token}"}
    reader = Load(place.port, [request("GET", "/api/v1/feed?scope=home", token, host=host)], 4, SECONDS, pause=0.02)
    alone = bench.apart.do(run, reader)
    rush = bench.apart.begin(run, Load(place.port, _sign_ins(place, host), AT_ONCE, SECONDS + 1))
    meanwhile = bench.apart.do(run, reader)
    signed_in = rush.result()
    if set(signed_in.statuses) != {200}:
        raise RuntimeError(f"sign-ins were answered {dict(signed_in.statuses)}: {signed_in.last[:500]!r}")
    before, after = alone.percentile(0.99) * 1000, meanwhile.percentile(0.99) * 1000
    remarks = f"{before:.0f} ms alone; {signed_in.per_second:.0f} sign-ins/s"
    bench.note("p99 of reading while 20 sign in at a time", after, "ms", before * SLOWER, note=remarks)


def _sign_ins(place: Place, host: str) -> list[bytes]:
    return [
        request(
            "POST",
            "/api/v1/auth/login",
            {"Content-Type": "application/json"},
            orjson.dumps({"username": member.name, "password": PASSWORD}),
            host=host,
        )
        for member in place.seeded.members
    ]
