"""What somebody writes who wants a page, a feed, a table or a link to do what they say: it stays words everywhere."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import pytest

from core.testing import PASSWORD, Foreign, Person, TestInstance, Visitor, befriend, settle
from core.testing.pages import submit
from tests.core.things import FILES

HOSTILE = "\"'><xss onclick=x>{{7*7}}</title></textarea></script><!--"
ELEMENT = re.compile(r"<[^a-z/!]*xss", re.IGNORECASE)
SHOWN = re.compile(r"&lt;xss", re.IGNORECASE)
API = re.compile(r"/(api|inbox|actors|static|files|activities|objects|\.well-known|nodeinfo|oauth/(token|revoke))\b")


class _Page(HTMLParser):
    """What of a page would run, or lead somewhere else."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            leads = name in ("href", "src", "action", "formaction") and (value or "").strip().lower()
            if name.startswith("on") or (leads and leads.startswith(("javascript:", "data:text", "vbscript:"))):
                self.wrong.append(f"<{tag} {name}={value}")
        if tag == "xss":
            self.wrong.append(f"<{tag}")


async def _full_of_it(alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign) -> list[str]:
    """Have everything anybody may name named so; the pages of single things."""
    await befriend(ann, bob)
    fields = [{"name": HOSTILE, "value": HOSTILE}]
    await bob.put("/users/me", {"fullName": HOSTILE, "bio": HOSTILE, "fields": fields})
    await ann.put("/users/me", {"fullName": HOSTILE, "bio": HOSTILE, "fields": fields})
    file = (await bob.post("/files", files={"file": FILES["PNG"]}))["fileId"]
    await bob.put(f"/files/{file}", {"alt": HOSTILE, "altText": HOSTILE})
    poll = {"options": [HOSTILE, "no"], "expiresIn": 3600}
    post = (await bob.publish(f"@ann {HOSTILE} #tag", contentWarning=HOSTILE, poll=poll))["postId"]
    picture = (await bob.publish(f"@ann {HOSTILE}", fileIds=[file], contentType="text/plain"))["postId"]
    await ann.publish(HOSTILE, inReplyTo=post, quote=picture)
    await bob.put(f"/posts/{post}", {"content": f"Now {HOSTILE}", "poll": poll})
    made = await ann.post("/lists", {"title": HOSTILE})
    circle = await ann.post("/circles", {"name": HOSTILE[:60], "userIds": [bob.id]})
    kept = await ann.post("/filters", {"title": HOSTILE, "words": [{"text": HOSTILE}], "action": "warn"})
    album = await ann.post("/albums", {"title": HOSTILE, "description": HOSTILE})
    pack = await ann.post("/packs", {"name": HOSTILE[:60], "description": HOSTILE, "userIds": [bob.id]})
    await ann.post("/drafts", {"content": HOSTILE, "contentWarning": HOSTILE})
    await ann.post("/posts", {"content": HOSTILE, "publishAt": "2035-01-01T00:00:00Z"})
    await ann.post("/auth/tokens", {"name": HOSTILE[:50], "scopes": ["read"], "password": PASSWORD})
    await ann.post("/invites", {"note": HOSTILE})
    await bob.post("/reports", {"targetType": "user", "targetId": ann.id, "reason": HOSTILE})
    await ann.post("/auth/login", {"username": "ann", "password": PASSWORD}, headers={"User-Agent": HOSTILE})
    rita = foreign.person("rita", summary=HOSTILE, attachment=[_field(), _field("javascript:x")])
    rita.more["name"] = HOSTILE
    await ann.follow(rita.address)
    await settle(alpha)
    await rita.send(alpha, rita.activity("Accept", foreign.activities("Follow")[0]))
    tags = [{"type": "Hashtag", "name": '#a"><xss>'}, {"type": "Emoji", "name": ":x:", "icon": {"url": "javascript:x"}}]
    files = [{"type": "Document", "mediaType": 'image/"><xss>', "url": "https://foreign.test/a.png", "name": HOSTILE}]
    note = {"summary": HOSTILE, "tag": tags, "attachment": files, "name": HOSTILE, "url": "javascript:alert(1)"}
    content = f'<p onclick="x">{HOSTILE}<a href="javascript:x" hx-get="/x">:x: a</a><img src=x onerror=x></p>'
    shapes = [
        note,
        {**note, "type": "Article"},
        {**note, "type": "Question", "oneOf": [{"name": HOSTILE}, {"name": "b"}]},
    ]
    for shape in shapes:
        sent = rita.note(content, contentMap={'en"><xss>': content}, language='"><xss>', **shape)
        await rita.send(alpha, rita.activity("Create", sent, to=sent["to"]))
    await rita.send(alpha, rita.activity("Flag", [ann.uri], content=HOSTILE))
    await settle(alpha)
    single = [
        f"/@bob/{post}",
        f"/@bob/{post}/history",
        f"/@bob/{picture}",
        f"/@bob/{post}/embed",
        "/@rita@foreign.test",
    ]
    single += [
        f"/@bob/{picture}/embed",
        "/@ann",
        "/@bob",
        "/@bob/media",
        "/tags/tag",
        "/@ann/followers",
        "/search?q=xss",
    ]
    single += [f"/lists/{made['listId']}", f"/circles/{circle['circleId']}", f"/settings/filters/{kept['filterId']}"]
    single += [f"/@ann/albums/{album['albumId']}", f"/packs/{pack['packId']}", f"/admin/users/{ann.id}"]
    return single


