"""Answers by a sign across servers (section 7): as each of them takes them, found out by asking it what it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import orjson

from core import emoji, emoji_reactions, entries
from core.database import execute, now, transaction, value
from core.emoji_models import Emoji, Reaction
from core.entries import Act, Document
from core.errors import NotFound, Rejected
from core.federation.addresses import host_of
from core.federation.handling import Handler
from core.federation.incoming import UNKNOWN, Incoming
from core.federation.outbox import Writer, send
from core.fetch import FetchError
from core.instance import here
from core.models import Actor, Entry
from core.outbound import Outbound
from core.reading.emojis import emojis_of
from core.signs import CUSTOM, sign_of
from core.tasks import task

MISSKEY_KIN = frozenset(
    "misskey sharkey firefish calckey foundkey iceshrimp iceshrimp.net magnetar cherrypick catodon meisskey".split()
)
ADVERTISED = frozenset({"pleroma_emoji_reactions", "emoji_reactions"})
LIKE, MISSKEY, REACT = "like", "misskey", "react"
KNOWN_FOR = timedelta(days=7)
DESCRIPTION_BYTES = 65_536


# -- Out ---------------------------------------------------------------------------------------------------------------
async def react(act: Act) -> Outbound | None:
    """A sign, for the author alone; where nobody knows yet how their server takes it, a job finds out and says it."""
    assert act.entry is not None
    author = await Actor.get(id=act.entry.author_id)
    if author.is_local:
        return None
    style = await _style(author)
    if not style:
        await say.later(key=f"react:{act.uri}", uri=act.uri)
        return None
    return await _outbound(act, author, style)


async def unreact(act: Act) -> Outbound | None:
    """A sign taken back, where it was said."""
    assert act.entry is not None
    author = await Actor.get(id=act.entry.author_id)
    style = "" if author.is_local else await _style(author)
    if not style or (style == LIKE and await _likes_otherwise(act)):
        return None
    inner = _document(act, author, style)
    return Outbound({"type": "Undo", "to": inner["to"], "cc": [], "object": inner})


async def _outbound(act: Act, author: Actor, style: str) -> Outbound | None:
    return None if style == LIKE and await _likes_otherwise(act) else Outbound(_document(act, author, style))


async def _likes_otherwise(act: Act) -> bool:
    """Whether a server that knows only likes has one of this actor for another reason."""
    assert act.entry is not None
    found = await value(
        "SELECT 1 FROM core_like WHERE entry_id = $1 AND actor_id = $2"
        " UNION ALL SELECT 1 FROM core_reaction WHERE entry_id = $1 AND actor_id = $2 AND uri <> $3",
        act.entry.id,
        act.actor.id,
        act.uri,
    )
    return found is not None


def _document(act: Act, author: Actor, style: str) -> Document:
    assert act.entry is not None
    sign, custom = act.details["sign"], cast("Emoji | None", act.details["custom"])
    document: Document = {
        "id": act.uri,
        "type": "EmojiReact" if style == REACT else "Like",
        "actor": act.actor.uri,
        "object": act.entry.uri,
        "to": [author.uri],
        "cc": [],
    }
    if style != LIKE:
        document["content"] = f":{custom.shortcode}:" if custom else sign
        document["tag"] = [emoji.document_of(custom)] if custom else []
    if style == MISSKEY:
        document["_misskey_reaction"] = document["content"]
    return document


@task(attempts=5)
async def say(uri: str) -> None:
    """Say a sign to a server of which nobody knew how it takes one; nothing where it was taken back meanwhile."""
    reaction_id = uri.rpartition("/")[2]
    author_id = await value(
        "SELECT e.author_id FROM core_reaction r JOIN core_entry e ON e.id = r.entry_id WHERE r.id = $1", reaction_id
    )
    if author_id is None:
        return
    author = await Actor.get(id=author_id)
    style = await _style(author) or await _asked(host_of(author.uri))
    async with transaction():
        # Whoever takes it back now waits, and then knows that it was said.
        await execute("UPDATE core_reaction SET uri = uri WHERE id = $1", reaction_id)
        reaction = await Reaction.get_or_none(id=reaction_id)
        await _note(host_of(author.uri), style)
        if reaction is None:
            return
        custom = await Emoji.get_or_none(id=reaction.custom_id) if reaction.custom_id else None
        actor, entry = await Actor.get(id=reaction.actor_id), await Entry.get(id=reaction.entry_id)
        act = Act("react", actor, entry=entry, uri=uri, details={"sign": reaction.emoji, "custom": custom})
        if outbound := await _outbound(act, author, style):
            await send(actor, "react", outbound, entry)


async def _style(author: Actor) -> str:
    """How the author's server takes signs; empty where nobody has looked for a while."""
    found = await value(
        "SELECT reacts FROM federation_host WHERE name = $1 AND described_at > $2",
        host_of(author.uri),
        now() - KNOWN_FOR,
    )
    return str(found or "")


