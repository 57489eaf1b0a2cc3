"""What apps may do: every route has a scope by being one, and a token that lacks it is refused here.

`read:<area>` is what GET routes of an area need, `write:<area>` all others; `read` and `write` stand for those of every
area. What guards an account (signing in, sessions, tokens, its export and deletion) and what those in charge do is
closed to apps, and so is whatever says nothing: a route that is not declared with core.api has no scope.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quart import Quart, g, request

from core.accounts.sessions import Identity
from core.errors import InsufficientScope
from core.instance import here

READ, WRITE = "read", "write"
PROFILE = "profile"
"""Lets an app learn who somebody is, from /oauth/userinfo, and nothing else."""
CLOSED_AREAS = frozenset({"admin", "apps", "auth"})
CLOSED_PATHS = ("/admin", "/apps", "/auth", "/users/me/export", "/users/me/import", "/users/me/transfers")
CLOSED = frozenset({("DELETE", "/users/me"), ("POST", "/users")})
_SCOPE = "kith_scope"  # the attribute of a view that says which scope its route needs


def scope_of(method: str, area: str, path: str, *, apps: bool | None, in_charge: bool) -> str:
    """The scope a route needs, or "" where it is closed to apps; `apps` is what the route itself says of that."""
    if apps is None:
        is_closed = area in CLOSED_AREAS or any(path == shut or path.startswith(f"{shut}/") for shut in CLOSED_PATHS)
        apps = not (is_closed or in_charge or (method, path) in CLOSED)
    return f"{READ if method == 'GET' else WRITE}:{area}" if apps else ""


def mark(view: Callable[..., Any], scope: str) -> None:
    """Say of a view which scope its route needs."""
    setattr(view, _SCOPE, scope)


def require_scope(identity: Identity | None, scope: str) -> None:
    """Raise InsufficientScope where an app asks that may not do this; people may whatever they may."""
    if identity is None or identity.scopes is None:
        return
    if not scope:
        raise InsufficientScope("Apps may not do this, only you yourself.")
    if not allows(identity.scopes, scope):
        raise InsufficientScope(f"This token lacks the scope {scope}.", scope=scope)


def allows(granted: frozenset[str], scope: str) -> bool:
    """Whether these scopes hold that one, by itself or within `read` or `write`."""
    return scope in granted or scope.partition(":")[0] in granted


def keep_to_scopes(app: Quart) -> None:
    """Before each route of the API, refuse apps that may not use it; it is known by then who asks."""

    @app.before_request
    async def check() -> None:
        identity: Identity | None = g.get("identity")
        if identity is not None and identity.scopes is not None and request.endpoint is not None:
            view = app.view_functions.get(request.endpoint)
            require_scope(identity, getattr(view, _SCOPE, ""))


def areas() -> dict[str, list[str]]:
    """The scopes of this server's routes by area, plugins' too: `{"posts": ["read:posts", "write:posts"]}`."""
    found = {getattr(view, _SCOPE, "") for view in here().app.view_functions.values()} - {""}
    ordered = sorted(found, key=lambda scope: (scope.partition(":")[2], scope))
    by_area: dict[str, list[str]] = {}
    for scope in ordered:
        by_area.setdefault(scope.partition(":")[2], []).append(scope)
    return by_area
