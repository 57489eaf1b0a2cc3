"""What the kin of Akkoma and NeoDB demand of what is sent, and what all do of pictures, names, hashtags and markup.

Each line is a rule of the federation profile with its source: [M] Mastodon, [G] GoToSocial, [P] Pixelfed, [L] Lemmy,
[A] Akkoma, [N] NeoDB, [B] BookWyrm.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.federation.demands import PUBLIC, Document, host, is_post, whole

# Section 9: the elements and classes that every server keeps.
ELEMENTS = set("p br a span del pre code em strong b i u ul ol li blockquote h1 h2 h3 h4 h5 ruby rt rp".split())
CLASSES = set("mention hashtag h-card u-url ellipsis invisible quote-inline".split())
# Section 15: what NeoDB takes for an item of its catalogue; two of them, and it ignores the post.
CATALOGUE = set("Edition Movie TVShow TVSeason TVEpisode Album Game Podcast PodcastEpisode Performance".split())
BASE83 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def akkoma(activity: Document) -> None:
    """[A] ap_extensions.md: the conversation by both names, sources with a type, signs with what they are of."""
    if is_post(activity):
        post = activity["object"]
        assert post.get("context") == post.get("conversation")
        assert isinstance(post.get("directMessage", False), bool)
        if "source" in post:
            assert isinstance(post["source"]["content"], str)
            assert post["source"]["mediaType"] in ("text/plain", "text/markdown")
        assert post.get("quoteUri") == post.get("quoteUrl")
    if activity["type"] == "EmojiReact":
        assert activity["content"] and isinstance(activity["object"], str) and activity["actor"]
    if activity["type"] == "Undo":
        assert whole(activity)["type"] and whole(activity)["id"]


def neodb(activity: Document) -> None:
    """[N] activitypub.md, ap_handlers.py: no items by mistake, quotes by address, one type, who it is by by address."""
    if is_post(activity):
        post = activity["object"]
        assert isinstance(post["attributedTo"], str) and isinstance(post["type"], str)
        assert not CATALOGUE & {tag["type"] for tag in post["tag"]} and "relatedWith" not in post
        assert isinstance(post["to"], list) and isinstance(post["cc"], list) and post["to"] + post["cc"]
        assert str(post.get("quote", "https://")).startswith("https://")
    if activity["type"] in ("Add", "Remove"):
        assert isinstance(activity["target"], str)


def pictures(activity: Document) -> None:
    """[M] media_attachment_parser.rb, [L] page.rs, [P] verifyAttachments, [G]: a type all take, words, whole sizes."""
    for file in activity["object"]["attachment"] if is_post(activity) else ():
        assert file["type"] == "Document" and file["mediaType"].partition("/")[0] in ("image", "video", "audio")
        assert isinstance(file["name"], str | None) and file["name"] != "" and len(file["name"] or "") <= 1500
        assert isinstance(file["url"], str) and host(file["url"]), "one address"
        assert ("width" in file) == ("height" in file)
        assert all(isinstance(file[key], int) and 0 < file[key] <= 5000 for key in ("width", "height") if key in file)
        if "blurhash" in file:
            size = BASE83.index(file["blurhash"][0])
            assert size % 9 + 1 <= 5 and size // 9 + 1 <= 5, "five components each way at most"
        if "focalPoint" in file:
            across, up = file["focalPoint"]
            assert -1 <= across <= 1 and -1 <= up <= 1


def named(activity: Document) -> None:
    """[M] tag_manager.rb, [P], [G]: who is mentioned and what is tagged is linked in the text, by the same address."""
    if not is_post(activity):
        return
    content, tags = activity["object"]["content"], activity["object"]["tag"]
    for tag in tags:
        if tag["type"] == "Hashtag":
            assert re.fullmatch(r"#\w+", tag["name"]) and tag["href"].startswith("https://")
    links = re.findall(r'<a href="([^"]*)" class="mention hashtag" rel="tag">#', content)
    assert len(links) <= sum(tag["type"] == "Hashtag" for tag in tags), "each hashtag that is linked is told"
    people = re.findall(r'class="u-url mention"', content)
    assert len(people) <= sum(tag["type"] == "Mention" for tag in tags), "everybody who is linked is told"


def markup(activity: Document) -> None:
    """Section 9, [M] sanitize_config.rb: nothing that would be cut out elsewhere, and no words but those of its map."""
    if not is_post(activity):
        return
    post = activity["object"]
    used = set(re.findall(r"</?([a-z0-9]+)", post["content"]))
    assert used <= ELEMENTS, used - ELEMENTS
    assert set(" ".join(re.findall(r'class="([^"]*)"', post["content"])).split()) <= CLASSES
    ((language, words),) = post["contentMap"].items()
    assert words == post["content"] and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", language)
    assert isinstance(post["summary"], str | None) and "<" not in (post["summary"] or "")
    assert post["sensitive"] or not post["summary"], "a warning hides what follows"


def deletions(activity: Document) -> None:
    """[M] delete.rb, [B] verbs.py: what is gone is named by a tombstone, of the actor's own host, and nothing more."""
    if activity["type"] == "Delete" and isinstance(activity["object"], dict):
        gone = activity["object"]
        assert host(gone["id"]) == host(activity["actor"])
        assert not {"content", "summary", "tag", "attachment"} & gone.keys()
        assert gone["type"] == "Tombstone" or gone["type"].endswith("Authorization")
        assert PUBLIC in activity["to"] or gone["type"].endswith("Authorization")


def consent(activity: Document) -> None:
    """FEP-044f: who may quote gets the address of a stamp of ours, with what was asked; who may not, none."""
    if activity["type"] in ("Accept", "Reject") and whole(activity)["type"] == "QuoteRequest":
        asked = whole(activity)
        assert activity["to"] == [asked["actor"]] and {"id", "object", "instrument"} <= asked.keys()
        assert host(asked["object"]) == host(activity["actor"]) and isinstance(asked["instrument"], str)
        assert ("result" in activity) == (activity["type"] == "Accept")
        assert host(activity.get("result", activity["actor"])) == host(activity["actor"])


def answers(activity: Document) -> None:
    """[G] interaction controls: who asks to answer shows the answer whole; what came of it bears a stamp or none."""
    if activity["type"] == "ReplyRequest":
        note = activity["instrument"]
        assert isinstance(activity["object"], str) and note["inReplyTo"] == activity["object"]
        assert host(note["id"]) == host(activity["actor"]) == host(activity["id"]) and note["type"] == "Note"
        assert note["attributedTo"] == activity["actor"] and PUBLIC not in activity["to"]
    if activity["type"] in ("Accept", "Reject") and whole(activity)["type"] == "ReplyRequest":
        asked = whole(activity)
        assert activity["to"] == [asked["actor"]] and {"id", "object", "instrument"} <= asked.keys()
        assert host(asked["object"]) == host(activity["actor"]) and isinstance(asked["instrument"], str)
        assert ("result" in activity) == (activity["type"] == "Accept")
    if isinstance(activity["object"], dict) and (stamp := activity["object"].get("replyAuthorization")):
        assert activity["object"]["approvedBy"] == stamp and activity["object"]["inReplyTo"]


KIN: list[Callable[[Document], None]] = [akkoma, neodb, pictures, named, markup, deletions, consent, answers]
