"""The page for Prometheus, of one process and of several."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from core.metrics import exposition, http_requests

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_tells_what_was_counted_and_how_much_memory_is_used() -> None:
    http_requests.labels("GET", "/tests/<id>", "200").inc()
    page = exposition().decode()
    assert 'kith_http_requests_total{method="GET",route="/tests/<id>",status="200"} 1.0' in page
    assert "process_resident_memory_bytes" in page


def test_several_processes_are_counted_together(tmp_path: Path) -> None:
    code = "from core import metrics; metrics.inbox.labels('Like', 'done').inc(); print(metrics.exposition().decode())"
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for total in ("1.0", "2.0"):
        command = [sys.executable, "-c", code]
        page = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
        assert f'kith_inbox_activities_total{{outcome="done",verb="Like"}} {total}' in page
