"""What a member types becomes safe HTML that shows what was meant, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.html import Format, Linked, clean, find_mentions, find_tags, plain, render, without_controls
from tests.core.html_reader import Reading
from tests.core.test_html import EVASIONS

REL = 'rel="nofollow noopener noreferrer"'
PEOPLE = {
    "ann": Linked("https://home.test/@ann", "ann", "https://home.test/users/1"),
    "bob@one.test": Linked("https://one.test/@bob", "bob", "https://one.test/users/bob"),
    "mallory": Linked("javascript:alert(1)", "mallory", "https://two.test/m"),
    "trent": Linked('https://two.test/"><script>', "<b>@\"'&", "https://two.test/t"),
}
TAGS = "https://home.test/tags/"
FORMATS: list[Format] = ["markdown", "plain"]


def html(source: str, format: Format = "markdown") -> str:
    return render(source, format=format, mentions=PEOPLE, tag_url=lambda name: TAGS + name)


@pytest.mark.parametrize("format", FORMATS)
def test_signs_of_html_are_shown_and_the_address_is_exact(format: Format) -> None:
    typed = "5 < 6 & <b onclick=x()>bold</b> https://example.org/a?b=1&c=2"
    reading = Reading(html(typed, format))
    assert reading.text.strip() == typed == plain(html(typed, format))
    assert [link["href"] for link in reading.links] == ["https://example.org/a?b=1&c=2"]
    assert 'href="https://example.org/a?b=1&amp;c=2"' in html(typed, format)
    assert reading.active == []


@pytest.mark.parametrize("format", FORMATS)
def test_every_script_survives_byte_for_byte(format: Format) -> None:
    typed = (
        "Ünï😀 日本語 עברית 👩\u200d👩\u200d👧 \u202ea\u202c \u2066x\u2069 \u200b e\u0301 \uf8ff &copy; &amp; \\(ツ)/¯"
    )
    shown = typed.replace("\\(", "(") if format == "markdown" else typed
    assert Reading(html(typed, format)).text.strip() == shown


@pytest.mark.parametrize("format", FORMATS)
def test_control_characters_are_removed(format: Format) -> None:
    assert html("a\x00b\x1bc\x85d\ud800e\r\nf\rg\th", format) == "<p>abcde<br>f<br>g\th</p>"


@pytest.mark.parametrize("format", FORMATS)
def test_lines_and_paragraphs_are_kept(format: Format) -> None:
    assert html("one\ntwo\n\n\nthree\n", format) == "<p>one<br>two</p><p>three</p>"
    assert html(" \n ", format) == ""


@pytest.mark.parametrize("format", FORMATS)
def test_a_long_address_is_shown_short_and_read_whole(format: Format) -> None:
    url = "https://www.example.org/a/very/long/path/that/goes/on?and=on"
    assert html(url, format) == (
        f'<p><a href="{url}" {REL}><span class="invisible">https://www.</span>'
        '<span class="ellipsis">example.org/a/very/long/path/t</span>'
        '<span class="invisible">hat/goes/on?and=on</span></a></p>'
    )
    assert plain(html(url, format)) == url


@pytest.mark.parametrize("format", FORMATS)
def test_people_and_hashtags_are_linked_as_the_field_does(format: Format) -> None:
    assert html("@ann @Bob@One.test @nobody@two.test #Cats", format) == (
        '<p><span class="h-card"><a href="https://home.test/@ann" class="u-url mention">@<span>ann</span></a></span> '
        '<span class="h-card"><a href="https://one.test/@bob" class="u-url mention">@<span>bob</span></a></span> '
        "@nobody@two.test "
        '<a href="https://home.test/tags/Cats" class="mention hashtag" rel="tag">#<span>Cats</span></a></p>'
    )


@pytest.mark.parametrize("format", FORMATS)
def test_a_person_whose_page_is_no_address_stays_text_and_names_are_escaped(format: Format) -> None:
    assert html("@mallory", format) == "<p>@mallory</p>"
    reading = Reading(html("@trent", format))
    assert reading.active == []
    assert reading.text.strip() == "@<b>@\"'&"
    assert reading.links[0]["href"] == PEOPLE["trent"].url


def test_markdown_is_understood() -> None:
    typed = "# One\n## Two\n###### Six\n\n*a* **b** ~~c~~ `d < e`\n\n> quote\n\n- x\n- y\n  1. z\n\n7. seven\n"
    assert html(typed) == (
        "<h1>One</h1><h2>Two</h2><h5>Six</h5><p><em>a</em> <strong>b</strong> <s>c</s> <code>d &lt; e</code></p>"
        "<blockquote><p>quote</p></blockquote><ul><li>x</li><li>y<ol><li>z</li></ol></li></ul>"
        '<ol start="7"><li>seven</li></ol>'
    )


def test_code_is_shown_as_it_is() -> None:
    assert html("```python\n@ann #cats https://one.test\n\n  <b> **x** &amp;\n```") == (
        "<pre><code>@ann #cats https://one.test\n\n  &lt;b&gt; **x** &amp;amp;</code></pre>"
    )
    assert html("`@ann <https://one.test> #cats`") == "<p><code>@ann &lt;https://one.test&gt; #cats</code></p>"


def test_links_keep_their_words_and_exact_address() -> None:
    assert html('[see #this @ann](https://one.test/a_b_c?d=*e*&copy;=1 "t")') == (
        f'<p><a href="https://one.test/a_b_c?d=*e*&amp;copy;=1" {REL}>see #this @ann</a></p>'
    )
    assert html("<https://one.test/x_y_>") == (
        f'<p><a href="https://one.test/x_y_" {REL}><span class="invisible">https://</span>one.test/x_y_</a></p>'
    )
    assert html("[a](gemini://one.test/ 't')") == f'<p><a href="gemini://one.test/" {REL}>a</a></p>'


def test_an_image_becomes_a_link_to_it() -> None:
    assert html("![a cat](https://one.test/c.png)") == f'<p><a href="https://one.test/c.png" {REL}>a cat</a></p>'
    assert html("[![a cat](https://one.test/c.png)](https://two.test)") == (
        f'<p><a href="https://two.test" {REL}>a cat</a></p>'
    )


@pytest.mark.parametrize("address", EVASIONS)
def test_a_link_to_anything_but_an_address_never_comes_out(address: str) -> None:
    for typed in (f"[x]({address})", f"[x](<{address}>)", f"![x]({address})", f"<{address}>", f"[x]: {address}\n\n[x]"):
        reading = Reading(html(typed))
        assert {link["href"] for link in reading.links} <= {"https://one.test", "https://one.test/1", TAGS + "x"}
        assert reading.active == []


@pytest.mark.parametrize(
    "typed", ["[1]: https://one.test", "---", "Title\n---", "    x", "a | b\n--|--", "<!-- x -->", "&lt;"]
)
def test_what_is_no_markup_here_is_shown(typed: str) -> None:
    assert Reading(html(typed)).text.split() == typed.split()


def test_a_backslash_takes_the_meaning_away() -> None:
    assert html("\\*a\\* \\@ann \\#cats") == "<p>*a* @ann #cats</p>"


def test_signs_in_names_and_tags_are_no_markup() -> None:
    assert plain(html("#a_b_c and *#d_e* https://one.test/*x*_y_z")) == "#a_b_c and #d_e https://one.test/*x*_y_z"


def test_plain_writing_is_literal() -> None:
    typed = "# *a* `b`\n- [c](d)\n> ~~e~~ \\* &amp; <i>\n```\n   f"
    assert Reading(html(typed, "plain")).text.rstrip("\n") == typed


@pytest.mark.parametrize(
    "typed", [">" * 30 + " deep", "- " * 30 + "deep", "\n".join("  " * n + "- x" for n in range(40)) + " deep"]
)
def test_what_is_nested_too_deep_is_shown_literally(typed: str) -> None:
    assert "deep" in plain(html(typed))


@pytest.mark.parametrize(
    "unit",
    ["<", "(", "#", "@", "[", "*_", "*_*_*_ ", ">", "> ", "- ", "`a", "![", "[a](", "[a](b", "~~a", "*", "\\", "> a\n",
     "- a\n", "https://", "https://a.b/", "https://a/)", "@ann ", "#a ", "```\n", "\n ", "&", "a**b", '[x](y "',
     "<https://a.b>"],
)  # fmt: skip
@pytest.mark.parametrize("format", FORMATS)
def test_floods_are_survived(unit: str, format: Format) -> None:
    made = html(unit * (50_000 // len(unit)), format)
    assert clean(made) == made
    assert Reading(made).active == []


WRITING = st.lists(
    st.sampled_from(
        ["@ann", "@bob@one.test", "@x", "#cats", "#日本", "https://one.test/a?b=1&c=2", "<b>", "https://two.test/(x)_y_",
         "&amp;", "`", "```\n", "~~~", "**", "*", "_", "~~", "[", "](", ")", "(", "!", "> ", "- ", "1. ", "# ", "\n",
         "\n\n", "    ", " ", "\\", "<", ">", "javascript:x", '"', "\ufdd0", "0", "\ufdd1", "\x00", "|", "word"],
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(WRITING, st.sampled_from(FORMATS))
@example("\ufdd00\ufdd1 @ann \ufdd07\ufdd1", "markdown")
def test_whatever_is_typed_is_safe_and_cleaning_it_changes_nothing(typed: str, format: Format) -> None:
    made = html(typed, format)
    assert clean(made) == made
    assert Reading(made).active == []


@settings(max_examples=500, deadline=None)
@given(WRITING, st.sampled_from(FORMATS))
def test_what_is_found_is_what_is_linked(typed: str, format: Format) -> None:
    typed = without_controls(typed)
    links = Reading(html(typed, format)).links
    tags = {link["text"][1:] for link in links if link.get("class") == "mention hashtag"}
    people = [link["text"][1:] for link in links if link.get("class") == "u-url mention"]
    assert tags >= set(find_tags(typed, format=format))
    assert people == [PEOPLE[found.key].label for found in find_mentions(typed, format=format) if found.key in PEOPLE]


@settings(max_examples=300, deadline=None)
@given(WRITING)
def test_in_plain_writing_every_word_is_shown(typed: str) -> None:
    literal = render(typed, format="plain", mentions={}, tag_url=lambda name: TAGS + name)
    assert Reading(literal).text.split() == without_controls(typed).split()
