"""What other servers send is cleaned, and read as text."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.html import clean, escape_text_to_html, plain, quote_inline_removed
from tests.core.html_reader import Reading

REL = 'rel="nofollow noopener noreferrer"'
FIXTURES = Path(
    os.environ.get("KITH_TEST_FIXTURES") or Path(__file__).parents[3] / "shared" / "fixtures" / "activitypub"
)  # fmt: skip

FROM_MASTODON = (
    '<p>Hi <span class="h-card" translate="no"><a href="https://one.test/@bob" class="u-url mention">@<span>bob</span>'
    '</a></span>, see <a href="https://two.test/a/very/long/path/indeed" rel="nofollow noopener" target="_blank">'
    '<span class="invisible">https://</span><span class="ellipsis">two.test/a/very/long</span>'
    '<span class="invisible">/path/indeed</span></a></p><p>Two<br/>lines '
    '<a href="https://one.test/tags/cats" class="mention hashtag" rel="tag">#<span>cats</span></a></p>'
)

EVASIONS = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
    "java\nscript:alert(1)", "java\x00script:alert(1)", "\x01javascript:alert(1)", "&#106;avascript:alert(1)",
    "&#x6A;avascript:alert(1)", "javascript&colon;alert(1)", "java&Tab;script:alert(1)", "java&NewLine;script:x",
    "jav&#x09;ascript:x", "&#14;javascript:x", "vbscript:msgbox(1)", "data:text/html,<script>x</script>",
    "data:text/html;base64,PHNjcmlwdD4=", "DATA:image/svg+xml,x", "file:///etc/passwd", "blob:https://one.test/1",
    "view-source:https://one.test", "//one.test/x", "/x", "x", "", "?q", "#x", "https:", "https://",
    "mailto:a@one.test",
    "\u202ejavascript:x", "javascript\uff1aalert(1)", "ｊavascript:alert(1)", "\u200bjavascript:x", "&#0;javascript:x",
]  # fmt: skip

ACTIVE = [
    "<script>alert(1)</script>", "<ScRiPt src=//x.test></sCrIpT>", "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg><style><img src=x onerror=alert(1)></style>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>", "<style>*{color:red}</style>",
    "<a href='https://one.test' onclick='x()' style='position:fixed'>x</a>", "<iframe src='https://one.test'></iframe>",
    "<object data='x'></object><embed src=x>", "<form action=x><input autofocus onfocus=x><button>b</button></form>",
    "<base href='https://x.test'>", "<meta http-equiv=refresh content='0;url=x'>", "<link rel=stylesheet href=x>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>", "<template><script>x</script></template>",
    "<p id=x name=y data-x=1 aria-hidden=true hidden>x</p>", "<!--<img src=x onerror=x>-->", "<![CDATA[<script>]]>",
    "<textarea><script>x</script></textarea>", "<title><img src=x onerror=x></title>",
    "<video src=x onerror=x autoplay>",
    '<a title="</a><img src=x onerror=x>">', "<xmp><script>x</script></xmp>", "<plaintext><script>x</script>",
    "<select><template><style><!--</style><a rel='--></style></template></select><img src=x onerror=x>'></a>",
    "<span class='h-card' style=x><span class=evil>x", "<b x='<script>'>", "<p/onclick=x()>x", "<<script>x<</script>",
]  # fmt: skip


def test_what_mastodon_sends_keeps_its_meaning() -> None:
    assert clean(FROM_MASTODON) == FROM_MASTODON.replace("<br/>", "<br>").replace(
        'rel="nofollow noopener" target="_blank"', REL
    )


@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.parametrize("html", ACTIVE)
def test_nothing_that_acts_comes_through(html: str, rich: bool) -> None:
    cleaned = clean(f"before {html} after", rich=rich)
    assert Reading(cleaned, rich=rich).active == []
    assert cleaned.startswith("before")
    assert clean(cleaned, rich=rich) == cleaned


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("address", EVASIONS)
def test_a_link_to_anything_but_the_known_schemes_becomes_its_words(address: str, quote: str) -> None:
    assert clean(f"<a href={quote}{address}{quote}>words</a>") == "words"


@pytest.mark.parametrize(
    "scheme", ["dat:", "dweb:", "ipfs:", "ipns:", "ssb:", "gopher:", "xmpp:", "magnet:", "gemini:"]
)
def test_links_of_the_smaller_nets_are_kept(scheme: str) -> None:
    assert clean(f"<a href='{scheme}//one.test/x'>x</a>") == f'<a href="{scheme}//one.test/x" {REL}>x</a>'


def test_a_link_says_it_is_not_vouched_for_and_opens_here() -> None:
    assert clean('<a href="HTTPS://one.test" rel="me opener" target="_blank" title="t">x</a>') == (
        '<a href="HTTPS://one.test" rel="me nofollow noopener noreferrer">x</a>'
    )


def test_only_the_classes_of_the_field_are_kept() -> None:
    assert clean('<span class="h-card evil u-url mfm-x quote-inline">x</span>') == (
        '<span class="h-card u-url quote-inline">x</span>'
    )
    assert clean('<p class="evil">x</p>') == "<p>x</p>"


def test_an_image_becomes_a_link_that_says_what_it_shows() -> None:
    assert clean('<img src="https://one.test/cat.png" alt="My &quot;cat&quot;">') == (
        f'<a href="https://one.test/cat.png" {REL}>My "cat"</a>'
    )


def test_an_image_without_words_becomes_a_link_that_shows_its_address() -> None:
    assert plain('<img src="https://one.test/cat.png">') == "https://one.test/cat.png"


def test_an_image_inside_a_link_becomes_words() -> None:
    assert clean('<a href="https://one.test"><img src="https://one.test/a/cat.png"></a>') == (
        f'<a href="https://one.test" {REL}>cat.png</a>'
    )


def test_an_emoji_drawn_as_an_image_becomes_its_name() -> None:
    assert clean('hi <img class="custom-emoji" src="https://one.test/b.png" alt=":blob:">') == "hi :blob:"


def test_an_article_keeps_images_and_tables() -> None:
    html = '<table><tbody><tr><td colspan="2">x</td></tr></tbody></table><img src="https://one.test/i.png" alt="">'
    assert clean(html, rich=True) == html
    assert clean('<img src="data:image/png,x" alt="words" width="9e9">', rich=True) == "words"


def test_boxes_and_cells_become_lines_and_words_apart() -> None:
    assert clean("<div>one</div><div><p>two</p></div><div>three</div>") == "one<p>two</p>three"
    assert clean("<div>one</div>\n<div>two</div>") == "one<br>two"
    assert plain("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>") == "a b\nc"


def test_a_formula_becomes_what_its_author_wrote() -> None:
    tex = '<math display="block"><semantics><mi>x</mi><annotation encoding="application/x-tex">x &lt; 3</annotation>'
    assert clean(f"say {tex}</semantics></math>!") == "say x &lt; 3!"
    assert clean('<math><annotation encoding="text/plain">three</annotation></math>') == "three"


def test_a_formula_without_words_is_removed() -> None:
    assert clean("a<math><mi>x</mi></math>b<MATH><mi>y</mi>") == "ab"


def test_lists_quotes_ruby_and_abbreviations_are_kept() -> None:
    html = (
        '<ol start="3" reversed=""><li value="7">a</li></ol><blockquote cite="https://one.test/">q</blockquote>'
        '<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby><abbr title="x &amp; y">z</abbr><pre><code> a\n b</code></pre>'
    )
    assert clean(html) == html


def test_control_characters_go_and_everything_else_stays() -> None:
    kept = "Ünï😀 日本語 עברית 👩\u200d👩\u200d👧 \u202eabc\u202c \u2066x\u2069 a\u200bb\ufeff\tc\nd"
    assert clean(f"<p>{kept}</p>") == f"<p>{kept}</p>"
    assert clean("<p>a\x00b\x07c\x9fd&#7;e\ud800f</p>") == "<p>abcdef</p>"


def test_what_is_too_long_becomes_text() -> None:
    cleaned = clean("<p>" + "one <b>word</b> & <script>x</script>" * 20_000 + "</p>")
    assert len(cleaned) <= 500_000
    assert cleaned.startswith("<p>one word &amp;")
    assert Reading(cleaned).active == []
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize(
    "unit",
    ["<", "<div>", "<span>", "<b>", "<p a", "<table><tr><td>", "<math>", "</math>", "<!--", '<a href="', "<li>",
     "<b><p>",
     "<a href=https://one.test>", "<img src=https://one.test/x>", "<svg>", "<script>", "<script></style>", "&", "\xa0",
     "<title><p a=\"</title><p b='\">' a", "<math><annotation encoding=text/plain>x<", "<p =", "<font color=red>", "(",
     "</p>", "</3", "<![CDATA[", "<?", "<p/", "<div> </div> ", "<p class=quote-inline>", '"', "<ruby><rt>"],
)  # fmt: skip
def test_floods_of_markup_are_survived(unit: str) -> None:
    flood = unit * (499_000 // len(unit))
    cleaned = clean(flood)
    assert len(cleaned) <= 500_000
    assert Reading(cleaned).active == []
    assert clean(cleaned) == cleaned
    assert len(plain(flood)) <= 500_000


def test_thousands_of_attributes_and_copied_formatting_are_survived() -> None:
    attributes = "<p " + " ".join(f"a{number}" for number in range(70_000)) + ">words"
    quoted = "<p " + " ".join(f'a{number}="<>"' for number in range(30_000)) + ">words"
    copied = "<p>" + "".join(f"<b a{number}>" for number in range(1_000)) + "</p>" + "<p>words</p>" * 30_000
    for html in (attributes, quoted, copied):
        assert plain(html).startswith("words")


def test_a_large_document_is_cleaned_like_a_small_one() -> None:
    small = FROM_MASTODON + "".join(ACTIVE[:3]) + '<div>x</div><p class="e-x y" onclick="z()">1 < 2 &amp; 3</p>'
    assert clean(small * 40) == clean(small) * 40


SOUP = st.lists(
    st.sampled_from(
        ACTIVE
        + "<p> </p> <div> </div> <a> </a> <b> </b> <table> <tr> <td> </td> </table> <ul> <li> </ul> <h6>".split()
        + "<button> </button> <pre> </pre> <ruby> <rt> <hr> <br> <strike> <math> </math> <select> <option> <dl>".split()
        + ["<a href='https://one.test/?a=1&b=2' class='u-url mention'>", '<img src="https://one.test/i" alt="&quot;<">']
        + ['<span class="invisible x">', "</span>", "<img alt=':x:' class=emoji>", "<ol start=3>", "</ol>", "\n", " "]
    ) | st.text(max_size=8),
    max_size=30,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(SOUP, st.booleans())
@example("<p><button><div>x</div></button></p>", False)
@example("<a><table><td><a href='https://one.test'>x", True)
def test_cleaning_any_soup_is_safe_and_final(html: str, rich: bool) -> None:
    cleaned = clean(html, rich=rich)
    assert clean(cleaned, rich=rich) == cleaned
    assert Reading(cleaned, rich=rich).active == []


@settings(max_examples=100, deadline=None)
@given(SOUP)
def test_a_soup_of_any_size_is_safe_and_final(html: str) -> None:
    html = html * (1 + 6_000 // (len(html) + 1))
    cleaned = clean(html)
    assert clean(cleaned) == cleaned
    assert Reading(cleaned).active == []


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufdd0\ufdd1"), max_size=60))
def test_escaped_text_reads_as_it_was(text: str) -> None:
    html = escape_text_to_html(text)
    assert Reading(html).text.strip() == text.strip()
    assert clean(html) == html


def test_foreign_text_keeps_its_lines() -> None:
    assert escape_text_to_html("a <b>\r\nb\n\n\n c & d\x07") == "<p>a &lt;b&gt;<br>b</p><p> c &amp; d</p>"


def test_text_for_people_has_lines_lists_and_whole_addresses() -> None:
    assert plain(FROM_MASTODON) == "Hi @bob, see https://two.test/a/very/long/path/indeed\n\nTwo\nlines #cats"
    assert plain("<h1>T</h1><ul><li>a<ol start=2><li><p>b</p></li><li>c</li></ol></li><li>d</li></ul>end") == (
        "T\n\n• a\n2. b\n\n3. c\n• d\n\nend"
    )
    assert plain("<blockquote><p>q</p></blockquote><pre>  x\n\ty</pre>") == "q\n\n  x\n\ty"


def test_text_for_people_has_no_entities_scripts_or_stray_space() -> None:
    assert plain("a  \n b &amp; &lt;i&gt; &eacute;<script>x</script> &amp;lt;") == "a b & <i> é &lt;"
    assert plain("") == ""


def test_text_for_people_is_bounded() -> None:
    assert plain("<p>" + "word " * 1000, 12) == "word word wo"


@pytest.mark.parametrize("name", ["span", "p"])
def test_the_fallback_of_a_quote_is_removed_and_nothing_else(name: str) -> None:
    link = f'<a href="https://one.test/1" {REL}><span class="invisible">https://</span><span>one.test/1</span></a>'
    fallback = f'<{name} class="quote-inline">RE: {link}</{name}>'
    assert quote_inline_removed(f"<b>a</b>{fallback}<span>b</span>") == "<b>a</b><span>b</span>"
    assert quote_inline_removed(f"<p>{fallback}</p><p>words</p>") == "<p>words</p>"
    assert quote_inline_removed("<p>quote-inline</p>") == "<p>quote-inline</p>"


def contents(document: object) -> Iterator[str]:
    if isinstance(document, list):
        for item in document:
            yield from contents(item)
    elif isinstance(document, dict):
        for key, value in document.items():
            if key in ("content", "summary", "contentMap", "summaryMap", "value"):
                texts = value.values() if isinstance(value, dict) else [value]
                yield from (text for text in texts if isinstance(text, str))
            yield from contents(value)


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the captured documents of other servers are not here")
def test_everything_other_servers_have_sent_is_cleaned_for_good() -> None:
    texts = {text for file in FIXTURES.rglob("*.json") for text in contents(json.loads(file.read_text()))}
    assert len(texts) > 400
    for text in texts:
        for rich in (False, True):
            cleaned = clean(text, rich=rich)
            assert clean(cleaned, rich=rich) == cleaned
            assert Reading(cleaned, rich=rich).active == []
        assert "\x00" not in plain(text)
