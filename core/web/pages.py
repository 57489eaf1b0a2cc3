"""Pages of this instance: rendered in the frame, for whoever looks, in their language."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, TypeVar
from urllib.parse import quote

from jinja2 import Environment
from quart import Response, g, redirect, request
from werkzeug import Response as Redirect

from core import present
from core.accounts.models import Account
from core.accounts.profile import settings_of
from core.accounts.sessions import COOKIE, Identity, by_cookie, identify
from core.api.instance_routes import counts
from core.errors import InsufficientScope, KithError, Unauthenticated
from core.instance import Instance, here
from core.permissions import may
from core.web import csrf
from core.web.admin_tabs import way_to_admin
from core.web.assets import Assets
from core.web.frame import (
    frame_assets,
    frame_context,
    frame_environment,
    frame_loader,
    plain_environment,
    security_headers,
)
from core.web.htmx import wants_fragment
from core.web.language import choose_language, speak
from core.web.slots import Card, NavItem, Tab

Placed = TypeVar("Placed", NavItem, Tab, Card)
HTML = "text/html; charset=utf-8"
GUEST_SECONDS = 86_400


class Pages:
    """The templates and static files of one instance."""

    def __init__(self, instance: Instance) -> None:
        settings = instance.settings
        folders = {plugin.name: plugin.folder for plugin in instance.hooks.plugins.values()}
        self.assets: Assets = frame_assets(folders, instance.folder, hue=settings.server.accent_hue)
        loader = frame_loader(folders, instance.folder)
        self.environment: Environment = frame_environment(
            loader,
            assets=self.assets,
            media_origins=settings.storage.origins,
            base_url=settings.server.base_url,
        )
        self.plain_environment: Environment = plain_environment(self.environment)
        self.environment.globals["card_of"] = lambda kind: instance.kinds[kind].card if kind in instance.kinds else ""
        self.headers = security_headers(media_origins=settings.storage.origins)


async def viewer_identity() -> Identity | None:
    """Who looks at the page; asked once per request, which from then on speaks their language.

    A session that is no good is no session. Raises Forbidden for a form that no page of ours sent.
    """
    if not hasattr(g, "identity"):
        try:
            g.identity = _in_person(await identify(request))
        except KithError:
            if request.method not in csrf.SAFE_METHODS:
                raise
            g.identity = None
        _speak_to(g.identity)
    identity: Identity | None = g.identity
    return identity


def _in_person(identity: Identity | None) -> Identity | None:
    """Raise InsufficientScope for an app: pages are for people."""
    if identity is not None and identity.scopes is not None:
        raise InsufficientScope("Apps use the API; pages are for people.")
    return identity


def to_login() -> Redirect:
    """Log in first, then come back to this page. Raises Unauthenticated where a part of a page is asked for.

    Scripts would follow a redirect, and put the log-in into the list that was to go on.
    """
    if wants_fragment(request.headers):
        raise Unauthenticated("Please log in first.")
    return redirect(f"/login?next={quote(request.full_path.rstrip('?'))}", 303)


def finder() -> str:
    """The page on which people and posts are found, here and elsewhere."""
    return "/search" if here().hooks.search.bound else "/lookup"


async def viewer_of_failure() -> None:
    """See to it that a page about a failure is for whoever looks, though their form was refused."""
    if not hasattr(g, "identity"):
        cookie = request.cookies.get(COOKIE)
        g.identity = await by_cookie(cookie) if cookie else None
        _speak_to(g.identity)


def _speak_to(identity: Identity | None) -> None:
    """Speak the language somebody chose, if it is still spoken here, or the one their browser asks for."""
    languages = here().settings.server.languages
    wished = settings_of(identity.account)["language"] if identity else ""
    accepted = request.headers.get("Accept-Language", "")
    speak(wished if wished in languages else choose_language(accepted, languages, languages[0]))


async def render_page(
    template: str,
    *,
    status: int = 200,
    notice: dict[str, Any] | None = None,
    indexed: bool = False,
    **context: Any,
) -> Response:
    """A whole page. `context` is what the template's header asks for; the frame's is added.

    `indexed` lets search engines have it: pages of the place itself, and of those who have agreed to that.
    """
    instance, identity = here(), await viewer_identity()
    viewer = await _own_form(identity) if identity else None
    guest = None
    if identity:
        token = csrf.session_token(instance.secrets.derive("csrf"), identity.session_id)
    else:
        guest = request.cookies.get(csrf.GUEST_COOKIE) or csrf.new_guest()
        token = csrf.guest_token(instance.secrets.derive("csrf"), guest)
    frame = frame_context(
        site=await site_form(),
        viewer=viewer,
        csrf_token=token,
        path=request.full_path.rstrip("?"),
        navigation=[*await filled("nav", NavItem), *await way_to_admin(identity.actor if identity else None)],
        cards=await filled("cards", Card),
        notice=notice,
    )
    html = instance.pages.environment.get_template(template).render({**frame, "status": status, **context})
    response = html_response(html, status)
    if not indexed:
        response.headers["X-Robots-Tag"] = "noindex"
    if identity is None and not needs_guest(html):
        response.headers["ETag"] = f'"{blake2b(html.encode(), digest_size=12).hexdigest()}"'
    elif guest:
        response.set_cookie(
            csrf.GUEST_COOKIE,
            guest,
            max_age=GUEST_SECONDS,
            httponly=True,
            secure=instance.base_url.startswith("https://"),
            samesite="Lax",
        )
    return response


def needs_guest(html: str) -> bool:
    """Whether the page holds a form of a visitor's: then the cookie its token is bound to must go with it."""
    return 'method="post"' in html


