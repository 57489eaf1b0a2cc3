"""Films and sounds, without what they say of their making: shown with ffmpeg, kept as documents without it."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from core.storage import films
from core.testing import Person, TestInstance
from core.testing.people import fields_of, problem_of
from tests.core.storage.uploading import attached, upload, uploaded

needs_ffmpeg = pytest.mark.skipif(not films.has_ffmpeg(), reason="ffmpeg is not installed")
SECRET = b"SECRET"


def filmed(folder: Path, name: str) -> bytes:
    """Two seconds of a test picture and a tone, with a title and a place."""
    path = folder / name
    seen = [] if name.endswith(("mp3", "ogg")) else ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=10"]
    said = ("title=SECRETTITLE", "location=+51.47-000.00/SECRET", "artist=SECRET")
    told = [part for one in said for part in ("-metadata", one)]
    heard = ["-f", "lavfi", "-i", "sine=frequency=300"]
    program = shutil.which("ffmpeg") or ""
    subprocess.run([program, "-v", "error", *seen, *heard, "-t", "2", *told, str(path)], check=True)
    return path.read_bytes()


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, name) + body


def by_hand(handler: bytes = b"vide") -> bytes:
    """The frame of a film that says where it was made."""
    track = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8) + handler + bytes(13))) + box(b"udta", b"SECRETTRACK"))
    told = box(b"udta", box(b"\xa9xyz", b"+51.47SECRET")) + box(b"meta", bytes(4) + b"SECRETMETA")
    head = box(b"ftyp", b"mp42\0\0\0\0mp42isom")
    return head + box(b"moov", track + told) + box(b"uuid", b"SECRETUUID") + box(b"mdat", b"pictures")


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mov"])
async def test_a_film_is_shown_with_a_picture_and_without_what_it_says(
    ann: Person, alpha: TestInstance, tmp_path: Path, name: str
) -> None:
    content = filmed(tmp_path, name)
    assert SECRET in content
    file = await uploaded(ann, content, "a.jpg")
    assert (file["type"], file["width"], file["height"], file["processingStatus"]) == ("video", 160, 120, "ready")
    assert 1.5 < file["metadata"]["seconds"] < 2.5 and file["blurhash"]
    shown = await attached(alpha, file["url"])
    assert SECRET not in shown and len(shown) > 1000
    assert (await attached(alpha, file["thumbnailUrl"]))[8:12] == b"WEBP"
    assert "poster" in file["metadata"]["versions"]


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp3", "a.ogg"])
async def test_a_sound_is_heard_and_says_nothing_else(
    ann: Person, alpha: TestInstance, tmp_path: Path, name: str
) -> None:
    content = filmed(tmp_path, name)
    assert SECRET in content
    file = await uploaded(ann, content)
    assert (file["type"], file["width"], file["thumbnailUrl"]) == ("audio", None, None)
    assert SECRET not in await attached(alpha, file["url"])


@needs_ffmpeg
async def test_what_only_begins_like_a_film_is_refused(ann: Person) -> None:
    assert fields_of(problem_of(await upload(ann, by_hand()), 422)) == ["file"]
    playlist = b"OggS" + b"\n#EXTM3U\nfile:///etc/passwd\n"
    assert fields_of(problem_of(await upload(ann, playlist), 422)) == ["file"]


async def test_without_ffmpeg_a_film_is_a_document_and_still_says_nothing(
    ann: Person, alpha: TestInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    file = await uploaded(ann, by_hand())
    assert (file["type"], file["format"]) == ("document", "video/mp4")
    shown = await attached(alpha, file["url"])
    assert SECRET not in shown and len(shown) == len(by_hand()) and shown.endswith(b"pictures")
    sound = b"ID3\x04\0\0\0\0\0\x0cSECRETARTIST" + b"\xff\xfb\x90\x00" + bytes(400) + b"TAG" + b"SECRET".ljust(125)
    assert SECRET not in await attached(alpha, (await uploaded(ann, sound))["url"])


async def test_without_ffmpeg_nothing_is_taken_that_may_tell_where_it_was_made(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    problem_of(await upload(ann, b"OggS" + bytes(100)), 415)
    assert fields_of(problem_of(await upload(ann, by_hand(b"mebx")), 422)) == ["file"]
    assert fields_of(problem_of(await upload(ann, by_hand()[:70]), 422)) == ["file"]
