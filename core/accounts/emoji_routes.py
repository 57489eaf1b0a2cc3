"""The JSON API of the small pictures in texts."""

from __future__ import annotations

from pydantic import Field

from core import emoji, present
from core.accounts import emojis
from core.api import Answer, Api, Ask
from core.api.forms import EmojiForm, Form, Nothing
from core.emoji_models import Emoji
from core.errors import Invalid

api = Api("emojis", __name__, area="instance")


class OfferedEmoji(EmojiForm):
    category: str | None


class OfferedEmojis(Form):
    emojis: list[OfferedEmoji]


class OwnEmoji(OfferedEmoji):
    """A small picture of this server; what `isHidden` is not offered, and is shown where somebody writes it."""

    emoji_id: str
    is_hidden: bool
    created_at: str


class OwnEmojis(Form):
    emojis: list[OwnEmoji]


class NewEmoji(Form):
    shortcode: str = Field(description="Two or more of a to z, A to Z, 0 to 9 and _, without the colons.")
    category: str = Field("", description="Under what it is listed.")
    image: str | None = Field(
        None,
        description="The file: JPEG, PNG, WebP, GIF or AVIF. What moves goes on moving.",
        json_schema_extra={"contentMediaType": "application/octet-stream"},
    )


class EmojiChanges(Form):
    shortcode: str | None = None
    category: str | None = None
    is_hidden: bool | None = None


def form_of(one: Emoji) -> dict[str, object]:
    """A picture of this server as those see it who look after them."""
    return {
        "emojiId": one.id,
        "shortcode": one.shortcode,
        "url": one.url,
        "category": one.category or None,
        "isHidden": one.is_hidden,
        "createdAt": present.stamp(one.created_at),
    }


@api.get("/emojis", answer=OfferedEmojis, signed_out=True)
async def read_emojis(ask: Ask[None, None]) -> object:
    """The small pictures this server has for `:shortcode:` in texts and as answers, by category and name."""
    return {"emojis": await emoji.listed()}


@api.get("/admin/emojis", answer=OwnEmojis, permission="emojis.manage")
async def read_own_emojis(ask: Ask[None, None]) -> object:
    """The small pictures of this server with the hidden ones, by category and name."""
    return {"emojis": [form_of(one) for one in await emojis.all_of_them()]}


@api.post(
    "/admin/emojis", files=("image", "file"), body=NewEmoji, answer=OwnEmoji, status=201, permission="emojis.manage"
)
async def add_emoji(ask: Ask[NewEmoji, None]) -> Answer:
    """Add a small picture: it is kept at most 256 by 128 pixels, without what cameras write into it."""
    upload = ask.upload
    assert upload is not None
    if upload.content is None:
        raise Invalid({upload.name: "Choose a picture."})
    made = await emojis.add(ask.doer, ask.body.shortcode, upload.content, category=ask.body.category, name=upload.name)
    return Answer(form_of(made), 201)


@api.put("/admin/emojis/<emoji_id>", body=EmojiChanges, answer=OwnEmoji, permission="emojis.manage")
async def change_emoji(ask: Ask[EmojiChanges, None], emoji_id: str) -> object:
    """Call a small picture otherwise, sort or hide it; what is left out stays."""
    body = ask.body
    return form_of(
        await emojis.change(
            ask.doer, emoji_id, shortcode=body.shortcode, category=body.category, is_hidden=body.is_hidden
        )
    )


@api.delete("/admin/emojis/<emoji_id>", answer=Nothing, permission="emojis.manage")
async def remove_emoji(ask: Ask[None, None], emoji_id: str) -> object:
    """Take a small picture away: where it stood, its shortcode stands."""
    await emojis.remove(ask.doer, emoji_id)
    return {}
