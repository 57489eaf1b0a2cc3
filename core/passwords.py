"""Passwords: hashed with argon2id away from the event loop, and judged before they are taken."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import secrets
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Invalid, Unavailable

MIN_LENGTH = 8
LONG_LENGTH = 16
MAX_LENGTH = 1000
MAX_WAITING = 200
NICENESS = 10
BCRYPT_BYTES = 72  # what follows was never looked at
BCRYPT_ROUNDS_AT_MOST = 14  # more would keep a thread busy for seconds, or days

Result = TypeVar("Result")


class Passwords:
    """Hashes in two threads of its own, so that a rush of sign-ins slows nothing else.

    Hashes are argon2id (RFC 9106); those of bcrypt that somebody brought from elsewhere verify too, and are to be made
    anew. Another kind of hash never verifies. `memory_cost` is in KiB, `computed` counts guesses that were worked out.
    """

    def __init__(self, time_cost: int = 2, memory_cost: int = 19456) -> None:
        self._hasher = PasswordHasher(time_cost, memory_cost, parallelism=1, hash_len=32, salt_len=16)
        salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
        self._nobodys = f"$argon2id$v=19$m={memory_cost},t={time_cost},p=1${salt}${digest}"
        self._executor = ThreadPoolExecutor(2, "passwords", initializer=_step_back)
        self._waiting = 0
        self.computed = 0

    async def hash_password(self, password: str) -> str:
        """The hash to store; Invalid if the password is over 1000 characters or no text, Unavailable in a rush."""
        prepared = _prepared(password)
        if prepared is None:
            raise Invalid({"password": f"A password has at most {MAX_LENGTH} characters of text."})
        return await self._run(lambda: self._hasher.hash(prepared))

    async def verify_password(self, stored: str, password: str) -> bool:
        """Whether this is the password behind a stored hash; takes its time for what it cannot read, too."""
        prepared = _prepared(password)
        if prepared is None:
            return await self.dummy_verify()
        if _BCRYPT.match(stored):
            return await self._run(lambda: self._verified_by_bcrypt(stored, password, prepared))
        return await self._run(lambda: self._verified(stored, prepared))

    async def dummy_verify(self) -> bool:
        """Take as long as `verify_password` and say no: for accounts that do not exist."""
        return await self._run(lambda: self._verified(self._nobodys, "nobody"))

    def needs_rehash(self, stored: str) -> bool:
        """Whether a hash was made with other parameters than today's, or brought from elsewhere."""
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return True

    @staticmethod
    def weakness(password: str, *, username: str = "", email: str = "") -> str | None:
        """What is wrong with a password somebody wants, as a sentence; None if it will do."""
        if len(password) < MIN_LENGTH:
            return f"A password has at least {MIN_LENGTH} characters."
        if _prepared(password) is None:
            return f"A password has at most {MAX_LENGTH} characters of text."
        if len(password) < LONG_LENGTH and len(set(map(_character_class, password))) < 2:
            return (
                "Use two of these: small letters, capitals, digits, other signs. "
                f"Or make it {LONG_LENGTH} characters or longer."
            )
        if any(_is_name(password, name) for name in (username, email, email.partition("@")[0])):
            return "Your name or address is the first thing somebody would try."
        if _is_common(password.casefold()):
            return "This password is too common: it is among the first that are tried."
        return None

    async def close(self) -> None:
        """End the threads."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _verified_by_bcrypt(self, stored: str, typed: str, prepared: str) -> bool:
        """Other servers hashed what was typed as it came, or in the one form; a wrong guess is worked out once."""
        if int(stored[4:6]) > BCRYPT_ROUNDS_AT_MOST:
            return self._verified(self._nobodys, prepared)
        forms = dict.fromkeys(form.encode()[:BCRYPT_BYTES] for form in (typed, prepared))
        return any(self._matches_bcrypt(stored, form) for form in forms)

    def _matches_bcrypt(self, stored: str, password: bytes) -> bool:
        self.computed += 1
        try:
            return bcrypt.checkpw(password, stored.encode())
        except ValueError:
            return False

    def _verified(self, stored: str, password: str) -> bool:
        self.computed += 1
        try:
            return self._hasher.verify(stored, password)
        except ValueError:  # not a hash of ours
            self.computed -= 1
            return stored != self._nobodys and self._verified(self._nobodys, password)
        except VerificationError:
            return False

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self._waiting >= MAX_WAITING:
            raise Unavailable(retry_after=5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._waiting -= 1


_BCRYPT = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}\Z")


def _step_back() -> None:
    """Have this thread wait for others where there are more threads than processors; on Linux each may."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _prepared(password: str) -> str | None:
    """One form for what looks the same on every keyboard (NFKC); None for what cannot be a password at all."""
    if len(password) > MAX_LENGTH:
        return None
    try:
        password.encode()
    except UnicodeEncodeError:
        return None
    return unicodedata.normalize("NFKC", password)


