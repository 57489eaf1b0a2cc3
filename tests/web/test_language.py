"""The reader's language is found, and falls back to one that is there."""

from __future__ import annotations

import pytest

from core.web.language import choose_language, current_language, language, language_name, speaking

AVAILABLE = ["en", "de", "fr", "ar", "pt-BR"]


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("ja, fr;q=0.8, en;q=0.9", "en"),
        ("ja, fr;q=0.8, en;q=0", "fr"),
        ("pt-br", "pt-BR"),
        ("*", "en"),
        ("de;q=nonsense, fr", "fr"),
        (";;;,,,q=1", "en"),
    ],
)
def test_the_best_language_that_is_there_is_chosen(header: str, chosen: str) -> None:
    assert choose_language(header, AVAILABLE) == chosen


def test_arabic_runs_from_right_to_left() -> None:
    assert language("ar").direction == "rtl"
    assert language("pt-BR").direction == "ltr"


def test_a_language_lasts_as_long_as_its_block() -> None:
    with speaking("de"):
        assert current_language().code == "de"
    assert current_language().code == "en"


@pytest.mark.parametrize("code", ["", "xx-nowhere", "../../etc", "q" * 300])
def test_what_is_no_language_is_refused(code: str) -> None:
    with pytest.raises(LookupError):
        language(code)


def test_a_language_is_called_by_its_own_name() -> None:
    assert (language_name("de"), language_name("fr"), language_name("zz-zz")) == ("Deutsch", "Français", "zz-zz")
