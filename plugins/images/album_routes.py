"""The JSON API of albums and collections."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core import present
from core.api import Answer, Api, Ask
from core.api.forms import AttachmentForm, Form, StreamQuery, UserShort, stream_of
from core.database import is_id
from core.entries import visible_entry
from core.errors import Unauthenticated
from core.people import visible_actor
from plugins.images import album_authors, album_items, albums
from plugins.images.album_forms import album_form, album_forms
from plugins.images.forms import ImageForm, image_form

api = Api("albums", __name__, area="images")
Kind = Literal["album", "collection"]
Privacy = Literal["public", "followers", "friends", "private"]


class AlbumForm(Form):
    """Pictures gathered under a title: an album of one's own ones, or a collection of posts, most of them of others."""

    album_id: str
    kind: str
    title: str
    description: str
    privacy: str
    images_count: int = Field(description="As many as you find in it.")
    cover: AttachmentForm | None = Field(description="The first picture you find in it.")
    sensitive: bool = Field(description="Whether the cover is.")
    user: UserShort = Field(description="Whose it is.")
    authors: list[UserShort] = Field(description="Who puts pictures in besides; in lists nobody is named.")
    asked: list[UserShort] = Field(description="Who was asked to and has not answered; only its owner is told.")
    url: str
    created_at: str


class NewAlbum(Form):
    title: str
    kind: Kind = "album"
    description: str = ""
    privacy: Privacy = "public"


class AlbumChange(Form):
    title: str | None = None
    description: str | None = None
    privacy: Privacy | None = None


class AlbumsQuery(StreamQuery):
    user: str | None = Field(None, description="Whose: an id, or a name; else those you have a part in.")
    kind: Kind | None = Field(None, description="Albums or collections alone.")


class PutIn(Form):
    post_id: str


class Order(Form):
    post_ids: list[str] = Field(max_length=1000, description="Those that change places, in their new order.")


class Invited(Form):
    user_id: str


class Invitations(Form):
    albums: list[AlbumForm]


class Gone(Form):
    album_id: str


async def _album(ask: Ask[object, object], album_id: str) -> dict[str, object]:
    found = await albums.album(ask.viewer, album_id)
    is_own = ask.identity is not None and ask.actor.id == found["id"]
    asked = await albums.authors(album_id, asked=True) if is_own else ()
    (form,) = await album_forms([found], ask.actor_or_none)
    return form | album_form(found, await albums.authors(album_id), asked)


@api.get("/albums", query=AlbumsQuery, answer=stream_of("albums", AlbumForm), signed_out=True)
async def read_albums(ask: Ask[None, AlbumsQuery]) -> object:
    """Albums you have a part in, or somebody's that you may see, latest first."""
    user = ask.query.user
    if not user and ask.identity is None:
        raise Unauthenticated()
    owner_id = (user if is_id(user) else (await visible_actor(ask.viewer, user)).id) if user else None
    kind = ask.query.kind
    name = f"albums:{owner_id or ask.actor.id}:{bool(user)}:{kind or ''}"
    found = await albums.listed(ask.viewer, owner_id, ask.before(name), ask.query.limit, kind=kind)
    return ask.page("albums", name, found, await album_forms(found[: ask.query.limit], ask.actor_or_none))


@api.post("/albums", body=NewAlbum, answer=AlbumForm, status=201)
async def create_album(ask: Ask[NewAlbum, None]) -> Answer:
    """Begin an album or a collection: for everybody, for followers, for friends, or for its authors alone."""
    body = ask.body
    album_id = await albums.create(
        ask.actor, body.title, description=body.description, privacy=body.privacy, kind=body.kind
    )
    return Answer(await _album(ask, album_id), 201, location=f"/api/v1/albums/{album_id}")


@api.get("/albums/invitations", answer=Invitations)
async def read_invitations(ask: Ask[None, None]) -> object:
    """Albums you were asked to put pictures into, and have not answered; at most fifty, latest first."""
    return {"albums": await album_forms(await albums.invitations(ask.actor), ask.actor)}


