"""What those get who have no account: feeds, previews, embedded posts, sitemaps; never more than strangers may see."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from core.testing import Foreign, Person, TestInstance, Visitor, problem_of

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
VISIBILITIES = ("public", "unlisted", "followers", "friends", "private", "direct")


async def xml(viewer: Visitor, path: str) -> ElementTree.Element:
    answer = await viewer.page(path)
    assert answer.status_code == 200, answer.text
    return ElementTree.fromstring(answer.content)


async def locations(viewer: Visitor, path: str) -> list[str]:
    return [str(found.text) for found in (await xml(viewer, path)).iter(f"{SITEMAP}loc")]


# -- Feeds ---------------------------------------------------------------------
async def test_a_feed_has_public_posts_only_even_for_a_friend_who_is_signed_in(ann: Person, bob: Person) -> None:
    await bob.follow(ann)
    await ann.follow(bob)
    for visibility in VISIBILITIES:
        await ann.publish(f"words for {visibility} #tea @bob", visibility=visibility)
    for path in ("/@ann.rss", "/@ann.atom", "/tags/tea.rss", "/tags/TEA.atom"):
        text = (await bob.browser().get(path)).text
        assert "words for public" in text
        assert not any(f"words for {visibility}" in text for visibility in VISIBILITIES[1:]), path


async def test_rss_says_what_was_written_and_when(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("Tea & *cake* <b>", contentWarning="Food & drink")
    channel = (await xml(anon, "/@ann.rss")).find("channel")
    assert channel is not None
    item = channel.find("item")
    assert channel.findtext("link") == "https://alpha.test/@ann" and item is not None
    assert (item.findtext("title"), item.findtext("link")) == ("Food & drink", post["url"])
    words = item.findtext("description") or ""
    assert words.startswith("<p><strong>Food &amp; drink</strong></p>") and "<em>cake</em> &lt;b&gt;" in words
    assert (item.findtext("pubDate") or "").endswith("GMT")


async def test_atom_names_author_language_and_tags(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("Grüße #Tee", language="de")
    entry = (await xml(anon, "/tags/tee.atom")).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}id") == post["uri"]
    assert entry.findtext(f"{ATOM}author/{ATOM}uri") == "https://alpha.test/@ann"
    assert entry.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "de"
    assert [tag.attrib["term"] for tag in entry.findall(f"{ATOM}category")] == ["Tee"]


@pytest.mark.parametrize("prepared", [False, True])
async def test_who_has_a_feed_is_told_that_it_is_as_it_was(ann: Person, anon: Visitor, prepared: bool) -> None:
    await ann.publish("first")
    first = await anon.page("/@ann.rss", headers={} if prepared else {"Cookie": "a=b"})
    for name, asked in (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since")):
        again = await anon.page("/@ann.rss", headers={asked: first.headers[name]})
        assert (again.status_code, again.content) == (304, b""), name
    await ann.publish("second")
    again = await anon.page("/@ann.rss", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200 and "second" in again.text


async def test_who_asks_for_a_feed_since_no_date_gets_it_whole(ann: Person, anon: Visitor) -> None:
    await ann.publish("first")
    for nonsense in ("yesterday", f"Mon, 30 Nov 2026 08:00:00 +{'9' * 20}", "Mon, 30 Nov 2026 08:00:00 +9999"):
        given = await anon.page("/@ann.rss", headers={"If-Modified-Since": nonsense, "Cookie": "a=b"})
        assert given.status_code == 200 and "first" in given.text


async def test_a_feed_forgets_what_was_deleted_and_who_left(ann: Person, admin: Person, anon: Visitor) -> None:
    post = await ann.publish("a slip")
    assert "a slip" in (await anon.page("/@ann.rss")).text
    await ann.delete(f"/posts/{post['postId']}")
    assert "a slip" not in (await anon.page("/@ann.rss")).text
    await admin.post(f"/admin/users/{ann.id}/suspend", {"reason": "spam"})
    assert (await anon.page("/@ann.rss")).status_code == 404


async def test_people_elsewhere_have_no_feed_here(foreign: Foreign, ann: Person, anon: Visitor) -> None:
    foreign.person("zoe")
    await ann.get("/users/@zoe@foreign.test")
    for path in ("/@zoe@foreign.test.rss", "/@nobody.rss"):
        assert (await anon.page(path)).status_code == 404


# -- Previews ------------------------------------------------------------------
async def test_pages_say_in_their_head_what_a_preview_needs(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("Look at this", contentWarning="Spiders")
    page = (await anon.page(f"/@ann/{post['postId']}")).text
    assert '<meta property="og:description" content="Spiders">' in page and "Look at this" not in page.split("<body")[0]
    assert f'<meta property="og:url" content="{post["url"]}">' in page
    assert '<meta name="twitter:card" content="summary">' in page
    profile = (await anon.page("/@ann")).text
    for link in ('type="application/rss+xml"', 'href="/@ann.atom"', 'property="og:site_name"'):
        assert link in profile


# -- Embedded posts ------------------------------------------------------------
async def test_a_page_leads_to_how_its_post_is_embedded(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("Show me elsewhere")
    page = (await anon.page(f"/@ann/{post['postId']}")).text
    address = page.split('type="application/json+oembed" href="')[1].split('"')[0].replace("&amp;", "&")
    told = (await anon.page(address.removeprefix("https://alpha.test"), params=None)).json()
    assert (told["type"], told["version"], told["author_name"]) == ("rich", "1.0", "ann")
    source = told["html"].split('src="')[1].split('"')[0]
    frame = await anon.page(source.removeprefix("https://alpha.test"))
    assert "Show me elsewhere" in frame.text and "<script" not in frame.text and "<form" not in frame.text
    policy = frame.headers["content-security-policy"]
    assert "frame-ancestors *" in policy and "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in (await anon.page("/@ann")).headers["content-security-policy"]


@pytest.mark.parametrize("visibility", VISIBILITIES[2:])
async def test_what_strangers_may_not_see_is_embedded_nowhere(ann: Person, visibility: str) -> None:
    post = await ann.publish("not for you", visibility=visibility)
    assert (await ann.browser().get(f"/@ann/{post['postId']}/embed")).status_code == 404
    problem = await ann.page("/api/oembed", params={"url": post["url"]})
    assert problem.status_code == 404


async def test_oembed_answers_for_posts_of_this_server_only(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("here")
    for url in (
        "https://elsewhere.test/@ann/" + post["postId"],
        "https://alpha.test/@ann",
        "x",
        post["url"] + "/history",
    ):
        assert (await anon.page("/api/oembed", params={"url": url})).status_code == 404, url
    problem_of(await anon.page("/api/oembed"), 422)
    problem_of(await anon.page("/api/oembed", params={"url": post["url"], "format": "xml"}), 501)
    for width in (250, 120):
        narrow = (await anon.page("/api/oembed", params={"url": post["url"], "maxwidth": width})).json()
        assert narrow["width"] == width and f'width="{width}"' in narrow["html"]


# -- What search engines are told ----------------------------------------------
async def test_only_those_who_agreed_stand_in_the_sitemap(ann: Person, bob: Person, anon: Visitor) -> None:
    await ann.put("/users/me", {"settings": {"indexable": True}})
    posts = [await ann.publish("for all"), await ann.publish("not so", visibility="unlisted"), await bob.publish("no")]
    maps = await locations(anon, "/sitemap.xml")
    assert maps[0] == "https://alpha.test/sitemaps/people.xml" and len(maps) == 2
    assert await locations(anon, "/sitemaps/people.xml") == ["https://alpha.test/@ann"]
    assert await locations(anon, maps[1].removeprefix("https://alpha.test")) == [posts[0]["url"]]
    await ann.put("/users/me", {"settings": {"indexable": False}})
    assert await locations(anon, "/sitemaps/people.xml") == []


@pytest.mark.parametrize("name", ["2026-13", "1969-01", "posts", "9999-12"])
async def test_there_are_no_other_sitemaps(anon: Visitor, name: str) -> None:
    assert (await anon.page(f"/sitemaps/{name}.xml")).status_code == 404


async def test_robots_are_told_where_the_sitemap_is_and_crawlers_for_models_to_stay_away(anon: Visitor) -> None:
    text = (await anon.page("/robots.txt")).text
    assert "Sitemap: https://alpha.test/sitemap.xml" in text
    refused, _, others = text.partition("User-agent: *")
    assert "User-agent: GPTBot" in refused and refused.strip().endswith("Disallow: /")
    assert "Disallow: /search" in others


async def test_pages_of_those_who_did_not_agree_ask_not_to_be_indexed(
    alpha: TestInstance, ann: Person, anon: Visitor
) -> None:
    post = await ann.publish("words")
    paths = ("/@ann", f"/@ann/{post['postId']}", "/@ann.rss", f"/@ann/{post['postId']}/embed")
    for path in paths:
        assert (await anon.page(path)).headers["x-robots-tag"] == "noindex", path
    await ann.put("/users/me", {"settings": {"indexable": True}})
    for path in paths[:3]:
        assert "x-robots-tag" not in (await anon.page(path)).headers, path
