"""Mentions, hashtags and addresses are found in what people type; texts are counted, keyed and cut."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.html import counted_length, find_mentions, find_tags, summary, tag_key
from core.text import pieces


def people(text: str) -> list[str]:
    return [found.key for found in find_mentions(text)]


def addresses(text: str) -> list[str]:
    return [text[piece.start : piece.end] for piece in pieces(text) if piece.kind == "url"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@ann", ["ann"]),
        ("hi @Ann, and .@bob: (@eve)", ["ann", "bob", "eve"]),
        ("@ann@one.test and @Bob@One.Test.", ["ann@one.test", "bob@one.test"]),
        ("@ann.b-c_d@sub.one.test!", ["ann.b-c_d@sub.one.test"]),
        ("@ann@127.0.0.1:8080 @bob@localhost:3000/x", ["ann@127.0.0.1:8080", "bob@localhost:3000"]),
        ("@ann@bücher.test @ann@例え.テスト", ["ann@bücher.test", "ann@例え.テスト"]),
        ("@annさん @bob@one.testさん、", ["ann", "bob@one.test"]),
        ("@ann. @bob- @eve's @m_", ["ann", "bob", "eve", "m_"]),
        ("@ann@ @bob@!", ["ann", "bob"]),
        ("mail ann@one.test, x@y, a.@b@c", ["b@c"]),
        ("https://one.test/@ann /@ann =@ann @@ann \\@ann", []),
        ("@ @. @é @" + "a" * 101, []),
        ("@a@" + "b" * 261, []),
    ],
)
def test_people_are_found_where_they_are_meant(text: str, expected: list[str]) -> None:
    assert people(text) == expected


def test_a_mention_says_where_it_stands_and_how_it_is_spelled() -> None:
    text = "日本 😀 @Ann@One.Test, @bob"
    ann, bob = find_mentions(text)
    assert (ann.name, ann.host, text[slice(*ann.span)]) == ("Ann", "one.test", "@Ann@One.Test")
    assert (bob.name, bob.host, text[slice(*bob.span)]) == ("bob", None, "@bob")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#cats and (#dogs), #cats_2.", ["cats", "dogs", "cats_2"]),
        ("#Cats #cats #CATS #ＣＡＴＳ", ["Cats"]),
        ("#日本語 ＃タグ #中文標籤", ["日本語", "タグ", "中文標籤"]),
        ("#हिन्दी #தமிழ் #עברית #العربية #می\u200cخواهم", ["हिन्दी", "தமிழ்", "עברית", "العربية", "می\u200cخواهم"]),
        ("#Straße #STRASSE #über #u\u0308ber", ["Straße", "über"]),
        ("#l·l #l·", ["l·l", "l"]),
        ("#1st #2024 #_ #__a", ["1st", "__a"]),
        ("#cats😀 #😀 #1\ufe0f\u20e3", ["cats"]),
        ("##cats x#cats /#cats &#cats \\#cats &#x27; # cats", []),
        ("https://one.test/#cats one.test/#cats", []),
        ("#" + "a" * 100 + " #" + "b" * 101, ["a" * 100]),
    ],
)
def test_hashtags_of_every_script_are_found(text: str, expected: list[str]) -> None:
    assert find_tags(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "`@ann #cats`", "``@ann ` #cats``", "```\n@ann #cats\n```", "~~~\n@ann #cats\n~~~", "> ```\n> @ann #cats",
        "- ```\n  @ann #cats\n  ```", "[@ann #cats](https://one.test)", "![@ann #cats](https://one.test/i.png)",
        "[x](https://one.test/@ann#cats)", "`x\n@ann #cats`",
    ],
)  # fmt: skip
def test_nobody_is_mentioned_and_nothing_tagged_in_code_or_in_a_link(text: str) -> None:
    assert find_mentions(text) == []
    assert find_tags(text) == []


@pytest.mark.parametrize(
    "text", ["` @ann #cats", "[@ann #cats]", "[@ann #cats](javascript:x)", "_@ann_ __#cats__", "~~@ann #cats~~"]
)
def test_what_only_looks_like_code_or_a_link_still_mentions_and_tags(text: str) -> None:
    assert people(text) == ["ann"]
    assert find_tags(text) == ["cats"]


def test_plain_writing_has_no_code() -> None:
    assert [found.key for found in find_mentions("`@ann`", format="plain")] == ["ann"]
    assert find_tags("```\n#cats\n```", format="plain") == ["cats"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://one.test.", ["https://one.test"]),
        ("HTTPS://ONE.TEST/A?b=1&c=2#d, x", ["HTTPS://ONE.TEST/A?b=1&c=2#d"]),
        ("(https://one.test/a_(b)_c)", ["https://one.test/a_(b)_c"]),
        ("[x](https://one.test/a) 'https://one.test/b'", ["https://one.test/a", "https://one.test/b"]),
        ("<https://one.test/a_.> <https://one.test/b", ["https://one.test/a_.", "https://one.test/b"]),
        ("**https://one.test/a** “https://one.test/b”…", ["https://one.test/a", "https://one.test/b"]),
        (
            "https://one.test:8080/x http://[::1]:80/ http://localhost",
            ["https://one.test:8080/x", "http://[::1]:80/", "http://localhost"],
        ),
        ("見てhttps://one.testを見て https://one.test/を。", ["https://one.test", "https://one.test/を"]),
        (
            "https://例え.テスト/パス https://x.vermögensberatung",
            ["https://例え.テスト/パス", "https://x.vermögensberatung"],
        ),
        ("xhttps://one.test https:// https://. https:///x one.test ftp://one.test", []),
        ("https://one.test@two.test https://a:b@two.test/ https://a:1@two.test", []),
    ],
)
def test_addresses_end_where_people_mean_them_to(text: str, expected: list[str]) -> None:
    assert addresses(text) == expected


def test_a_hashtag_has_one_key_however_it_is_spelled() -> None:
    assert tag_key("#Straße") == tag_key("STRASSE") == tag_key("ｓtrasse") == "strasse"
    assert tag_key("Ünï") == tag_key(unicodedata.normalize("NFD", "ünï"))


@given(st.text(max_size=20))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    assert tag_key(tag_key(name)) == tag_key(name)


def test_a_text_counts_its_composed_characters_and_whole_addresses() -> None:
    assert counted_length("  e\u0301\r\n😀\x07 ") == 3
    assert counted_length("https://one.test/" + "x" * 100) == 117
    assert counted_length("日本語") == 3


def test_a_summary_is_one_line_cut_between_words() -> None:
    assert summary("one two\n\nthree", 100) == "one two three"
    assert summary("one two, three", 10) == "one two…"
    assert summary("unbreakablelongword", 8) == "unbreak…"
    assert summary("x", 0) == "" == summary("", 5)


def test_a_summary_does_not_cut_through_a_sign() -> None:
    family = "👩\u200d👩\u200d👧"
    assert summary("ab" + family + "cd", 6) == "ab…"
    assert summary("abe\u0301fghi", 4) == "ab…"
    assert summary("🇩🇪🇫🇷🇯🇵", 4) == "🇩🇪…"


@given(st.text(max_size=60), st.integers(1, 30))
def test_a_summary_never_exceeds_its_length(text: str, length: int) -> None:
    assert len(summary(text, length)) <= length


SIGNS = st.text(st.sampled_from("@#aB1_.-/:()[]`*~<>\\ \n＃é日h\u0301😀&=?") | st.characters(), max_size=80)


PARTS = st.lists(
    st.sampled_from(["https://", "@a", "#b", "@one.test", "/", ")", "(", " ", "`", "を", "."]), max_size=20
)


@settings(max_examples=500, deadline=None)
@given(SIGNS | PARTS.map("".join))
def test_what_is_found_lies_in_order_and_is_what_it_says(text: str) -> None:
    end = 0
    for piece in pieces(text):
        assert end <= piece.start < piece.end
        end = piece.end
        raw = text[piece.start : piece.end]
        if piece.kind == "url":
            assert raw.lower().startswith(("http://", "https://"))
        elif piece.kind == "tag":
            assert raw[1:] == piece.name and any(map(str.isalpha, raw))
        else:
            assert raw.lower().startswith(f"@{piece.name}".lower())


@pytest.mark.parametrize(
    "unit",
    ["@", "#", "@a.", "@a@b.", "#a", "#a ", "https://", "https://a/)", "https://a:", "@a-", "＃", "`@a", "[@a](",
     "~~~\n", "https://a.b/ ", "@a@b.cd ", "x.ab"],
)  # fmt: skip
def test_floods_of_signs_are_survived(unit: str) -> None:
    flood = unit * (100_000 // len(unit))
    for text in (flood, "https://" + flood, "https://a.test/" + flood, "@a@" + flood + "を", "#" + flood):
        assert len(find_mentions(text)) <= len(text)
        assert len(find_tags(text)) <= 100_000
        assert counted_length(text) <= len(text)
        assert len(summary(text, 100)) <= 100
