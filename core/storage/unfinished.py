"""Large files go up to a bucket in parts; what a process that died had sent of one stays there, unseen and paid for.

What speaks to buckets for us neither lists such uploads nor ends them, so this asks the store itself: two calls of the
S3 API (ListMultipartUploads, AbortMultipartUpload), signed as AWS Signature Version 4 says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

import httpx

from core.errors import Unavailable
from core.settings import Storage as Settings

SECONDS = 15.0
PAGES_AT_MOST = 1000
_NOTHING = hashlib.sha256(b"").hexdigest()


class Upload(NamedTuple):
    """An upload under way: of a file of this name, by the store's id for it."""

    name: str
    id: str
    begun_at: datetime


class Unfinished:
    """The unfinished uploads of a bucket; only where settings have the keys, for others are not ours to sign with."""

    def __init__(self, settings: Settings) -> None:
        self.is_possible = bool(settings.access_key and settings.secret_key)
        self._key, self._secret, self._region = settings.access_key, settings.secret_key, settings.region
        endpoint = settings.endpoint.rstrip("/")
        own = f"https://{settings.bucket}.s3.{settings.region}.amazonaws.com"
        self._base = f"{endpoint}/{settings.bucket}" if endpoint else own

    async def begun_before(self, moment: datetime) -> AsyncIterator[Upload]:
        """What was begun before then and neither finished nor ended. Raises Unavailable."""
        marks: dict[str, str] = {}
        for _page in range(PAGES_AT_MOST):
            answer = await self._ask("GET", "", {"uploads": "", **marks}, 200)
            try:
                listed = ElementTree.fromstring(answer)  # noqa: S314 – of the admin's own store
                found = [_upload(one) for one in listed.iterfind("{*}Upload")]
            except (ElementTree.ParseError, ValueError) as error:
                raise Unavailable(30, "The store answers with something else than a list of uploads.") from error
            for one in found:
                if one.begun_at < moment:
                    yield one
            if _text(listed, "IsTruncated") != "true":
                return
            names = {"key-marker": "NextKeyMarker", "upload-id-marker": "NextUploadIdMarker"}
            marks = {mark: _text(listed, name) for mark, name in names.items()}

    async def end(self, upload: Upload) -> None:
        """Have the store forget it; nothing happens where it is gone. Raises Unavailable."""
        await self._ask("DELETE", f"/{upload.name}", {"uploadId": upload.id}, 204, 200, 404)

    async def _ask(self, method: str, path: str, query: Mapping[str, str], *expected: int) -> bytes:
        asked = "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in sorted(query.items()))
        url = f"{self._base}{quote(path)}?{asked}"
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                answer = await client.request(method, url, headers=self._signed(method, url))
        except httpx.HTTPError as error:
            raise Unavailable(30, "The store does not answer.") from error
        if answer.status_code not in expected:
            raise Unavailable(30, f"The store does not let unfinished uploads be ended: {answer.status_code}.")
        return answer.content

    def _signed(self, method: str, url: str) -> dict[str, str]:
        """The headers that say who asks (AWS Signature Version 4, with headers); for requests without a body."""
        moment, parts = datetime.now(UTC), urlsplit(url)
        stamp, scope = moment.strftime("%Y%m%dT%H%M%SZ"), f"{moment:%Y%m%d}/{self._region}/s3/aws4_request"
        headers = {"host": parts.netloc, "x-amz-content-sha256": _NOTHING, "x-amz-date": stamp}
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        named = ";".join(headers)
        request = "\n".join((method, parts.path or "/", parts.query, lines, named, _NOTHING))
        told = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
        key = f"AWS4{self._secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, told.encode(), "sha256").hex()
        proof = f"AWS4-HMAC-SHA256 Credential={self._key}/{scope}, SignedHeaders={named}, Signature={signature}"
        return {**headers, "authorization": proof}


def _upload(one: ElementTree.Element) -> Upload:
    begun_at = datetime.fromisoformat(_text(one, "Initiated").replace("Z", "+00:00"))
    begun_at = begun_at if begun_at.tzinfo else begun_at.replace(tzinfo=UTC)
    return Upload(_text(one, "Key"), _text(one, "UploadId"), begun_at)


def _text(parent: ElementTree.Element, name: str) -> str:
    return parent.findtext(f"{{*}}{name}") or ""
