"""What pages behind mailed links have in common: each asks first, since programs that look at mails follow links."""

from __future__ import annotations

from collections.abc import Sequence

from quart import Response, request

from core.accounts.sessions import Identity, guard
from core.errors import KithError
from core.web.failure_pages import saying_when
from core.web.language import gettext as _
from core.web.pages import render_page, viewer_identity

LONGEST_TOKEN = 200


async def sender() -> Identity | None:
    """Who sends a form of ours, signed in or not. Raises Forbidden for a form that no page of ours sent."""
    identity = await viewer_identity()
    if identity is None:
        await guard(request)
    return identity


async def token() -> str:
    """The token that came with the link, or with the form behind it."""
    wanted = (await request.form).get("token") if request.method == "POST" else request.args.get("token")
    return str(wanted or "")[:LONGEST_TOKEN]


def user_agent() -> str:
    """What the browser calls itself."""
    return str(request.headers.get("User-Agent", ""))[:500]


async def saying(
    heading: str,
    *paragraphs: str,
    status: int = 200,
    icon: str = "mail",
    form: dict[str, str] | None = None,
    links: Sequence[tuple[str, str]] = (),
) -> Response:
    """A page that says something and has at most one button; `links` are (address, words).

    `form` is where the button goes, the token that goes with it, and its words: `path`, `token`, `label`.
    """
    return await render_page(
        "accounts/mailed.html",
        status=status,
        heading=heading,
        paragraphs=paragraphs,
        mark=icon,
        action=form,
        links=links,
    )


async def no_good(error: KithError, *links: tuple[str, str]) -> Response:
    """A page about a link, or a form behind one, that did not work."""
    page = await saying(
        _("This does not work"), error.sentence, status=error.status, icon="triangle-alert", links=links
    )
    return saying_when(page, error)
