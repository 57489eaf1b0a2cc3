"""Reads the document of a foreign actor: every field checked, bounded and cleaned, nothing fetched or stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.database import now
from core.emoji import EmojiDraft, named_in, texts_of
from core.federation.addresses import host_of, is_address, same_origin
from core.federation.documents import ACTOR_TYPES, Document, as_list, first_known_type, id_of
from core.federation.keys import BadKey, decode_multikey, load_public, public_pem
from core.federation.webfinger import Handle, is_name, read_handle
from core.fetch import Refused
from core.html import clean
from core.reading.emojis import emojis_of
from core.reading.permissions import may_be_featured
from core.text import shown_name, without_controls

NAME_AT_MOST = 2048
SUMMARY_AT_MOST = 20_000
FIELDS_AT_MOST = 50
FIELD_NAME_AT_MOST = 255
FIELD_VALUE_AT_MOST = 2047
ALIASES_AT_MOST = 20
KEYS_AT_MOST = 10


@dataclass(frozen=True)
class ForeignKey:
    """A public key that an actor's document lists as the actor's own."""

    uri: str
    kind: str
    pem: str


@dataclass(frozen=True)
class ForeignProfile:
    """What a document says about an actor; `columns` are those of core_actor but for who they are."""

    uri: str
    handle: Handle
    stated_handle: Handle | None
    columns: dict[str, Any]
    created_at: datetime | None
    emojis: list[EmojiDraft] = field(default_factory=list)
    keys: list[ForeignKey] = field(default_factory=list)
    key_addresses: list[str] = field(default_factory=list)


def read_actor(document: Document) -> ForeignProfile:
    """What an actor's document says (section 2). Raises Refused where it is none, or lacks what it must have.

    What may be absent and is malformed counts as absent; what is too long is cut.
    """
    uri = document.get("id")
    if not isinstance(uri, str) or not is_address(uri) or "#" in uri:
        raise Refused("the actor's id is no http address")
    foreign_type = first_known_type(document, ACTOR_TYPES)
    if not foreign_type:
        raise Refused("the document is no actor")
    name = document.get("preferredUsername")
    if not isinstance(name, str) or not is_name(name):
        raise Refused("the actor's preferredUsername is missing or malformed")
    inbox = _own_address(uri, document.get("inbox"))
    if not inbox:
        raise Refused("the actor has no inbox on its own server")
    keys, key_addresses = _keys(uri, document)
    endpoints = document.get("endpoints")
    columns = {
        "type": ACTOR_TYPES[foreign_type],
        "name": shown_name(_text(document.get("name"), NAME_AT_MOST), name),
        "summary": _html(document.get("summary"), SUMMARY_AT_MOST),
        "url": _page(uri, document.get("url")),
        "avatar_url": _image(document.get("icon")),
        "cover_url": _image(document.get("image")),
        "profile_fields": list(_fields(document.get("attachment"))),
        "inbox_url": inbox,
        "shared_inbox_url": _own_address(uri, endpoints.get("sharedInbox") if isinstance(endpoints, dict) else None),
        "outbox_url": _own_address(uri, document.get("outbox")),
        "followers_url": _own_address(uri, document.get("followers")),
        "following_url": _own_address(uri, document.get("following")),
        "featured_url": _own_address(uri, document.get("featured")),
        "also_known_as": _aliases(document.get("alsoKnownAs")),
        "moved_to_uri": _address(document.get("movedTo")),
        "is_locked": document.get("manuallyApprovesFollowers") is True,
        "is_discoverable": document.get("discoverable") is True,
        "is_indexable": document.get("indexable") is True,
        "is_gatherable": may_be_featured(document),
    }
    return ForeignProfile(
        uri=uri,
        handle=Handle(name, host_of(uri)),
        stated_handle=_stated_handle(document.get("webfinger")),
        columns=columns,
        created_at=_moment(document.get("published")),
        emojis=_emojis(document, columns),
        keys=keys,
        key_addresses=key_addresses,
    )


def _keys(uri: str, document: Document) -> tuple[list[ForeignKey], list[str]]:
    """The keys that are listed, and the addresses of those that are only named; ten of each kind are looked at."""
    keys: dict[str, ForeignKey] = {}
    addresses = []
    for listed in as_list(document.get("publicKey"))[:KEYS_AT_MOST]:
        if isinstance(listed, str):
            if same_origin(uri, listed):
                addresses.append(listed)
        elif key := read_key(listed, uri):
            keys.setdefault(key.uri, key)
    for listed in as_list(document.get("assertionMethod"))[:KEYS_AT_MOST]:
        if key := _multikey(listed, uri):
            keys.setdefault(key.uri, key)
    return list(keys.values())[:KEYS_AT_MOST], addresses


def read_key(listed: object, owner: str) -> ForeignKey | None:
    """A `publicKey` that says it is the owner's, on the owner's server; None for anything else."""
    if not isinstance(listed, dict) or id_of(listed.get("owner")) != owner:
        return None
    key_id, pem = listed.get("id"), listed.get("publicKeyPem")
    if not isinstance(key_id, str) or not isinstance(pem, str) or not same_origin(owner, key_id):
        return None
    try:
        public = load_public(pem)
    except BadKey:
        return None
    written = public_pem(public)
    return ForeignKey(key_id, "ed25519" if "RSA" not in type(public).__name__ else "rsa", written)


def _multikey(listed: object, owner: str) -> ForeignKey | None:
    """A Multikey with an Ed25519 key (FEP-521a)."""
    if not isinstance(listed, dict) or id_of(listed.get("controller")) != owner:
        return None
    key_id, text = listed.get("id"), listed.get("publicKeyMultibase")
    if not isinstance(key_id, str) or not isinstance(text, str) or not same_origin(owner, key_id):
        return None
    try:
        return ForeignKey(key_id, "ed25519", public_pem(decode_multikey(text)))
    except BadKey:
        return None


def _stated_handle(value: object) -> Handle | None:
    """What the actor calls its own handle (FEP-2c59)."""
    if not isinstance(value, str):
        return None
    try:
        return read_handle(value)
    except Refused:
        return None


def _text(value: object, at_most: int) -> str:
    return " ".join(without_controls(value[: 2 * at_most]).split())[:at_most] if isinstance(value, str) else ""


def _html(value: object, at_most: int) -> str:
    return clean(value[:at_most]) if isinstance(value, str) else ""


def _address(value: object) -> str:
    found = id_of(value)
    return found if is_address(found) else ""


def _own_address(uri: str, value: object) -> str:
    """An address on the actor's own server; whatever lies elsewhere is not theirs to name."""
    found = id_of(value)
    return found if found and same_origin(uri, found) else ""


