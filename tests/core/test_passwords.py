"""Passwords: hashed so that nobody reads them, judged so that nobody guesses them."""

import asyncio

import bcrypt
import pytest
from argon2 import PasswordHasher
from argon2.low_level import Type

from core.errors import Invalid, Unavailable
from core.passwords import MAX_WAITING, Passwords

WEAK_AND_QUICK = {"time_cost": 1, "memory_cost": 8}


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(**WEAK_AND_QUICK)


async def test_the_right_password_verifies_and_no_other(passwords: Passwords) -> None:
    stored = await passwords.hash_password("Quiet-Harbour-47")
    assert stored.startswith("$argon2id$") and "Harbour" not in stored
    assert await passwords.verify_password(stored, "Quiet-Harbour-47")
    for other in ("quiet-harbour-47", "Quiet-Harbour-47 ", "", "x" * 5_000, "\ud800"):
        assert not await passwords.verify_password(stored, other)


async def test_the_same_password_has_a_different_hash_each_time(passwords: Passwords) -> None:
    assert await passwords.hash_password("Quiet-Harbour-47") != await passwords.hash_password("Quiet-Harbour-47")


async def test_the_same_letters_typed_on_another_keyboard_are_the_same_password(passwords: Passwords) -> None:
    stored = await passwords.hash_password("Caf\u00e9-Harbour-47")
    assert await passwords.verify_password(stored, "Cafe\u0301-Harbour-47")


async def test_the_parameters_are_those_of_today() -> None:
    stored = await Passwords().hash_password("Quiet-Harbour-47")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_a_hash_of_other_parameters_verifies_and_is_to_be_made_anew(passwords: Passwords) -> None:
    stored = await Passwords(time_cost=2, memory_cost=16).hash_password("Quiet-Harbour-47")
    assert await passwords.verify_password(stored, "Quiet-Harbour-47")
    assert passwords.needs_rehash(stored)
    assert not passwords.needs_rehash(await passwords.hash_password("Quiet-Harbour-47"))


@pytest.mark.parametrize(
    "stored", ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuuN9sJ9cEBGhJrFlGnP2yQkFb0hQbNn5y", "!", "é"]
)
async def test_a_hash_that_cannot_be_read_never_verifies(passwords: Passwords, stored: str) -> None:
    assert not await passwords.verify_password(stored, "Quiet-Harbour-47")
    assert passwords.needs_rehash(stored)


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
async def test_a_hash_of_bcrypt_verifies_and_is_to_be_made_anew(passwords: Passwords, prefix: bytes) -> None:
    stored = bcrypt.hashpw(b"Quiet-Harbour-47", bcrypt.gensalt(4)).replace(b"2b", prefix, 1).decode()
    assert await passwords.verify_password(stored, "Quiet-Harbour-47")
    assert not await passwords.verify_password(stored, "Quiet-Harbour-48")
    assert passwords.needs_rehash(stored)


async def test_bcrypt_never_looked_at_more_than_72_bytes_nor_do_we(passwords: Passwords) -> None:
    long = "é" * 40
    stored = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    assert await passwords.verify_password(stored, long)
    assert not await passwords.verify_password(stored, "é" * 35)


async def test_what_other_servers_hashed_as_it_was_typed_verifies(passwords: Passwords) -> None:
    for typed in ("Cafe\u0301-Harbour-47", "Caf\u00e9-Harbour-47"):
        stored = bcrypt.hashpw(typed.encode(), bcrypt.gensalt(4)).decode()
        assert await passwords.verify_password(stored, typed)


async def test_a_hash_that_would_take_days_is_not_worked_out(passwords: Passwords) -> None:
    stored = bcrypt.hashpw(b"Quiet-Harbour-47", bcrypt.gensalt(4)).decode().replace("$04$", "$31$")
    assert not await passwords.verify_password(stored, "Quiet-Harbour-47")
    assert passwords.computed == 1


@pytest.mark.parametrize("stored", ["", "x", "!", "$argon2id$", "$2b$12$short"])
async def test_one_guess_costs_one_hash_whatever_is_stored(passwords: Passwords, stored: str) -> None:
    for number, guess in enumerate(("Quiet-Harbour-47", "x" * 1_001, "\ud800"), 1):
        assert not await passwords.verify_password(stored, guess)
        assert passwords.computed == number


async def test_nobodys_password_is_never_right(passwords: Passwords) -> None:
    assert not await passwords.dummy_verify()
    assert not await passwords.verify_password(passwords._nobodys, "nobody")


