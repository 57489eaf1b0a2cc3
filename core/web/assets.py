"""Static files under names that carry a hash of their content, so that browsers keep them for a year."""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "/static/"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
_COMPRESSIBLE = {".css", ".js", ".json", ".mjs", ".svg", ".txt", ".webmanifest"}
_FOREVER = "public, max-age=31536000, immutable"
_AN_HOUR = "public, max-age=3600"
_HASHED = re.compile(r"^(?P<stem>.+)\.(?P<digest>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)$")
_IMPORT = re.compile(
    r"""(?P<lead>(?:^|[;}\s])(?:import|export)\b[^;"'()]*?|\bimport\(\s*)(?P<quote>["'])(?P<name>[^"']+)["']"""
)


class MissingAsset(LookupError):
    """A page or a module names a file that is nowhere."""


@dataclass(frozen=True)
class Asset:
    """One file as it goes over the wire."""

    name: str
    url: str
    digest: str
    media_type: str
    body: bytes
    compressed: bytes | None


@dataclass(frozen=True)
class Answer:
    """What the server says to a request for a static file."""

    status: int
    headers: dict[str, str]
    body: bytes


class Assets:
    """The static files of the frame, of the plugins, of npm packages and of the instance.

    A logical name is a path below one of `folders` (`js/kith.js`, `posts/posts.css`) or the name of a package
    (`htmx.org`). The first folder that has the file wins: the instance's own comes first. `stylesheets` and then
    `rules` are joined into the one file `style.css`. `generated` are files made at the start, where no folder has them.
    """

    def __init__(
        self,
        folders: Iterable[Path],
        *,
        packages: Mapping[str, Path] | None = None,
        stylesheets: Iterable[str] = (),
        rules: str = "",
        generated: Mapping[str, bytes] | None = None,
    ) -> None:
        self._folders = [folder for folder in folders if folder.is_dir()]
        self._packages = dict(packages or {})
        self._stylesheets = tuple(stylesheets)
        self._rules = rules
        self._generated = dict(generated or {})
        self._ready: dict[str, Asset] = {}
        self._underway: list[str] = []

    def url(self, name: str) -> str:
        """The address of the file, with its hash; raises MissingAsset."""
        return self.get(name).url

    def get(self, name: str) -> Asset:
        """The file of this logical name, read and hashed at its first use; raises MissingAsset."""
        asset = self._ready.get(name)
        if asset is None:
            asset = self._ready[name] = self._build(name)
        return asset

    def load(self) -> None:
        """Read everything now, so that a module that imports what is not there stops the start, not a page."""
        for folder in self._folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file() and path.suffix in MEDIA_TYPES:
                    self.get(path.relative_to(folder).as_posix())
        for name in self._packages:
            self.get(name)

    def forget(self) -> None:
        """Read the files anew at their next use: after a change of the instance's colours, or while writing them."""
        self._ready.clear()

    def answer(self, path: str, *, accept_encoding: str = "", if_none_match: str = "") -> Answer:
        """Answer a GET for `path`, the part after /static/: 200, 304 or 404, with every header it needs."""
        found = _HASHED.match(path)
        asset = self._served(found["stem"] + found["suffix"]) if found else None
        if asset is not None and found is not None:
            keep = _FOREVER if asset.digest == found["digest"] else "no-cache"
        else:
            asset, keep = self._served(path), _AN_HOUR
        if asset is None:
            return Answer(404, {"Content-Type": MEDIA_TYPES[".txt"], "Cache-Control": "no-store"}, b"Not found\n")
        headers = {
            "Content-Type": asset.media_type,
            "Cache-Control": keep,
            "ETag": f'"{asset.digest}"',
            "Vary": "Accept-Encoding",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if asset.media_type == MEDIA_TYPES[".svg"]:
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        if f'"{asset.digest}"' in if_none_match:
            return Answer(304, headers, b"")
        if asset.compressed is not None and "gzip" in accept_encoding.lower():
            return Answer(200, {**headers, "Content-Encoding": "gzip"}, asset.compressed)
        return Answer(200, headers, asset.body)

    def _served(self, name: str) -> Asset | None:
        package = next((known for known in self._packages if _public_name(known) == name), None)
        try:
            return self.get(package or name)
        except MissingAsset:
            return None

    def _build(self, name: str) -> Asset:
        if name in self._underway:
            raise MissingAsset(f"{name} imports itself, by way of {', '.join(self._underway)}")
        self._underway.append(name)
        try:
            body = self._joined_styles() if name == "style.css" else self._read(name)
            public = _public_name(name) if name in self._packages else name
            stem, suffix = posixpath.splitext(public)
            if suffix in (".js", ".mjs") and name not in self._packages:
                body = self._with_hashed_imports(name, body.decode()).encode()
        finally:
            self._underway.pop()
        digest = hashlib.sha256(body).hexdigest()[:12]
        compressed = gzip.compress(body, 9, mtime=0) if suffix in _COMPRESSIBLE else None
        return Asset(name, f"{PREFIX}{stem}.{digest}{suffix}", digest, MEDIA_TYPES[suffix], body, compressed)

    def _read(self, name: str) -> bytes:
        if name in self._packages:
            path = self._packages[name]
            if not path.is_file():
                raise MissingAsset(f"the browser package {name} is not installed: run `make setup`")
            return path.read_bytes()
        parts = name.split("/")
        plain = not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)
        if plain and posixpath.splitext(name)[1] in MEDIA_TYPES:
            for folder in self._folders:
                path = folder.joinpath(*parts)
                if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                    return path.read_bytes()
            if name in self._generated:
                return self._generated[name]
        raise MissingAsset(f"there is no static file {name!r}")

    def _joined_styles(self) -> bytes:
        parts = [self._read(name).decode() for name in self._stylesheets]
        return "\n".join(_without_comments(part) for part in [*parts, self._rules]).encode()

    def _with_hashed_imports(self, name: str, source: str) -> str:
        """Rewrite `from "./toast.js"` and `from "htmx.org"` to hashed addresses: no import map, so no inline script."""

        def hashed(found: re.Match[str]) -> str:
            wanted = found["name"]
            if wanted.startswith("."):
                wanted = posixpath.normpath(posixpath.join(posixpath.dirname(name), wanted))
            return f"{found['lead']}{found['quote']}{self.url(wanted)}{found['quote']}"

        return _IMPORT.sub(hashed, source)


def _public_name(package: str) -> str:
    return f"npm/{package.replace('/', '-')}.js"


def _without_comments(css: str) -> str:
    """CSS without comments and indentation: half the bytes, still readable."""
    bare = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    return "\n".join(line for line in (line.strip() for line in bare.splitlines()) if line)
