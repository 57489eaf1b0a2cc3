"""The JSON API of the pictures people show of themselves."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from quart import request

from core import present
from core.accounts.profile_pictures import describe_picture, remove_picture, set_picture, shown_pictures
from core.api import Api, Ask
from core.api.forms import Form, Me, User
from core.api.users import me_form
from core.errors import Invalid
from core.file_fields import crop_of
from core.models import Actor
from core.people import visible_actor

api = Api("pictures", __name__)
api.tag = "users"  # for apps, and in the document, they belong there
FILES = ("image", "file", "avatar", "cover")


class PictureBody(Form):
    image: str | None = Field(
        None,
        description="The file: JPEG, PNG, WebP, GIF or AVIF.",
        json_schema_extra={"contentMediaType": "application/octet-stream"},
    )
    alt: str | None = Field(None, description="What is to be seen on it.")
    crop: str | None = Field(
        None, description="The part that is wanted, as JSON: `x`, `y`, `width`, `height`, fractions from 0 to 1."
    )


class OwnPictures(Me):
    """Yourself, with what your pictures show."""

    avatar_alt: str | None
    cover_alt: str | None


async def _answer(actor: Actor) -> Any:
    shown = await shown_pictures(actor)
    alts = {f"{role}Alt": shown[role].alt if role in shown else None for role in ("avatar", "cover")}
    return await me_form(actor.id) | alts


async def _set(ask: Ask[PictureBody, None], role: str) -> Any:
    upload = ask.upload
    assert upload is not None
    if upload.content is not None:
        crop, alt = crop_of(ask.body.crop), ask.body.alt or ""
        return await _answer(await set_picture(ask.actor, role, upload.content, crop=crop, alt=alt, name=upload.name))
    if ask.body.alt is None:
        raise Invalid({upload.name: "Choose a picture."})
    return await _answer(await describe_picture(ask.actor, role, ask.body.alt))


@api.put("/users/me/avatar", files=FILES, body=PictureBody, answer=OwnPictures)
async def set_avatar(ask: Ask[PictureBody, None]) -> object:
    """Show a picture of yourself: its middle or a part of it, at most 400 by 400 pixels.

    With `alt` and no file the picture stays and gets other words.
    """
    return await _set(ask, "avatar")


@api.put("/users/me/cover", files=FILES, body=PictureBody, answer=OwnPictures)
async def set_cover(ask: Ask[PictureBody, None]) -> object:
    """Show a picture above your profile: its middle or a part of it, at most 1500 by 500 pixels.

    With `alt` and no file the picture stays and gets other words.
    """
    return await _set(ask, "cover")


@api.delete("/users/me/avatar", answer=OwnPictures)
async def remove_avatar(ask: Ask[None, None]) -> object:
    """Show no picture of yourself any more."""
    return await _answer(await remove_picture(ask.actor, "avatar"))


@api.delete("/users/me/cover", answer=OwnPictures)
async def remove_cover(ask: Ask[None, None]) -> object:
    """Show no picture above your profile any more."""
    return await _answer(await remove_picture(ask.actor, "cover"))


@api.delete("/users/<user_id>/avatar", "/users/<user_id>/cover", answer=User)
async def remove_picture_of(ask: Ask[None, None], user_id: str) -> object:
    """Take a picture of somebody's profile away: as a moderator anybody's here."""
    actor = await visible_actor(ask.viewer, user_id)
    role = "cover" if request.path.rstrip("/").endswith("/cover") else "avatar"
    changed = await remove_picture(actor, role, by=ask.doer)
    return (await present.users([present.row_of(changed)], ask.actor_or_none))[0]
