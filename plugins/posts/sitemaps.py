"""Sitemaps (sitemaps.org) of people who let search engines have what they post, and of nobody else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape

from quart import Blueprint, Response, request

from core import prepared
from core.asgi import cacheable
from core.database import now, row, rows
from core.errors import NotFound
from core.instance import here
from core.person_forms import stamp

blueprint = Blueprint("posts_sitemaps", __name__)
AT_MOST = 50_000
PREPARED_SECONDS = 600
_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_AGREED = (
    "a.domain = '' AND a.is_indexable AND a.suspended_at IS NULL AND a.removed_at IS NULL AND a.silenced_at IS NULL"
)
_OPEN = f"{_AGREED} AND e.visibility = 'public' AND e.deleted_at IS NULL"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'
_SCHEMA = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@blueprint.get("/sitemap.xml")
async def index() -> Response:
    """Which sitemaps there are: one of people, and one of posts for each month."""
    found = await row(
        "SELECT MIN(e.published_at) AS first FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE e.is_local AND {_OPEN}"
    )
    names = ["people", *_months_since(stamp(found["first"]) if found else None)]
    parts = "".join(f"<sitemap><loc>{here().url(f'/sitemaps/{name}.xml')}</loc></sitemap>" for name in names)
    return _answer(f"<sitemapindex {_SCHEMA}>{parts}</sitemapindex>")


def _months_since(first: str | None) -> list[str]:
    if first is None:
        return []
    year, month, months = int(first[:4]), int(first[5:7]), list[str]()
    while (year, month) <= (now().year, now().month):
        months.append(f"{year:04}-{month:02}")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


@blueprint.get("/sitemaps/<name>.xml")
async def part(name: str) -> Response:
    """The pages of people (`people`), or of what was posted in a month (`2026-11`)."""
    if name == "people":
        people = await rows(f"SELECT a.username FROM core_actor a WHERE {_AGREED} ORDER BY a.id LIMIT {AT_MOST}")
        return _pages([(f"/@{person['username']}", None) for person in people])
    found = _MONTH.fullmatch(name)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1970 <= int(found[1]) <= 9998:
        raise NotFound()
    year, month = int(found[1]), int(found[2])
    posts = await rows(
        "SELECT a.username, e.id, e.published_at, e.edited_at FROM core_entry e JOIN core_actor a"
        f" ON a.id = e.author_id WHERE e.is_local AND {_OPEN} AND e.id >= $1 AND e.id < $2 ORDER BY e.id"
        f" LIMIT {AT_MOST}",
        _first_id(year, month),
        _first_id(*((year + 1, 1) if month == 12 else (year, month + 1))),
    )
    return _pages(
        [(f"/@{post['username']}/{post['id']}", stamp(post["edited_at"] or post["published_at"])) for post in posts]
    )


def _first_id(year: int, month: int) -> str:
    """The lowest id of a month: a UUIDv7 begins with its time in ms (RFC 9562, section 5.7)."""
    milliseconds = f"{int(datetime(year, month, 1, tzinfo=UTC).timestamp() * 1000):012x}"
    return f"{milliseconds[:8]}-{milliseconds[8:]}-7000-8000-000000000000"


def _pages(pages: list[tuple[str, str | None]]) -> Response:
    listed = "".join(
        f"<url><loc>{escape(here().url(path))}</loc>{f'<lastmod>{changed}</lastmod>' if changed else ''}</url>"
        for path, changed in pages
    )
    return _answer(f"<urlset {_SCHEMA}>{listed}</urlset>")


def _answer(body: str) -> Response:
    cacheable(request, PREPARED_SECONDS, prepared.SITEMAPS)
    response = Response(f"{_HEAD}{body}\n", content_type="application/xml; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=600"
    return response
