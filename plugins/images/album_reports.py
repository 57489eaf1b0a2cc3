"""Albums and collections can be reported, by people here and by other servers."""

from __future__ import annotations

from core.audience import Viewer
from core.errors import NotFound
from core.instance import here
from core.reportable import Reportable
from plugins.images import albums
from plugins.images.models import Album


async def reportable(viewer: Viewer, kind: str, name: str) -> Reportable | None:
    """An album by its id, or by its identity on the network where its kind is not said. Raises NotFound."""
    if kind not in ("", *albums.KINDS):
        return None
    if kind:
        return _told(await albums.album(viewer, name))
    known = await Album.get_or_none(uri=name)
    try:
        return _told(await albums.album(viewer, known.id if known else name.removeprefix(here().url("/albums/"))))
    except NotFound:
        return None


def _told(found: albums.Row) -> Reportable:
    path = f"/albums/{found['album_id']}"
    uri = found["album_uri"] or here().url(path)
    return Reportable(found["album_kind"], str(found["album_id"]), str(found["id"]), found["title"], uri, path)
