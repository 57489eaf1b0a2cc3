"""The JSON API of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from pydantic import Field

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import Form, StreamQuery, Visibility, stream_of
from core.database import is_id, now
from core.entries import visible_entry
from core.errors import Invalid, NotFound
from core.people import visible_actor
from core.uploads import Upload
from plugins.images import service
from plugins.images.finding import images, memories
from plugins.images.forms import ImageForm, SharedImage, image_form, shared_form
from plugins.images.placing import change_place
from plugins.images.spots import USUAL_PRECISION, Spot, around, spot_of
from plugins.images.trending import trending_images

api = Api("images", __name__)
AT_ONCE = 10
MEMORIES_AT_MOST = 50
# What the fields of a post are called here.
_NAMES = {"content": "caption", "visibility": "privacy", "fileIds": "image"}


class NewImages(Form):
    image: list[str] | None = Field(
        None,
        description="The pictures, one to ten: JPEG, PNG, WebP, GIF or AVIF.",
        json_schema_extra={"items": {"type": "string", "contentMediaType": "application/octet-stream"}},
    )
    caption: str = ""
    alt: str | None = Field(
        None, description="What is to be seen on the picture, for who cannot; the field once for each of several."
    )
    tags: str | None = Field(None, description="Hashtags, as JSON or the field once for each.")
    location: str | None = Field(
        None,
        description="JSON: `latitude`, `longitude`, `name`, and how exactly it is told: `precision` is `exact`, `area`"
        " (about a kilometre, the usual) or `town` (about ten).",
    )
    privacy: Visibility | None = None
    show_camera: bool | None = Field(
        None,
        description="Whether everybody who sees the pictures is told with what they were taken; unless you say so as in"
        " `settings.showCamera`. If not, it is forgotten for good.",
    )


class ImagesQuery(StreamQuery):
    user: str | None = Field(None, description="Whose: an id, or a name.")
    tag: str | None = Field(None, max_length=100)
    near: str | None = Field(None, max_length=100, description="`latitude,longitude,km`.")


@api.post(
    "/images/upload",
    files=("image",),
    on_disk=True,
    at_once=AT_ONCE,
    body=NewImages,
    answer=SharedImage,
    status=201,
)
async def upload_images(ask: Ask[NewImages, None]) -> Answer:
    """Share pictures with a caption, hashtags and the place, if you want to tell it.

    What cameras write into pictures is removed from all that is kept, where you were above all.
    """
    assert ask.upload is not None
    tags, spot = _tags(ask.upload), _spot(ask.body.location)
    try:
        entry = await service.share(
            ask.actor,
            ask.body.caption,
            ask.upload.all_kept,
            alts=ask.upload.lists.get("alt", ()),
            tags=tags,
            spot=spot,
            visibility=ask.body.privacy,
            show_camera=ask.body.show_camera,
        )
    except Invalid as error:
        raise Invalid({_NAMES.get(name, name): said for name, said in error.errors.items()}) from None
    form = image_form(present.unpacked([await present.post(entry, ask.actor)])[0])
    return Answer(shared_form(form), 201, location=f"/api/v1/images/{entry.id}")


def _tags(upload: Upload) -> Sequence[str]:
    found = upload.lists.get("tags", ())
    if len(found) != 1 or not found[0].lstrip().startswith("["):
        return found
    told = _json(found[0], "tags")
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise Invalid({"tags": "A list of texts is expected."})
    return told


def _spot(text: str | None) -> Spot | None:
    return _told(_json(text, "location") if text else None)


def _told(told: object) -> Spot | None:
    if told is None:
        return None
    if not isinstance(told, Mapping):
        raise Invalid({"location": "An object is expected."})
    precision = told.get("precision", USUAL_PRECISION)
    return spot_of(told, precision if isinstance(precision, str) else "")


def _json(text: str, name: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Invalid({name: "This is not JSON."}) from None


class Memories(Form):
    images: list[ImageForm]


@api.get("/images/memories", answer=Memories)
async def read_memories(ask: Ask[None, None]) -> object:
    """What you shared on this day in years before, newest first; at most fifty."""
    found = await memories(ask.actor.id, now().date(), MEMORIES_AT_MOST)
    return {"images": [image_form(form) for form in present.unpacked(await present.posts(found, ask.actor))]}


class TrendingQuery(Form):
    limit: int = Field(20, ge=1, le=50)


class TrendingImages(Form):
    images: list[ImageForm]


@api.get("/images/trending", query=TrendingQuery, answer=TrendingImages, signed_out=True)
async def read_trending_images(ask: Ask[None, TrendingQuery]) -> object:
    """The public pictures most people liked or shared of late; of one author at most three, none that are sensitive."""
    found = await trending_images(ask.viewer, ask.query.limit)
    forms = present.unpacked(await present.posts(found, ask.actor_or_none, "public"))
    return {"images": [image_form(form) for form in forms]}


@api.get("/images/<image_id>", answer=ImageForm, signed_out=True)
async def read_image(ask: Ask[None, None], image_id: str) -> object:
    """Pictures that somebody shared, and what is said of them."""
    entry = await visible_entry(ask.viewer, image_id)
    if entry.kind != service.KIND:
        raise NotFound("There is no such picture.")
    return image_form(present.unpacked([await present.post(entry, ask.actor_or_none)])[0])


class NewPlace(Form):
    location: dict[str, Any] | None = Field(description="As for `POST /images/upload`; null tells it to nobody.")


@api.put("/images/<image_id>", body=NewPlace, answer=ImageForm)
async def change_image(ask: Ask[NewPlace, None], image_id: str) -> object:
    """Say something else of where your pictures were taken; all else changes as of any post."""
    entry = await change_place(ask.actor, image_id, _told(ask.body.location))
    return image_form(present.unpacked([await present.post(entry, ask.actor)])[0])


@api.get("/images", query=ImagesQuery, answer=stream_of("images", ImageForm), signed_out=True)
async def read_images(ask: Ask[None, ImagesQuery]) -> object:
    """Pictures, newest first: all public ones, or somebody's, with a hashtag, near a place."""
    query = ask.query
    near = around(query.near) if query.near is not None else None
    author_id = await _author(ask, query.user) if query.user else None
    name = f"images:{author_id or ''}:{query.tag or ''}:{query.near or ''}"
    found = await images(ask.viewer, ask.before(name), query.limit, author_id=author_id, tag=query.tag, near=near)
    forms = present.unpacked(await present.posts(found[: query.limit], ask.actor_or_none, "public"))
    return ask.page("images", name, found, [image_form(form) for form in forms])


async def _author(ask: Ask[None, ImagesQuery], user: str) -> str:
    return user if is_id(user) else (await visible_actor(ask.viewer, user)).id
