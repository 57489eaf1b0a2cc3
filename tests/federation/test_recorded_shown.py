"""What servers really sent is shown as they meant it: by the API, and on the page, which loads nothing of theirs.

The recorded documents lie outside of the repository; KITH_TEST_FIXTURES names the folder.
"""

from __future__ import annotations

import re
from html import unescape

import orjson
import pytest

from core.entries import Document
from core.federation.documents import PUBLIC, as_list, id_of
from core.models import Entry
from core.testing import Person, TestInstance, settle, world
from tests.federation.strangers import FIXTURES, fixtures, loaded, make_known, reach_nobody
from tests.federation.test_fixtures import FOLDERS, NOTHING_LEFT, is_true, sender_of, wrapped
from tests.federation.test_shown_as_sent import PICTURE, PROXIED, seen

pytestmark = pytest.mark.skipif(not FOLDERS, reason="KITH_TEST_FIXTURES names no folder")

TAGS = re.compile(r"<[^>]*>")
WORD = re.compile(r"[^\W\d_]{3,}")
ODD = re.compile(
    r"<(?:script|style|object|iframe|svg|math|template|textarea|select|noscript|title|\$|!)|_misskey", re.I
)
QUOTES = ("quote", "_misskey_quote", "quoteUrl", "quoteUri")


@pytest.fixture
async def open_minded():
    """An instance that may be sent to from any address."""
    async with world("alpha.test", federation__allow_http=True, federation__allow_private_addresses=True) as (one,):
        yield one


def public(body: bytes) -> Document | None:
    """A recorded post in a Create by its author, for everybody; None where it is none, or not what it must be."""
    document = loaded(body)
    activity = wrapped(document, sender_of(document))
    if not isinstance(activity, dict) or not is_true(activity):
        return None
    return activity | {"object": activity["object"] | {"to": [PUBLIC], "cc": []}, "to": [PUBLIC], "cc": []}


async def send(instance: TestInstance, folder: str) -> dict[str, tuple[str, Document]]:
    """Send all posts of a folder; the name and the object of each by its id."""
    sent: dict[str, tuple[str, Document]] = {}
    seen_before: set[str] = set()
    for name, body in fixtures(FIXTURES / folder):
        activity = public(body)
        if activity is None or name in NOTHING_LEFT or {activity["id"], activity["object"]["id"]} & seen_before:
            continue
        seen_before |= {activity["id"], activity["object"]["id"]}
        reach_nobody(instance, body)
        sender = await make_known(instance, id_of(activity["actor"]))
        assert (await sender.post(instance, orjson.dumps(activity))).status_code == 202, name
        sent[activity["object"]["id"]] = (name, activity["object"])
    await settle(instance)
    return sent


@pytest.mark.parametrize("folder", FOLDERS)
async def test_recorded_posts_are_shown_as_they_are_meant(open_minded, folder):
    ann = await open_minded.user("ann")
    for uri, (name, thing) in (await send(open_minded, folder)).items():
        with open_minded.inside():
            assert await Entry.exists(uri=uri), name
        form, page = await seen(open_minded, ann, uri)
        text = " ".join(unescape(TAGS.sub("", page)).split())
        for look in (words, poll, pictures, tags, small_pictures, warning_and_language, quote):
            try:
                look(thing, form, page, text)
            except AssertionError as fault:
                raise AssertionError(f"{name}: {look.__name__}: {fault}") from fault


def words(thing: Document, form: Document, page: str, text: str) -> None:
    """Whatever is written can be read, in the same order."""
    written = thing.get("content") or next(iter((thing.get("contentMap") or {}).values()), "")
    if not isinstance(written, str) or ODD.search(written) or thing.get("mediaType") == "text/markdown":
        return
    position = 0
    for word in WORD.findall(re.sub(r":\w+:", " ", unescape(TAGS.sub(" ", written))))[:60]:
        assert word in text[position:], f"“{word}” is not there: {text[position:][:300]}"
        position = text.index(word, position) + len(word)


def poll(thing: Document, form: Document, page: str, text: str) -> None:
    if thing["type"] != "Question":
        return
    asked = as_list(thing.get("anyOf")) or as_list(thing.get("oneOf"))
    shown = [(one["title"], one["votesCount"]) for one in form["poll"]["options"]]
    assert shown == [(one["name"], one.get("replies", {}).get("totalItems", 0)) for one in asked]
    assert form["poll"]["multiple"] == bool(thing.get("anyOf"))
    assert all(re.sub(r":\w+:", "", one["name"]) in text for one in asked)


