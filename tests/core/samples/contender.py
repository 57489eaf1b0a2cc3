"""A process of its own: `write ADDRESS ROUNDS` counts up, `migrate ADDRESS` migrates, `crash ADDRESS` gives up."""

from __future__ import annotations

import asyncio
import sys

from core.database import Database, execute, transaction, value
from core.migrate import migrate
from tests.core.samples.databases import APPS


async def write(address: str, rounds: int) -> None:
    database = Database(address, APPS)
    await database.open()
    try:
        with database.using():
            for _ in range(rounds):
                async with transaction():
                    lock = " FOR UPDATE" if database.dialect == "postgres" else ""
                    count = await value(f"SELECT pages FROM library_book WHERE title = $1{lock}", "The count")
                    await execute("UPDATE library_book SET pages = $1 WHERE title = $2", count + 1, "The count")
                await execute("UPDATE library_book SET pages = pages + 1 WHERE title = $1", "The count")
    finally:
        await database.close()


async def main(work: str, address: str, *rest: str) -> None:
    if work == "crash":
        await Database(address, APPS).open()
        raise ZeroDivisionError
    if work == "write":
        await write(address, int(rest[0]))
    else:
        print(len(await migrate(Database(address, APPS))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
