"""What a server has freed goes back to the machine, also where it lies between things in use."""

from __future__ import annotations

import subprocess
import sys
import textwrap

PROGRAM = textwrap.dedent("""
    import asyncio
    from core import memory, serve

    memory.EVERY_SECONDS = 0.1

    async def work(stopping):
        await asyncio.sleep(0.3)
        before, in_use = memory._resident(), []
        for _ in range(2):  # the second time the holes are there already
            large = []
            for _ in range(400):
                large.append(b"x" * 200_000)
                in_use.append(b"y" * 5_000)
            del large
            full = memory._resident()
            for _ in range(600):  # on a machine with much else to do
                await asyncio.sleep(0.05)
                if memory._resident() < before + 30_000_000:
                    break
            print((full - before) // 1_000_000, (memory._resident() - before) // 1_000_000)

    serve.run(work)
""")


def test_a_server_gives_back_what_it_freed_between_things_in_use() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=True)
    for line in ended.stdout.splitlines():
        full, left = map(int, line.split())
        assert full > 70 and left < 30, ended.stdout
    assert len(ended.stdout.splitlines()) == 2
