"""What other servers demand of what is sent more seldom: polls, votes, signs, pictures, pins, moves, reports.

Each line is a rule of the federation profile with its source: [M] Mastodon, [G] GoToSocial, [L] Lemmy, [K] Misskey,
[A] Akkoma, [P] Pixelfed; FEP-9967, FEP-c0e0, FEP-9098, FEP-044f.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from tests.federation.demands import PUBLIC, Document, host, is_post, is_vote, whole


def polls(activity: Document) -> None:
    """[M] poll.rb, [G] posts.md, FEP-9967: distinct options, each a Note that counts; times; whole numbers."""
    if not (is_post(activity) and activity["object"]["type"] == "Question"):
        return
    question = activity["object"]
    assert ("oneOf" in question) != ("anyOf" in question), "one answer or several"
    options = question.get("oneOf") or question["anyOf"]
    assert len({one["name"] for one in options}) == len(options) >= 2
    for one in options:
        assert one["type"] == "Note" and one["name"] and one["replies"]["type"] == "Collection"
        assert isinstance(one["replies"]["totalItems"], int) and one["replies"]["totalItems"] >= 0
    datetime.fromisoformat(question["endTime"])
    assert isinstance(question["votersCount"], int) and question["content"]
    if activity["type"] == "Update":
        assert "updated" not in question, "tallies are no edit"


def votes(activity: Document) -> None:
    """[M] create.rb, [G] posts.md: a Note with a name that answers, for whoever asks and nobody else."""
    if is_vote(activity):
        vote = whole(activity)
        assert vote["type"] == "Note" and vote["inReplyTo"] and vote["attributedTo"] == activity["actor"]
        assert (vote["to"], vote["cc"]) == (activity["to"], activity["cc"]) and activity["cc"] == []
        assert len(activity["to"]) == 1 and PUBLIC not in activity["to"]
        assert host(vote["inReplyTo"]) == host(activity["to"][0])


def signs(activity: Document) -> None:
    """[K] ApNoteService, [A] ap_extensions.md, FEP-c0e0: one emoji, or a name in colons with its picture."""
    inner = activity["object"] if activity["type"] == "Undo" else activity
    if not isinstance(inner, dict) or inner["type"] not in ("Like", "EmojiReact"):
        return
    assert isinstance(inner["object"], str) and inner["to"] == activity["to"] and len(inner["to"]) == 1
    if inner["type"] == "EmojiReact":
        assert "@" not in inner["content"]
    if inner.get("content", "").startswith(":"):
        assert [one["name"] for one in inner["tag"] if one["type"] == "Emoji"] == [inner["content"]]
    if "_misskey_reaction" in inner:
        assert inner["_misskey_reaction"] == inner["content"]


def emojis(activity: Document) -> None:
    """[M] emoji.rb, [P], FEP-9098: an id, a name in colons, a picture that says what it is."""
    thing = activity["object"] if isinstance(activity["object"], dict) else activity
    for tag in [one for one in thing.get("tag") or [] if one["type"] == "Emoji"]:
        assert str(tag["id"]).startswith("https://") and tag["name"][0] == tag["name"][-1] == ":"
        assert tag["icon"]["type"] == "Image" and tag["icon"]["url"].startswith("https://")
        assert tag["icon"]["mediaType"].startswith("image/") and datetime.fromisoformat(tag["updated"])


def quotes(activity: Document) -> None:
    """[M] quote_request.rb, status_parser.rb, FEP-044f: one address in every spelling, and words for all others."""
    if activity["type"] == "QuoteRequest":
        assert isinstance(activity["object"], str) and whole({**activity, "object": activity["instrument"]})
        assert host(activity["instrument"]["id"]) == host(activity["actor"])
        assert activity["instrument"]["quote"] == activity["object"]
    if is_post(activity) and "quote" in activity["object"]:
        post = activity["object"]
        assert {post[key] for key in ("quote", "quoteUri", "quoteUrl", "_misskey_quote")} == {post["quote"]}
        assert 'class="quote-inline"' in post["content"]
        assert [one["href"] for one in post["tag"] if one["type"] == "Link"] == [post["quote"]]


def pins(activity: Document) -> None:
    """[M] add.rb, remove.rb: the target is the actor's own featured collection, the object an address."""
    if activity["type"] in ("Add", "Remove"):
        assert activity["target"] == f"{activity['actor']}/featured" and isinstance(activity["object"], str)
        assert host(activity["object"]) == host(activity["actor"])


def moves(activity: Document) -> None:
    """[M] move.rb, [G] actors.md: the actor moves itself, to an address, and tells its followers."""
    if activity["type"] == "Move":
        assert activity["object"] == activity["actor"] and isinstance(activity["target"], str)
        assert activity["to"] == [f"{activity['actor']}/followers"]
    if activity["type"] == "Update" and whole(activity)["id"] == activity["actor"]:
        assert isinstance(activity["object"].get("alsoKnownAs", []), list)


def reports(activity: Document) -> None:
    """[M] flag.rb, [L] report.rs: who reports is the server, the person first, then posts of the same server."""
    if activity["type"] == "Flag":
        assert activity["actor"].endswith("/actor") and activity["content"]
        assert len(activity["content"]) <= 5000 and isinstance(activity["to"], list)
        assert isinstance(activity["object"], list) and len({host(one) for one in activity["object"]}) == 1


def circles(activity: Document) -> None:
    """[M] status_parser.rb: what is for a few names them, not the public and not followers, and is no message."""
    if is_post(activity) and activity["object"].get("directMessage") is False:
        assert activity["to"] and activity["cc"] == [] and "proof" not in activity
        assert not any(one == PUBLIC or one.endswith("/followers") for one in activity["to"])


def misskey(activity: Document) -> None:
    """[K] ActivityPubServerService.ts: at most 64 KiB; everything of the signer's server."""
    assert len(orjson.dumps(activity)) <= 65_536
    assert host(activity["id"]) == host(activity["actor"])
    if is_post(activity) and activity["object"]["id"] != activity["actor"]:
        assert host(activity["object"]["id"]) == host(activity["object"]["attributedTo"]) == host(activity["actor"])


RARER: list[Callable[[dict[str, Any]], None]] = [
    polls, votes, signs, emojis, quotes, pins, moves, reports, circles, misskey,
]  # fmt: skip
