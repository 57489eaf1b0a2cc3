"""Quotes among members: written in the composer, shown in the card, listed, counted, and taken out again."""

from __future__ import annotations

import re

import pytest

from tests.core.storage.uploading import uploaded
from tests.plugins.images.sharing import photo


@pytest.fixture
async def original(ann):
    return await ann.publish("The original words")


async def written(person, **fields):
    """What the composer answers."""
    browser = person.browser()
    page = (await browser.get("/compose")).text
    token = page.partition('name="csrfToken" value="')[2].partition('"')[0]
    return await browser.post("/compose", data={"csrfToken": token, **fields})


async def test_a_quote_is_written_in_the_composer_and_shown_in_the_card(ann, bob, anon, original):
    page = (await bob.browser().get("/compose", params={"quote": original["postId"]})).text
    assert f'name="quote" value="{original["postId"]}"' in page and "The original words" in page
    answer = await written(bob, content="So true", visibility="public", quote=original["postId"])
    shown = (await anon.page(answer.headers["location"])).text
    assert 'class="quote-card"' in shown and "The original words" in shown and f'/@ann/{original["postId"]}"' in shown


async def test_a_quote_of_pictures_shows_them_small_and_how_many_there_are(ann, bob, anon):
    for sensitive, shown in ((False, ["Pier 80", "Pier 90", "Pier 100"]), (True, [])):
        files = [await uploaded(ann, photo(width=width), alt=f"Pier {width}") for width in (80, 90, 100, 110)]
        silent = await ann.publish("", fileIds=[one["fileId"] for one in files], sensitive=sensitive)
        post = await bob.publish("Look", quote=silent["postId"])
        quote = post["quote"]
        assert [one["fileId"] for one in quote["attachments"]] == [one["fileId"] for one in files]
        page = (await anon.page(f"/@bob/{post['postId']}")).text
        card = page.partition("quote-card")[2].partition("</article>")[0]
        assert "4 pictures" in card and "A post without words" not in card
        assert re.findall(r'alt="([^"]+)"', card) == shown


async def test_what_must_not_be_quoted_comes_back_with_what_was_typed(ann, bob):
    post = await ann.publish("Mine", quotePolicy="nobody")
    answer = await written(bob, content="So true", visibility="public", quote=post["postId"])
    assert answer.status_code == 422
    assert "So true" in answer.text and "want anybody to quote this" in answer.text
    assert f'name="quote" value="{post["postId"]}"' in answer.text
    secret = await ann.publish("Secret", visibility="private")
    assert (await bob.browser().get("/compose", params={"quote": secret["postId"]})).status_code == 404


async def test_who_quotes_is_listed_and_counted_for_everybody(ann, bob, eve, anon, original):
    path = f"/posts/{original['postId']}"
    first = await bob.publish("One", quote=original["postId"])
    second = await eve.publish("Two", quote=original["postId"])
    hidden = await bob.publish("For few", quote=original["postId"], visibility="private")
    listed = (await anon.get(f"{path}/quotes", limit=1))["posts"]
    assert [one["postId"] for one in listed] == [second["postId"]]
    listed = (await bob.get(f"{path}/quotes"))["posts"]
    assert [one["postId"] for one in listed] == [hidden["postId"], second["postId"], first["postId"]]
    assert (await anon.get(path))["quotesCount"] == 2
    await eve.delete(f"/posts/{second['postId']}")
    assert (await anon.get(path))["quotesCount"] == 1
    page = (await anon.page(f"/@ann/{original['postId']}")).text
    assert "1 quote</a>" in page
    assert "One" in (await anon.page(f"/@ann/{original['postId']}/quotes")).text


async def test_who_is_quoted_takes_their_words_out_on_the_page(ann, bob, anon, original):
    quote = await bob.publish("So true", quote=original["postId"])
    browser = ann.browser()
    page = (await browser.get(f"/@bob/{quote['postId']}")).text
    action = f"/posts/{original['postId']}/quotes/{quote['postId']}/remove"
    assert f'formaction="{action}"' in page
    assert "/remove" not in (await bob.browser().get(f"/@bob/{quote['postId']}")).text
    token = page.partition('name="csrfToken" value="')[2].partition('"')[0]
    assert (await browser.post(action, data={"csrfToken": token})).status_code == 303
    seen = await anon.get(f"/posts/{quote['postId']}")
    assert seen["quote"] is None and original["url"] in seen["content"]
    assert (await anon.get(f"/posts/{original['postId']}"))["quotesCount"] == 0
    assert "does not want to be quoted" in (await bob.browser().get(f"/@bob/{quote['postId']}")).text


async def test_a_quote_of_what_was_deleted_shows_nothing_of_it(ann, bob, anon, original):
    quote = await bob.publish("So true", quote=original["postId"])
    await ann.delete(f"/posts/{original['postId']}")
    assert (await anon.get(f"/posts/{quote['postId']}"))["quote"] is None
