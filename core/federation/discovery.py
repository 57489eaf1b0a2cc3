"""How other servers find who is here: WebFinger, host-meta and NodeInfo."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from quart import Blueprint, Response, request

import core
from core.asgi import cacheable
from core.database import now, row
from core.errors import BadRequest, Gone, NotFound
from core.federation.addresses import host_of, is_address, is_ours
from core.federation.documents import ACTIVITY_JSON, guessed_image_type
from core.federation.interaction_routes import PATH as INTERACTION
from core.federation.own_keys import instance_actor
from core.instance import here
from core.models import Actor
from core.people import seen_here

blueprint = Blueprint("federation_discovery", __name__)

KEEP_SECONDS = 600
COUNT_SECONDS = 600
LONGEST_RESOURCE = 2048
NODEINFO = "http://nodeinfo.diaspora.software/ns/schema"
_PROFILE_PAGE = "http://webfinger.net/rel/profile-page"
_AVATAR = "http://webfinger.net/rel/avatar"
_SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"
_SERVICE = "https://www.w3.org/ns/activitystreams#Service"
_APPLICATION = "https://www.w3.org/ns/activitystreams#Application"


@blueprint.before_request
async def _only_where_it_federates() -> None:
    if not here().settings.federation.enabled:
        raise NotFound()


@blueprint.get("/.well-known/webfinger")
async def webfinger() -> Response:
    """Who is behind a handle or an address of ours (RFC 7033; section 1)."""
    resource = request.args.get("resource", "")
    if not resource or len(resource) > LONGEST_RESOURCE or "\x00" in resource:
        raise BadRequest("`resource` is missing or malformed.")
    actor, rel = await _found(resource)
    if actor is None:
        raise NotFound("There is no such person.")
    if actor.removed_at is not None:
        raise Gone("This person has left.")
    wanted = request.args.getlist("rel")
    cacheable(request, KEEP_SECONDS, f"actor:{actor.id}", signed=True)
    return _answer(_descriptor(actor, rel, wanted), "application/jrd+json")


async def _found(resource: str) -> tuple[Actor | None, str]:
    """The actor a resource names, and in which relation they stand to it. Raises BadRequest."""
    if resource.startswith(("https://", "http://")):
        return await _at(resource)
    name, separator, host = resource.removeprefix("acct:").removeprefix("@").partition("@")
    if not name or not separator or not host or not is_address(f"https://{host}"):
        raise BadRequest("`resource` is neither acct:name@host nor an address.")
    if host.lower() not in (here().domain.lower(), host_of(here().base_url)):
        return None, "self"
    actor = await seen_here(name)
    if actor is None and name.lower() == here().domain.partition(":")[0]:
        actor = await instance_actor()
    return actor, "self"


async def _at(address: str) -> tuple[Actor | None, str]:
    """The actor at one of our addresses; the server's own stands for the server (FEP-d556)."""
    if not is_address(address):
        raise BadRequest("`resource` is no address.")
    if not is_ours(address):
        return None, "self"
    path = "/" + address.split("/", 3)[3] if address.count("/") > 2 else "/"
    if path == "/":
        return await instance_actor(), _SERVICE
    if path.startswith("/@"):
        return await seen_here(path[2:]), "self"
    return await Actor.get_or_none(uri=here().url(path), domain=""), "self"


def _descriptor(actor: Actor, rel: str, wanted: list[str]) -> dict[str, Any]:
    links: list[dict[str, str]] = [
        {"rel": rel, "type": ACTIVITY_JSON, "href": actor.uri},
        {"rel": _PROFILE_PAGE, "type": "text/html", "href": actor.url or actor.uri},
    ]
    if actor.avatar_url and actor.suspended_at is None:
        links.append({"rel": _AVATAR, "type": guessed_image_type(actor.avatar_url), "href": actor.avatar_url})
    if actor.type != "application":
        links.append({"rel": _SUBSCRIBE, "template": here().url(f"{INTERACTION}?uri={{uri}}")})
    return {
        "subject": f"acct:{actor.username}@{here().domain}",
        "aliases": list(dict.fromkeys((actor.url or actor.uri, actor.uri))),
        "links": [link for link in links if not wanted or link["rel"] in wanted],
    }


@blueprint.get("/.well-known/host-meta")
async def host_meta() -> Response:
    """Where handles are looked up (RFC 6415), for those who ask that first."""
    template = here().url("/.well-known/webfinger?resource={uri}")
    cacheable(request, KEEP_SECONDS, signed=True)
    return _response(
        '<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" type="application/jrd+json" template="{template}"/></XRD>\n'.encode(),
        "application/xrd+xml; charset=utf-8",
    )


@blueprint.get("/.well-known/nodeinfo")
async def nodeinfo_links() -> Response:
    """Where this server describes itself, and the actor that stands for it (FEP-2677)."""
    links = [{"rel": f"{NODEINFO}/{version}", "href": here().url(f"/nodeinfo/{version}")} for version in ("2.1", "2.0")]
    links.append({"rel": _APPLICATION, "href": here().url("/actor")})
    cacheable(request, KEEP_SECONDS, signed=True)
    return _answer({"links": links}, "application/json")


@blueprint.get("/nodeinfo/<version>")
async def nodeinfo(version: str) -> Response:
    """What this server is, in NodeInfo 2.0 or 2.1 (FEP-f1d5)."""
    if version not in ("2.0", "2.1"):
        raise NotFound()
    settings = here().settings
    description = {
        "version": version,
        "software": {"name": "kith", "version": core.__version__},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": settings.accounts.registration == "open",
        "usage": await here().cache.remember("nodeinfo:usage", COUNT_SECONDS, _usage),
        "metadata": {
            "features": ["pleroma_emoji_reactions"],
            "nodeName": settings.server.name,
            "nodeDescription": settings.server.description,
        },
    }
    cacheable(request, KEEP_SECONDS, signed=True)
    return _answer(description, f'application/json; profile="{NODEINFO}/{version}#"')


async def _usage() -> dict[str, Any]:
    """How many people there are and were about lately, and how much they published for everybody."""
    found = await row(
        "SELECT (SELECT COUNT(*) FROM core_account c JOIN core_actor a ON a.id = c.actor_id"
        " WHERE a.removed_at IS NULL AND a.suspended_at IS NULL) AS total,"
        " (SELECT COUNT(DISTINCT account_id) FROM core_session WHERE last_used_at > $1) AS month,"
        " (SELECT COUNT(DISTINCT account_id) FROM core_session WHERE last_used_at > $2) AS half_year,"
        " (SELECT COUNT(*) FROM core_entry WHERE is_local AND deleted_at IS NULL"
        " AND visibility IN ('public', 'unlisted')) AS posts",
        now() - timedelta(days=30),
        now() - timedelta(days=180),
    )
    assert found is not None
    users = {"total": found["total"], "activeMonth": found["month"], "activeHalfyear": found["half_year"]}
    return {"users": users, "localPosts": found["posts"]}


def _answer(content: dict[str, Any], content_type: str) -> Response:
    return _response(orjson.dumps(content), content_type)


def _response(body: bytes, content_type: str) -> Response:
    response = Response(body, content_type=content_type)
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
