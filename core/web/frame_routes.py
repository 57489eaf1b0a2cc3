"""Static files under hashed names, what robots should leave alone, and what no page takes, or not so often."""

from __future__ import annotations

from quart import Blueprint, Response, request

from core.api import limits
from core.errors import BadRequest, NotFound
from core.instance import here
from core.web.csrf import SAFE_METHODS
from core.web.pages import viewer_identity

blueprint = Blueprint("frame", __name__)
_WITH_FILES = "multipart/form-data"
_FORMS = ("application/x-www-form-urlencoded", _WITH_FILES)
_GATES = ("/login", "/signup", "/setup", "/oauth/token", "/oauth/revoke", "/oauth/introspect")
_PRIVATE = (
    "/admin", "/api/", "/compose", "/files/remote/film/", "/invite", "/login", "/lookup", "/oauth/", "/search",
    "/settings", "/signup",
)  # fmt: skip
_ROBOTS = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in _PRIVATE)
# Those who say that they gather texts to train language models or to answer from, and that they heed this file.
_AI_CRAWLERS = (
    "AI2Bot", "Amazonbot", "anthropic-ai", "Applebot-Extended", "Bytespider", "CCBot", "ChatGPT-User", "Claude-Web",
    "ClaudeBot", "cohere-ai", "Diffbot", "FacebookBot", "Google-Extended", "GPTBot", "ImagesiftBot",
    "meta-externalagent", "OAI-SearchBot", "omgili", "PerplexityBot", "Timpibot", "YouBot",
)  # fmt: skip


@blueprint.before_app_request
async def refuse_nul() -> None:
    """PostgreSQL keeps no text with U+0000 in it, and no text needs one: nothing is looked for or stored by such."""
    if "\0" in request.path:
        raise NotFound()
    if request.method == "POST" and request.mimetype in _FORMS:
        if request.mimetype == _WITH_FILES and await _is_for_members():
            return
        typed = (await request.form).lists()
        if any("\0" in value for _, values in typed for value in values):
            raise BadRequest("This holds the character U+0000, which is not text.")


async def _is_for_members() -> bool:
    """Whether a form with files is refused, or looked at, later: a stranger's is not waited for, let alone read."""
    return request.path.startswith(limits.API) or await viewer_identity() is None


@blueprint.before_app_request
async def count_forms() -> None:
    """Members may do no more on pages than over the API; for those who log in or sign up there are other limits."""
    if request.method in SAFE_METHODS or request.path.startswith((limits.API, *_GATES)):
        return
    identity = await viewer_identity()
    if identity is not None:
        await limits.count_form(identity)


@blueprint.get("/robots.txt")
async def robots() -> Response:
    """Where there is nothing to be found; each page says for itself whether it may be."""
    refused = "".join(f"User-agent: {name}\n" for name in _AI_CRAWLERS) + "Disallow: /\n\n"
    settings = here().settings.server
    sitemap = f"\nSitemap: {here().url('/sitemap.xml')}\n"
    text = (refused if settings.ai_crawlers == "refuse" else "") + _ROBOTS + sitemap
    return Response(text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "max-age=86400"})


@blueprint.get("/static/<path:path>")
async def static(path: str) -> Response:
    """A file of the frame, of a plugin, of an npm package or of the instance."""
    answer = here().pages.assets.answer(
        path,
        accept_encoding=request.headers.get("Accept-Encoding", ""),
        if_none_match=request.headers.get("If-None-Match", ""),
    )
    return Response(answer.body, status=answer.status, headers=answer.headers)
