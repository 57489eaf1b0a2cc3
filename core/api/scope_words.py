"""Scopes in words: what an app that has one may do, as people are asked to agree to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.api.scopes import PROFILE, READ, WRITE
from core.web.language import gettext as _


@dataclass(frozen=True)
class ScopeWords:
    """One scope: its name, what it lets an app do, and whether that changes something."""

    scope: str
    words: str
    changes: bool


# Asked at each use, in the language of the page.
_SAID: dict[str, Callable[[], str]] = {
    PROFILE: lambda: _("See who you are: your name and your picture"),
    READ: lambda: _("Read everything you can read here, your own account included"),
    WRITE: lambda: _("Do what you can do here: write, delete, follow, change your profile"),
    "read:users": lambda: _("See people and lists of people, and your own account with its e-mail address"),
    "write:users": lambda: _("Follow, mute and block people, and change your profile and settings"),
    "read:friends": lambda: _("See your friends and who asked to be one"),
    "write:friends": lambda: _("Ask for friendships, accept and end them"),
    "read:circles": lambda: _("See your circles and who is in them"),
    "write:circles": lambda: _("Make, change and delete circles"),
    "read:suggestions": lambda: _("See whom you may like to follow, and whom you know in common with others"),
    "write:suggestions": lambda: _("Dismiss people who are suggested to you"),
    "read:posts": lambda: _("Read posts you may see, their threads and who likes them, and your drafts"),
    "write:posts": lambda: _("Write, change and delete posts and drafts; answer, like, vote, share, bookmark"),
    "read:feeds": lambda: _("Read your feeds, comments, your likes and bookmarks, and which hashtags you follow"),
    "write:feeds": lambda: _("Write, change and delete comments; follow hashtags, mute conversations"),
    "read:lists": lambda: _("See your lists of people and who is on them"),
    "write:lists": lambda: _("Make, change and delete lists of people"),
    "read:filters": lambda: _("See what you filter out of your feeds"),
    "write:filters": lambda: _("Make, change and remove filters"),
    "read:packs": lambda: _("See starter packs of people"),
    "write:packs": lambda: _("Make, change and delete starter packs"),
    "read:images": lambda: _("See pictures, albums and collections you may see"),
    "write:images": lambda: _("Publish pictures, and make, change and delete albums and collections"),
    "read:search": lambda: _("Search as you can"),
    "write:search": lambda: _("Decide which hashtags are shown as talked about, if that is up to you"),
    "read:reports": lambda: _("See reports, if they are yours to look after"),
    "write:reports": lambda: _("Report people and posts in your name"),
    "read:invites": lambda: _("See the invites you have made"),
    "write:invites": lambda: _("Make and revoke invites in your name"),
    "read:files": lambda: _("See files you put here"),
    "write:files": lambda: _("Put pictures and other files here, and delete them"),
    "read:stream": lambda: _("Be told of what happens as soon as it does"),
    "read:instance": lambda: _("Read what this place says of itself"),
}


def in_words(scope: str) -> ScopeWords:
    """What a scope lets an app do; a plugin's area is named as it calls itself."""
    kind, _colon, area = scope.partition(":")
    said, named = _SAID.get(scope), {"area": area.replace("_", " ")}
    words = said() if said else (_("Read: %(area)s") if kind == READ else _("Change: %(area)s")) % named
    return ScopeWords(scope, words, kind == WRITE)


def all_in_words(scopes: Iterable[str]) -> list[ScopeWords]:
    """Scopes in words, without those another one of them holds already; what changes something comes last."""
    wanted = set(scopes)
    kept = [scope for scope in wanted if ":" not in scope or scope.partition(":")[0] not in wanted]
    return [in_words(scope) for scope in sorted(kept, key=lambda scope: (scope.startswith(WRITE), scope))]
