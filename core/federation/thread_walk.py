"""Finds what other servers know of one conversation, and stores what belongs to it.

The owner of the conversation may list it whole (`context`); else each post of another server lists its answers
(`replies`). Lists are only believed to name things: each is fetched from where it belongs, and stored only where it
answers something of this conversation.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress

import structlog

from core import entries, live_feed
from core.audience import OPEN
from core.database import rows
from core.entries import Document
from core.federation.addresses import host_of, is_address, is_ours, same_origin
from core.federation.collections import read_collection
from core.federation.documents import as_list, id_of, is_public
from core.federation.fetching import NotThere, fetch_document
from core.federation.objects import DEEPEST_THREAD, fetch_entry, receive_object
from core.fetch import FetchError, Refused
from core.models import Entry
from core.reading.drafts import answered_address
from core.threads import attach

log = structlog.get_logger(__name__)
POSTS_AT_MOST = 1000
PAGES_AT_MOST = 500
PAGES_OF_ONE_POST = 50
AT_A_HOST = 400  # posts asked for
FAILURES_AT_A_HOST = 3  # then it is left in peace
TOGETHER = 8
TOGETHER_AT_A_HOST = 2


class Walk:
    """One look at a conversation; `found` counts what was stored, `asked` the posts that were fetched."""

    def __init__(self, root: Entry) -> None:
        self.root = root
        self.found = self.asked = 0
        self._pages = PAGES_AT_MOST
        self._ids: dict[str, str] = {}  # of all that belongs to it, by address
        self._parents: dict[str, str] = {}
        self._seen: set[str] = set()
        self._replies: dict[str, object] = {}
        self._early: dict[str, list[Document]] = {}  # what came before what it answers, by the address of that
        self._orphans: dict[str, list[Entry]] = {}
        self._at_host: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._places: dict[str, asyncio.Semaphore] = {}

    async def go(self) -> None:
        """Store what can be found within the limits."""
        with entries.quietly():
            await self._climb()
            await self._load()
            if not await self._read_context():
                await self._read_replies()

    async def _climb(self) -> None:
        """Find out where the conversation began, if what is known here answers something."""
        for _ in range(DEEPEST_THREAD):
            uri = self.root.reply_to_uri
            if not uri or is_ours(uri) or self.root.is_local:
                return
            with suppress(FetchError):
                parent = await fetch_entry(uri)
                if parent is not None and await attach(self.root, parent):
                    self.root = await Entry.get(id=parent.root_id or parent.id)
                    continue
            return

    async def _load(self) -> None:
        for one in await rows(
            "SELECT id, uri, reply_to_uri FROM core_entry WHERE (id = $1 OR root_id = $1)"
            " AND deleted_at IS NULL ORDER BY id",
            self.root.id,
        ):
            self._ids[one["uri"]] = one["id"]
            self._parents[one["uri"]] = one["reply_to_uri"]

    # -- Where the names come from ---------------------------------------------
    async def _read_context(self) -> bool:
        """Whether the server where it began lists all of it (FEP-7888); what it lists is taken."""
        context = self.root.context_uri
        if not is_address(context) or is_ours(context) or not same_origin(context, self.root.uri):
            return False
        named = await self._named(context, self.root.uri, self._pages)
        await self._take(named)
        return bool(named)

    async def _read_replies(self) -> None:
        """Ask each post of another server for its answers, from the top down, and those for theirs."""
        waiting = deque(uri for uri in self._ids if not is_ours(uri))
        while waiting:
            together = [waiting.popleft() for _ in range(min(TOGETHER, len(waiting)))]
            await self._fetch_all(together)
            for uri in together:
                replies = self._replies.pop(uri, None)
                if replies and same_origin(uri, id_of(replies) or uri):
                    waiting += await self._take(await self._named(replies, uri, PAGES_OF_ONE_POST))

    async def _named(self, source: object, owner: str, pages: int) -> list[str]:
        """The addresses in a collection, as far as it can be read."""
        found: list[str] = []
        pages = min(pages, self._pages)
        if pages <= 0:
            return found
        try:
            async for item in read_collection(
                source, pages=pages, items=POSTS_AT_MOST, owner=owner, turned=self._turn_page
            ):
                uri = id_of(item).partition("#")[0]
                if is_address(uri) and not is_ours(uri):
                    found.append(uri)
        except FetchError as failure:
            log.info("collection_not_read", reason=failure.reason)
        return list(dict.fromkeys(found))

    def _turn_page(self) -> None:
        self._pages -= 1

    # -- What becomes of them --------------------------------------------------
    async def _take(self, uris: Sequence[str]) -> list[str]:
        """Fetch what is not known of these and store what belongs here; the addresses of what is new."""
        added: list[str] = []
        wanted = deque(uri for uri in uris if uri not in self._ids)
        while wanted:
            together = [wanted.popleft() for _ in range(min(TOGETHER, len(wanted)))]
            missing = []
            for uri in together:
                known = await entries.by_uri(uri)
                if known is None:
                    missing.append(uri)
                elif known.reply_to_id is None and known.reply_to_uri:
                    wanted += await self._join(known, added)
            for document in await self._fetch_all(missing):
                parent = answered_address(document)
                if parent in self._ids:
                    await self._store_all([document], added)
                elif parent and not is_ours(parent):  # what that answers may belong here
                    self._early.setdefault(parent, []).append(document)
                    wanted.append(parent)
        return added

    async def _join(self, known: Entry, added: list[str]) -> list[str]:
        """Place what is known already and had no place; what has to be found before, if that is not known yet."""
        parent_id = self._ids.get(known.reply_to_uri)
        if parent_id is None:
            is_new = known.reply_to_uri not in self._orphans
            self._orphans.setdefault(known.reply_to_uri, []).append(known)
            return [known.reply_to_uri] if is_new else []
        if await attach(known, await Entry.get(id=parent_id)):
            await self._place(known, added)
            await self._store_all(self._early.pop(known.uri, []), added)
        return []

    async def _store_all(self, documents: list[Document], added: list[str]) -> None:
        left = deque(documents)
        while left:
            document = left.popleft()
            if not any(map(is_public, [*as_list(document.get("to")), *as_list(document.get("cc"))])):
                continue
            try:
                # As deep in a thread: what it answers is known, and whom it names is not looked for.
                entry = await receive_object(document, thread=(self.root.uri,))
            except FetchError as failure:
                log.info("reply_not_stored", reason=failure.reason)
                continue
            # What waits for an author here has its place once they agree.
            if entry is not None and entry.root_id == self.root.id and entry.visibility in OPEN:
                self.found += 1
                await self._place(entry, added)
                left += self._early.pop(entry.uri, [])
                for orphan in self._orphans.pop(entry.uri, []):
                    await self._join(orphan, added)

    async def _place(self, entry: Entry, added: list[str]) -> None:
        self._ids[entry.uri], self._parents[entry.uri] = entry.id, entry.reply_to_uri
        added.append(entry.uri)
        await live_feed.announce(entry.id, channels=map(live_feed.of_entry, self._above(entry.uri)))

    def _above(self, uri: str) -> list[str]:
        """The ids of all that an entry answers, up to the beginning."""
        found: list[str] = []
        while (uri := self._parents.get(uri, "")) in self._ids and len(found) < DEEPEST_THREAD:
            found.append(self._ids[uri])
        return found

    # -- Asking other servers --------------------------------------------------
    async def _fetch_all(self, uris: Sequence[str]) -> list[Document]:
        """These posts as their own servers have them, each once, as far as they are to be had and may be asked for."""
        found = await asyncio.gather(*(self._fetch(uri) for uri in uris if uri not in self._seen))
        return [document for document in found if document is not None]

    async def _fetch(self, uri: str) -> Document | None:
        self._seen.add(uri)
        host = host_of(uri)
        async with self._places.setdefault(host, asyncio.Semaphore(TOGETHER_AT_A_HOST)):
            is_patient = self._at_host[host] < AT_A_HOST and self._failures[host] < FAILURES_AT_A_HOST
            if not is_patient or self.asked >= POSTS_AT_MOST:
                return None
            self.asked += 1
            self._at_host[host] += 1
            try:
                document = await fetch_document(uri)
            except (NotThere, Refused):
                return None
            except FetchError:
                self._failures[host] += 1
                return None
        self._seen.add(id_of(document))  # another address than the one that led there
        self._replies[id_of(document)] = document.get("replies")
        return document
