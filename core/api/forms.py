"""The objects of the API as models: they document what is answered and check what is sent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Visibility = Literal["public", "unlisted", "followers", "friends", "circle", "private", "direct"]
ContentType = Literal["text/markdown", "text/plain"]
Policy = Literal["everyone", "ask", "followers", "friends", "mentioned", "nobody"]


class Form(BaseModel):
    """Base of everything that crosses the API: camelCase outside, unknown keys ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class Nothing(Form):
    """An empty object."""


class StreamQuery(Form):
    """Where in a stream, and how much of it."""

    cursor: str | None = Field(None, description="The `nextCursor` of the page before.")
    limit: int = Field(20, ge=1, le=50)


class TableQuery(Form):
    """Which page of a table."""

    page: int = Field(1, ge=1, le=1_000_000)
    limit: int = Field(20, ge=1, le=50)


class StreamPagination(Form):
    next_cursor: str | None
    has_more: bool


class TablePagination(Form):
    page: int
    limit: int
    total: int
    has_more: bool


class FieldError(Form):
    field: str
    message: str


class Problem(Form):
    """RFC 9457; `code` is the word to switch on."""

    success: Literal[False]
    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = []
    error_id: str | None = None


class EmojiForm(Form):
    """A small picture that stands for `:shortcode:` in a text."""

    shortcode: str
    url: str


class UserShort(Form):
    user_id: str
    username: str
    acct: str
    domain: str
    full_name: str
    avatar: str | None
    url: str
    is_bot: bool
    emojis: list[EmojiForm] = Field(description="The small pictures in their name, text and lines.")


class ProfileField(Form):
    name: str
    value: str
    verified_at: str | None = None


class User(UserShort):
    """A person; the keys that begin with `is` about you and them are there when you are signed in."""

    bio: str
    cover_image: str | None
    fields: list[ProfileField]
    followers_count: int
    following_count: int
    posts_count: int
    is_verified: bool
    is_locked: bool
    moved_to: str | None = Field(None, description="The address of the account they have moved to.")
    role: Literal["user", "moderator", "admin"]
    created_at: str
    is_following: bool | None = None
    is_followed_by: bool | None = None
    is_friend: bool | None = None
    is_requested: bool | None = None
    is_blocked: bool | None = None
    is_muted: bool | None = None
    is_domain_blocked: bool | None = Field(None, description="Whether you block the whole server they are on.")


class Me(User):
    """Yourself."""

    email: str
    email_verified: bool
    pending_email: str | None = Field(description="The address you asked for, until both have confirmed it.")
    settings: dict[str, Any]
    unread_notifications: int


class AttachmentForm(Form):
    file_id: str
    type: Literal["image", "video", "audio", "document"]
    url: str | None = Field(description="Null while the file is being made ready.")
    thumbnail_url: str | None
    alt: str | None
    width: int | None
    height: int | None
    file_size: int | None
    format: str | None
    blurhash: str | None
    focus: list[float] | None
    processing_status: Literal["processing", "ready", "failed"]
    metadata: dict[str, Any] | None


class MentionForm(Form):
    user_id: str
    username: str
    acct: str
    url: str


class QuoteForm(Form):
    """What a post quotes; `state` says whether its author agreed. Until they do, only whoever quotes is shown it."""

    post_id: str
    uri: str
    url: str
    user: UserShort
    title: str | None
    content: str
    content_warning: str | None
    language: str | None
    sensitive: bool
    attachments: list[AttachmentForm]
    emojis: list[EmojiForm]
    created_at: str
    state: Literal["accepted", "pending", "refused"]


class ReactionForm(Form):
    """A sign a post was answered with, and how often."""

    emoji: str = Field(description="One emoji, or `:shortcode:`, of another server `:shortcode@host:`.")
    url: str | None = Field(description="The picture of a shortcode.")
    count: int
    is_mine: bool


class PollOptionForm(Form):
    title: str
    votes_count: int


class PollForm(Form):
    """What a post asks, and how it was answered so far."""

    options: list[PollOptionForm]
    multiple: bool = Field(description="Whether several options can be chosen.")
    expires_at: str | None = Field(description="When it ends; null where it stays open.")
    is_closed: bool
    votes_count: int
    voters_count: int | None = Field(description="How many people voted; null where their server does not say.")
    has_voted: bool
    own_choices: list[int] = Field(description="What you chose, by place in `options`, from 0.")


