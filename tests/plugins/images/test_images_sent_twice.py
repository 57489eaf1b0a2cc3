"""Pictures that are sent twice by the same form are shared once."""

from __future__ import annotations

import re

from core.testing import Person
from core.testing.pages import token_of
from tests.plugins.posts.test_composer_files import PHOTO


async def test_pictures_sent_again_lead_to_what_was_shared(ann: Person) -> None:
    async with ann.browser() as browser:
        page = (await browser.get("/images/upload")).text
        (key,) = re.findall(r'name="formKey" value="([^"]+)"', page)
        form = {"csrfToken": token_of(page), "formKey": key, "visibility": "public", "content": "The field"}
        photo, headers = {"file": ("field.jpg", PHOTO, "image/jpeg")}, {"Referer": str(browser.base_url)}
        narrow = {**form, "visibility": "none"}
        refused = await browser.post("/images/upload", data=narrow, files=photo, headers=headers)
        assert refused.status_code == 422
        first, second = [await browser.post("/images/upload", data=form, files=photo, headers=headers) for _ in "12"]
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert len(await ann.feed()) == 1
