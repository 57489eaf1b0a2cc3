"""Keeps a server small: what it has freed goes back to the system, what it loaded at the start is left in peace."""

from __future__ import annotations

import ctypes
import gc

# Of glibc's malloc.h; other C libraries have no such switches, and no such habits.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 1024 * 1024
_ARENAS = 2


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


def settle() -> None:
    """Look for garbage from now on, and not in what was loaded until here: that stays."""
    gc.collect()
    gc.freeze()
    gc.enable()
