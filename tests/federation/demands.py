"""What other servers demand of an activity before they take it, each line a rule of federation.md with its source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
Document = dict[str, Any]


def host(uri: str) -> str:
    return urlsplit(uri).netloc


def whole(activity: Document) -> Document:
    """The embedded object; fails where it is only named."""
    assert isinstance(activity["object"], dict), f"{activity['type']}: the object must be embedded"
    return activity["object"]


def is_vote(activity: Document) -> bool:
    """A vote in a poll: a Note with a name and no content."""
    thing = activity["object"]
    return activity["type"] == "Create" and isinstance(thing, dict) and "name" in thing and "content" not in thing


def is_post(activity: Document) -> bool:
    """Something published or edited, neither a vote nor a profile."""
    if activity["type"] not in ("Create", "Update") or not isinstance(activity["object"], dict):
        return False
    return not is_vote(activity) and activity["object"]["type"] in ("Note", "Question")


def is_stamp(activity: Document) -> bool:
    """A consent to a quote that is taken back."""
    return activity["type"] == "Delete" and "/quote_authorizations/" in str(activity["object"])


def every(document: Any) -> Iterator[Document]:
    """A document and all that are in it, but not its @context."""
    if isinstance(document, dict):
        yield document
        for key, inner in document.items():
            if key != "@context":
                yield from every(inner)
    elif isinstance(document, list):
        for inner in document:
            yield from every(inner)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def everybody(activity: Document) -> None:
    """Sections 2, 5 and 6: one origin, one actor, addresses, the one spelling of the public."""
    context = activity["@context"]
    assert (context[0] if isinstance(context, list) else context) == "https://www.w3.org/ns/activitystreams"
    for key in ("id", "actor"):
        assert isinstance(activity[key], str) and activity[key].startswith("https://"), key
    assert host(activity["id"]) == host(activity["actor"])
    text = str(activity)
    assert "'as:Public'" not in text and "'Public'" not in text
    assert "bto" not in activity and "bcc" not in activity
    # But for that of a proof, which FEP-8b32 wants there.
    for one in every({key: value for key, value in activity.items() if key not in ("@context", "proof")}):
        assert "type" not in one or isinstance(one["type"], str), "type is a single string"
        assert "@context" not in one, "there is one @context, at the top"


def mastodon(activity: Document) -> None:
    """[M] process_account_service, create.rb, update.rb, undo.rb, delete.rb, announce.rb, status_parser.rb."""
    match activity["type"]:
        case "Create" | "Update" if is_post(activity):
            note = whole(activity)
            assert note["attributedTo"] == activity["actor"]
            assert host(note["id"]) == host(note["url"]) == host(activity["actor"])
            assert (note["to"], note["cc"]) == (activity["to"], activity["cc"]), "addresses are repeated"
            datetime.fromisoformat(note["published"])
            assert isinstance(note["content"], str) and note["content"]
            assert set(note["contentMap"].values()) == {note["content"]} and len(note["contentMap"]) == 1
            assert isinstance(note["sensitive"], bool) and (note["summary"] is None or note["summary"])
            if "updated" in note:
                assert datetime.fromisoformat(note["updated"]) > datetime.fromisoformat(note["published"])
            elif activity["type"] == "Update":
                assert note["type"] == "Question" or "quoteAuthorization" in note, "an edit says when it was made"
            for tag in note["tag"]:
                if tag["type"] == "Mention":
                    assert tag["href"] in (*note["to"], *note["cc"]), "who is named must be addressed to be told"
                    assert re.fullmatch(r"@[^@\s]+@[^@\s]+", tag["name"])
                if tag["type"] == "Hashtag":
                    assert tag["name"].startswith("#") and tag["href"].startswith("https://")
            for file in note["attachment"]:
                assert file["url"].startswith("https://") and file["mediaType"]
        case "Undo":
            inner = whole(activity)
            assert inner["type"] in ("Follow", "Like", "Announce", "EmojiReact")
            assert inner["actor"] == activity["actor"]
            assert inner["id"] and inner["object"], "a like cannot be taken back by its id"
        case "Announce" | "Like" | "Follow":
            assert isinstance(activity["object"], str)
        case "Delete" if not is_stamp(activity):
            assert PUBLIC in activity["to"]
        case "Update":
            assert whole(activity)["id"] == activity["actor"]


def gotosocial(activity: Document) -> None:
    """[G] federating_with_gotosocial: addressed mentions, policies of lists, follows embedded in answers."""
    assert isinstance(activity["to"], list)
    if is_post(activity):
        note = whole(activity)
        can_quote = note["interactionPolicy"]["canQuote"]
        assert can_quote["automaticApproval"] and isinstance(can_quote["manualApproval"], list)
        for key in ("canReply", "canLike", "canAnnounce"):
            assert note["interactionPolicy"][key]["always"], "what is not said nobody may, up to 0.19.1"
            assert note["interactionPolicy"][key]["automaticApproval"], "the name since 0.20"
        named = {tag["href"] for tag in note["tag"] if tag["type"] == "Mention"}
        if note.get("directMessage"):
            assert named == set(note["to"]), "a message names everybody it is for"
    if activity["type"] in ("Accept", "Reject") and whole(activity)["type"] == "Follow":
        assert whole(activity)["object"] == activity["actor"]


def lemmy(activity: Document) -> None:
    """[L] protocol/note.rs, private_message.rs, following/follow.rs, accept.rs: lists are lists, one addressee."""
    assert isinstance(activity["to"], list) and activity["to"], "to is verified to be there"
    match activity["type"]:
        case "Create" | "Update" if is_post(activity):
            note = whole(activity)
            assert isinstance(note["tag"], list) and isinstance(note["attachment"], list)
            assert {file["type"] for file in note["attachment"]} <= {"Link", "Image", "Document"}
            assert "inReplyTo" in note and isinstance(note["content"], str)
            assert host(note["attributedTo"]) == host(note["id"])
            if note.get("directMessage") and len(note["to"]) == 1:
                assert note["cc"] == [], "a private message has one addressee and no copies"
        case "Follow":
            assert activity["to"] == [activity["object"]]
        case "Accept" | "Reject" | "Undo":
            inner = whole(activity)
            assert {"id", "type", "actor", "object"} <= inner.keys()
            if inner["type"] == "Follow":
                assert inner["to"] == [inner["object"]]


def pixelfed(activity: Document) -> None:
    """[P] InboxValidator.php, Validator/Accept.php, Announce.php, Inbox.php, Helpers::verifyAttachments."""
    assert depth({key: value for key, value in activity.items() if key != "@context"}) <= 8
    assert depth(activity["@context"]) + 1 <= 8
    match activity["type"]:
        case "Create" | "Update" if is_post(activity):
            note = whole(activity)
            assert host(activity["id"]) == host(activity["actor"]) == host(note["attributedTo"]) == host(note["url"])
            if note.get("directMessage") and len(note["to"]) == 1:
                assert note["cc"] == []
            for file in note["attachment"]:
                assert file["mediaType"] in ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4")
                assert max(file.get("width", 0), file.get("height", 0)) <= 5000
        case "Announce":
            assert activity["object"].startswith("https://") and PUBLIC in activity["to"]
        case "Update":
            person = whole(activity)
            for key in ("name", "summary", "preferredUsername", "url", "publicKey", "inbox", "outbox"):
                assert person[key], f"UpdatePersonValidator.php requires {key}, and takes no empty one"
            assert person.get("icon", {}).get("mediaType", "image/jpeg") in ("image/jpeg", "image/png")
        case "Accept":
            assert whole(activity).keys() >= {"id", "type", "actor", "object"}
            assert isinstance(whole(activity)["object"], str) and isinstance(whole(activity)["actor"], str)


def bookwyrm(activity: Document) -> None:
    """[B] base_activity.py, note.py, verbs.py: fields without a default, a dict to delete, an embedded undo."""
    assert isinstance(activity["type"], str)
    match activity["type"]:
        case "Create" | "Update" if is_post(activity):
            note = whole(activity)
            for key in ("id", "published", "attributedTo", "content", "to", "cc", "inReplyTo", "summary", "sensitive"):
                assert key in note, key
            assert all(isinstance(one, dict) for one in (*note["tag"], *note["attachment"]))
            assert isinstance(note["replies"], dict)
            assert isinstance(activity["to"], list) and isinstance(activity["cc"], list)
        case "Delete":
            is_status = "/objects/" in str(activity["object"]) or is_stamp(activity)
            assert isinstance(activity["object"], dict if is_status else str)
            assert isinstance(activity["to"], list) and isinstance(activity["cc"], list)
        case "Undo" | "Accept" | "Reject":
            inner = whole(activity)
            assert inner["type"] != "Announce" or inner["published"], "a share without its time is none"


DEMANDS: list[Callable[[Document], None]] = [everybody, mastodon, gotosocial, lemmy, pixelfed, bookwyrm]
