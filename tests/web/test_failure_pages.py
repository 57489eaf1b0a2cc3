"""What went wrong is said kindly, with the right status, and never fails itself."""

from __future__ import annotations

from math import ceil

from core.testing import Person, Visitor, world
from core.testing.pages import submit

ROBOTS = "x-robots-tag"


async def test_a_page_that_is_not_there_says_so_to_people_and_to_programs(anon: Visitor, ann: Person) -> None:
    page = await anon.page("/nowhere", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "<title>There is nothing here · Kith</title>" in page.text
    problem = await anon.page("/nowhere", headers={"Accept": "application/json"})
    assert problem.status_code == 404
    assert problem.headers["content-type"].startswith("application/problem+json")
    async with ann.browser() as browser:
        assert 'data-viewer="' in (await browser.get("/nowhere")).text


async def test_the_wrong_method_names_the_right_ones(anon: Visitor) -> None:
    answer = await anon.page("/posts/0190a000-0000-7000-8000-000000000000/like")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]
    assert "This cannot be done here" in answer.text


async def test_too_much_is_refused(ann: Person) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, "/compose", {"content": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "This is too large" in answer.text


async def test_too_many_tries_to_log_in_say_when_to_come_back() -> None:
    async with world("alpha.test", rate_limits__enabled=True) as (alpha,), alpha.browser({}) as browser:
        await alpha.user("ann")
        statuses = []
        for _try in range(6):
            answer = await submit(browser, "/login", {"login": "ann", "password": "Wrong-Harbour-1"}, on="/login")
            statuses.append(answer.status_code)
    assert statuses == [401] * 5 + [429]
    assert "Too many failed tries" in answer.text
    seconds = int(answer.headers["retry-after"])
    when = f"{seconds} seconds" if seconds <= 90 else f"{ceil(seconds / 60)} minutes"
    assert f"Too many failed tries. Please try again in {when}." in answer.text


async def test_a_bad_link_is_not_blamed_on_what_somebody_typed(anon: Visitor) -> None:
    answer = await anon.page("/oauth/authorize?client_id=nobody")
    assert answer.status_code == 400
    assert "That did not work" in answer.text
    assert "This app is not known here" in answer.text
    assert "typed" not in answer.text


async def test_a_surprise_bears_a_number_and_no_inside() -> None:
    async with world("alpha.test", server__name="Broken here") as (alpha,):
        template = alpha.folder / "templates" / "posts" / "lookup.html"
        template.parent.mkdir(parents=True)
        template.write_text("{{ 1 / 0 }}")
        page = await alpha.anon.page("/lookup")
        part = await alpha.anon.page("/lookup", headers={"HX-Request": "true"})
    assert page.status_code == part.status_code == 500
    assert "That is our fault" in page.text
    assert 'href="/lookup">Try again</a>' in page.text
    assert "name this number: " in page.text
    assert "ZeroDivision" not in page.text + part.text
    assert part.text.startswith("<p data-says>")


async def test_a_failure_of_the_failure_page_is_still_an_answer() -> None:
    async with world("alpha.test", server__name="More broken") as (alpha,):
        template = alpha.folder / "templates" / "errors" / "404.html"
        template.parent.mkdir(parents=True)
        template.write_text("{{ 1 / 0 }}")
        page = await alpha.anon.page("/nowhere")
    assert page.status_code == 404
    assert "<h1>There is nothing here</h1>" in page.text


async def test_search_engines_get_the_place_and_those_who_agreed(ann: Person, anon: Visitor) -> None:
    post = await ann.publish("Findable")
    own = ("/@ann", f"/@ann/{post['postId']}")
    for path in ("/", "/about"):
        assert ROBOTS not in (await anon.page(path)).headers, path
    for path in (*own, "/local", "/global", "/tags/tea", "/nowhere", "/@ann/followers"):
        assert (await anon.page(path)).headers[ROBOTS] == "noindex", path
    await ann.put("/users/me", {"settings": {"indexable": True}})
    for path in own:
        assert ROBOTS not in (await anon.page(path)).headers, path
    robots = await anon.page("/robots.txt")
    assert robots.headers["content-type"].startswith("text/plain")
    assert "Disallow: /api/" in robots.text