def _field(value: str = HOSTILE) -> dict[str, str]:
    return {"type": "PropertyValue", "name": HOSTILE, "value": f'{HOSTILE}<a href="{value}">x</a>'}


async def test_what_people_write_stays_words_on_every_page(
    alpha: TestInstance, bob: Person, foreign: Foreign, anon: Visitor
) -> None:
    ann = await alpha.user("ann", role="admin")
    single = await _full_of_it(alpha, ann, bob, foreign)
    rules = {rule.rule for rule in alpha.instance.app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    pages = sorted(rule for rule in rules if "<" not in rule and not API.match(rule)) + single
    wrong, shown = [], 0
    async with ann.browser() as browser, alpha.browser({}) as strange:
        for page in pages:
            for client in (browser, strange):
                answer = await client.get(page)
                assert answer.status_code < 500, page
                if "html" in answer.headers.get("content-type", "") and not answer.is_redirect:
                    wrong += [f"{page}: {one}" for one in _Page(answer.text).wrong]
                    wrong += [f"{page}: an element" for _ in ELEMENT.findall(answer.text)]
                    shown += SHOWN.search(answer.text) is not None
                    framed_by = re.search(r"frame-ancestors ([^;]*)", answer.headers["content-security-policy"])
                    assert framed_by and framed_by[1] == ("*" if page.endswith("/embed") else "'none'"), page
    assert wrong == [] and shown > 40
    for feed in ("/@bob.rss", "/@bob.atom", "/tags/tag.rss", "/tags/tag.atom"):
        root = ElementTree.fromstring((await anon.page(feed)).text)
        assert not [one for one in root.iter() if one.tag.endswith("xss")], feed
    told = (await anon.page("/api/oembed", params={"url": f"{alpha.base_url}{single[0]}"})).json()
    assert _Page(told["html"]).wrong == []


@pytest.mark.parametrize(
    "place",
    [
        "//evil.test",
        "/\\evil.test",
        "https://evil.test/",
        "/\t/evil.test",
        "javascript:x",
        "/x\r\nSet-Cookie: a=b",
        "\\\\evil",
    ],
)
async def test_nobody_is_sent_to_another_site_by_what_an_address_says(
    alpha: TestInstance, ann: Person, place: str
) -> None:
    sign_in = {"login": "ann", "password": PASSWORD, "next": place}
    async with alpha.browser({}) as browser:
        answers = [await submit(browser, "/login", sign_in, on="/login")]
        answers.append(await browser.get("/login", params={"next": place}))
    async with ann.browser() as browser:
        post = (await ann.publish())["postId"]
        for path in (f"/posts/{post}/like", f"/posts/{post}/bookmark", "/language", "/settings/language"):
            answers.append(await submit(browser, path, {"next": place, "language": "en"}, on="/compose"))
        for path in ("/login", "/signup", "/settings/confirm", "/welcome"):
            answers.append(await browser.get(path, params={"next": place}))
    for answer in answers:
        to: Any = answer.headers.get("location", "/")
        assert answer.status_code < 500 and "set-cookie: a=b" not in str(answer.headers).lower()
        assert to.startswith("/") and not to.startswith(("//", "/\\")) and "evil" not in to.partition("?")[0], (
            answer.url
        )


@pytest.mark.parametrize(
    "query",
    [{"url": "https://[/@a/b"}, {"url": "https://a\u2100b/"}, {"url": "\0"}, {"maxwidth": "9" * 5000}],
    ids=["brackets", "letters that fall apart", "nul", "digits"],
)
async def test_what_asks_for_a_frame_wrongly_is_told_so(ann: Person, anon: Visitor, query: dict[str, str]) -> None:
    post = await ann.publish("to be framed")
    answer = await anon.page("/api/oembed", params={"url": post["url"], **query})
    assert answer.status_code == (404 if "url" in query else 200)
