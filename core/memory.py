"""Keeps a server small: what it has freed goes back to the system, what it loaded at the start is left in peace."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
from collections.abc import Callable

# Of glibc's malloc.h; other C libraries have no such switches, and no such habits.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 1024 * 1024
_ARENAS = 2
EVERY_SECONDS = 30.0
WORTH_BYTES = 16 * 1024 * 1024


class _Heaps(ctypes.Structure):
    """What mallinfo2 tells, since glibc 2.33; all but the free bytes of all heaps is of no interest here."""

    _fields_ = [(f"_{number}", ctypes.c_size_t) for number in range(8)] + [
        ("free", ctypes.c_size_t),
        ("_at_the_top", ctypes.c_size_t),
    ]


def give_back_what_is_freed() -> None:
    """Have the C library keep less of what is freed: call it before there are threads.

    By itself it makes a heap for each thread, and once something as large as what a password is hashed in was freed,
    keeps the like in those heaps for good: 38 MB after two sign-ins at a time.
    """
    try:
        switch = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return
    switch(_M_ARENA_MAX, _ARENAS)
    switch(_M_MMAP_THRESHOLD, _LARGE_BYTES)


async def give_back_the_holes() -> None:
    """Look every half minute for what is free between things in use, and give it back; ends where that cannot be done.

    The C library gives back only what lies at the top of a heap: fifty pictures that came at once left 94 MB of holes.
    To give back so much takes some tens of milliseconds, so it is done only where the process has grown since.
    """
    try:
        library = ctypes.CDLL(None)
        look, trim = library.mallinfo2, library.malloc_trim
        least = _resident()
    except (AttributeError, OSError):
        return
    look.restype, trim.argtypes = _Heaps, (ctypes.c_size_t,)
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        least = min(least, _resident())
        # Holes that were given back are counted as free all the same, so growth has to tell whether they are used.
        if _resident() - least > WORTH_BYTES and look().free > WORTH_BYTES:
            # Looked at before the loop has its turn: what others have taken by then would count as what never goes.
            least = await asyncio.to_thread(_resident_after, trim)


def _resident_after(trim: Callable[[int], object]) -> int:
    trim(0)
    return _resident()


def _resident() -> int:
    """How much of the machine's memory the process takes, in bytes. Raises OSError where the system tells nobody."""
    with open("/proc/self/statm", "rb") as told:
        return int(told.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def settle() -> None:
    """Look for garbage from now on, and not in what was loaded until here: that stays."""
    gc.collect()
    gc.freeze()
    gc.enable()
