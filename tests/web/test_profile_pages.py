"""The page of one's own profile, without scripts: pictures, lines in order, and how it will look."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from core.testing import Person, TestInstance
from core.testing.pages import submit, token_of
from tests.core.storage.photos import UPRIGHT, corners, opened_bytes, quarters, saved

PHOTO = saved(quarters(), "PNG")
AT = "/settings/profile"


async def send(browser: httpx.AsyncClient, role: str = "avatar", content: bytes | None = PHOTO, **texts: str) -> Any:
    page = await browser.get(AT)
    file = ("", b"") if content is None else ("me.png", content, "image/png")
    data = {"csrfToken": token_of(page.text), "crop": "", **texts}
    return await browser.post(f"{AT}/{role}", data=data, files={"image": file}, headers={"Referer": str(page.url)})


@pytest.mark.parametrize(("role", "key"), [("avatar", "avatar"), ("cover", "coverImage")])
async def test_a_picture_is_shown_with_its_words_and_taken_away(
    alpha: TestInstance, ann: Person, role: str, key: str
) -> None:
    async with ann.browser() as browser:
        answer = await send(browser, role, alt="Four quarters")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{AT}?saved")
        url = (await ann.get("/users/me"))[key].removeprefix("https://alpha.test")
        own = (await browser.get(AT)).text
        assert f'src="{url}"' in own and 'value="Four quarters"' in own
        shown = (await alpha.anon.page("/@ann")).text
        assert re.search(rf'<img src="{url}"[^>]* alt="Four quarters"|alt="Four quarters"[^>]* src="{url}"', shown)
        again = await send(browser, role, None, alt="A face")
        assert again.status_code == 303 and 'alt="A face"' in (await alpha.anon.page("/@ann")).text
        await submit(browser, f"{AT}/{role}/remove", on=AT)
        assert (await ann.get("/users/me"))[key] is None
        assert "/files/" not in (await alpha.anon.page("/@ann")).text


async def test_a_chosen_part_of_a_picture_is_shown(alpha: TestInstance, ann: Person) -> None:
    async with ann.browser() as browser:
        await send(browser, crop='{"x":0,"y":0.5,"width":0.5,"height":0.5}')
        url = (await ann.get("/users/me"))["avatar"]
        assert corners(opened_bytes((await browser.get(url)).content)) == ["blue"] * 4
        await send(browser)
        url = (await ann.get("/users/me"))["avatar"]
        assert corners(opened_bytes((await browser.get(url)).content)) == UPRIGHT


@pytest.mark.parametrize(
    ("content", "texts", "status", "words"),
    [
        (None, {}, 422, "Choose a picture."),
        (b"<svg/>", {}, 415, "This is not a picture"),
        (PHOTO[:200], {}, 422, "This picture is damaged"),
        (PHOTO, {"crop": "no"}, 422, "fractions from 0 to 1"),
        (PHOTO, {"alt": "x" * 1501}, 422, "at most 1500"),
    ],
)
async def test_what_is_wrong_with_a_picture_stands_beside_it(
    ann: Person, content: bytes | None, texts: dict[str, str], status: int, words: str
) -> None:
    async with ann.browser() as browser:
        answer = await send(browser, "avatar", content, **texts)
    assert answer.status_code == status and words in answer.text and 'class="field-error"' in answer.text
    assert (await ann.get("/users/me"))["avatar"] is None


async def test_a_picture_from_another_place_is_refused(ann: Person, bob: Person) -> None:
    async with ann.browser() as browser, bob.browser() as his:
        stolen = token_of((await his.get(AT)).text)
        for token, site in ((stolen, "same-origin"), ("", "same-origin"), ("", "cross-site")):
            answer = await browser.post(
                f"{AT}/avatar",
                data={"csrfToken": token},
                files={"image": ("a.png", PHOTO)},
                headers={"Sec-Fetch-Site": site},
            )
            assert answer.status_code == 403
        await submit(browser, f"{AT}/avatar/remove", {"csrfToken": stolen})
        assert (await submit(browser, f"{AT}/other/remove")).status_code == 404
    assert (await ann.get("/users/me"))["avatar"] is None


async def test_strangers_are_asked_to_log_in(alpha: TestInstance) -> None:
    for path in (AT, "/settings/privacy"):
        assert (await alpha.anon.page(path)).headers["location"].startswith("/login")
    assert (await alpha.anon.page(f"{AT}/avatar", method="POST", files={"image": ("a.png", PHOTO)})).status_code == 401


LINES = {"fieldName": ["One", "Two", "Three"], "fieldValue": ["1", "2", "3"]}


@pytest.mark.parametrize(
    ("move", "order"),
    [
        ("down-0", ["Two", "One", "Three"]),
        ("up-2", ["One", "Three", "Two"]),
        ("up-0", ["One", "Two", "Three"]),
        ("down-2", ["One", "Two", "Three"]),
        ("down-99999", ["One", "Two", "Three"]),
        ("sideways-1", ["One", "Two", "Three"]),
    ],
)
async def test_lines_change_places_and_are_kept_once_saved(ann: Person, move: str, order: list[str]) -> None:
    async with ann.browser() as browser:
        answer = await submit(browser, AT, {"fullName": "Typed", **LINES, "move": move}, on=AT)
        assert answer.status_code == 200 and "Save to keep it." in answer.text and 'value="Typed"' in answer.text
        assert [name for name in re.findall(r'name="fieldName" value="([^"]*)"', answer.text) if name] == order
        assert (await ann.get("/users/me"))["fields"] == []


async def test_how_the_text_looks_is_shown_before_it_is_kept(ann: Person) -> None:
    values = {"bio": "I *pour* <script>alert(1)</script>", "fullName": "Typed", **LINES}
    async with ann.browser() as browser:
        page = (await submit(browser, f"{AT}/preview", values, on=AT)).text
        part = (await submit(browser, f"{AT}/preview", values, on=AT, HX_Request="true")).text
    for text in (page, part):
        assert "<em>pour</em> &lt;script&gt;" in text
    assert 'value="Typed"' in page and 'value="Three"' in page and "<html" not in part
    assert (await ann.get("/users/me"))["bio"] == ""
