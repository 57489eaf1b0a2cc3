"""ActivityStreams documents: which words are understood, how values are read, what an actor of ours looks like."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from quart import Request, Response

from core import emoji
from core.accounts.profile_pictures import Shown, shown_pictures
from core.federation import negotiation
from core.federation.own_keys import OwnKeys, own_keys
from core.models import Actor
from core.outbound import stamp
from core.reading.values import PUBLIC, PUBLIC_ALIASES, as_list, first_known_type, id_of, is_public
from core.storage.backends import SUFFIXES

__all__ = [
    "ACTIVITY_JSON",
    "ACTIVITY_STREAMS",
    "ACTOR_CONTEXT",
    "ACTOR_TYPES",
    "CONTEXT",
    "PUBLIC",
    "PUBLIC_ALIASES",
    "SECURITY",
    "Document",
    "activity_response",
    "actor_document",
    "as_list",
    "first_known_type",
    "guessed_image_type",
    "id_of",
    "is_public",
    "stamp",
    "tombstone",
    "wants_document",
    "wants_page",
]

Document = dict[str, Any]

ACTIVITY_STREAMS = "https://www.w3.org/ns/activitystreams"
ACTIVITY_JSON = "application/activity+json"
SECURITY = "https://w3id.org/security/v1"
ACTOR_TYPES = {
    "Person": "person",
    "Service": "service",
    "Application": "application",
    "Group": "group",
    "Organization": "organization",
}
_WRITTEN_TYPES = {ours: theirs for theirs, ours in ACTOR_TYPES.items()}

_MASTODON = {"toot": "http://joinmastodon.org/ns#"}
# Words of servers like this one (FEDERATION.md); what they mean to us, nobody else has to know.
_KITH = {
    "kith": "urn:kith:ns:",
    "wantsBack": "kith:wantsBack",
    "visibleTo": "kith:visibleTo",
    "gathers": "kith:gathers",
}
_SCHEMA = {"schema": "http://schema.org#"}
# What https://www.w3.org/ns/cid/v1 says of these, spelled out: some peers load no context they do not know (FEP-521a).
_MULTIKEY = {
    "sec": "https://w3id.org/security#",
    "Multikey": "sec:Multikey",
    "assertionMethod": {"@id": "sec:assertionMethod", "@type": "@id", "@container": "@set"},
    "controller": {"@id": "sec:controller", "@type": "@id"},
    "publicKeyMultibase": {"@id": "sec:publicKeyMultibase", "@type": "sec:multibase"},
}
# The same of https://w3id.org/security/data-integrity/v2 (FEP-8b32).
_PROOFS = {
    "DataIntegrityProof": "sec:DataIntegrityProof",
    "proof": {"@id": "sec:proof", "@type": "@id", "@container": "@graph"},
    "created": {"@id": "http://purl.org/dc/terms/created", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"},
    "cryptosuite": {"@id": "sec:cryptosuite", "@type": "sec:cryptosuiteString"},
    "proofPurpose": {"@id": "sec:proofPurpose", "@type": "@vocab"},
    "proofValue": {"@id": "sec:proofValue", "@type": "sec:multibase"},
    "verificationMethod": {"@id": "sec:verificationMethod", "@type": "@id"},
}
_POLICIES = {
    "gts": "https://gotosocial.org/ns#",
    "interactionPolicy": {"@id": "gts:interactionPolicy", "@type": "@id"},
    "automaticApproval": {"@id": "gts:automaticApproval", "@type": "@id"},
}
# Activities and objects.
CONTEXT: list[Any] = [
    ACTIVITY_STREAMS,
    {
        **_MASTODON,
        "sensitive": "as:sensitive",
        "Hashtag": "as:Hashtag",
        "Emoji": "toot:Emoji",
        "blurhash": "toot:blurhash",
        "focalPoint": {"@container": "@list", "@id": "toot:focalPoint"},
        "votersCount": "toot:votersCount",
        "ostatus": "http://ostatus.org#",
        "conversation": "ostatus:conversation",
        "litepub": "http://litepub.social/ns#",
        "directMessage": "litepub:directMessage",
        **_POLICIES,
        "canQuote": {"@id": "gts:canQuote", "@type": "@id"},
        "canReply": {"@id": "gts:canReply", "@type": "@id"},
        "canLike": {"@id": "gts:canLike", "@type": "@id"},
        "canAnnounce": {"@id": "gts:canAnnounce", "@type": "@id"},
        "manualApproval": {"@id": "gts:manualApproval", "@type": "@id"},
        "always": {"@id": "gts:always", "@type": "@id"},
        "approvalRequired": {"@id": "gts:approvalRequired", "@type": "@id"},
        "quote": {"@id": "https://w3id.org/fep/044f#quote", "@type": "@id"},
        "quoteAuthorization": {"@id": "https://w3id.org/fep/044f#quoteAuthorization", "@type": "@id"},
        "replyAuthorization": {"@id": "gts:replyAuthorization", "@type": "@id"},
        "approvedBy": {"@id": "gts:approvedBy", "@type": "@id"},
        "ReplyRequest": "gts:ReplyRequest",
        "ReplyAuthorization": "gts:ReplyAuthorization",
        "QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest",
        "QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization",
        "interactingObject": {"@id": "gts:interactingObject", "@type": "@id"},
        "interactionTarget": {"@id": "gts:interactionTarget", "@type": "@id"},
        "fedibird": "http://fedibird.com/ns#",
        "quoteUri": "fedibird:quoteUri",
        "quoteUrl": "as:quoteUrl",
        "misskey": "https://misskey-hub.net/ns#",
        "_misskey_quote": "misskey:_misskey_quote",
        "_misskey_reaction": "misskey:_misskey_reaction",
        "EmojiReact": "litepub:EmojiReact",
        **_KITH,
        "sec": _MULTIKEY["sec"],
        **_PROOFS,
    },
]
ACTOR_CONTEXT: list[Any] = [
    ACTIVITY_STREAMS,
    SECURITY,
    {
        **_MASTODON,
        **_SCHEMA,
        **_MULTIKEY,
        **_PROOFS,
        "Emoji": "toot:Emoji",
        "manuallyApprovesFollowers": "as:manuallyApprovesFollowers",
        "featured": {"@id": "toot:featured", "@type": "@id"},
        "discoverable": "toot:discoverable",
        "indexable": "toot:indexable",
        "suspended": "toot:suspended",
        "alsoKnownAs": {"@id": "as:alsoKnownAs", "@type": "@id"},
        "movedTo": {"@id": "as:movedTo", "@type": "@id"},
        "PropertyValue": "schema:PropertyValue",
        "value": "schema:value",
        **_POLICIES,
        "canFeature": {"@id": "https://w3id.org/fep/7aa9#canFeature", "@type": "@id"},
        "webfinger": "https://purl.archive.org/socialweb/webfinger#webfinger",
        "implements": {"@id": "https://w3id.org/fep/844e/implements", "@type": "@id"},
    },
]
_NO_WORDS = "<p></p>"  # Pixelfed takes no change of a profile whose summary is empty, and everybody shows nothing of it
_PROPERTIES = {"avatar": "icon", "cover": "image"}
_RFC9421 = "https://datatracker.ietf.org/doc/html/rfc9421"


def wants_document(request: Request) -> bool:
    """Whether whoever asks for a page would rather have its document: `Accept` names it, and not pages before it."""
    return negotiation.prefers_document(request.headers.get("Accept", ""), otherwise=False)


def wants_page(request: Request) -> bool:
    """Whether whoever asks for a document would rather have a page; where nothing is said, it is the document."""
    return not negotiation.prefers_document(request.headers.get("Accept", ""), otherwise=True)


def activity_response(document: Mapping[str, Any], status: int = 200, *, personal: bool = False) -> Response:
    """A document as the answer to a request; the media type bears no parameters, which some peers insist on.

    `personal` says that the answer depends on who signed the request, so that no cache may keep it.
    """
    body = orjson.dumps(document)
    response = Response(body, status=status, content_type=ACTIVITY_JSON)
    response.headers["Vary"] = "Accept, Signature" if personal else "Accept"
    response.headers["Cache-Control"] = "private, no-store" if personal or status != 200 else "public, max-age=60"
    response.headers["ETag"] = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    return response


def tombstone(uri: str, former_type: str = "", deleted: datetime | None = None) -> Document:
    """What is left of something that was deleted."""
    document: Document = {"@context": ACTIVITY_STREAMS, "id": uri, "type": "Tombstone"}
    if former_type:
        document["formerType"] = former_type
    if deleted:
        document["deleted"] = stamp(deleted)
    return document


async def actor_document(actor: Actor) -> Document:
    """The document of an actor of ours (section 2); of a suspended one it says little more than that."""
    document = _document(actor, await own_keys(actor))
    if actor.suspended_at is None:
        pictures = await shown_pictures(actor, for_peers=True)
        document |= {_PROPERTIES[role]: _image(picture) for role, picture in pictures.items()}
        texts = emoji.texts_of(actor.name, actor.summary, actor.profile_fields)
        document["tag"] = [emoji.document_of(one) for one in await emoji.of_texts("", *texts)]
    return document


def _document(actor: Actor, keys: OwnKeys) -> Document:
    document: Document = {
        "@context": ACTOR_CONTEXT,
        "id": actor.uri,
        "type": _WRITTEN_TYPES.get(actor.type, "Person"),
        "preferredUsername": actor.username,
        "name": actor.name or actor.username,
        "summary": actor.summary or _NO_WORDS,
        "url": actor.url or actor.uri,
        "inbox": actor.inbox_url,
        "outbox": actor.outbox_url,
        "followers": actor.followers_url,
        "following": actor.following_url,
        "endpoints": {"sharedInbox": actor.shared_inbox_url},
        "published": stamp(actor.created_at),
        "manuallyApprovesFollowers": actor.is_locked,
        "discoverable": actor.is_discoverable,
        "indexable": actor.is_indexable,
        "publicKey": {"id": keys.rsa.key_id, "owner": actor.uri, "publicKeyPem": keys.rsa_pem},
        "assertionMethod": [
            {
                "id": keys.ed25519.key_id,
                "type": "Multikey",
                "controller": actor.uri,
                "publicKeyMultibase": keys.ed25519_multibase,
            }
        ],
        "generator": {"type": "Application", "implements": [{"href": _RFC9421, "name": "RFC-9421: HTTP Signatures"}]},
        "tag": [],
        "attachment": [_property(field) for field in actor.profile_fields],
    }
    if not actor.is_gatherable:  # where nothing is said, nobody may be featured as an actor, and posts may be gathered
        document["interactionPolicy"] = {"canFeature": {"automaticApproval": [actor.uri]}}
    if actor.featured_url:
        document["featured"] = actor.featured_url
    if actor.suspended_at is not None:
        return document | {"name": actor.username, "summary": "", "attachment": [], "suspended": True}
    if actor.also_known_as:
        document["alsoKnownAs"] = actor.also_known_as
    if actor.moved_to_uri:
        document["movedTo"] = actor.moved_to_uri
    return document


def _property(field: Mapping[str, Any]) -> Document:
    return {"type": "PropertyValue", "name": field.get("name", ""), "value": field.get("value", "")}


def _image(picture: Shown) -> Document:
    """A picture; peers read its words in one of two places (section 2)."""
    image = {"type": "Image", "mediaType": picture.media_type, "url": picture.url}
    return image | {"name": picture.alt, "summary": picture.alt} if picture.alt else image


def guessed_image_type(url: str) -> str:
    """The media type of a picture, as its address has it."""
    suffix = url.partition("?")[0].rpartition(".")[2].lower()
    return next((kind for kind, ending in SUFFIXES.items() if ending == suffix), "image/jpeg")
