"""Who may answer an entry and who may quote it: its author says so, each in one word, and it is asked here alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

from core.database import one_of, rows
from core.models import ACCEPTED, Actor, Entry

Action = Literal["reply", "quote"]
Policy = Literal["everyone", "ask", "followers", "friends", "mentioned", "nobody"]
POLICIES: tuple[Policy, ...] = ("everyone", "ask", "followers", "friends", "mentioned", "nobody")
FOLLOWS, FRIEND, MENTIONED = "tf", "tr", "tm"

_REFUSALS = {
    "reply": "answer this",
    "quote": "quote this",
}
_WHO = {
    "followers": "Only people who follow its author, and those it mentions, may {act}.",
    "friends": "Only friends of its author, and those it mentions, may {act}.",
    "mentioned": "Only people it mentions may {act}.",
    "nobody": "Its author does not want anybody to {act}.",
}


def allows(policy: str, ties: Collection[str]) -> bool:
    """Whether a policy lets somebody who is not the author, given what ties them to the entry: FOLLOWS and others.

    Whoever is mentioned may, unless nobody may. `ask` lets everybody ask; what they get is their author's to say.
    """
    match policy:
        case "everyone" | "ask":
            return True
        case "followers":
            return FOLLOWS in ties or MENTIONED in ties
        case "friends":
            return FRIEND in ties or MENTIONED in ties
        case "mentioned":
            return MENTIONED in ties
    return False


def ties_sql(viewer: int, entries: int) -> str:
    """A query of `mark`, `entry_id` and `number`: what ties the viewer `$viewer` to the entries `$entries`."""
    followed = (
        "FROM core_entry x JOIN core_follow f ON f.target_id = x.author_id"
        f" AND f.follower_id = ${viewer} AND f.state = '{ACCEPTED}'"
    )
    back = (
        f" JOIN core_follow g ON g.target_id = f.follower_id AND g.follower_id = f.target_id AND g.state = '{ACCEPTED}'"
    )
    those = f"WHERE x.id {one_of(entries)}"
    return (
        f"SELECT '{FOLLOWS}' AS mark, x.id AS entry_id, 1 AS number {followed} {those}"
        f" UNION ALL SELECT '{FRIEND}' AS mark, x.id AS entry_id, 1 AS number {followed}{back} {those}"
        f" UNION ALL SELECT '{MENTIONED}' AS mark, x.entry_id AS entry_id, 1 AS number FROM core_mention x"
        f" WHERE x.actor_id = ${viewer} AND x.entry_id {one_of(entries)}"
    )


async def permits_at_once(actor: Actor, entry: Entry) -> bool:
    """Whether somebody may answer without proof that the author agrees, who is elsewhere, or wants to be asked.

    Who follows whom there, their server knows alone. Whoever is mentioned may, unless nobody may.
    """
    if entry.reply_policy == "everyone" or entry.author_id == actor.id:
        return True
    if entry.reply_policy == "nobody":
        return False
    found = await rows("SELECT 1 FROM core_mention WHERE entry_id = $1 AND actor_id = $2", entry.id, actor.id)
    return bool(found)


async def permits(actor: Actor, action: Action, entry: Entry) -> bool:
    """Whether the author of an entry lets somebody, here or elsewhere, answer or quote it."""
    policy = policy_of(entry, action)
    if policy in ("everyone", "ask") or entry.author_id == actor.id:
        return True
    if policy == "nobody":
        return False
    found = await rows(ties_sql(1, 2), actor.id, [entry.id])
    return allows(policy, {one["mark"] for one in found})


def policy_of(entry: Entry, action: Action) -> str:
    """The word an entry has for this."""
    return entry.reply_policy if action == "reply" else entry.quote_policy


def refusal(entry: Entry, action: Action) -> str | None:
    """The sentence for whoever may not; None where everybody may."""
    sentence = _WHO.get(policy_of(entry, action))
    return sentence.format(act=_REFUSALS[action]) if sentence else None


def restricted(page: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of those rows of a page of which it depends on who asks whether they may be answered or quoted."""
    clear = ("everyone", "ask", "nobody")
    return [row["id"] for row in page if row["reply_policy"] not in clear or row["quote_policy"] not in clear]
