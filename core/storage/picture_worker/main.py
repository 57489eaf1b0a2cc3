"""The loop of the process: one request after the other, each with an answer, within limits it cannot lift again."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
from typing import Any, BinaryIO

from PIL import Image, ImageFile

from .cutting import cut
from .decoding import Refused
from .preparing import prepared

MEMORY_AT_MOST = 1 << 30


def main() -> None:
    """Answer requests until standard input ends."""
    _confine()
    source, target = sys.stdin.buffer, sys.stdout.buffer
    while line := source.readline():
        _answer(json.loads(line), source, target)


def _confine() -> None:
    """Give up what making pictures does not need: memory without end, files to write, other processes, priority."""
    for limit, bound in (
        (resource.RLIMIT_AS, MEMORY_AT_MOST),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(limit, (bound, bound))
    os.nice(10)
    Image.MAX_IMAGE_PIXELS = None  # our own limit is asked first, and answers with a word
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    Image.preinit()


def _answer(request: dict[str, Any], source: BinaryIO, target: BinaryIO) -> None:
    """Answer one request; nothing of it is held while the next one is waited for."""
    content = source.read(request["size"])
    if len(content) < request["size"]:
        return  # nobody is there any more, which the next line says too
    body = b""
    head: dict[str, Any]
    try:
        head, bodies = _done(request, content)
        body = b"".join(bodies)
    except Refused as refusal:
        head = {"error": str(refusal)}
    except MemoryError:
        head = {"error": "too_large"}
    except Exception:  # whatever a decoder says about bytes it cannot read
        head = {"error": "damaged"}
    target.write(json.dumps({**head, "size": len(body)}).encode() + b"\n" + body)
    target.flush()


def _done(request: dict[str, Any], content: bytes) -> tuple[dict[str, Any], list[bytes]]:
    if "sides" in request:
        about, versions = prepared(content, request["sides"], request["crop"], request["turn"])
        made = [
            {"size": len(one.content), "width": one.width, "height": one.height, "role": one.role, "type": one.type}
            for one in versions
        ]
        return {"made": made, "about": about}, [one.content for one in versions]
    pictures = list(cut(content, request["crop"], request["wanted"]))
    return (
        {"made": [{"size": len(body), "width": width, "height": height} for body, width, height in pictures]},
        [body for body, _, _ in pictures],
    )