class FilteredBy(Form):
    """A filter of yours that catches a post."""

    filter_id: str
    title: str


class LinkCardImage(Form):
    """The picture of a page, fetched and made small by this server."""

    url: str
    alt: str | None
    width: int | None = Field(description="As the page says, of the picture there.")
    height: int | None


class LinkCardForm(Form):
    """What the page says of itself to which the first link of a post leads."""

    url: str
    title: str
    description: str | None
    site_name: str | None
    host: str = Field(description="The name of its server, for people to read.")
    image: LinkCardImage | None


class Post(Form):
    """A post, or an entry of any other kind in the form of one."""

    post_id: str
    kind: str
    url: str | None = Field(description="Null, as `uri` and `user`, where it was deleted and keeps its place.")
    uri: str | None
    user: UserShort | None
    content: str = Field(description="Sanitised HTML.")
    title: str | None
    source: str | None = Field(description="What was typed; on your own posts only.")
    content_type: ContentType | None = Field(description="As what it was typed; null where that was elsewhere.")
    content_warning: str | None
    sensitive: bool
    language: str | None
    visibility: Visibility
    local_only: bool
    reply_policy: Policy = Field(
        description="Who may answer; the author always may, and those mentioned unless it is `nobody`. `ask`: others"
        " ask its author first."
    )
    quote_policy: Policy = Field(
        description="Who may quote it, of those who may see what everybody may; `ask`: they ask its author first."
    )
    is_pinned: bool = Field(description="Whether its author shows it first on their profile.")
    attachments: list[AttachmentForm]
    card: LinkCardForm | None = Field(
        description="Null until the page was fetched, and on posts with a warning, files, a poll or a quote."
    )
    tags: list[str]
    mentions: list[MentionForm]
    emojis: list[EmojiForm] = Field(description="The small pictures in its words, title, warning and poll.")
    media_item: dict[str, Any] | None
    group: dict[str, Any] | None
    poll: PollForm | None
    quote: QuoteForm | None
    in_reply_to: str | None
    in_reply_to_user: UserShort | None = Field(
        description="Whom it answers; null once they, or what it answers, are gone."
    )
    root_id: str | None
    reply_state: Literal["pending", "refused", "gone"] | None = Field(
        description="On your own answers to people who want to be asked, and on those of others that wait for your"
        " word: `visibility` is `private` until whom they answer agrees."
    )
    likes_count: int
    comments_count: int
    shares_count: int
    quotes_count: int = Field(description="How many posts for everybody quote it.")
    reactions: list[ReactionForm]
    is_liked: bool
    is_shared: bool
    is_bookmarked: bool
    can_reply: bool = Field(description="Whether you may answer; false for strangers.")
    can_quote: bool = Field(description="Whether you may quote it, or ask its author on another server.")
    shared_by: UserShort | None = Field(description="In home feeds and lists: who brought it there.")
    followed_tag: str | None = Field(description="In home feeds: the hashtag you follow that brought it there.")
    filtered: list[FilteredBy] | None = Field(description="Your filters that warn of it; what others hide is left out.")
    created_at: str
    edited_at: str | None
    is_deleted: bool


class Comment(Form):
    """A reply post; `commentId` is its `postId`. Deleted ones that were answered stay, without words and author."""

    comment_id: str
    post_id: str | None
    parent_id: str | None
    user_id: str | None
    username: str | None
    user: UserShort | None
    content: str
    content_warning: str | None
    likes_count: int
    replies_count: int
    is_liked: bool
    is_deleted: bool
    created_at: str
    edited_at: str | None


def stream_of(name: str, item: Any) -> type[Form]:
    """The model of a page of a stream, its items under `name`."""
    fields = {name: list[item], "pagination": StreamPagination}
    return _model(f"{_title(item)}Stream" if name != "users" else "UserStream", fields)


def table_of(name: str, item: Any) -> type[Form]:
    """The model of a page of a table, its items under `name`."""
    return _model(f"{_title(item)}Table", {name: list[item], "pagination": TablePagination})


def _title(item: Any) -> str:
    return str(getattr(item, "__name__", "Item"))


_models: dict[str, type[Form]] = {}


def _model(title: str, fields: dict[str, Any]) -> type[Form]:
    known = _models.get(title)
    if known is None or set(known.model_fields) != set(fields):
        known = type(title, (Form,), {"__annotations__": fields, "__module__": __name__})
        _models[title] = known
    return known
