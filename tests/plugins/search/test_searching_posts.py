"""Finding posts by their words, and by what one says beside the words."""

from __future__ import annotations

import pytest

from core.testing import Person, Visitor, fields_of


async def found(viewer: Visitor, q: str = "", **more: object) -> list[str]:
    posts = (await viewer.get("/search/posts", q=q or None, **more))["posts"]
    return [post["source"] or post["content"].removeprefix("<p>").removesuffix("</p>") for post in posts]


async def test_all_words_must_be_there_in_any_order(ann: Person, anon: Visitor) -> None:
    for text in ("green tea at noon", "black tea", "noon"):
        await ann.publish(text)
    assert await found(anon, "noon TEA") == ["green tea at noon"]
    assert await found(anon, "tea") == ["black tea", "green tea at noon"]


async def test_words_are_found_whatever_their_accents_and_width(ann: Person, anon: Visitor) -> None:
    await ann.publish("Frühstück im Café")
    for q in ("fruhstuck", "CAFE", "café", "ｃａｆｅ", "Frühstück"):
        assert await found(anon, q) == ["Frühstück im Café"], q


async def test_other_forms_of_a_word_are_found(ann: Person, anon: Visitor) -> None:
    await ann.publish("Two gardens by the sea", language="en")
    assert await found(anon, "garden") == ["Two gardens by the sea"]


@pytest.mark.parametrize(
    ("text", "language", "q"),
    [
        ("We went running at dawn", "en", "runs"),
        ("A run along the river", "en", "running"),
        ("One boat in the harbour", "en", "boats"),
        ("Two boats and a ferry", "en", "boat"),
        ("Stories of the sea", "en", "story"),
        ("They baked bread", "en", "baking"),
        ("What we agree on", "en", "agreed"),
        ("Fond of travelling", "en", "travels"),
        ("Die Häuser am Fluss", "de", "Haus"),
        ("Ein Buch auf dem Tisch", "de", "Bücher"),
        ("nous mangerons ensemble", "fr", "manger"),
        ("les chevaux du village", "fr", "chevaux"),
        ("une maison ancienne", "fr", "maisons"),
        ("las casas blancas", "es", "casa"),
        ("estamos cantando", "es", "cantar"),
        ("i libri nuovi", "it", "libro"),
        ("os livros antigos", "pt", "livro"),
        ("de bomen in het park", "nl", "boom"),
        ("båtarna i hamnen", "sv", "båt"),
        ("читаем новые книги", "ru", "книга"),
    ],
)
async def test_a_word_is_bent_as_its_language_does(
    ann: Person, anon: Visitor, text: str, language: str, q: str
) -> None:
    await ann.publish(text, language=language)
    assert await found(anon, f"{q} lang:{language}") == [text]


@pytest.mark.parametrize(
    ("text", "language", "q"),
    [
        ("A bus at the corner", "en", "bu"),
        ("Nothing but news", "en", "thing"),
        ("The king was red", "en", "k"),
        ("Das Haus am Meer", "de", "Hau"),
        ("Something new", "en", "news"),
        ("We went running at dawn", "en", '"runs"'),
    ],
)
async def test_another_word_is_no_form_of_it(ann: Person, anon: Visitor, text: str, language: str, q: str) -> None:
    await ann.publish(text, language=language)
    assert await found(anon, f"{q} lang:{language}") == []


@pytest.mark.parametrize("q", ["東京", "京都", "都", "東京都", "塔へ"])
async def test_words_of_scripts_without_spaces_are_found(ann: Person, anon: Visitor, q: str) -> None:
    await ann.publish("今日は東京都の塔へ行った", language="ja")
    assert len(await found(anon, q)) == 1
    assert await found(anon, "都東") == []


async def test_a_phrase_stands_side_by_side(ann: Person, anon: Visitor) -> None:
    await ann.publish("salt and pepper")
    await ann.publish("pepper and salt")
    assert await found(anon, '"salt and pepper"') == ["salt and pepper"]
    assert await found(anon, '"and salt') == ["pepper and salt"]


async def test_a_word_with_a_minus_must_not_be_there(ann: Person, anon: Visitor) -> None:
    await ann.publish("soup with fish")
    await ann.publish("soup with peas")
    assert await found(anon, "soup -fish") == ["soup with peas"]
    assert await found(anon, 'soup -"with peas"') == ["soup with fish"]
    assert await found(anon, "-fish") == []


async def test_other_forms_of_a_word_with_a_minus_must_not_be_there_either(ann: Person, anon: Visitor) -> None:
    await ann.publish("rivers with boats", language="en")
    await ann.publish("rivers with fish", language="en")
    assert await found(anon, "river -boat lang:en") == ["rivers with fish"]


async def test_a_star_lets_a_word_go_on(ann: Person, anon: Visitor) -> None:
    await ann.publish("teapot")
    assert await found(anon, "tea*") == ["teapot"] and await found(anon, "tea") == []


