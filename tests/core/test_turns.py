"""Large bodies take turns, and leave the rounds of the event loop between them to everybody else."""

from __future__ import annotations

import asyncio

from core.turns import LARGE, Turns


async def test_parts_of_large_bodies_come_one_in_each_round_in_their_order_and_small_ones_at_once() -> None:
    turns, rounds, came = Turns(), 0, list[tuple[int, int]]()

    async def part(number: int, size: int) -> None:
        await turns.take(size)
        came.append((number, rounds))

    parts = [asyncio.create_task(part(number, LARGE)) for number in range(20)]
    gone = asyncio.create_task(part(20, LARGE))
    parts.append(asyncio.create_task(part(21, LARGE - 1)))
    await asyncio.sleep(0)
    assert came == [(21, 0)]
    gone.cancel()  # its connection broke: those behind it come all the same
    parts.append(asyncio.create_task(part(22, LARGE)))
    while not all(one.done() for one in parts):
        rounds += 1
        await asyncio.sleep(0)
    large = came[1:]
    assert [number for number, _round in large] == [*range(20), 22]
    assert len({at for _number, at in large}) == len(large)
