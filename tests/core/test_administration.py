"""What admins do with accounts counts at once, for sessions and open sockets too."""

from __future__ import annotations

import pytest

from core.accounts import administration
from core.accounts.models import Account, Session
from core.database import value
from core.errors import Conflict, Invalid, NotFound
from core.models import Actor, Follow
from core.testing import PASSWORD, Closed, Person, TestInstance, befriend, settle


async def signed_in(person: Person) -> bool:
    return (await person.call("GET", "/users/me")).status_code == 200


async def test_who_is_suspended_vanishes_at_once_with_sessions_and_sockets(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    post = await ann.publish("hello")
    async with ann.socket() as socket:
        await socket.send({"type": "auth", "token": ann.access_token})
        await socket.receive_type("ready")
        with alpha.inside():
            await administration.suspend(ann.actor)
        with pytest.raises(Closed) as closed:
            await socket.receive_type("nothing")
        assert closed.value.code == 4403
    assert not await signed_in(ann)
    assert not await bob.sees(post["postId"])
    await alpha.anon.refused(401, "POST", "/auth/login", {"username": "ann", "password": PASSWORD})
    with alpha.inside(), pytest.raises(Conflict):
        await administration.suspend(await Actor.get(id=ann.id))
    with alpha.inside():
        await administration.unsuspend(await Actor.get(id=ann.id))
    assert await bob.sees(post["postId"])
    assert not await signed_in(ann)
    await alpha.anon.post("/auth/login", {"username": "ann", "password": PASSWORD})


async def test_a_new_role_counts_from_the_next_request_on(alpha: TestInstance, ann: Person) -> None:
    assert (await ann.get("/users/me"))["role"] == "user"
    with alpha.inside():
        await administration.set_role(ann.actor, "moderator")
        with pytest.raises(Invalid):
            await administration.set_role(ann.actor, "king")
    assert (await ann.get("/users/me"))["role"] == "moderator"


async def test_a_reset_password_ends_the_sessions_of_the_old_one(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        with pytest.raises(Invalid):
            await administration.reset_password(ann.actor, "short")
        assert await signed_in(ann)
        password = administration.new_password()
        await administration.reset_password(ann.actor, password)
    assert not await signed_in(ann)
    await alpha.anon.refused(401, "POST", "/auth/refresh", {"refreshToken": ann.refresh_token})
    await alpha.anon.refused(401, "POST", "/auth/login", {"username": "ann", "password": PASSWORD})
    await alpha.anon.post("/auth/login", {"username": "ann", "password": password})


async def test_a_deleted_account_leaves_nothing_but_its_name_taken(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    await befriend(ann, bob)
    post, other = await ann.publish("hello"), await bob.publish("hi")
    await ann.post(f"/posts/{other['postId']}/like")
    await ann.post(f"/posts/{other['postId']}/share")
    comment = await ann.post(f"/posts/{other['postId']}/comments", {"content": "well said"})
    with alpha.inside():
        await administration.remove(ann.actor)
    assert not await signed_in(ann)
    await bob.refused(404, "GET", f"/users/{ann.id}")
    assert not await bob.sees(post["postId"])
    await settle(alpha)
    left = await bob.get(f"/posts/{other['postId']}")
    assert (left["likesCount"], left["sharesCount"], left["commentsCount"]) == (0, 0, 0)
    assert not await bob.sees(comment["commentId"])
    me = await bob.get("/users/me")
    assert (me["followersCount"], me["followingCount"]) == (0, 0)
    assert [one["postId"] for one in await bob.feed()] == [other["postId"]]
    with alpha.inside():
        assert not await Account.exists(id=ann.id) and not await Session.exists(account_id=ann.id)
        assert not await Follow.exists()
        assert not await value("SELECT COUNT(*) FROM core_entry WHERE content <> '' AND author_id = $1", ann.id)
        actor = await Actor.get(id=ann.id)
        assert (actor.name, actor.summary, actor.posts_count) == ("ann", "", 0)
        with pytest.raises(NotFound):
            await administration.remove(actor)
    body = {"username": "Ann", "email": "new@example.org", "password": PASSWORD}
    await alpha.anon.refused(409, "POST", "/auth/register", body)
