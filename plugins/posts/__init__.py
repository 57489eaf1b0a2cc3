"""Text posts and comments, the feeds they appear in, and what people do with them."""

from core.plugins import hookimpl
from plugins.posts import federation, feeds, pages, routes

REQUIRES: list[str] = []


@hookimpl
def blueprints():  # type: ignore[no-untyped-def]
    return [routes.api, feeds.api, pages.blueprint]


@hookimpl
def kinds():  # type: ignore[no-untyped-def]
    return [federation.POST]


@hookimpl
def inbox():  # type: ignore[no-untyped-def]
    return federation.INBOX


@hookimpl
def outbox():  # type: ignore[no-untyped-def]
    return federation.OUTBOX
