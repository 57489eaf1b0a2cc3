"""No link on any page leads nowhere."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx

from core.testing import Person, TestInstance
from core.testing.people import befriend

PAGES_AT_MOST = 300
_LINK = re.compile(r'(?:href|action|formaction|hx-get|src)="([^"{]+)"')
_ANCHOR = re.compile(r'\bid="([^"]+)"')


async def _fill(ann: Person, bob: Person, eve: Person) -> None:
    await befriend(ann, bob)
    await ann.put("/users/me", {"isLocked": True, "fields": [{"name": "Site", "value": "https://ann.example/"}]})
    await eve.follow(ann)
    root = await ann.publish("Tea for @bob? #tea #größe")
    answer = await bob.publish("Yes", inReplyTo=root["postId"])
    for _depth in range(5):
        answer = await ann.publish("And more", inReplyTo=answer["postId"])
    await ann.put(f"/posts/{root['postId']}", {"content": "Tea for @bob! #tea #größe", "contentWarning": "Hot"})
    await eve.post(f"/posts/{root['postId']}/share")
    for number in range(25):
        await bob.publish(f"Number {number}")


async def dead_links(browser: httpx.AsyncClient, start: str) -> list[str]:
    """Every link of this site, from page to page, that is not answered well, with the page it stands on."""
    waiting, seen, dead = [(start, "")], set[str](), list[str]()
    while waiting and len(seen) < PAGES_AT_MOST:
        path, source = waiting.pop(0)
        if path in seen:
            continue
        seen.add(path)
        answer = await browser.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
        if answer.status_code != 200:
            dead.append(f"{path} on {source}: {answer.status_code}")
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        anchors = set(_ANCHOR.findall(answer.text))
        for link in map(unescape, _LINK.findall(answer.text)):
            target, anchor = urldefrag(urljoin(str(answer.url), link))
            if not urlsplit(target).netloc == browser.base_url.host:
                continue
            local = target.removeprefix(str(browser.base_url).rstrip("/")) or "/"
            if anchor and target == str(answer.url) and anchor not in anchors:
                dead.append(f"#{anchor} on {path}")
            if not _is_act(answer.text, link):
                waiting.append((local, path))
    assert len(seen) > 20
    return dead


def _is_act(page: str, link: str) -> bool:
    """Whether an address is only where a form is sent to: test_form_guards knows those."""
    quoted = re.escape(link.replace("&", "&amp;"))
    return not re.search(rf'(?:href|hx-get|src)="{quoted}"', page)


async def test_no_link_of_a_member_leads_nowhere(ann: Person, bob: Person, eve: Person) -> None:
    await _fill(ann, bob, eve)
    async with ann.browser() as browser:
        assert await dead_links(browser, "/") == []


async def test_no_link_of_a_stranger_leads_nowhere(alpha: TestInstance, ann: Person, bob: Person, eve: Person) -> None:
    await _fill(ann, bob, eve)
    async with alpha.browser() as browser:
        assert await dead_links(browser, "/") == []


async def test_every_form_has_an_address_that_takes_it(
    alpha: TestInstance, ann: Person, bob: Person, eve: Person
) -> None:
    await _fill(ann, bob, eve)
    adapter = alpha.instance.app.url_map.bind("alpha.test")
    post = (await ann.feed())[-1]
    async with ann.browser() as browser:
        for path in ("/", "/@bob", "/@eve", f"/@ann/{post['postId']}", "/requests", "/compose", "/settings/security"):
            page = (await browser.get(path, follow_redirects=True)).text
            for link in re.findall(r'formaction="([^"{]+)"', page) + re.findall(
                r'method="post" action="([^"]+)"', page
            ):
                assert adapter.test(unescape(link), "POST"), (path, link)
