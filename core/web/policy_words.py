"""Who may reply to a post and who may quote it, as pages say it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from core.policies import POLICIES, Action
from core.web.language import current_language, gettext

_ICONS = {
    "everyone": "globe",
    "ask": "clock",
    "followers": "lock",
    "friends": "users-round",
    "mentioned": "at-sign",
    "nobody": "ban",
}


class Choice(NamedTuple):
    """One of the choices of the composer: an icon, a word, a sentence."""

    value: str
    icon: str
    word: str
    sentence: str


def policy_choices(action: Action) -> list[Choice]:
    """The choices of whom to let `reply` or `quote`, from everybody to nobody."""
    return list(_choices(action, current_language().code))


@lru_cache(maxsize=64)
def _choices(action: Action, code: str) -> tuple[Choice, ...]:
    """The same in the reader's language, which is that of the code."""
    words = {
        "everyone": gettext("Everyone"),
        "ask": gettext("Ask me first"),
        "followers": gettext("Followers"),
        "friends": gettext("Friends"),
        "mentioned": gettext("Mentioned"),
        "nobody": gettext("Nobody"),
    }
    sentences = _reply_sentences() if action == "reply" else _quote_sentences()
    return tuple(Choice(value, _ICONS[value], words[value], sentences[value]) for value in POLICIES)


def _reply_sentences() -> dict[str, str]:
    return {
        "everyone": gettext("Everyone may reply"),
        "ask": gettext("You decide about each reply, but for people you mention"),
        "followers": gettext("Your followers and people you mention may reply"),
        "friends": gettext("Your friends and people you mention may reply"),
        "mentioned": gettext("Only people you mention may reply"),
        "nobody": gettext("Nobody may reply"),
    }


def _quote_sentences() -> dict[str, str]:
    return {
        "everyone": gettext("Everyone may quote it"),
        "ask": gettext("You decide about each quote"),
        "followers": gettext("Your followers and people you mention may quote it"),
        "friends": gettext("Your friends and people you mention may quote it"),
        "mentioned": gettext("Only people you mention may quote it"),
        "nobody": gettext("Nobody may quote it"),
    }


def no_reply_words(policy: str) -> str:
    """Why somebody may not reply."""
    return _said(_no_reply, policy, current_language().code)


def no_quote_words(policy: str) -> str:
    """Why somebody may not quote: of what is not for everybody, because of that."""
    return _said(_no_quote, policy, current_language().code)


@lru_cache(maxsize=64)
def _said(words: Callable[[], dict[str, str]], policy: str, code: str) -> str:
    return words().get(policy, words()["nobody"])


def _no_reply() -> dict[str, str]:
    return {
        "followers": gettext("Only followers and people mentioned may reply"),
        "friends": gettext("Only friends and people mentioned may reply"),
        "mentioned": gettext("Only people mentioned may reply"),
        "nobody": gettext("Nobody may reply to this"),
    }


def _no_quote() -> dict[str, str]:
    return {
        "everyone": gettext("Only what everyone may see can be quoted"),
        "ask": gettext("Only what everyone may see can be quoted"),
        "followers": gettext("Only followers and people mentioned may quote this"),
        "friends": gettext("Only friends and people mentioned may quote this"),
        "mentioned": gettext("Only people mentioned may quote this"),
        "nobody": gettext("Nobody may quote this"),
    }
