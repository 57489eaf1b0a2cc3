"""What the server counts about itself, for Prometheus."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
_QUICK = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

registry = CollectorRegistry()
ProcessCollector(registry=registry)
GCCollector(registry=registry)

hook_seconds = Histogram(
    "kith_hook_seconds",
    "Time a plugin took for one call of a hook",
    ["plugin", "hook"],
    buckets=_QUICK,
    registry=registry,
)
hook_failures = Counter(
    "kith_hook_failures", "Calls of a hook that failed or took too long", ["plugin", "hook"], registry=registry
)
hooks_switched_off = Gauge(
    "kith_hook_switched_off",
    "1 while a plugin's hook is switched off because it failed too often",
    ["plugin", "hook"],
    multiprocess_mode="livemax",
    registry=registry,
)

# `route` is the rule of the route, never the path: a path would make a series for each post.
http_requests = Counter("kith_http_requests", "Requests answered", ["method", "route", "status"], registry=registry)
http_seconds = Histogram(
    "kith_http_request_seconds",
    "Time to answer a request",
    ["method", "route"],
    buckets=_QUICK,
    registry=registry,
)
open_sockets = Gauge(
    "kith_open_sockets", "WebSockets that are open now", multiprocess_mode="livesum", registry=registry
)

jobs = Counter("kith_jobs", "Jobs run, by task and outcome", ["task", "outcome"], registry=registry)
job_seconds = Histogram("kith_job_seconds", "Time a job took", ["task"], buckets=_SLOW, registry=registry)
jobs_waiting = Gauge(
    "kith_jobs_waiting", "Jobs waiting for a worker", ["lane"], multiprocess_mode="mostrecent", registry=registry
)

mails = Counter("kith_mails", "Mails, by outcome", ["outcome"], registry=registry)

deliveries = Counter(
    "kith_deliveries", "Attempts to hand an activity to another server", ["outcome"], registry=registry
)
delivery_seconds = Histogram("kith_delivery_seconds", "Time one delivery took", buckets=_SLOW, registry=registry)
deliveries_waiting = Gauge(
    "kith_deliveries_waiting", "Activities not yet delivered", multiprocess_mode="mostrecent", registry=registry
)

# `verb` is a verb some plugin handles, or "other": what strangers send must not make series.
inbox = Counter("kith_inbox_activities", "Activities received", ["verb", "outcome"], registry=registry)
inbox_seconds = Histogram(
    "kith_inbox_seconds", "Time from receiving an activity to having acted on it", buckets=_SLOW, registry=registry
)


def exposition() -> bytes:
    """The page for Prometheus, of media type `CONTENT_TYPE`.

    Several processes answer as one where `PROMETHEUS_MULTIPROC_DIR` named a folder before they started.
    """
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(registry)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)
