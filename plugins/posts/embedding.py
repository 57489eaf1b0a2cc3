"""Posts on other pages: what oEmbed says of them (oembed.com), and the small page that is shown there."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

import orjson
from quart import Blueprint, Response, request

from core import prepared
from core.asgi import cacheable
from core.audience import OPEN, STRANGER
from core.database import is_id
from core.entries import visible_entry
from core.errors import Invalid, KithError, NotFound
from core.instance import here
from core.models import Actor, Entry
from core.present import Form
from core.web.pages import html_response
from plugins.posts.listing import form_of
from plugins.posts.syndication import title_of

blueprint = Blueprint("posts_embedding", __name__)
WIDTH, WIDEST, HEIGHT = 400, 800, 320
PREPARED_SECONDS, CACHE_AGE = 300, 86_400


class NoSuchForm(KithError):
    """oEmbed as XML: the specification has it, nobody asks for it."""

    status, code, title = 501, "not_implemented", "Not in this form"


@blueprint.get("/api/oembed")
async def oembed() -> Response:
    """How to show a post of this server on another page: `url`, and `maxwidth` and `maxheight` in pixels."""
    if request.args.get("format", "json") != "json":
        raise NoSuchForm("This is to be had as JSON.")
    entry, post = await _shown(_id_in(request.args.get("url", "")))
    author = post["user"]
    width = min(_pixels("maxwidth") or WIDTH, WIDEST)
    height = min(_pixels("maxheight") or HEIGHT, WIDEST)
    source = escape(f"{here().url('/')}@{author['acct']}/{entry.id}/embed")
    _keep(entry)
    response = Response(
        orjson.dumps(
            {
                "type": "rich",
                "version": "1.0",
                "title": title_of(post),
                "author_name": author["fullName"],
                "author_url": author["url"],
                "provider_name": here().settings.server.name,
                "provider_url": here().base_url,
                "cache_age": CACHE_AGE,
                "html": f'<iframe src="{source}" width="{width}" height="{height}" loading="lazy"'
                f' title="{escape(title_of(post))}"'
                ' sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"'
                ' frameborder="0"></iframe>',
                "width": width,
                "height": height,
            }
        ),
        content_type="application/json",
    )
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@blueprint.get("/@<acct>/<post_id>/embed")
async def embed(acct: str, post_id: str) -> Response:
    """A post by itself, for the frame of another page: no scripts, no forms, nothing of whoever is signed in."""
    entry, post = await _shown(post_id)
    if acct != post["user"]["acct"]:
        raise NotFound("There is no such post.")
    site = {"name": here().settings.server.name}
    html = here().pages.environment.get_template("posts/embed.html").render(post=post, site=site)
    response = html_response(html)
    media = " ".join(["'self'", *here().settings.storage.origins])
    response.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; img-src {media} data:; media-src {media}; base-uri 'none';"
        " form-action 'none'; frame-ancestors *"
    )
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cache-Control"] = "public, max-age=300"
    response.headers["Vary"] = "Accept-Language"
    _keep(entry)
    return response


async def _shown(post_id: str) -> tuple[Entry, Form]:
    """The post as strangers see it. Raises NotFound where they may not, whoever asks."""
    entry = await visible_entry(STRANGER, post_id)
    if entry.visibility not in OPEN or not (await Actor.get(id=entry.author_id)).is_local:
        raise NotFound("There is no such post.")
    return entry, await form_of(entry, None)


def _id_in(address: str) -> str:
    """The id of the post whose page or identity an address is. Raises Invalid, NotFound."""
    if not address:
        raise Invalid({"url": "Say which post is meant, by its address."})
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets, or letters that become marks of an address
        raise NotFound("There is no such post.") from None
    steps = parts.path.strip("/").split("/")
    is_ours = f"{parts.scheme}://{parts.netloc}" == here().base_url
    if not is_ours or len(steps) != 2 or not (steps[0].startswith("@") or steps[0] == "objects") or not is_id(steps[1]):
        raise NotFound("There is no such post.")
    return steps[1]


def _pixels(name: str) -> int:
    number = request.args.get(name, "")
    return min(int(number), 10_000) if number.isascii() and number.isdigit() and len(number) < 10 else 0


def _keep(entry: Entry) -> None:
    cacheable(request, PREPARED_SECONDS, prepared.of_entry(entry.id), prepared.of_actor(entry.author_id))
