"""A store that lists unfinished uploads one on each page, and notes which of them it is asked to end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

Begun = tuple[str, str, datetime]


class ListOfUploads:
    """`ended` has path and upload id of each that was to be ended; `says` is said in place of any list."""

    def __init__(self, begun: Sequence[Begun]) -> None:
        self._begun, self.url = begun, ""
        self.ended: list[tuple[str, str]] = []
        self.says = b""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _version = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[0].split(" ")
        parts, status, body = urlsplit(target), "200 OK", b""
        query = parse_qs(parts.query, keep_blank_values=True)
        if method == "DELETE":
            self.ended.append((parts.path, query["uploadId"][0]))
            status = "204 No Content"
        else:
            body = self.says or self._page(query.get("upload-id-marker", [""])[0])
        length = "" if method == "DELETE" else f"Content-Length: {len(body)}\r\n"
        writer.write(f"HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    def _page(self, after: str) -> bytes:
        ids = ["", *(upload_id for _name, upload_id, _moment in self._begun)]
        place = ids.index(after)
        name, upload_id, moment = self._begun[place]
        more = "true" if place + 1 < len(self._begun) else "false"
        said = (
            f"<Key>{name}</Key><UploadId>{upload_id}</UploadId><Initiated>{moment:%Y-%m-%dT%H:%M:%S.000Z}</Initiated>"
        )
        return (
            '<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{more}</IsTruncated><NextKeyMarker>{name}</NextKeyMarker>"
            f"<NextUploadIdMarker>{upload_id}</NextUploadIdMarker><Upload>{said}</Upload></ListMultipartUploadsResult>"
        ).encode()


@asynccontextmanager
async def list_of_uploads(begun: Sequence[Begun]) -> AsyncIterator[ListOfUploads]:
    """A store with these uploads: name, id, and when each was begun."""
    store = ListOfUploads(begun)
    server = await asyncio.start_server(store.answer, "127.0.0.1", 0)
    store.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield store
