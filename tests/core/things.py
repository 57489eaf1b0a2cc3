"""What of the owner's stands in paths and bodies that are tried, made when it is asked for."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from core.accounts import changing_email, emojis, mailed_tokens, passwords, service, verification
from core.accounts.models import Account
from core.accounts.notices import SIGN_IN_NOTICE
from core.accounts.proof_models import EmailChange, ForeignLogin, Passkey
from core.database import new_id, now
from core.federation.models import Stamp
from core.mail.outgoing import unsubscribe_proof
from core.oauth.models import App, AppToken
from core.testing import PASSWORD
from core.testing.people import befriend

if TYPE_CHECKING:
    from tests.core.everyone import Cast

Maker = Callable[["Cast"], Awaitable[str]]


def _png() -> bytes:
    file = BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    return file.getvalue()


FILES = {
    "PNG": ("it.png", _png(), "image/png"),
    "CSV": ("it.csv", b"Account address\nann@elsewhere.test\n", "text/csv"),
}


async def _post(cast: Cast) -> str:
    asked = {"options": ["Yes", "No"]}
    return str((await cast.owner.publish("Words of the owner #tag", poll=asked))["postId"])


async def _draft(cast: Cast) -> str:
    return str((await cast.owner.post("/drafts", {"content": "Not done yet"}))["draftId"])


async def _scheduled(cast: Cast) -> str:
    later = (now() + timedelta(days=1)).isoformat()
    return str((await cast.owner.post("/posts", {"content": "Tomorrow", "publishAt": later}))["postId"])


async def _upload(cast: Cast) -> str:
    return str((await cast.owner.post("/files", files={"file": FILES["PNG"]}))["fileId"])


async def _begun(cast: Cast) -> str:
    """An upload of which nothing has come yet."""
    return str((await cast.owner.post("/uploads", {"size": len(FILES["PNG"][1])}))["uploadId"])


async def _emoji(cast: Cast) -> str:
    return "🎉"


async def _small_picture(cast: Cast) -> str:
    """A small picture of the server's."""
    with cast.instance.inside():
        made = await emojis.add(None, f"cat{secrets.token_hex(6)}", FILES["PNG"][1])
    return made.id


async def _comment(cast: Cast) -> str:
    path = f"/posts/{await cast.thing('post_id')}/comments"
    return str((await cast.owner.post(path, {"content": "An answer"}))["commentId"])


async def _friend(cast: Cast) -> str:
    """A friend of the owner's."""
    friend = await cast.instance.user(f"friend{cast.number}")
    await befriend(cast.owner, friend)
    return friend.id


async def _name_of_friend(cast: Cast) -> str:
    await cast.thing("friend_id")
    return f"friend{cast.number}"


async def _alias(cast: Cast) -> str:
    """Somebody the owner says they are as well."""
    await cast.owner.post("/users/me/aliases", {"address": await cast.thing("name_of_friend")})
    return await cast.thing("friend_id")


async def _pack(cast: Cast) -> str:
    """A starter pack of the owner's, which they are in themselves."""
    body = {"name": "Sailors", "userIds": [cast.owner.id]}
    return str((await cast.owner.post("/packs", body))["packId"])


async def _image(cast: Cast) -> str:
    shared = await cast.owner.post("/images/upload", files={"image": FILES["PNG"]}, data={"privacy": "public"})
    return str(shared["postId"])


async def _picture(cast: Cast) -> str:
    """A file that a post of the owner's shows."""
    return str((await cast.owner.get(f"/images/{await cast.thing('image_id')}"))["images"][0]["fileId"])


async def _suggestion(cast: Cast) -> str:
    """How somebody would describe a picture of the owner's."""
    helper = await cast.instance.user(f"helper{cast.number}")
    path = f"/files/{await cast.thing('picture_id')}/alt-suggestions"
    return str((await helper.post(path, {"alt": "A pier"}))["suggestionId"])


async def _own_suggestion(cast: Cast) -> str:
    """How the owner would describe a picture of somebody else's."""
    other = await cast.instance.user(f"painter{cast.number}")
    shared = await other.post("/images/upload", files={"image": FILES["PNG"]}, data={"privacy": "public"})
    (picture,) = (await other.get(f"/images/{shared['postId']}"))["images"]
    made = await cast.owner.post(f"/files/{picture['fileId']}/alt-suggestions", {"alt": "A pier"})
    return str(made["suggestionId"])


