"""From what somebody typed to the draft of a post: who it is for, whom it names, what hangs on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from core import circles, entries, policies
from core.accounts.profile import usual
from core.actors import are_apart
from core.attachments import drafts_of_files
from core.audience import OPEN, viewer_of
from core.consent import needs_consent, reply_needs_consent
from core.entries import AttachmentDraft, Draft, visible_entry
from core.errors import Forbidden, Invalid
from core.html import (
    CONTENT_TYPES,
    Format,
    Linked,
    counted_length,
    find_mentions,
    find_tags,
    render,
    shows_nothing,
    without_controls,
)
from core.instance import here
from core.looking_up import look_up
from core.models import Actor, Entry
from core.people import find
from core.permissions import require_allowed
from plugins.posts.asking import WantedPoll, poll_draft

KIND = "post"
MENTIONS_AT_MOST = 30
# From the widest to the narrowest: an answer never reaches further than what it answers.
WIDTH = {"public": 0, "unlisted": 1, "followers": 2, "friends": 3, "circle": 4, "direct": 5, "private": 6}


class Wanted(TypedDict, total=False):
    """What a post may be besides its words; None as visibility or content type is the usual one.

    A poll opens now unless told.
    """

    visibility: str | None
    circle_id: str | None
    content_type: str | None
    content_warning: str
    language: str
    reply_to_id: str | None
    quote_id: str | None
    local_only: bool
    sensitive: bool
    reply_policy: str | None
    quote_policy: str | None
    poll: WantedPoll | None
    opens_at: datetime | None
    file_ids: Sequence[str]


async def drafted(
    author: Actor,
    content: str,
    *,
    kind: str = KIND,
    visibility: str | None = None,
    circle_id: str | None = None,
    content_type: str | None = None,
    content_warning: str = "",
    language: str = "",
    reply_to_id: str | None = None,
    quote_id: str | None = None,
    local_only: bool = False,
    sensitive: bool = False,
    reply_policy: str | None = None,
    quote_policy: str | None = None,
    poll: WantedPoll | None = None,
    opens_at: datetime | None = None,
    file_ids: Sequence[str] = (),
) -> Draft:
    """The draft of a post as it would be published. Raises as `service.write`."""
    attachments = await drafts_of_files(author, file_ids)
    own = await usual(author) if content_type is None or visibility is None else {}
    draft = await worded(
        author,
        content,
        content_type=content_type or own["contentType"],
        content_warning=content_warning,
        language=language,
        attachments=attachments,
        kind=kind,
    )
    draft.sensitive, draft.poll = sensitive, poll_draft(poll, opens_at=opens_at)
    draft.reply_policy, draft.quote_policy = reply_policy, quote_policy
    if reply_to_id:
        draft.reply_to = await visible_entry(viewer_of(author), reply_to_id)
        if draft.reply_to.visibility == "private" and draft.reply_to.author_id != author.id:
            raise Forbidden("This waits for your word. Allow it first, and then answer it.")
        await require_allowed(author, "reply", draft.reply_to, policies.refusal(draft.reply_to, "reply"))
        await answering(draft, draft.reply_to)
    if quote_id:
        draft.quote = await visible_entry(viewer_of(author), quote_id)
        if draft.quote.visibility not in OPEN and draft.quote.author_id != author.id:
            raise Invalid({"quote": "Only what everybody may see can be quoted."})
        await require_allowed(author, "quote", draft.quote, policies.refusal(draft.quote, "quote"))
    if circle_id or visibility == "circle":
        await _to_circle(draft, visibility or "circle", circle_id)
    else:
        widest = visibility or (None if draft.reply_to else own["defaultVisibility"])
        draft.visibility = _narrowed(widest, draft.reply_to)
    if draft.reply_to is not None and draft.reply_to.visibility == "circle" != draft.visibility:
        # It is narrower than what it answers: not for the others who were sent that.
        draft.silent_mentions = [one for one in draft.silent_mentions if one.id == draft.reply_to.author_id]
    draft.local_only = local_only or any(known.local_only for known in (draft.reply_to, draft.quote) if known)
    is_elsewhere = draft.quote is not None and not draft.quote.is_local
    if draft.local_only and is_elsewhere and needs_consent(author, draft.quote, draft.visibility):
        raise Invalid({"quote": "What stays on this server cannot ask somebody elsewhere whether it may quote them."})
    is_elsewhere = draft.reply_to is not None and not draft.reply_to.is_local
    if draft.local_only and is_elsewhere and await reply_needs_consent(author, draft.reply_to, draft.visibility):
        raise Invalid({"inReplyTo": "What stays on this server cannot ask somebody elsewhere whether it may answer."})
    return draft


async def _to_circle(draft: Draft, visibility: str, circle_id: str | None) -> None:
    """For the friends who are in a circle now; an answer to what was for a circle is for the same people."""
    if visibility != "circle":
        raise Invalid({"circleId": "Only what is for a circle goes to one."})
    if draft.reply_to is not None and not circle_id and draft.reply_to.visibility == "circle":
        draft.visibility = "circle"
    elif draft.reply_to is not None:
        raise Invalid({"visibility": "An answer is for those who see what it answers, and for no circle of yours."})
    elif not circle_id:
        raise Invalid({"circleId": "Say which circle it is for."})
    else:
        named = {actor.id for actor in draft.mentions}
        friends = await circles.audience(draft.author, circle_id)
        draft.visibility = "circle"
        draft.silent_mentions = [friend for friend in friends if friend.id not in named]


def _check_content(content: str, *, with_files: bool) -> None:
    length = counted_length(content)
    if not content.strip() and not with_files:
        raise Invalid({"content": "Write something first."})
    most = here().settings.limits.post_characters
    if length > most:
        raise Invalid({"content": f"This is too long: {length} characters of at most {most}."})


async def worded(
    author: Actor,
    content: str,
    *,
    content_type: str,
    content_warning: str,
    language: str,
    attachments: list[AttachmentDraft],
    kind: str = KIND,
) -> Draft:
    """The draft of an entry with these words: what they look like, whom they name. Raises Invalid naming the field."""
    content = without_controls(content)
    _check_content(content, with_files=bool(attachments))
    if len(content_warning) > 500:
        raise Invalid({"contentWarning": "This is too long: at most 500 characters."})
    if content_type not in CONTENT_TYPES:
        raise Invalid({"contentType": f"One of {', '.join(CONTENT_TYPES)}."})
    format = CONTENT_TYPES[content_type]
    named = await _mentioned(author, content, format)
    html = render(content, format=format, mentions=named.links, tag_url=lambda tag: here().url(f"/tags/{tag}"))
    if shows_nothing(html) and not attachments:
        raise Invalid({"content": "There is nothing to see in this. Write something first."})
    return Draft(
        kind=kind,
        author=author,
        content=html,
        source=content,
        source_type=content_type,
        content_warning=content_warning.strip(),
        language=language or here().settings.server.languages[0],
        mentions=named.actors,
        tags=find_tags(content, format=format),
        attachments=attachments,
    )


class _Named:
    def __init__(self) -> None:
        self.links: dict[str, Linked] = {}
        self.actors: list[Actor] = []


async def _mentioned(author: Actor, content: str, format: Format) -> _Named:
    """Who is named in a text; people of other servers are looked up there if they are not known yet."""
    named = _Named()
    for mention in list(find_mentions(content, format=format))[:MENTIONS_AT_MOST]:
        actor = await find(mention.key) or (await _look_up(author, f"@{mention.key}") if mention.host else None)
        if actor is None or not actor.is_here or await are_apart(author.id, actor.id):
            continue
        named.links[mention.key] = Linked(url=actor.url or actor.uri, label=actor.username, uri=actor.uri)
        if actor.id not in [known.id for known in named.actors]:
            named.actors.append(actor)
    return named


async def _look_up(author: Actor, address: str) -> Actor | None:
    found = await look_up(author.id, address)
    return found if isinstance(found, Actor) else None


async def answering(draft: Draft, parent: Entry) -> None:
    """Whoever is answered learns of it, and so does everybody in a conversation that is for a few."""
    draft.reply_to = parent
    addressed: Sequence[str] = [parent.author_id]
    if parent.visibility in ("circle", "direct"):
        addressed = [parent.author_id, *await entries.addressed(parent)]
    known = {actor.id for actor in draft.mentions} | {draft.author.id}
    draft.silent_mentions = await Actor.filter(id__in=[one for one in addressed if one not in known])


def _narrowed(wanted: str | None, parent: Entry | None) -> str:
    if parent is None:
        return wanted or "public"
    return max(wanted or parent.visibility, parent.visibility, key=WIDTH.__getitem__)