async def test_who_wrote_it_can_be_said(ann: Person, bob: Person, anon: Visitor) -> None:
    await ann.publish("ann on tea")
    await bob.publish("bob on tea")
    assert await found(anon, "tea from:ann") == ["ann on tea"]
    assert await found(anon, "from:@bob") == ["bob on tea"]
    assert await found(anon, "from:@bob@alpha.test tea -from:ann") == ["bob on tea"]
    assert await found(ann, "tea from:me") == ["ann on tea"]
    assert await found(anon, "tea -from:bob") == ["ann on tea"]
    assert await found(anon, "tea from:nobody") == await found(anon, "tea from:me") == []


async def test_what_hangs_on_it_can_be_said(ann: Person, anon: Visitor) -> None:
    await ann.publish("plain words about tea")
    await ann.publish("read https://tea.test/leaves about tea")
    await ann.publish("@ann writes #tea about tea")
    assert [text[:4] for text in await found(anon, "tea has:link")] == ["read"]
    assert len(await found(anon, "tea -has:link")) == 2
    assert await found(anon, "tea has:image") == []


async def test_a_poll_is_found_as_one_and_by_its_answers(ann: Person, anon: Visitor) -> None:
    await ann.publish("What now", poll={"options": ["Oolong", "Darjeeling"], "expiresIn": 3600})
    await ann.publish("What else")
    assert await found(anon, "what has:poll") == await found(anon, "darjeeling") == ["What now"]
    assert await found(anon, "what -has:polls") == ["What else"]


async def test_when_it_was_written_can_be_said(ann: Person, anon: Visitor) -> None:
    await ann.publish("tea today")
    assert await found(anon, "tea after:2020-01-01 before:2999-12-31") == ["tea today"]
    assert await found(anon, "tea before:2020") == await found(anon, "tea after:2998-02") == []


@pytest.mark.parametrize("q", ["before:yesterday", "after:2026-13-01", "before:2026-02-30", "x" * 501])
async def test_what_cannot_be_understood_is_named(anon: Visitor, q: str) -> None:
    assert fields_of(await anon.refused(422, "GET", "/search/posts", params={"q": q})) == ["q"]


@pytest.mark.parametrize("params", [{}, {"q": " "}, {"tags": ""}])
async def test_something_must_be_looked_for(anon: Visitor, params: dict[str, str]) -> None:
    assert fields_of(await anon.refused(422, "GET", "/search/posts", params=params)) == ["q"]


async def test_the_language_can_be_said(ann: Person, anon: Visitor) -> None:
    await ann.publish("Tee", language="de")
    await ann.publish("Tee", language="en")
    (post,) = (await anon.get("/search/posts", q="tee lang:de"))["posts"]
    assert post["language"] == "de"


async def test_all_tags_must_be_there(ann: Person, anon: Visitor) -> None:
    await ann.publish("#Tea and #Cake_Day")
    await ann.publish("#tea alone")
    assert len(await found(anon, tags="tea,cake_day")) == 1
    assert len(await found(anon, tags="#TEA")) == len(await found(anon, "#tea")) == 2
    assert len(await found(anon, "alone", tags="tea")) == 1


async def test_pages_follow_one_another_without_repeats_or_holes(ann: Person, anon: Visitor) -> None:
    written = [f"tea number {number}" for number in range(7)]
    for text in written:
        await ann.publish(text)
    seen: list[str] = []
    page = await anon.get("/search/posts", q="tea", limit=3)
    while True:
        seen += [post["content"][3:-4] for post in page["posts"]]
        if not page["pagination"]["hasMore"]:
            break
        await ann.publish("more tea meanwhile")
        page = await anon.get("/search/posts", q="tea", limit=3, cursor=page["pagination"]["nextCursor"])
    assert seen == written[::-1]
    cursor = (await anon.get("/search/posts", q="tea", limit=3))["pagination"]["nextCursor"]
    await anon.refused(422, "GET", "/search/posts", params={"q": "coffee", "cursor": cursor})
    await anon.refused(422, "GET", "/search/posts", params={"q": "tea", "cursor": "x"})


async def test_the_words_of_a_warning_and_of_a_tag_are_found(ann: Person, anon: Visitor) -> None:
    await ann.publish("who did it", contentWarning="Ending of the film", tags=[])
    await ann.publish("look #SlowFood")
    assert len(await found(anon, "ending film")) == len(await found(anon, "slowfood")) == 1


ODD = ["%", "_", "' OR '1'='1", '"unclosed', "a AND", "NEAR(", "*", "-", "(((", "\\", "words:x", "{a}:b", "a^2", "😀"]


@pytest.mark.parametrize("q", ODD)
async def test_signs_are_signs_and_nothing_else(ann: Person, anon: Visitor, q: str) -> None:
    await ann.publish("nothing of the sort")
    assert await found(anon, q) == []
