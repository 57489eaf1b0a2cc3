"""What an entry looks like to everybody: read and prepared once for each of its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from core import emoji, poll_forms
from core.audience import OPEN
from core.comment_forms import standing_comment
from core.database import one_of, rows
from core.file_forms import FILE_COLUMNS, NO_FILE_COLUMNS, attachment_form
from core.instance import here
from core.link_cards.forms import CARD_COLUMNS, card_form
from core.person_forms import Form, Row, stamp, user_short
from core.prepared import of_actor, of_answers, of_entry
from core.quote_models import AGREED, PENDING


@dataclass(frozen=True)
class Prepared:
    """An entry's form without its last brace, what it asks, and what not everybody may see: its source, what it quotes.

    `is_asking` says that nobody but its author is shown the quote, for whom it quotes has not agreed. What it quotes
    that is not for everybody is `closed_quote`.
    `tags` name what it was made of besides the entry and its author: those mentioned, what is quoted, what it answers.
    """

    head: bytes
    poll: Form | None
    source: bytes
    quote: bytes
    closed_quote: bytes
    is_asking: bool
    tags: tuple[str, ...]

    @cached_property
    def comment(self) -> bytes:
        """The entry's form as a comment without its last brace, made where it is shown as one."""
        return orjson.dumps(standing_comment(orjson.loads(self.head + b"}")))[:-1]


async def prepare(entry_ids: list[str]) -> list[tuple[Row, Prepared]]:
    """These entries, each with what is prepared of it; three queries however many they are, one more for small
    pictures, and what their kinds ask."""
    entries = await rows(
        "SELECT e.*, q.uri AS quote_uri, q.url AS quote_url, q.content AS quote_content, q.visibility AS quote_for,"
        " q.deleted_at AS quote_gone, q.content_warning AS quote_warning, q.published_at AS quote_at,"
        " q.title AS quote_title, q.language AS quote_language, q.sensitive AS quote_sensitive,"
        " y.state AS reply_state, q.id AS quote_entry, w.state AS quote_state, q.author_id AS quote_author,"
        " a.version AS author_version, p.author_id AS parent_author,"
        " o.id AS asks, o.multiple AS asks_for_many, o.expires_at AS asks_until,"
        " (SELECT 1 FROM core_pin n WHERE n.entry_id = e.id) AS is_pinned,"
        f" {CARD_COLUMNS}"
        " FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        " LEFT JOIN core_quote_request w ON w.entry_id = e.id"
        " LEFT JOIN core_reply_request y ON y.entry_id = e.id"
        " LEFT JOIN core_entry q ON q.id = COALESCE(e.quote_id, w.quoted_id)"
        " LEFT JOIN core_entry p ON p.id = e.reply_to_id AND p.deleted_at IS NULL"
        " LEFT JOIN core_poll o ON o.entry_id = e.id"
        " LEFT JOIN core_linked_card k ON k.entry_id = e.id LEFT JOIN core_link_card c ON c.id = k.card_id"
        f" WHERE e.id {one_of(1)}",
        entry_ids,
    )
    named = {e[key] for e in entries for key in ("author_id", "quote_author", "parent_author") if e[key]}
    quoted = [entry["quote_entry"] for entry in entries if entry["quote_entry"]]
    parts = await _parts(entry_ids, quoted, list(named), [entry for entry in entries if entry["asks"]])
    await _find_emojis(entries, parts)
    added = await _added_by_kinds(entries)
    return [(entry, _prepared_form(entry, parts, added.get(entry["id"], {}))) for entry in entries]


@dataclass
class _Parts:
    actors: dict[str, Row]
    mentions: dict[str, list[Form]]
    tags: dict[str, list[str]]
    attachments: dict[str, list[Form]]
    polls: dict[str, Form]
    emojis: dict[tuple[str, str], Form]


_OPTIONS = (
    f" UNION ALL SELECT o.entry_id, o.title, o.position, 'option', {NO_FILE_COLUMNS}"
    " FROM core_poll_option o WHERE o.entry_id {}"
)


