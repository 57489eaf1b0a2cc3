"""Forms come back as they were, and lead nowhere else."""

from __future__ import annotations

import pytest

from core.web.forms import Form, local_path


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong() -> None:
    form = Form({"username": "ann"}, {"username": "This name is taken."})
    assert (form.value("username"), form.error("username")) == ("ann", "This name is taken.")
    assert (form.value("email"), form.error("email")) == ("", "")


@pytest.mark.parametrize("path", ["/", "/@ann", "/local?cursor=a%2Fb", "/@ann/1#reply"])
def test_a_path_of_ours_is_followed(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "home",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "/\tevil",
        "/a\x00",
        "/a\\b",
    ],
)
def test_no_form_leads_to_another_host(path: str | None) -> None:
    assert local_path(path, "/local") == "/local"
