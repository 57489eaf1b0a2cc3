"""What a page weighs: the HTML of a timeline, and what it has a browser load."""

from __future__ import annotations

import gzip
import re
from urllib.parse import urljoin, urlsplit

from tests.bench.bench import Bench, Place
from tests.bench.server import Server

HTML, HTML_PACKED, CSS_PACKED, JS_PACKED, REQUESTS = 60.0, 12.0, 25.0, 45.0, 12
_LINKED = re.compile(rb'<(?:script|link)\b[^>]*?\b(?:src|href)="(/[^"]+)"[^>]*>')
_IMPORTED = re.compile(rb"""(?:^|[;}\s])(?:import|export)\b[^;"'()]*?["']([^"']+)["']""")
_NO_FILES = (b'rel="canonical"', b'rel="alternate"', b'rel="prefetch"')


def weights(bench: Bench, place: Place, server: Server) -> None:
    """The first visit of somebody signed in: their home, its style sheet, its scripts and what those import."""
    cookie = {"Cookie": f"kith_session={place.seeded.members[0].cookie}", "Accept": "text/html"}
    html = server.get("/", cookie)[2]
    bench.note("HTML of home, 20 posts", len(html) / 1000, "KB", HTML)
    bench.note("the same, compressed", len(gzip.compress(html, 6)) / 1000, "KB", HTML_PACKED)
    files = _files(server, html)
    for what, ending, target in (("style sheets", ".css", CSS_PACKED), ("scripts", ".js", JS_PACKED)):
        packed = sum(len(gzip.compress(body, 6)) for path, body in files.items() if path.endswith(ending))
        bench.note(f"{what}, compressed", packed / 1000, "KB", target)
    bench.note("requests of a first visit", 1 + len(files), "", REQUESTS)


def _files(server: Server, html: bytes) -> dict[str, bytes]:
    """Each file of ours that the page loads, by its path."""
    found: dict[str, bytes] = {}
    waiting = [link[1].decode() for link in _LINKED.finditer(html) if not any(mark in link[0] for mark in _NO_FILES)]
    while waiting:
        path = waiting.pop()
        if path not in found and not urlsplit(path).netloc:
            found[path] = server.get(path)[2]
            if path.endswith((".js", ".mjs")):
                waiting += [
                    urljoin(path, name.decode()) for name in _IMPORTED.findall(found[path]) if name[:1] in b"./"
                ]
    return found