async def _album(cast: Cast) -> str:
    return str((await cast.owner.post("/albums", {"title": "Summer"}))["albumId"])


async def _circle(cast: Cast) -> str:
    return str((await cast.owner.post("/circles", {"name": "Family"}))["circleId"])


async def _report(cast: Cast) -> str:
    """A report that the owner has made of somebody."""
    about = {"targetType": "user", "targetId": await cast.thing("friend_id"), "reason": "An advert"}
    return str((await cast.owner.post("/reports", about))["reportId"])


async def _spare_session(cast: Cast) -> str:
    """A session of the owner's beside the one they come by."""
    await cast.instance.anon.post("/auth/login", {"username": cast.owner.name, "password": PASSWORD})
    listed = (await cast.owner.get("/auth/sessions", limit=50))["sessions"]
    return str(next(one["sessionId"] for one in listed if not one["isCurrent"]))


async def _friend_request(cast: Cast) -> str:
    asking = await cast.instance.user(f"asking{cast.number}")
    return str((await asking.post("/friends/request", {"targetUserId": cast.owner.id}))["requestId"])


async def _app(cast: Cast) -> str:
    """An app that may act for the owner; its client id becomes a thing too."""
    cast.things["client_id"] = secrets.token_hex(8)
    with cast.instance.inside():
        app = await App.create(
            id=new_id(),
            client_id=cast.things["client_id"],
            name="Kitchen clock",
            redirect_uris=["https://clock.test/back"],
            scopes="read",
        )
        await _token_of(cast, app_id=app.id)
    return app.id


async def _client(cast: Cast) -> str:
    await cast.thing("app_id")
    return cast.things["client_id"]


async def _foreign_login(cast: Cast) -> str:
    """Who the owner is to another service."""
    with cast.instance.inside():
        login = await ForeignLogin.create(account_id=cast.owner.id, provider="else", subject=secrets.token_hex(8))
    return login.id


async def _list(cast: Cast) -> str:
    """A list of the owner's with a friend on it, whose name becomes a thing too."""
    friend = await cast.instance.user(f"friend{cast.number}")
    await cast.owner.follow(friend)
    made = await cast.owner.post("/lists", {"title": "Friends"})
    await cast.owner.post(f"/lists/{made['listId']}/members", {"userIds": [friend.id]})
    cast.things["friend_name"] = friend.name
    return str(made["listId"])


async def _friend_name(cast: Cast) -> str:
    await cast.thing("list_id")
    return cast.things["friend_name"]


async def _filter(cast: Cast) -> str:
    made = await cast.owner.post("/filters", {"title": "Spoilers", "words": [{"text": "spoiler"}]})
    return str(made["filterId"])


async def _quoting(cast: Cast) -> str:
    """A post of somebody else's that quotes the owner's."""
    quoting = await cast.instance.user(f"quotes{cast.number}")
    return str((await quoting.publish("Look at this", quote=await cast.thing("post_id")))["postId"])


async def _answering(cast: Cast) -> str:
    """Somebody else's answer to the owner's post."""
    answering = await cast.instance.user(f"answers{cast.number}")
    return str((await answering.publish("Well", inReplyTo=await cast.thing("post_id")))["postId"])


async def _stamp(cast: Cast, kind: str = "quote") -> str:
    """The owner's consent to a quote, or an answer, on another server."""
    with cast.instance.inside():
        stamp_id = new_id()
        await Stamp.create(
            kind=kind,
            id=stamp_id,
            uri=f"{cast.instance.base_url}/{kind}_authorizations/{stamp_id}",
            target_id=await cast.thing("post_id"),
            interacting_uri="https://b.test/quoting",
            actor_id=cast.owner.id,
        )
    return stamp_id


async def _invite(cast: Cast) -> str:
    """An invite of the owner's; its code becomes a thing too."""
    made = await cast.owner.post("/invites", {"note": "For a friend"})
    cast.things["code"] = made["code"]
    return str(made["inviteId"])


async def _code(cast: Cast) -> str:
    await cast.thing("invite_id")
    return cast.things["code"]


async def _waiting(cast: Cast) -> str:
    """Somebody who asks to join."""
    name = f"asks{cast.number}"
    with cast.instance.inside():
        account, _actor = await service.store(
            name, f"{name}@example.org", "", verified=True, stage=service.OUTSIDE, is_waiting=True
        )
    return account.id


