"""A verified activity as its handler sees it: what it says, what it is about, and what that refers to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

from core import entries
from core.database import now
from core.errors import KithError, Rejected
from core.federation import origin, stamps
from core.federation.addresses import is_address, is_ours, same_origin
from core.federation.documents import Document, id_of
from core.federation.normalise import Activity, read_loosely
from core.federation.objects import unknown_references
from core.federation.relevance import is_heard
from core.instance import here
from core.models import Actor, Entry
from core.reading import moment
from core.reading.values import identity

UNKNOWN = "unknown"


class Want(NamedTuple):
    """Something to be fetched before an activity can be acted on."""

    what: Literal["document", "actor", "entry", "sender", "profile"]
    uri: str


class Missing(Exception):
    """The handler has to be called again once these were fetched, which is not done inside a transaction."""

    def __init__(self, wants: list[Want]) -> None:
        super().__init__(f"{len(wants)} to be fetched")
        self.wants = wants


class Later(KithError):
    """What the activity needs cannot be had just now; it is tried again."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of fetching: `later` where trying again may help."""

    document: Document | None = None
    later: bool = False


@dataclass
class Incoming:
    """What a handler is called with, inside a transaction: it must not reach out, `Missing` does that for it.

    A handler answers None once it has acted, `"unknown"` where it knows nothing of what this is about, so that the
    next one is asked, or else why there was nothing to do. It raises KithErrors for what it refuses; Conflict means
    that it is so already.
    """

    activity: Activity
    actor: Actor
    inbox_owner: str | None = None
    received_at: datetime | None = None
    found: dict[Want, Found] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.activity.id

    @property
    def type(self) -> str:
        return self.activity.type

    @property
    def document(self) -> Document:
        return self.activity.document

    @property
    def object_id(self) -> str:
        """What it is about; of a page of ours the entry on it."""
        return identity(self.activity.object_id)

    @property
    def published_at(self) -> datetime | None:
        """When it was done, as the sender says; never in the future."""
        found = moment(self.document.get("published"))
        return min(found, now()) if found else None

    @property
    def inner(self) -> Activity:
        """The activity inside an Undo, Accept or Reject; of one that is only named, the id."""
        embedded = self.activity.object
        found = read_loosely(embedded if embedded is not None else {"id": self.object_id})
        return replace(found, object_id=identity(found.object_id))

    def must_own(self, owner_uri: str) -> None:
        """Raise Rejected unless the sender is this owner."""
        origin.check_target(self.activity, owner_uri)

    def is_of_sender(self, uri: str) -> bool:
        """Whether an address is of the sender's server."""
        return same_origin(uri, self.activity.actor)

    async def object(self) -> Document:
        """The sender's own object, with to and cc: as it is embedded where that counts, else as it was fetched.

        The consent to what it quotes and answers stands on it only where it holds.
        Whoever and whatever it refers to was looked for and is known now, if it is to be had. Raises Rejected, Later.
        """
        document = origin.own_object(self.activity)
        if document is None:
            document = self._fetched_object()
        document = self._addressed(document)
        missing = await unknown_references(document)
        self._expect([Want("entry" if what == "quoted" else what, uri) for what, uri in missing])
        return await self._consented(document)

    async def _consented(self, document: Document) -> Document:
        """With the consent that it claims only where that holds; nobody waits for it longer than once."""
        claims = await stamps.claims_of(document)
        holding = [claim for claim in claims if await stamps.is_known(claim)]
        others = [claim for claim in claims if claim not in holding and not is_ours(claim.stamp_uri)]
        wants = [Want("document", claim.stamp_uri) for claim in others]
        self._expect(wants)
        for claim, want in zip(others, wants, strict=True):
            stamp = self.found[want].document
            if stamp is not None and await stamps.proves(stamp, claim):
                holding.append(claim)
        return stamps.stamped(document, holding)

    def _fetched_object(self) -> Document:
        want = Want("document", self.object_id)
        self._expect([want])
        found = self.found[want]
        if found.later:
            raise Later("The object cannot be fetched just now.")
        if found.document is None:
            raise Rejected("The object is not where its id says it is.")
        origin.check_fetched(found.document, self.object_id, self.activity.actor)
        return found.document

    def _addressed(self, document: Document) -> Document:
        """With the activity's addressees where the object has none; of hidden ones only whose own inbox it came to."""
        addressed = {key: value for key, value in document.items() if key not in ("bto", "bcc")}
        for name in ("to", "cc"):
            if addressed.get(name) is None and self.document.get(name) is not None:
                addressed[name] = self.document[name]
        if self.inbox_owner:
            addressed["bto"] = [here().url(f"/actors/{self.inbox_owner}")]
        return addressed

    async def is_heard(self) -> bool:
        """Whether what the sender names is looked for: strangers have nothing fetched that nobody here asked for."""
        return await is_heard(self.activity.actor)

    async def entry(self, *, fetch: bool = False) -> Entry | None:
        """The entry this is about, if it is known here and not deleted; fetched where asked for. Raises Later."""
        return await self.entry_at(self.object_id, fetch=fetch)

    async def entry_at(self, uri: str, *, fetch: bool = False) -> Entry | None:
        """The entry with this identity; fetched from its own server where asked for. Raises Later."""
        known = await entries.by_uri(uri) if uri else None
        if known is not None or not fetch or not is_address(uri) or is_ours(uri):
            return known
        want = Want("entry", uri)
        self._expect([want])
        if self.found[want].later:
            raise Later("The object cannot be fetched just now.")
        return None

    async def look_at(self, uris: Sequence[str]) -> None:
        """Have these entries fetched, each from its own server, as far as they are to be had; some may not be."""
        self._expect([Want("entry", uri) for uri in uris if is_address(uri) and not is_ours(uri)])

    async def document_at(self, uri: str) -> Document:
        """The document at an address, fetched from there; an empty one where there is none. Raises Later."""
        want = Want("document", uri)
        self._expect([want])
        if self.found[want].later:
            raise Later("The document cannot be fetched just now.")
        return self.found[want].document or {}

    async def refresh_sender(self) -> None:
        """Have stored what the activity, or the sender's server, says of the sender now. Raises Rejected, Later."""
        want = Want("sender", self.activity.actor)
        self._expect([want])
        if self.found[want].later:
            raise Later("The sender cannot be looked at just now.")
        if self.found[want].document is None:
            raise Rejected("What the sender says of itself is not to be believed.")

    async def fresh_actor(self, uri: str) -> Actor | None:
        """An actor as its own server describes it now, or one of ours; None where there is none. Raises Later."""
        if is_ours(uri) or not is_address(uri):
            return await self.person_here(uri)
        want = Want("profile", uri)
        self._expect([want])
        if self.found[want].later:
            raise Later("The actor cannot be looked at just now.")
        if self.found[want].document is None:
            return None
        return await Actor.get_or_none(uri=uri, removed_at__isnull=True)

    async def person_here(self, value: Any) -> Actor | None:
        """The person of this server that is named, if there is one who has not left."""
        uri = id_of(value)
        if not uri or not is_ours(uri):
            return None
        return await Actor.get_or_none(uri=uri, domain="", removed_at__isnull=True)

    def _expect(self, wants: list[Want]) -> None:
        """Raise Missing for what was not looked for yet."""
        missing = [want for want in wants if want not in self.found]
        if missing:
            raise Missing(missing)
