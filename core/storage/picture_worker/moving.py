"""Pictures that move: every frame, within bounds, and written again with nothing but that."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from .decoding import HEIF, Refused, plain

FRAMES_AT_MOST = 1000
DECODED_AT_MOST = 250_000_000  # pixels of all frames together
KEPT_AT_MOST = 30_000_000  # of what moves, when it is written: they lie in memory all at once
_SHORTEST_FRAME, _USUAL_FRAME = 20, 100  # milliseconds; browsers show faster ones so slowly


def frames_of(image: Image.Image) -> int:
    """How many frames are shown one after the other; one for what stands still."""
    if image.format in ("JPEG", "MPO", HEIF):  # which may bear further ones, for eyes that see in depth
        return 1
    return int(getattr(image, "n_frames", 1))


class Moving:
    """A picture that moves, in memory: every frame, how long each is seen, and how often it begins again.

    No larger than `room`, a width and a height. Raises Refused for too many frames, and whatever decoders raise.
    """

    def __init__(self, image: Image.Image, room: tuple[int, int]) -> None:
        frames = frames_of(image)
        if frames > FRAMES_AT_MOST or frames * image.width * image.height > DECODED_AT_MOST:
            raise Refused("too_many_frames")
        self.format = image.format
        shown = min(1.0, room[0] / image.width, room[1] / image.height)
        factor = min(shown, (KEPT_AT_MOST / (frames * image.width * image.height)) ** 0.5)
        size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
        self.frames: list[Image.Image] = []
        self.durations: list[int] = []
        self.loop = int(image.info.get("loop", 1 if image.format == "GIF" else 0) or 0)
        for number in range(frames):
            image.seek(number)
            frame = image.convert("RGBA")
            if size != frame.size:
                frame = frame.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
            self.frames.append(plain(frame))
            duration = int(image.info.get("duration", 0) or 0)
            self.durations.append(min(duration, 60_000) if duration >= _SHORTEST_FRAME else _USUAL_FRAME)

    def saved(self, form: str, **options: Any) -> tuple[bytes, int, int]:
        """The bytes of all of it, and its width and height."""
        body, first = io.BytesIO(), self.frames[0]
        more = self.frames[1:]
        first.save(body, form, save_all=True, append_images=more, duration=self.durations, loop=self.loop, **options)
        return body.getvalue(), first.width, first.height
