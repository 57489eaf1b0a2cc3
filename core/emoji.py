"""Small pictures in texts: those of other servers are remembered, and each is shown from an address of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core.database import execute, new_id, now, one_of, rows
from core.emoji_models import Emoji
from core.emoji_room import make_room
from core.instance import here
from core.models import Actor
from core.person_forms import Form, stamp
from core.signs import SHORTCODES
from core.storage.remote import shown_at

SHOWN_AT_MOST = 200  # different ones on one page
OF_A_PERSON_AT_MOST = 50
EMOJIS = "emojis"  # the tag of what is kept for a while and shows pictures of ours
KEEP_SECONDS = 3600


@dataclass(frozen=True)
class EmojiDraft:
    """A picture that another server says a shortcode stands for."""

    shortcode: str
    url: str


async def remember(domain: str, drafts: Sequence[EmojiDraft]) -> None:
    """Store what the shortcodes of another server stand for now; of several with one name the last counts.

    What has been remembered for long and nobody looks at may be forgotten then (core.emoji_room).
    """
    wanted = {draft.shortcode: draft.url for draft in drafts}
    if not wanted or not domain:
        return
    known = {
        one["shortcode"]: one["url"]
        for one in await rows(
            f"SELECT shortcode, url FROM core_emoji WHERE domain = $1 AND shortcode {one_of(2, 'text')}",
            domain,
            list(wanted),
        )
    }
    # In one order, so that no two who store the same ones wait for each other.
    for shortcode, url in sorted(wanted.items()):
        if known.get(shortcode) != url:
            await execute(
                "INSERT INTO core_emoji (id, shortcode, domain, url, category, is_hidden, created_at)"
                " VALUES ($1, $2, $3, $4, '', $5, $6)"
                " ON CONFLICT (domain, shortcode) DO UPDATE SET url = excluded.url",
                new_id(),
                shortcode,
                domain,
                url,
                False,
                now(),
            )
    if len(known) < len(wanted):
        await make_room(domain)


async def listed() -> list[Form]:
    """The pictures this server offers, by category and name; kept until one of them changes."""
    found: list[Form] = await here().cache.remember("emojis:listed", KEEP_SECONDS, _listed, tags=[EMOJIS])
    return found


async def _listed() -> list[Form]:
    found = await Emoji.filter(domain="", is_hidden=False).order_by("category", "shortcode")
    return [{"shortcode": one.shortcode, "url": one.url, "category": one.category or None} for one in found]


def named_in(*texts: str | None) -> list[str]:
    """The shortcodes that stand in these texts, each once."""
    found = (one[1] for text in texts if text and ":" in text for one in SHORTCODES.finditer(text))
    return list(dict.fromkeys(found))


async def shown(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Form]:
    """Of these domains and shortcodes those that have a picture, in the API's form."""
    pairs = list(dict.fromkeys(wanted))
    if not pairs:
        return {}
    found = await rows(
        f"SELECT id, shortcode, domain, url FROM core_emoji WHERE shortcode {one_of(1, 'text')}"
        f" AND domain {one_of(2, 'text')}",
        list({shortcode for _, shortcode in pairs}),
        list({domain for domain, _ in pairs}),
    )
    return {
        (one["domain"], one["shortcode"]): {"shortcode": one["shortcode"], "url": url}
        for one in found
        if (url := address(one["id"], one["domain"], one["url"]))
    }


def address(emoji_id: str, domain: str, url: str) -> str | None:
    """Where a page of ours shows it: pictures of others are passed on."""
    return shown_at(emoji_id, "emoji", url) if domain else url


async def of_texts(domain: str, *texts: str | None) -> list[Emoji]:
    """The pictures a server has for what stands in these texts."""
    named = named_in(*texts)[:SHOWN_AT_MOST]
    return await Emoji.filter(domain=domain, shortcode__in=named).order_by("shortcode") if named else []


# -- Of people ---------------------------------------------------------------------------------------------------------
def texts_of(name: str, summary: str, profile_fields: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where pictures may stand in what somebody says of themselves."""
    return [name, summary, *(str(one.get(key, "")) for one in profile_fields for key in ("name", "value"))]


async def packed_for(domain: str, name: str, summary: str, profile_fields: Sequence[Mapping[str, Any]]) -> str:
    """The pictures in what somebody says of themselves, as their row keeps them, so that nobody has to look for them.

    Each is its id, its shortcode and where it lies; empty where there are none.
    """
    found = await of_texts(domain, *texts_of(name, summary, profile_fields))
    packed = [[one.id, one.shortcode, one.url] for one in found[:OF_A_PERSON_AT_MOST]]
    return orjson.dumps(packed).decode() if packed else ""


async def repack(actor: Actor) -> None:
    """Have the row of somebody here say which pictures stand in it, in the transaction that writes it."""
    actor.emojis = await packed_for("", actor.name, actor.summary, actor.profile_fields)


# -- Documents ---------------------------------------------------------------------------------------------------------
def document_of(emoji: Emoji) -> dict[str, Any]:
    """A small picture as other servers know it (federation profile, section 9; FEP-9098)."""
    icon = {"type": "Image", "mediaType": "" if emoji.domain else "image/webp", "url": emoji.url}
    return {
        "id": here().url(f"/emojis/{emoji.id}"),
        "type": "Emoji",
        "name": f":{emoji.shortcode}:",
        "updated": stamp(emoji.created_at),  # whoever knows another picture of this name takes the newer one
        "icon": {name: one for name, one in icon.items() if one},
    }
