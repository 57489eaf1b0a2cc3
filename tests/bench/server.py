"""The server that is measured: `kith serve` as anybody starts it, and what the system says of its processes."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

KITH = Path(sys.executable).with_name("kith")
START_SECONDS = 120.0  # after which it hangs, also on a machine with much else to do
STOP_SECONDS = 40.0
LOG_END = 4000  # characters of its log that a failure tells
_TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running `kith serve`; its own output goes to a file beside the instance."""

    def __init__(self, folder: Path, port: int, environ: Mapping[str, str]) -> None:
        self.port = port
        self._output = (folder.parent / f"{folder.name}.log").open("w+")
        # Without what would have each start compile everything anew.
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("KITH_") and name != "PYTHONDONTWRITEBYTECODE"
        }
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [KITH, "serve"],
            env={**clean, **environ, "KITH_INSTANCE": str(folder), "KITH_SERVER__PORT": str(port)},
            stdout=self._output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
        self._wait()
        self.start_seconds = time.perf_counter() - began  # from the command to the first answer
        self.start_cpu_seconds = self.cpu_seconds()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """The processor time its processes have taken so far."""
        return sum(_cpu_seconds(pid) for pid in self.pids())

    def megabytes(self) -> float:
        """The memory its processes take, what they share counted once (PSS)."""
        return sum(_pss_kilobytes(pid) for pid in self.pids()) / 1024

    def web_cpu_seconds(self) -> float:
        """The processor time of the process that answers, without those that make pictures for it."""
        return _cpu_seconds(self._process.pid, with_ended=False)

    def web_megabytes(self) -> float:
        """The memory of the process that answers."""
        return _pss_kilobytes(self._process.pid) / 1024

    def pids(self) -> list[int]:
        """Its process and all below it."""
        found = [self._process.pid]
        for pid in found:
            try:
                for task in Path(f"/proc/{pid}/task").iterdir():
                    found += [int(child) for child in (task / "children").read_text().split()]
            except FileNotFoundError:  # a process that has just ended
                continue
        return found

    @property
    def log(self) -> str:
        """What it wrote."""
        return Path(self._output.name).read_text()

    def stop(self) -> None:
        """Have it end as it should."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"kith serve ended with {self._process.returncode}:\n{self.log}")
            try:
                status = self.get("/")[0]
                if status == 200:
                    return
                if status == 500:  # it will go on failing; what it says of that is the end of its log
                    break
            except OSError:
                pass
            time.sleep(0.01)
        self.stop()
        raise RuntimeError(
            f"kith serve did not answer as it should within {START_SECONDS:g} seconds:\n{self.log[-LOG_END:]}"
        )


def _cpu_seconds(pid: int, *, with_ended: bool = True) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    # User and system; its own, and of children that ended.
    return sum(int(each) for each in fields[11 : 15 if with_ended else 13]) / _TICKS


def _pss_kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except FileNotFoundError:
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
