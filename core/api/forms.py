"""The objects of the API as models: they document what is answered and check what is sent."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Visibility = Literal["public", "unlisted", "followers", "friends", "private", "direct"]


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


class UserShort(Form):
    user_id: str
    username: str
    acct: str
    domain: str
    full_name: str
    avatar: str | None
    url: str
    is_bot: bool


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
    role: Literal["user", "moderator", "admin"]
    created_at: str
    is_following: bool | None = None
    is_followed_by: bool | None = None
    is_friend: bool | None = None
    is_requested: bool | None = None
    is_blocked: bool | None = None
    is_muted: bool | None = None


class Me(User):
    """Yourself."""

    email: str
    email_verified: bool
    settings: dict[str, Any]
    unread_notifications: int


class AttachmentForm(Form):
    file_id: str
    type: Literal["image", "video", "audio", "document"]
    url: str
    thumbnail_url: str | None
    alt: str | None
    width: int | None
    height: int | None
    file_size: int | None
    format: str | None
    blurhash: str | None
    focus: list[float] | None
    metadata: dict[str, Any] | None


class MentionForm(Form):
    user_id: str
    username: str
    acct: str
    url: str


class QuoteForm(Form):
    post_id: str
    uri: str
    url: str
    user: UserShort
    content: str


class Post(Form):
    """A post, or an entry of any other kind in the form of one."""

    post_id: str
    kind: str
    url: str
    uri: str
    user: UserShort
    content: str = Field(description="Sanitised HTML.")
    title: str | None
    source: str | None = Field(description="What was typed; on your own posts only.")
    content_warning: str | None
    sensitive: bool
    language: str | None
    visibility: Visibility
    local_only: bool
    attachments: list[AttachmentForm]
    tags: list[str]
    mentions: list[MentionForm]
    media_item: dict[str, Any] | None
    group: dict[str, Any] | None
    poll: dict[str, Any] | None
    quote: QuoteForm | None
    in_reply_to: str | None
    in_reply_to_user: UserShort | None
    root_id: str | None
    likes_count: int
    comments_count: int
    shares_count: int
    is_liked: bool
    is_shared: bool
    is_bookmarked: bool
    shared_by: UserShort | None = Field(description="In home feeds: who brought it there.")
    created_at: str
    edited_at: str | None
    is_deleted: bool


class Comment(Form):
    """A reply post; `commentId` is its `postId`."""

    comment_id: str
    post_id: str | None
    parent_id: str | None
    user_id: str
    username: str
    user: UserShort
    content: str
    content_warning: str | None
    likes_count: int
    replies_count: int
    is_liked: bool
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
