"""What others wrote is text, and its links lead to pages here."""

from __future__ import annotations

import re

import pytest

from core.testing import Foreign, Person, TestInstance, settle
from tests.plugins.posts.page_reader import posts_of, prose_of, shown

SCRIPT = '<script>alert("1")</script>'
QUOTES = "\"><img src=x onerror=alert(1)> ' onfocus=alert(2) autofocus x="


@pytest.mark.parametrize("text", [SCRIPT, QUOTES], ids=["script", "quotes"])
async def test_what_people_type_is_never_markup(ann: Person, bob: Person, text: str) -> None:
    fields = [{"name": text[:90], "value": text}]
    await bob.put("/users/me", {"fullName": text[:90], "bio": text, "fields": fields})
    await bob.follow(ann)
    post = await bob.publish(text, contentWarning=text)
    await ann.publish(text, inReplyTo=post["postId"])
    await bob.put(f"/posts/{post['postId']}", {"content": f"{text} again", "contentWarning": text})
    pages = ["/local", "/@bob", f"/@bob/{post['postId']}", f"/@bob/{post['postId']}/history", "/@ann/followers"]
    pages += [f"/compose?reply={post['postId']}", "/lookup?q=bob"]
    for path in pages:
        assert_harmless(await shown(ann, path), path)
    async with ann.browser() as browser:
        for path in ("/lookup", "/login", "/tags/tea", "/nowhere"):
            answer = await browser.get(path, params={"q": text, "next": f"/{text}"}, follow_redirects=True)
            assert_harmless(answer.text, path)
        for path in (f"/tags/{QUOTES}", f"/@{QUOTES}", f"/{SCRIPT}"):
            assert_harmless((await browser.get(path)).text, path)
    for path in ("/settings/profile", f"/posts/{post['postId']}/edit"):
        assert_harmless(await shown(bob, path), path)


def assert_harmless(page: str, path: str) -> None:
    """Nothing of what was typed has become an element or an attribute of the page."""
    assert "<script>alert" not in page, path
    for tag in re.findall(r"<[a-zA-Z](?:[^>\"']|\"[^\"]*\"|'[^']*')*>", page):
        bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", tag)
        assert " onerror" not in bare and " onfocus" not in bare and " x=" not in bare, (path, tag)


HOSTILE = (
    '<p onclick="alert(1)" style="position:fixed">Hello <script>alert(1)</script><b>bold</b>'
    '<a href="javascript:alert(1)">a</a><a href="https://ok.test/" onclick="x()" target="_top">b</a>'
    '<img src="https://tracker.test/pixel.png" onerror="alert(1)"><iframe src="https://evil.test/"></iframe>'
    '<form action="/logout" method="post"><button form="act" formaction="/@eve/follow">Press</button></form>'
    '<input name="csrfToken"><svg onload="alert(1)"></svg><div hx-get="/logout" data-plain id="act">c</div></p>'
)


async def test_what_other_servers_send_cannot_act(alpha: TestInstance, ann: Person, foreign: Foreign) -> None:
    carla = foreign.person("carla", summary=HOSTILE)
    carla.more["name"] = SCRIPT
    await ann.follow(carla.address)
    await settle(alpha)
    follow = foreign.activities("Follow")[0]
    await carla.send(alpha, carla.activity("Accept", follow))
    await settle(alpha)
    note = carla.note(HOSTILE, summary=QUOTES)
    await carla.send(alpha, carla.activity("Create", note))
    await settle(alpha)
    page = await shown(ann, "/")
    (post_id,) = posts_of(page)
    for path in ("/", "/global", f"/@carla@foreign.test/{post_id}", "/@carla@foreign.test"):
        text = await shown(ann, path)
        assert_harmless(text, path)
        assert "<b>bold</b>" in text or "<strong>bold</strong>" in text, path
        for word in ("javascript:", 'src="https://', "evil.test", "<iframe", "<svg onload", "position:fixed"):
            assert word not in re.sub(r'href="https?://[^"]*"', "", text), (path, word)
        prose = prose_of(text)
        for word in ("<form", "<button", "<input", "onclick", "hx-", "formaction", "id=", "<img"):
            assert word not in prose, (path, word)


async def test_pictures_of_other_hosts_are_links(alpha: TestInstance, ann: Person, foreign: Foreign) -> None:
    carla = foreign.person("carla")
    picture = '<img src="https://foreign.test/boat.png" alt="A &quot;boat&quot;"><img src="https://foreign.test/b.png">'
    article = carla.note(f"<p>Words</p>{picture}", type="Article", name="On boats")
    await carla.send(alpha, carla.activity("Create", article))
    await settle(alpha)
    page = await shown(ann, "/lookup?q=" + article["id"])
    (post_id,) = posts_of(page)
    prose = prose_of(await shown(ann, f"/@carla@foreign.test/{post_id}"))
    assert "<img" not in prose
    assert '<a href="https://foreign.test/boat.png"' in prose
    assert ">A &#34;boat&#34;</a>" in prose
    assert ">Picture</a>" in prose


async def test_people_and_hashtags_in_a_post_lead_to_pages_here(
    alpha: TestInstance, ann: Person, bob: Person, foreign: Foreign
) -> None:
    carla = foreign.person("carla", url="https://foreign.test/@carla")
    await shown(ann, "/lookup?q=@carla@foreign.test")
    own = await ann.publish("With @bob and @carla@foreign.test #Tea")
    note = carla.note(
        f'<p><a href="{carla.more["url"]}" class="u-url mention">@carla</a> with <a href="https://alpha.test/@ann"'
        ' class="mention u-url">@<span>ann</span></a>, <a href="https://foreign.test/tags/k%C3%BCste" class="mention'
        ' hashtag" rel="tag">#<span>Küste</span></a> and <a href="https://foreign.test/tags/other" rel="tag">#x</a>,'
        ' <a href="https://foreign.test/@carla">me</a></p>',
        tag=[
            {"type": "Mention", "href": ann.uri, "name": "@ann@alpha.test"},
            {"type": "Mention", "href": carla.id, "name": "@carla@foreign.test"},
            {"type": "Hashtag", "href": "https://foreign.test/tags/küste", "name": "#Küste"},
        ],
        cc=[ann.uri],
    )
    await carla.send(alpha, carla.activity("Create", note))
    await settle(alpha)
    page = await shown(ann, "/lookup?q=" + note["id"])
    (post_id,) = posts_of(page)
    links = re.findall(r'<a href="([^"]+)"', prose_of(await shown(ann, f"/@carla@foreign.test/{post_id}")))
    assert links == ["/@carla@foreign.test", "/@ann", "/tags/k%C3%BCste", "https://foreign.test/tags/other", links[0]]
    links = re.findall(r'<a href="([^"]+)"', prose_of(await shown(ann, f"/@ann/{own['postId']}")))
    assert links == ["/@bob", "/@carla@foreign.test", "/tags/Tea"]


async def test_pages_and_their_parts_are_in_the_readers_language(ann: Person, alpha: TestInstance) -> None:
    await ann.publish("Hallo")
    settings = alpha.instance.settings.server
    assert settings.languages == ("en",)
    page = await shown(ann, "/local", Accept_Language="de")
    assert '<html lang="en"' in page
    await ann.refused(422, "PUT", "/users/me", {"settings": {"language": "tlh"}})
    assert '<html lang="en"' in await shown(ann, "/local")
