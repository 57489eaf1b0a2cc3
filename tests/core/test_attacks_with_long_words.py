"""Words that are longer than anything stored here, or hold what no database takes: nothing is found, nothing breaks."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from core.testing import Person, TestInstance, Visitor
from core.testing.pages import submit

# A column's width and a letter, twice as long once it is in lower case, with a NUL, with more digits than Python reads.
WORDS = ["x" * 256, "İ" * 200, "a\0b", "9" * 5000]
STRANGERS = [
    "/@{}",
    "/api/v1/users/{}",
    "/tags/{}",
    "/tags/{}.rss",
    "/.well-known/webfinger?resource=acct:{}@alpha.test",
]
STRANGERS += [
    "/oauth/authorize?response_type=code&redirect_uri=https://app.test/&client_id={}",
    "/@ann?cursor={}",
    "/images?tag={0}&km={0}",
]
MEMBERS = ["/@{}", "/@a@{}.test", "/api/v1/users/{}", "/tags/{}", "/search?q=%40{}", "/api/v1/search/posts?q=from:{}"]
MEMBERS += ["/api/v1/search/posts?q=x&cursor={}", "/api/v1/search/users?q={}", "/api/v1/users/me/blocks?cursor={}"]
FORMS = ["/oauth/token", "/oauth/revoke", "/oauth/introspect"]


@pytest.mark.parametrize("word", WORDS, ids=["long", "longer in lower case", "nul", "digits"])
async def test_words_that_fit_nowhere_are_no_failures(
    alpha: TestInstance, ann: Person, anon: Visitor, word: str
) -> None:
    asked = [(anon, path) for path in STRANGERS] + [(ann, path) for path in MEMBERS]
    for who, path in asked:
        answer = await who.page(path.format(quote(word)))
        assert answer.status_code < 500, path
    for path in FORMS:
        form = {"grant_type": "refresh_token", "client_id": word, "refresh_token": word, "token": word}
        assert (await anon.page(path, "POST", data=form)).status_code < 500, path
    for name in (word, f"@{word}", f"{word}@example.org"):
        answer = await anon.call("POST", "/auth/login", json={"username": name, "password": "x"})
        assert answer.status_code in (401, 422), name
        async with alpha.browser({}) as browser:
            signing_in = {"login": name, "password": "x"}
            assert (await submit(browser, "/login", signing_in, on="/login")).status_code < 500, name
    for body in ({"content": f"@{word} and @a@{word}.test #{word}"}, {"content": "x", "inReplyTo": word}):
        assert (await ann.call("POST", "/posts", json=body)).status_code < 500, body
    assert (await ann.call("POST", f"/tags/{quote(word)}/follow", json={})).status_code in (404, 422)


async def test_a_body_of_more_bytes_than_can_be_counted_is_no_failure(anon: Visitor) -> None:
    answer = await anon.call("POST", "/auth/login", content=b"{}", headers={"Content-Length": "9" * 5000})
    assert 400 <= answer.status_code < 500