async def _note(host: str, style: str) -> None:
    await execute(
        "INSERT INTO federation_host (name, policy, note, knock, failures, reacts, described_at, created_at)"
        " VALUES ($1, '', '', 'cavage', 0, $2, $3, $3)"
        " ON CONFLICT (name) DO UPDATE SET reacts = excluded.reacts, described_at = excluded.described_at",
        host,
        style,
        now(),
    )


async def _asked(host: str) -> str:
    """What a server says it is (NodeInfo); who says nothing gets a like, which all understand."""
    scheme = here().base_url.partition(":")[0]
    try:
        links = (await _json(f"{scheme}://{host}/.well-known/nodeinfo")).get("links")
        hrefs = [one.get("href") for one in links if isinstance(one, Mapping)] if isinstance(links, list) else []
        ours = [one for one in hrefs if isinstance(one, str) and "/nodeinfo" in one and host_of(one) == host]
        described = await _json(ours[0]) if ours else {}
    except (FetchError, ValueError):
        return LIKE
    software, metadata = described.get("software"), described.get("metadata")
    name = software.get("name") if isinstance(software, Mapping) else ""
    features = metadata.get("features") if isinstance(metadata, Mapping) else []
    if str(name).lower() in MISSKEY_KIN:
        return MISSKEY
    return REACT if isinstance(features, list) and ADVERTISED.intersection(map(str, features)) else LIKE


async def _json(url: str) -> Mapping[str, Any]:
    answer = await here().http.get(url, accept="application/json", sign=False, limit=DESCRIPTION_BYTES)
    found = orjson.loads(answer.body) if answer.status == 200 else {}
    return found if isinstance(found, dict) else {}


# -- In ----------------------------------------------------------------------------------------------------------------
async def sign_in(document: Document, domain: str) -> tuple[str, Emoji | None] | None:
    """The sign an activity of this server bears; None where it bears none that can be shown."""
    said = document.get("_misskey_reaction") or document.get("content")
    if not isinstance(said, str) or len(said) > 400:
        return None
    if sign := sign_of(said):
        return sign, None
    named = CUSTOM.fullmatch(said.strip())
    if named is None or not said.strip().startswith(":"):
        return None
    await emoji.remember(domain, [draft for draft in emojis_of(document) if draft.shortcode == named[1]])
    custom = await Emoji.get_or_none(shortcode=named[1], domain=domain)
    return (emoji_reactions.key_of(custom), custom) if custom else None


async def receive_react(incoming: Incoming) -> str | None:
    """Somebody answers with a sign."""
    entry = await incoming.entry()
    if entry is None:
        return UNKNOWN
    sign = await sign_in(incoming.document, incoming.actor.domain)
    if sign is None:
        raise Rejected("This is not one emoji.")
    await emoji_reactions.react(incoming.actor, entry, *sign, uri=incoming.id)
    return None


async def undo_react(incoming: Incoming) -> str | None:
    """Somebody takes a sign back, found by its address, else by what it is and what it was done to."""
    inner = incoming.inner
    if inner.actor:
        incoming.must_own(inner.actor)
    done = await Reaction.get_or_none(uri=inner.id, actor_id=incoming.actor.id) if inner.id else None
    entry = await Entry.get_or_none(id=done.entry_id) if done else await entries.by_uri(inner.object_id)
    sign = done.emoji if done else None
    if sign is None and inner.document.get("content"):
        found = await sign_in(inner.document, incoming.actor.domain)
        sign = found[0] if found else None
    if entry is None or sign is None:
        return UNKNOWN
    try:
        await emoji_reactions.unreact(incoming.actor, entry, sign)
    except NotFound:
        return UNKNOWN
    return None


INBOX: Mapping[str, Handler] = {"EmojiReact": receive_react, "Undo EmojiReact": undo_react}
WRITERS: Mapping[str, Writer] = {"react": react, "unreact": unreact}