def _links(value: object) -> Iterator[tuple[str, str]]:
    """Media type and address of each link or picture in a value."""
    for one in as_list(value)[:ALIASES_AT_MOST]:
        if isinstance(one, str):
            yield "", one
        elif isinstance(one, dict):
            media_type = one.get("mediaType")
            for key in ("href", "url"):
                inner = one.get(key)
                if isinstance(inner, str):
                    yield media_type if isinstance(media_type, str) else "", inner
                elif inner is not None:
                    yield from ((found_type, found) for found_type, found in _flat_links(inner))


def _flat_links(value: object) -> Iterator[tuple[str, str]]:
    for one in as_list(value)[:ALIASES_AT_MOST]:
        href = one.get("href") if isinstance(one, dict) else one
        if isinstance(href, str):
            media_type = one.get("mediaType") if isinstance(one, dict) else ""
            yield media_type if isinstance(media_type, str) else "", href


def _page(uri: str, value: object) -> str:
    """The page of an actor on its own server: the link that says it is HTML, else the first."""
    found = [(media_type, url) for media_type, url in _links(value) if same_origin(uri, url)]
    pages = [url for media_type, url in found if media_type == "text/html"] + [url for _, url in found]
    return pages[0] if pages else uri


def _image(value: object) -> str:
    return next((url for _, url in _links(value) if is_address(url)), "")


def _fields(value: object) -> Iterator[dict[str, Any]]:
    properties = [one for one in as_list(value) if isinstance(one, dict) and one.get("type") == "PropertyValue"]
    for one in properties[:FIELDS_AT_MOST]:
        name = _text(one.get("name"), FIELD_NAME_AT_MOST)
        if name:
            yield {"name": name, "value": _html(one.get("value"), FIELD_VALUE_AT_MOST), "verifiedAt": None}


def _emojis(document: Document, columns: dict[str, Any]) -> list[EmojiDraft]:
    """The small pictures in what it says of itself; others are of no use."""
    named = set(named_in(*texts_of(columns["name"], columns["summary"], columns["profile_fields"])))
    return [one for one in emojis_of(document) if one.shortcode in named]


def _aliases(value: object) -> list[str]:
    found = (_address(one) for one in as_list(value)[:ALIASES_AT_MOST])
    return [address for address in dict.fromkeys(found) if address]


def _moment(value: object) -> datetime | None:
    """A time that has come already."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if moment.year > 1970 and moment <= now() else None
