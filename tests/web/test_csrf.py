"""Forms made elsewhere are refused."""

from __future__ import annotations

import pytest

from core.errors import Forbidden
from core.web import csrf

SECRET = b"s" * 32
ORIGINS = ["https://kith.example"]
OURS = {"Sec-Fetch-Site": "same-origin"}


def guard(
    token: str | None,
    headers: dict[str, str] = OURS,
    *,
    method: str = "POST",
    session_id: str | None = "session",
    guest: str | None = None,
) -> None:
    csrf.guard(method, headers, token, secret=SECRET, origins=ORIGINS, session_id=session_id, guest=guest)


def test_a_form_of_our_own_page_is_taken() -> None:
    guard(csrf.session_token(SECRET, "session"))


def test_reading_needs_no_token() -> None:
    guard(None, {}, method="GET")


def test_no_two_pages_bear_the_same_token() -> None:
    assert csrf.session_token(SECRET, "session") != csrf.session_token(SECRET, "session")


@pytest.mark.parametrize("token", [None, "", "x", "Ã¤", "AAAA", "=" * 60, "A" * 59 + "!", "A" * 5000])
def test_a_made_up_token_is_refused(token: str | None) -> None:
    with pytest.raises(Forbidden) as refused:
        guard(token)
    assert refused.value.code == "csrf_failed"


def test_a_token_of_another_session_is_refused() -> None:
    with pytest.raises(Forbidden):
        guard(csrf.session_token(SECRET, "another"))


def test_a_token_of_another_server_is_refused() -> None:
    with pytest.raises(Forbidden):
        guard(csrf.session_token(b"x" * 32, "session"))


def test_a_visitor_s_token_does_not_serve_somebody_who_is_signed_in() -> None:
    with pytest.raises(Forbidden):
        guard(csrf.guest_token(SECRET, "session"))


def test_a_visitor_s_form_is_bound_to_the_cookie() -> None:
    cookie = csrf.new_guest()
    guard(csrf.guest_token(SECRET, cookie), session_id=None, guest=cookie)
    with pytest.raises(Forbidden):
        guard(csrf.guest_token(SECRET, cookie), session_id=None, guest=csrf.new_guest())
    with pytest.raises(Forbidden):
        guard(csrf.guest_token(SECRET, ""), session_id=None, guest="")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://kith.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://kith.example.evil.example"},
        {"Referer": "https://kith.example.evil.example/"},
        {"Referer": "https://evil.example/?https://kith.example/"},
        {},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_right_token(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        guard(csrf.session_token(SECRET, "session"), headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://kith.example"},
        {"Referer": "https://kith.example/compose"},
        {"Referer": "https://kith.example"},
    ],
)
def test_a_browser_that_says_less_is_still_understood(headers: dict[str, str]) -> None:
    guard(csrf.session_token(SECRET, "session"), headers)