def pictures(thing: Document, form: Document, page: str, text: str) -> None:
    """Pictures come from here, each with what its author says is to be seen."""
    said = [one for one in as_list(thing.get("attachment")) if isinstance(one, dict) and one.get("type") == "Image"]
    alts = {
        alt for one in said[:16] if isinstance(alt := one.get("summary") or one.get("name"), str) and one.get("url")
    }
    shown = [(source, unescape(alt)) for source, alt, _ in PICTURE.findall(page)]
    if all(isinstance(one.get("url"), str) and one["url"].startswith("http") for one in said):
        assert alts <= {alt for _, alt in shown}, shown
    for file in form["attachments"]:
        if file["type"] == "image":
            assert file["url"].startswith(f"https://alpha.test{PROXIED}")
            assert any(source in file["thumbnailUrl"] and alt == (file["alt"] or "") for source, alt in shown), shown
    if form["sensitive"] and any(file["type"] == "image" for file in form["attachments"]):
        assert "tile-hidden" in page


def tags(thing: Document, form: Document, page: str, text: str) -> None:
    named = [one for one in as_list(thing.get("tag")) if isinstance(one, dict) and one.get("type") == "Hashtag"]
    wanted = {one["name"].strip().lstrip("#").lower() for one in named if isinstance(one.get("name"), str)}
    assert {one for one in wanted if one and " " not in one} <= {one.lower() for one in form["tags"]}


def small_pictures(thing: Document, form: Document, page: str, text: str) -> None:
    for tag in as_list(thing.get("tag")):
        if isinstance(tag, dict) and tag.get("type") == "Emoji" and tag["name"] in str(thing.get("content")):
            shortcode = tag["name"].strip(":")
            assert shortcode in [one["shortcode"] for one in form["emojis"]]
            assert re.search(rf'src="{PROXIED}emoji/[^"]*" alt=":{shortcode}:"', page)


def warning_and_language(thing: Document, form: Document, page: str, text: str) -> None:
    summary = thing.get("summary")
    if thing["type"] in ("Note", "Question") and isinstance(summary, str) and summary.strip():
        assert form["contentWarning"] and 'class="warned-text"' in page and form["contentWarning"] in text
    languages = thing.get("contentMap")
    if isinstance(languages, dict) and len(languages) == 1 and thing.get("content", "") in languages.values():
        (language,) = languages
        assert language == "und" or f'lang="{language}"' in page


def quote(thing: Document, form: Document, page: str, text: str) -> None:
    """What is quoted is a card, or else one link to its server."""
    quoted = next((one for key in QUOTES if str(one := thing.get(key)).startswith("http")), "")
    if quoted and not form["quote"]:
        host = "/".join(quoted.split("/")[:3])
        assert f'href="{host}/' in page
    assert not (form["quote"] and "RE:" in text)


async def test_recorded_answers_by_a_sign_are_shown_by_that_sign_or_refused(open_minded):
    ann: Person = await open_minded.user("ann")
    taken, refused = [], []
    for name, body in fixtures():
        activity = loaded(body)
        if not isinstance(activity, dict) or activity.get("type") not in ("EmojiReact", "Like"):
            continue
        sign = activity.get("content") or activity.get("_misskey_reaction")
        if not sign or not str(activity.get("id")).startswith("http"):
            continue
        post = await ann.publish("hello")
        reach_nobody(open_minded, body)
        sender = await make_known(open_minded, id_of(activity["actor"]))
        about = activity | {"id": f"{activity['id']}/{len(taken)}", "object": post["uri"]}
        assert (await sender.post(open_minded, orjson.dumps(about))).status_code == 202, name
        await settle(open_minded)
        form, page = await seen(open_minded, ann, post["uri"])
        shown = [one["emoji"] for one in form["reactions"]]
        (taken if shown else refused).append(sign)
        if shown:
            assert f'value="{shown[0]}"' in page and form["likesCount"] == 0, name
            assert sign.strip(":") in (shown[0].strip(":"), shown[0].strip(":").partition("@")[0]), name
            assert not sign.startswith(":") or f'src="{PROXIED}emoji/' in page, name
    assert len(taken) >= 4 and set(refused) <= {"~", "👌👌"}