async def _token(cast: Cast) -> str:
    """A personal access token of the owner's."""
    with cast.instance.inside():
        return (await _token_of(cast, name="Cron")).id


async def _token_of(cast: Cast, **more: str) -> AppToken:
    return await AppToken.create(
        id=new_id(),
        account_id=cast.owner.id,
        hash=secrets.token_hex(32),
        scopes="read",
        expires_at=now() + timedelta(days=1),
        **more,
    )


async def _passkey(cast: Cast) -> str:
    with cast.instance.inside():
        made = await Passkey.create(
            account_id=cast.owner.id, credential=secrets.token_hex(8), public_key="k", name="Phone"
        )
    return made.id


async def _transfer(cast: Cast) -> str:
    await cast.owner.call("GET", "/users/me/export")
    return str((await cast.owner.get("/users/me/transfers"))["transfers"][0]["transferId"])


async def _file(cast: Cast) -> str:
    answer = await cast.owner.put("/users/me/avatar", files={"image": FILES["PNG"]})
    return str(answer["avatar"]).rpartition("/files/")[2]


async def _proof(cast: Cast) -> str:
    with cast.instance.inside():
        return unsubscribe_proof(cast.owner.id, await cast.thing("notice"))


def _mailed(purpose: str) -> Maker:
    """A token as it stands in the link of a mail to the owner."""

    async def make(cast: Cast) -> str:
        with cast.instance.inside():
            account = await Account.get(id=cast.owner.id)
            if purpose in (changing_email.OLD, changing_email.STOP):
                fresh = {"email": f"new.{account.email}", "expires_at": now() + timedelta(days=1)}
                await EmailChange.get_or_create(account_id=account.id, defaults=fresh)
            return await mailed_tokens.issue(account, purpose, account.email, 1)

    return make


def _of_owner(attribute: str) -> Maker:
    async def make(cast: Cast) -> str:
        return str(getattr(cast.owner, attribute))

    return make


def _always(value: str) -> Maker:
    async def make(cast: Cast) -> str:
        return value

    return make


async def _fresh_name(cast: Cast) -> str:
    return f"fresh{secrets.token_hex(4)}"


async def _style_sheet(cast: Cast) -> str:
    return cast.instance.instance.pages.assets.url("style.css").removeprefix("/static/")


THINGS: dict[str, Maker] = {
    "user_id": _of_owner("id"),
    "role": _always("avatar"),
    "domain": _always("far.test"),
    "stamp_id": _stamp,
    "reply_stamp_id": lambda cast: _stamp(cast, "reply"),
    "actor_id": _of_owner("id"),
    "account_id": _of_owner("id"),
    "acct": _of_owner("name"),
    "owners_email": _of_owner("email"),
    "owners_refresh_token": _of_owner("refresh_token"),
    "fresh_name": _fresh_name,
    "post_id": _post,
    "draft_id": _draft,
    "scheduled_id": _scheduled,
    "entry_id": _post,
    "emoji": _emoji,
    "emoji_id": _small_picture,
    "comment_id": _comment,
    "session_id": _spare_session,
    "request_id": _friend_request,
    "friend_id": _friend,
    "circle_id": _circle,
    "pack_id": _pack,
    "image_id": _image,
    "album_id": _album,
    "picture_id": _picture,
    "suggestion_id": _suggestion,
    "own_suggestion_id": _own_suggestion,
    "name_of_friend": _name_of_friend,
    "alias_id": _alias,
    "report_id": _report,
    "app_id": _app,
    "client_id": _client,
    "invite_id": _invite,
    "quoting_id": _quoting,
    "answer_id": _answering,
    "list_id": _list,
    "friend_name": _friend_name,
    "filter_id": _filter,
    "code": _code,
    "waiting_id": _waiting,
    "token_id": _token,
    "passkey_id": _passkey,
    "login_id": _foreign_login,
    "transfer_id": _transfer,
    "file_name": _file,
    "file_id": _upload,
    "upload_id": _begun,
    "notice": _always(SIGN_IN_NOTICE),
    "proof": _proof,
    "verify_token": _mailed(verification.VERIFY),
    "reset_token": _mailed(passwords.RESET),
    "email_token": _mailed(changing_email.OLD),
    "stop_token": _mailed(changing_email.STOP),
    "activity_id": _post,
    "tag": _always("tag"),
    "version": _always("2.1"),
    "path": _style_sheet,
}
