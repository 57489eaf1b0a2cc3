"""What somebody may be about to type: people after @, hashtags after #, emoji after a colon."""

from __future__ import annotations

from typing import Any

from core import emoji, people, present
from core.audience import STRANGER, viewer_of, visible_sql
from core.database import rows
from core.html import tag_key
from core.instance import here
from core.models import Actor
from plugins.posts.emoji_chart import beginning

AT_MOST = 8
LONGEST = 60
_USES_AT_MOST = 2000  # of the latest ones of hashtags that begin so

Suggestion = dict[str, Any]


async def suggestions(actor: Actor, typed: str) -> list[Suggestion]:
    """What may be meant by a word somebody has begun: each with what is to stand in its place (`insert`)."""
    sign, begins = typed[:1], typed[1 : LONGEST + 1]
    if sign == "@":
        found = await people.mentionable(viewer_of(actor), begins.partition("@")[0], AT_MOST)
        return [{"insert": f"@{user['acct']}", "user": user} for user in await present.users(found, actor)]
    if sign in ("#", "＃") and begins:
        return [{"insert": f"#{name}", "tag": name} for name in await _tags(begins)]
    if sign == ":" and len(begins) > 1:
        low = begins.lower()
        ours = [one for one in await emoji.listed() if low in one["shortcode"].lower()]
        ours.sort(key=lambda one: not one["shortcode"].lower().startswith(low))
        custom = [{"insert": f":{one['shortcode']}:", "picture": one} for one in ours[:AT_MOST]]
        signs: list[Suggestion] = [{"insert": one.text, "sign": one} for one in beginning(begins, AT_MOST)]
        return [*custom, *signs][:AT_MOST]
    return []


async def _tags(begins: str) -> list[str]:
    """Hashtags of what everybody may see, those most used of late first."""
    key = tag_key(begins)
    if not key:
        return []
    # On PostgreSQL the order of letters is that of a language: there a range of keys is no prefix.
    is_range = here().database.dialect == "sqlite"
    begin = "t.key >= $1 AND t.key < $2" if is_range else "t.key LIKE $1 AND t.key <> $2"
    found = await rows(
        "SELECT g.key, MAX(g.name) AS name, COUNT(DISTINCT e.author_id) AS people FROM"
        " (SELECT t.key, t.name, t.entry_id FROM core_entry_tag t"
        f" WHERE {begin} ORDER BY t.entry_id DESC LIMIT {_USES_AT_MOST}) g JOIN core_entry e ON e.id = g.entry_id"
        f" JOIN core_actor a ON a.id = e.author_id WHERE {visible_sql(STRANGER, 4)}"
        " GROUP BY g.key ORDER BY people DESC, g.key LIMIT $3",
        key if is_range else key.replace("_", "\\_") + "%",
        f"{key}\U0010ffff",
        AT_MOST,
        STRANGER.parameter,
    )
    return [row["name"] for row in found]