async def render_fragment(template: str, *, status: int = 200, **context: Any) -> Response:
    """A part of a page, for htmx."""
    identity = await viewer_identity()
    viewer = await _own_form(identity) if identity else None
    token = csrf.session_token(here().secrets.derive("csrf"), identity.session_id) if identity else ""
    shared = {"viewer": viewer, "csrf_token": token, "path": request.full_path.rstrip("?"), "site": await site_form()}
    html = here().pages.environment.get_template(template).render({**shared, **context})
    return html_response(html, status)


def html_response(html: str, status: int = 200) -> Response:
    """HTML with the headers that guard a page; signed-out pages may be looked at again without asking anew."""
    response = Response(html, status=status, content_type=HTML)
    for name, value in here().pages.headers.items():
        response.headers[name] = value
    response.headers["Vary"] = "Accept, Accept-Language, Cookie, HX-Request"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


async def _own_form(identity: Identity) -> dict[str, Any]:
    account: Account = identity.account
    form = present.user(present.row_of(identity.actor), own=True)
    own = {"settings": settings_of(account), "unreadNotifications": 0}
    return form | own | {"mayPurge": may(identity.actor, "files.purge")}


async def site_form() -> dict[str, Any]:
    """What the frame says of this place."""
    settings, provider = here().settings, here().oidc
    talks = settings.federation
    found = await counts()
    return {
        "name": settings.server.name,
        "tagline": settings.server.description.partition("\n")[0],
        "description": settings.server.description,
        "logo": None,
        "rules": list(settings.server.rules),
        "registration": settings.accounts.registration,
        "provider": provider.name if provider else None,
        "finder": finder(),
        "federates": "federation" in here().hooks.plugins and talks.enabled and talks.mode == "open",
        "reports": "moderation" in here().hooks.plugins,
        "describing": "images" in here().hooks.plugins,
        "usersCount": found["users"],
        "postsCount": found["posts"],
        "contact": None,
        "contactEmail": settings.server.contact or None,
    }


async def filled(name: str, kind: type[Placed], **context: Any) -> list[Placed]:
    """What plugins put into a named place of a page: things of this kind, in the order of the plugins."""
    identity = await viewer_identity()
    found: list[Placed] = []
    for answer in await here().hooks.slot(name=name, viewer=identity.actor if identity else None, **context):
        found += [each for each in (answer if isinstance(answer, list | tuple) else [answer]) if isinstance(each, kind)]
    return found