def test_nobodys_hash_costs_what_a_real_one_costs() -> None:
    passwords = Passwords(time_cost=3, memory_cost=64)
    assert not PasswordHasher(3, 64, 1, hash_len=32, salt_len=16, type=Type.ID).check_needs_rehash(passwords._nobodys)


@pytest.mark.parametrize("password", ["x" * 1_001, "\ud800harbour-47"])
async def test_what_can_be_no_password_is_refused_by_name(passwords: Passwords, password: str) -> None:
    with pytest.raises(Invalid) as refused:
        await passwords.hash_password(password)
    assert set(refused.value.errors) == {"password"}
    assert passwords.weakness(password) is not None


async def test_a_rush_is_turned_away_and_passes() -> None:
    passwords = Passwords(time_cost=1, memory_cost=512)
    answers = await asyncio.gather(*(passwords.dummy_verify() for _ in range(MAX_WAITING + 20)), return_exceptions=True)
    assert sum(isinstance(answer, Unavailable) for answer in answers) == 20
    assert await passwords.dummy_verify() is False


@pytest.mark.parametrize(
    "password",
    [
        "Quiet-Harbour-47",
        "Other-Harbour-58",
        "Wrong-Harbour-1",
        "vmqkzrtwyplghdnbfsj",
        "correct-horse-battery-staple",
        "xk4829175q",
        "M7#kd9Lq",
        "a8s7d6f5g4",
        "мама-мыла-раму",
        "日本語のパスワードです-4",
        "x7" + "Quiet-Harbour" * 70,
    ],
)
def test_these_will_do(password: str) -> None:
    assert Passwords.weakness(password, username="ann", email="ann@example.org") is None


@pytest.mark.parametrize("password", ["", "Ab1!", "Short-1"])
def test_short_ones_will_not(password: str) -> None:
    assert "8 characters" in str(Passwords.weakness(password))


@pytest.mark.parametrize("password", ["qwmzpvkgtx", "QWMZPVKGTX", "739104825", "日本語のパスワード"])
def test_one_class_of_characters_is_not_enough_unless_long(password: str) -> None:
    assert "16 characters" in str(Passwords.weakness(password))


@pytest.mark.parametrize(
    "password",
    [
        "password1", "Password1", "PASSWORD1!", "P@ssw0rd!", "pa55word1", "p455w0rd!", "passw0rd123", "123Password!!",
        "Welcome1", "Summer2024!", "summer_2024_love", "Admin-password-1", "Letmein1!", "iloveyou2", "trustno1!",
        "Football99", "mypassword1", "Password123Password123", "passwordpassword", "1adm1n234", "Kith2026!",
        "abc12345", "a1234567", "11111111a", "aaaaaaa1", "aaaaaaaaaaaaaaaaaaaa", "abcabcabcabcabcabcabc",
        "1234567890123456", "qwertyuiop1", "Qwertz123!", "asdfghjkl1", "1q2w3e4r5t", "1qaz2wsx", "a1b2c3d4e5",
        "qwertyuiopasdfghjkl", "0987654321a",
    ],
)  # fmt: skip
def test_common_ones_will_not_however_they_are_dressed(password: str) -> None:
    assert "common" in str(Passwords.weakness(password))


@pytest.mark.parametrize(
    ("password", "username", "email"),
    [
        ("harbour47x01a1f9", "harbour47x01a1f9", ""),
        ("Marguerite1!", "marguerite", ""),
        ("1-MARGUERITE", "marguerite", ""),
        ("etireugram-1", "marguerite", ""),
        ("bobbob12", "bob", ""),
        ("ann.lee@example.org", "", "ann.lee@example.org"),
        ("Ann.Lee-77", "", "ann.lee@example.org"),
    ],
)
def test_ones_own_name_will_not(password: str, username: str, email: str) -> None:
    assert "name or address" in str(Passwords.weakness(password, username=username, email=email))


@pytest.mark.parametrize("username", ["quiet", "harbour", "an", ""])
def test_a_name_within_something_longer_is_fine(username: str) -> None:
    assert Passwords.weakness("Quiet-Harbour-47", username=username) is None


async def test_closing_ends_the_threads(passwords: Passwords) -> None:
    await passwords.dummy_verify()
    await passwords.close()
    with pytest.raises(RuntimeError):
        await passwords.dummy_verify()