def _character_class(character: str) -> str:
    if character.islower():
        return "small"
    if character.isupper():
        return "capital"
    return "digit" if character.isdigit() else "other"


def _is_name(password: str, name: str) -> bool:
    password, name = password.casefold(), name.casefold()
    if len(name) < 3:
        return False
    rest = password.replace(name, "").replace(name[::-1], "")
    return rest != password and len(rest) < MIN_LENGTH and len(rest) <= max(4, len(name))


def _is_common(password: str) -> bool:
    unit = _repeated_unit(password)
    if len(set(password)) <= 3 or len(unit) <= 3 or _is_walk(unit):
        return True
    # With digits read as letters before, or after, the signs at the ends are cut off: "pa55word1", "1adm1n".
    views = (unit, _strip(unit), _strip(unit).translate(_LEET), _strip(unit.translate(_LEET)))
    return any(_is_common_text(view) for view in views)


def _is_common_text(text: str) -> bool:
    words = re.findall(r"[a-z]{2,}", text)
    if words:
        return all(word in COMMON or len(set(word)) == 1 or (len(word) > 3 and _is_walk(word)) for word in words)
    return len(re.findall(r"[^\W\d_]", text)) < 3 and _is_walk("".join(re.findall(r"\d", text)))


def _is_walk(text: str) -> bool:
    """Whether the keys lie beside one another on a keyboard, or follow in the alphabet or in counting."""
    return bool(text) and any(text in row for row in _ROWS)


def _repeated_unit(text: str) -> str:
    """The shortest text of which this is a repetition."""
    return text[: (text + text).index(text, 1)]


def _strip(text: str) -> str:
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)


_LEET = str.maketrans("013457@$!|", "oieastasil")

_KEYS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "a1b2c3d4e5f6g7h8i9j0",
    "1a2b3c4d5e6f7g8h9i0j",
    "!@#$%^&*()",
)
_ROWS = tuple(row[::step] for row in _KEYS for step in (1, -1))

_WORDS = """
    password passwort passwd passphrase pass pwd wachtwoord senha contrasena motdepasse parola haslo heslo salasana
    admin administrator root user guest test tester testing demo sample default system server login signin access
    secret private hidden security secure changeme change letmein letme open opensesame enter welcome hello hallo
    bonjour hola ciao iloveyou ilove loveyou love lover mylove babygirl baby angel princess prince queen king sunshine
    rainbow flower butterfly summer winter spring autumn monday tuesday wednesday thursday friday saturday sunday
    january february march april june july august september october november december monkey dragon tiger lion
    eagle falcon panther wolf bear horse dolphin kitten puppy doggy chicken banana apple orange cherry cookie chocolate
    cheese pepper ginger coffee football soccer baseball basketball hockey tennis golf rugby cricket arsenal liverpool
    chelsea barcelona madrid juventus yankees cowboys lakers master shadow killer hunter ninja samurai warrior knight
    wizard merlin magic phoenix matrix starwars startrek pokemon pikachu naruto batman superman spiderman ironman
    michael jordan jennifer jessica ashley michelle daniel thomas robert andrew joshua matthew charlie george maggie
    nicole amanda hannah samantha alexander christian harley ranger trustno trustnoone whatever nothing something
    computer internet windows google facebook twitter instagram youtube samsung iphone android microsoft mastodon
    fediverse kith community social network qwerty qwertz azerty qaz wsx qazwsx abc xxx money
    lucky freedom forever family friend friends happy success jesus heaven blessed silver golden diamond purple
    mustang ferrari porsche mercedes corvette harleydavidson blink metallica nirvana slipknot eminem london paris
    berlin america canada australia germany france mexico brasil india china japan
""".split()


def _compounds() -> Iterator[str]:
    for first in ("my", "the", "super", "i", "new", "our"):
        for word in _WORDS:
            yield first + word
    for word in _WORDS:
        for last in ("s", "me", "you", "er", "man", "boy", "girl", "pass", "password", "abc", "qwerty"):
            yield word + last


COMMON = frozenset(_WORDS) | frozenset(_compounds())