async def _parts(entry_ids: list[str], quoted_ids: list[str], actor_ids: list[str], asking: Sequence[Row]) -> _Parts:
    polls = {each["id"]: poll_forms.begun(each["asks_for_many"], each["asks_until"]) for each in asking}
    parts = _Parts({}, {}, {}, {}, polls, {})
    people_found = await rows(
        "SELECT a.*, m.entry_id AS mentioned_in, m.silent FROM core_mention m JOIN core_actor a ON a.id = m.actor_id"
        f" WHERE m.entry_id {one_of(1)} UNION ALL SELECT a.*, NULL AS mentioned_in, NULL AS silent"
        f" FROM core_actor a WHERE a.id {one_of(2)}",
        entry_ids,
        actor_ids,
    )
    for actor in people_found:
        if actor["mentioned_in"] is None:
            parts.actors[actor["id"]] = actor
        elif not actor["silent"]:
            mention = {key: user_short(actor)[key] for key in ("userId", "username", "acct", "url")}
            parts.mentions.setdefault(actor["mentioned_in"], []).append(mention)
    for found in await rows(
        f"SELECT entry_id, name, 0 AS position, CAST(id AS TEXT) AS attachment_id, {NO_FILE_COLUMNS}"
        f" FROM core_entry_tag WHERE entry_id {one_of(1)} UNION ALL"
        f" SELECT h.entry_id, NULL, h.position, CAST(h.id AS TEXT), {FILE_COLUMNS}"
        f" FROM core_attachment h LEFT JOIN core_file f ON f.id = h.file_id WHERE h.entry_id {one_of(2)}"
        f"{_OPTIONS.format(one_of(1)) if polls else ''} ORDER BY position, attachment_id",
        entry_ids,
        [*entry_ids, *quoted_ids],
    ):
        if found["attachment_id"] == "option":
            polls[found["entry_id"]]["options"].append(found["name"])
        elif found["name"] is not None:
            parts.tags.setdefault(found["entry_id"], []).append(found["name"])
        else:
            parts.attachments.setdefault(found["entry_id"], []).append(attachment_form(found))
    return parts


async def _find_emojis(entries: Sequence[Row], parts: _Parts) -> None:
    """One query for the small pictures of all, where there is any shortcode at all."""
    wanted = [
        (parts.actors[author]["domain"], shortcode)
        for entry in entries
        for author, texts in ((entry["author_id"], _texts(entry, parts)), (entry["quote_author"], _quoted(entry)))
        if author
        for shortcode in emoji.named_in(*texts)
    ]
    parts.emojis = await emoji.shown(wanted)


def _texts(entry: Row, parts: _Parts) -> list[str]:
    """Where small pictures may stand."""
    poll = parts.polls.get(entry["id"])
    return [entry["title"], entry["content_warning"], entry["content"], *(poll["options"] if poll else ())]


def _quoted(entry: Row) -> list[str]:
    return [entry[key] or "" for key in ("quote_title", "quote_warning", "quote_content")]


def _emojis(author: Row, texts: Sequence[str], parts: _Parts) -> list[Form]:
    """The small pictures of an author's server in these texts."""
    if not parts.emojis:
        return []
    found = (parts.emojis.get((author["domain"], shortcode)) for shortcode in emoji.named_in(*texts))
    return [one for one in found if one]


def _shows_ours(entry: Row, parts: _Parts) -> bool:
    """Whether pictures of this server stand in it, or would if there were any of these names."""
    of_entry = not parts.actors[entry["author_id"]]["domain"] and emoji.named_in(*_texts(entry, parts))
    quoted = parts.actors.get(entry["quote_author"] or "")
    return bool(of_entry) or bool(quoted and not quoted["domain"] and emoji.named_in(*_quoted(entry)))


async def _added_by_kinds(entries: Sequence[Row]) -> dict[str, Mapping[str, Any]]:
    added: dict[str, Mapping[str, Any]] = {}
    for name in {entry["kind"] for entry in entries}:
        kind = here().kinds.get(name)
        if kind and kind.fields:
            added |= await kind.fields([entry["id"] for entry in entries if entry["kind"] == name])
    return added