@api.get("/posts/<post_id>/albums", query=StreamQuery, answer=stream_of("albums", AlbumForm))
async def read_albums_of_post(ask: Ask[None, StreamQuery], post_id: str) -> object:
    """Albums and collections that have a post, latest first: of yours all you may see, of others' only your own."""
    await visible_entry(ask.viewer, post_id)
    name = f"albums-of:{post_id}"
    found = await albums.having(ask.actor, post_id, ask.before(name), ask.query.limit)
    return ask.page("albums", name, found, await album_forms(found[: ask.query.limit], ask.actor))


@api.get("/albums/<album_id>", answer=AlbumForm, signed_out=True)
async def read_album(ask: Ask[None, None], album_id: str) -> object:
    """An album."""
    return await _album(ask, album_id)


@api.put("/albums/<album_id>", body=AlbumChange, answer=AlbumForm)
async def change_album(ask: Ask[AlbumChange, None], album_id: str) -> object:
    """Change an album of yours; what is left out stays."""
    body = ask.body
    await albums.change(ask.actor, album_id, title=body.title, description=body.description, privacy=body.privacy)
    return await _album(ask, album_id)


@api.delete("/albums/<album_id>", answer=Gone)
async def delete_album(ask: Ask[None, None], album_id: str) -> object:
    """Take an album of yours away; the pictures stay."""
    await albums.delete(ask.actor, album_id)
    return {"albumId": album_id}


@api.get("/albums/<album_id>/images", query=StreamQuery, answer=stream_of("images", ImageForm), signed_out=True)
async def read_album_images(ask: Ask[None, StreamQuery], album_id: str) -> object:
    """The pictures in an album that you may see, the latest put in first."""
    await albums.album(ask.viewer, album_id)
    name = f"album:{album_id}"
    found = await albums.images(ask.viewer, album_id, ask.before(name), ask.query.limit)
    forms = present.unpacked(await present.posts(found[: ask.query.limit], ask.actor_or_none))
    return ask.page("images", name, found, [image_form(form) for form in forms])


@api.post("/albums/<album_id>/images", body=PutIn, answer=AlbumForm, status=201)
async def put_in(ask: Ask[PutIn, None], album_id: str) -> Answer:
    """Put a picture into an album, or a post with pictures into a collection: yours, or one that everybody may see."""
    await album_items.add(ask.actor, album_id, ask.body.post_id)
    return Answer(await _album(ask, album_id), 201)


@api.put("/albums/<album_id>/images", body=Order, answer=AlbumForm)
async def reorder(ask: Ask[Order, None], album_id: str) -> object:
    """Have pictures of an album of yours come in another order."""
    await album_items.reorder(ask.actor, album_id, ask.body.post_ids)
    return await _album(ask, album_id)


@api.delete("/albums/<album_id>/images/<image_id>", answer=AlbumForm)
async def take_out(ask: Ask[None, None], album_id: str, image_id: str) -> object:
    """Take a picture out of an album of yours, or, for good, one of yours out of somebody's."""
    await album_items.take_out(ask.actor, album_id, image_id)
    return await _album(ask, album_id)


@api.post("/albums/<album_id>/authors", body=Invited, answer=AlbumForm, status=201)
async def invite_author(ask: Ask[Invited, None], album_id: str) -> Answer:
    """Ask a friend to put pictures into an album of yours."""
    await album_authors.invite(ask.actor, album_id, await visible_actor(ask.viewer, ask.body.user_id))
    return Answer(await _album(ask, album_id), 201)


@api.post("/albums/<album_id>/accept", answer=AlbumForm)
async def accept_invitation(ask: Ask[None, None], album_id: str) -> object:
    """Have a part in an album you were asked into."""
    await album_authors.accept(ask.actor, album_id)
    return await _album(ask, album_id)


@api.delete("/albums/<album_id>/authors/<user_id>", answer=Gone)
async def dismiss_author(ask: Ask[None, None], album_id: str, user_id: str) -> object:
    """Have somebody put no more pictures into an album of yours, or leave somebody's, or decline to have a part."""
    await album_authors.dismiss(ask.actor, album_id, user_id)
    return {"albumId": album_id}
