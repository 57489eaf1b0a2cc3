"""What uploading pictures costs the process that answers, how soon they are ready, and what others notice of it."""

from __future__ import annotations

import io
import time

import orjson
from PIL import Image, ImageChops

from tests.bench import posting
from tests.bench.bench import Bench, Place
from tests.bench.load import Load, request, run
from tests.bench.seeding import Member
from tests.bench.server import Server

CPU, READY_SECONDS = 150.0, 2.0  # milliseconds of CPU, and seconds
AT_ONCE, MEGABYTES, SLOWER = 50, 300.0, 2.0
THUMBNAIL = 0.5  # milliseconds
SINGLE, THUMBNAILS, READING_SECONDS = 6, 3000, 8.0
BOUNDARY = "a-boundary-that-no-picture-holds"


def uploading(bench: Bench, place: Place, server: Server) -> None:
    """Single pictures of a good camera, fifty at the same moment, and thumbnails as every page shows them."""
    photo = photograph()
    thumbnail = _single(bench, place, server, photo)
    _thumbnails(bench, place, server, thumbnail)
    _many(bench, place, server, photo)


def photograph(width: int = 4000, height: int = 3000) -> bytes:
    """A JPEG with the shapes, colours and noise of a photograph, of twelve megapixels."""
    shapes = Image.effect_noise((width // 8, height // 8), 60).resize((width, height), Image.Resampling.BICUBIC)
    green = ImageChops.add(shapes, Image.effect_noise((width, height), 14), 2)
    light = Image.linear_gradient("L").resize((width, height))
    red = Image.blend(ImageChops.offset(green, 300, 200), light, 0.5)
    body = io.BytesIO()
    Image.merge("RGB", (red, green, Image.blend(ImageChops.invert(green), light, 0.6))).save(body, "JPEG", quality=90)
    return body.getvalue()


def _single(bench: Bench, place: Place, server: Server, photo: bytes) -> str:
    """One after the other; returns the path of a thumbnail."""
    member = place.seeded.members[1]
    headers = {"Authorization": f"Bearer {member.access_token}"}
    once = Load(place.port, [_upload(place, member, photo)], 1, count=1)
    bench.load(server, once)
    costs, times, made = list[float](), list[float](), dict[str, str]()
    for _ in range(SINGLE):
        before, began = server.web_cpu_seconds(), time.perf_counter()
        answered, _milliseconds = bench.load(server, once)
        if set(answered.statuses) != {201}:
            raise RuntimeError(f"an upload was answered {dict(answered.statuses)}: {answered.last[:500]!r}")
        made = orjson.loads(answered.last)["data"]
        while made["processingStatus"] == "processing":
            time.sleep(0.02)
            made = orjson.loads(server.get(f"/api/v1/files/{made['fileId']}", headers)[2])["data"]
        times.append(time.perf_counter() - began)
        costs.append((server.web_cpu_seconds() - before) * 1000)
    size = f"{len(photo) / 1_000_000:.1f} MB"
    bench.note("upload of 12 megapixels, where it is answered", sum(costs) / SINGLE, "ms CPU", CPU, note=size)
    slowest = f"slowest {max(times):.2f} s"
    bench.note("the same, until it is ready", sorted(times)[SINGLE // 2], "s", READY_SECONDS, note=slowest)
    return str(made["thumbnailUrl"]).removeprefix(place.base_url)


def _thumbnails(bench: Bench, place: Place, server: Server, path: str) -> None:
    asked = request("GET", path, host=f"127.0.0.1:{place.port}")
    bench.load(server, Load(place.port, [asked], 4, count=200))
    answered, milliseconds = bench.load(server, Load(place.port, [asked], 4, count=THUMBNAILS))
    if set(answered.statuses) != {200}:
        raise RuntimeError(f"thumbnails were answered {dict(answered.statuses)}")
    bench.note("giving a thumbnail", milliseconds, "ms CPU", THUMBNAIL, note=f"{len(answered.last) / 1000:.0f} KB")


def _many(bench: Bench, place: Place, server: Server, photo: bytes) -> None:
    """Fifty members upload at the same moment, while others read on as they did before."""
    member = place.seeded.members[0]
    headers = {"Authorization": f"Bearer {member.access_token}"}
    feed = request("GET", "/api/v1/feed?scope=home&limit=20", headers, host=f"127.0.0.1:{place.port}")
    readers = Load(place.port, [feed], 2, seconds=READING_SECONDS, pause=0.02)
    bench.load(server, Load(place.port, [feed], 2, seconds=1.0))
    idle = bench.apart.do(run, readers).percentile(0.95)
    members = [place.seeded.members[number % len(place.seeded.members)] for number in range(AT_ONCE)]
    uploads = Load(place.port, [_upload(place, each, photo) for each in members], AT_ONCE, count=AT_ONCE)
    sending, reading = bench.apart.begin(run, uploads), bench.apart.begin(run, readers)
    most = server.web_megabytes()
    while not (sending.done() and reading.done()):
        most = max(most, server.web_megabytes())
        time.sleep(0.02)
    answered, busy = sending.result(), reading.result().percentile(0.95)
    if set(answered.statuses) != {201}:
        raise RuntimeError(f"uploads were answered {dict(answered.statuses)}: {answered.last[:500]!r}")
    slowest = f"slowest answer {answered.latencies[-1]:.1f} s"
    bench.note(f"memory while {AT_ONCE} are uploaded at once", most, "MB", MEGABYTES, note=slowest)
    remarks = f"p95 {idle * 1000:.1f} and {busy * 1000:.1f} ms"
    bench.note("reading meanwhile, to reading alone", busy / idle, "×", SLOWER, note=remarks)
    ready = posting.drained(place)
    bench.note("all of them ready afterwards", ready, "s")


def _upload(place: Place, member: Member, photo: bytes) -> bytes:
    """The request with which somebody uploads a picture."""
    headers = {
        "Authorization": f"Bearer {member.access_token}",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'.encode()
    body = head + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    return request("POST", "/api/v1/files", headers, body, host=f"127.0.0.1:{place.port}")
