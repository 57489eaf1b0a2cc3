"""The list of plugins in config.toml is changed, and everything around it stays as it is."""

from __future__ import annotations

import pytest

from core.config_edit import NotEditable, with_enabled

ONE_LINE = '# mine\n[plugins]\nenabled = ["federation", "posts"] # what runs here\n\n[log]\nlevel = "info"\n'
MANY_LINES = """[server]
name = "enabled = ["   # not this one

[plugins] # the list
# before
enabled = [
    "federation", # speaks
    "posts",      # writes [sic]
    # between
    'images'
]
[plugins.posts]
enabled = ["another list"]
"""


def test_a_file_without_the_list_gets_one() -> None:
    assert with_enabled("", ["posts"]) == '[plugins]\nenabled = ["posts"]\n'
    assert with_enabled('[log]\nlevel = "info"', ["posts"]) == (
        '[log]\nlevel = "info"\n\n[plugins]\nenabled = ["posts"]\n'
    )
    assert with_enabled("[plugins]\n# none yet\n", ["posts"]) == '[plugins]\nenabled = ["posts"]\n# none yet\n'


def test_a_list_on_one_line_stays_on_one_line() -> None:
    assert with_enabled(ONE_LINE, ["federation", "posts", "images"]) == ONE_LINE.replace(
        '"posts"]', '"posts", "images"]'
    )
    assert with_enabled(ONE_LINE, ["posts"]) == ONE_LINE.replace('"federation", ', "")
    assert with_enabled(ONE_LINE, ["federation"]) == ONE_LINE.replace(', "posts"', "")
    assert with_enabled(ONE_LINE, []) == ONE_LINE.replace('"federation", "posts"', "")


def test_a_list_on_many_lines_keeps_its_comments() -> None:
    assert with_enabled(MANY_LINES, ["federation", "posts", "images", "chat"]) == MANY_LINES.replace(
        "    'images'\n", "    'images',\n    \"chat\"\n"
    )
    assert with_enabled(MANY_LINES, ["federation", "images"]) == MANY_LINES.replace(
        '    "posts",      # writes [sic]\n', ""
    )
    without_the_last = with_enabled(MANY_LINES, ["federation", "posts"])
    assert without_the_last == MANY_LINES.replace("    'images'\n", "")


def test_a_list_with_a_comma_at_its_end_keeps_it() -> None:
    text = '[plugins]\nenabled = [\n    "posts",  # words\n]\n'
    added = with_enabled(text, ["posts", "tea"])
    assert added == '[plugins]\nenabled = [\n    "posts",  # words\n    "tea",\n]\n'
    assert with_enabled(added, ["posts"]) == text
    assert with_enabled(text, ["tea", "posts"]) == text.replace('"posts"', '"tea",\n    "posts"')


def test_what_is_so_already_is_left_as_it_is() -> None:
    assert with_enabled(MANY_LINES, ["federation", "posts", "images"]) == MANY_LINES


@pytest.mark.parametrize("text", ['plugins.enabled = ["posts"]\n', 'plugins = { enabled = ["posts"] }\n', "[plugins\n"])
def test_what_is_not_understood_is_not_changed(text: str) -> None:
    with pytest.raises(NotEditable):
        with_enabled(text, ["posts", "tea"])
