"""Text posts and comments, the feeds they appear in, and what people do with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from quart import Blueprint

from core.entries import Kind
from core.plugins import hookimpl
from plugins.posts import acts, federation, feeds, pages, routes

REQUIRES: list[str] = []


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [routes.api, feeds.api, pages.blueprint, acts.blueprint]


@hookimpl
def kinds() -> Sequence[Kind]:
    return [federation.POST]


@hookimpl
def inbox() -> Mapping[str, Any]:
    return federation.INBOX


@hookimpl
def outbox() -> Mapping[str, Any]:
    return federation.OUTBOX
