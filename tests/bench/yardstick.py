"""A piece of work that never changes, so that figures of two machines, or of two days on one, can be compared."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import time

ROUNDS = 9
_DOCUMENT = {"numbers": list(range(400)), "texts": ["x" * 40] * 200, "more": [{"a": index} for index in range(200)]}


def milliseconds() -> float:
    """CPU time of the work, in milliseconds: the median of some rounds."""
    return statistics.median(_round() for _ in range(ROUNDS))


def _round() -> float:
    began = time.process_time()
    total = 0
    for number in range(100_000):
        total += number * number
    for _ in range(50):
        hashlib.sha256(json.dumps(json.loads(json.dumps(_DOCUMENT))).encode()).digest()
    for _ in range(5_000):  # what a server asks of the system, which costs most where machines are virtual
        os.stat(".")
    return (time.process_time() - began) * 1000