def _prepared_form(entry: Row, parts: _Parts, added: Mapping[str, Any]) -> Prepared:
    is_deleted = entry["deleted_at"] is not None  # then it keeps its place, and nobody is told whose it was
    form = {
        "postId": entry["id"],
        "kind": entry["kind"],
        "url": None if is_deleted else entry["url"] or entry["uri"],
        "uri": None if is_deleted else entry["uri"],
        "user": None if is_deleted else user_short(parts.actors[entry["author_id"]]),
        "content": entry["content"],
        "contentType": entry["source_type"] if entry["source"] else None,
        "title": entry["title"] or None,
        "contentWarning": entry["content_warning"] or None,
        "sensitive": bool(entry["sensitive"]),
        "language": entry["language"] or None,
        "visibility": entry["visibility"],
        "localOnly": bool(entry["local_only"]),
        "replyPolicy": entry["reply_policy"],
        "quotePolicy": entry["quote_policy"],
        "isPinned": entry["is_pinned"] is not None,
        "attachments": parts.attachments.get(entry["id"], []),
        "card": card_form(entry),
        "tags": parts.tags.get(entry["id"], []),
        "mentions": parts.mentions.get(entry["id"], []),
        "emojis": _emojis(parts.actors[entry["author_id"]], _texts(entry, parts), parts),
        "mediaItem": None,
        "group": None,
        "inReplyTo": entry["reply_to_id"],
        "inReplyToUser": _reply_author(entry, parts),
        "rootId": entry["root_id"],
        "replyState": _shown(entry["reply_state"]),
        "createdAt": stamp(entry["published_at"]),
        "editedAt": stamp(entry["edited_at"]),
        "isDeleted": is_deleted,
        **added,
    }
    others = {mention["userId"] for mention in form["mentions"]} | {entry["quote_author"], entry["parent_author"]}
    tags = [of_actor(actor_id) for actor_id in others if actor_id]
    if _shows_ours(entry, parts):
        tags.append(emoji.EMOJIS)
    if entry["parent_author"]:
        tags.append(of_answers(entry["reply_to_id"]))
    if entry["quote_entry"]:
        tags.append(of_entry(entry["quote_entry"]))
    quote, is_open = _kept(_quote(entry, parts)), entry["quote_for"] in OPEN
    return Prepared(
        head=orjson.dumps(form)[:-1],
        poll=parts.polls.get(entry["id"]),
        source=_kept(entry["source"] or None),
        quote=quote if is_open else b"null",
        closed_quote=b"null" if is_open else quote,
        is_asking=entry["quote_id"] is None,
        tags=tuple(tags),
    )


def _kept(value: object) -> bytes:
    """JSON for the cache: what orjson answers lies in four kilobytes, however little it is."""
    return b"null" if value is None else bytes(memoryview(orjson.dumps(value)))


def _shown(state: str | None) -> str | None:
    """How it stands with what waits, as its author is told."""
    return PENDING if state == AGREED else state


def _reply_author(entry: Row, parts: _Parts) -> Form | None:
    """Whom it answers, unless they, or what it answers, are gone."""
    author = parts.actors.get(entry["parent_author"] or "")
    return user_short(author) if author and _is_present(author) else None


def _is_present(author: Row) -> bool:
    return not (author["suspended_at"] or author["removed_at"])


def _quote(entry: Row, parts: _Parts) -> Form | None:
    """What is quoted; whether a block hides it, and who sees what is not for everybody, is found out for each reader.

    Nobody asks to quote what is not for everybody: only its author quotes that.
    """
    author = parts.actors.get(entry["quote_author"] or "")
    if author is None or entry["quote_gone"] or (entry["quote_for"] not in OPEN and not entry["quote_id"]):
        return None
    if not _is_present(author):
        return None
    return {
        "postId": entry["quote_entry"],
        "uri": entry["quote_uri"],
        "url": entry["quote_url"] or entry["quote_uri"],
        "user": user_short(author),
        "title": entry["quote_title"] or None,
        "content": entry["quote_content"],
        "contentWarning": entry["quote_warning"] or None,
        "language": entry["quote_language"] or None,
        "sensitive": bool(entry["quote_sensitive"]),
        "attachments": parts.attachments.get(entry["quote_entry"], []),
        "emojis": _emojis(author, _quoted(entry), parts),
        "createdAt": stamp(entry["quote_at"]),
        "state": "accepted" if entry["quote_id"] else _shown(entry["quote_state"]),
    }
