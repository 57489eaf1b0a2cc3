"""An account that is erased leaves its name and tombstones, and nothing else in any table of any app."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from typing import Any

from tortoise.fields.relational import ForeignKeyFieldInstance

from core.accounts import administration, erasing
from core.accounts.audit import record
from core.accounts.erasing import erase
from core.accounts.models import Account, Invite, Session
from core.accounts.proof_models import EmailChange, ForeignLogin, MailedToken, Passkey, RecoveryCode
from core.database import now, recorded, rows, value
from core.federation.bookkeeping import forget_outgoing
from core.federation.models import Outgoing, Received, Stamp
from core.federation.own_keys import own_keys
from core.federation.personal import forget_keys
from core.feed_models import TimelineItem
from core.graph_models import Circle, CircleMember, DismissedSuggestion, Move
from core.models import Actor, Entry, FormerName
from core.oauth.models import App, AppToken, AuthorizationCode
from core.plugin_checks import PEOPLE
from core.quote_models import QuoteAsked, ReplyRequest
from core.storage.models import File, ProfilePicture
from core.storage.service import hold
from core.testing import Foreign, Person, TestInstance, befriend, settle
from core.testing.rows import where_found
from core.transfer.models import Transfer
from plugins.images.models import Album, AlbumAuthor, AlbumImage, AltSuggestion, Image
from plugins.moderation.models import Report
from plugins.packs.models import Pack, PackMember
from plugins.posts.models import ImportedPost
from tests.core.many_posts import write_many

# What is kept: that there was somebody of this name, or of these, and that what everybody could see is gone.
KEPT = ("core_actor", "core_former_name", "core_tombstone")
ADDRESS = "203.0.113.77"


async def a_full_life(alpha: TestInstance, ann: Person, bob: Person) -> dict[str, Any]:
    """Ann does whatever leaves a trace; what she wrote has `heron` in it."""
    await befriend(ann, bob)
    await ann.post("/auth/login", {"username": "ann", "password": "Quiet-Harbour-47"})
    await ann.put("/users/me", {"fullName": "Ann Heron", "bio": "heron", "fields": [{"name": "heron", "value": "x"}]})
    post = await ann.publish("the first heron #heron", contentWarning="heron")
    await ann.put(f"/posts/{post['postId']}", {"content": "the second heron"})
    lonely = await ann.publish("a heron nobody answered")
    private = await ann.publish("a secret heron", visibility="private")
    theirs = await bob.publish("Hello there.")
    await bob.post(f"/posts/{post['postId']}/comments", {"content": "A fine bird."})
    answer = await ann.post(f"/posts/{theirs['postId']}/comments", {"content": "heron, too"})
    asked = await bob.publish("Which bird?", poll={"options": ["Crane", "Stork"]})
    await ann.post(f"/posts/{asked['postId']}/vote", {"choices": [0]})
    await ann.put(f"/posts/{theirs['postId']}/reactions/🎉")
    for act in ("like", "share", "bookmark"):
        await ann.post(f"/posts/{theirs['postId']}/{act}")
        await bob.post(f"/posts/{post['postId']}/{act}")
    await bob.publish("@ann, look")
    later = "2035-01-01T00:00:00Z"
    await ann.post("/posts", {"content": "a heron to come", "publishAt": later}, headers={"Idempotency-Key": "k"})
    with alpha.inside():
        app = await App.create(client_id="x", name="an app")
        invite = await Invite.create(account_id=ann.id, code="c", note="heron")
        await Account.filter(id=bob.id).update(invite_id=invite.id)
        await EmailChange.create(account_id=ann.id, email="heron@example.net", expires_at=now())
        await ForeignLogin.create(account_id=ann.id, provider="p", subject="heron")
        await Passkey.create(account_id=ann.id, credential="heron", public_key="k", name="heron")
        await RecoveryCode.create(account_id=ann.id, hash="h")
        await AppToken.create(account_id=ann.id, app_id=app.id, hash="h", scopes="read")
        await Transfer.create(account_id=ann.id, kind="export", report={"heron": 1})
        await record("signed_in", account_id=ann.id, address=ADDRESS, user_agent="heron")
        await Session.filter(account_id=ann.id).update(address=ADDRESS)
        await FormerName.create(actor_id=ann.id, username_key="heron")
        await MailedToken.create(account_id=ann.id, purpose="p", hash="h", email="heron@example.net", expires_at=now())
        await AuthorizationCode.create(
            account_id=ann.id, app_id=app.id, hash="h", redirect_uri="u", scopes="s", challenge="c", expires_at=now()
        )
        for mover, target in ((ann, bob), (bob, ann)):
            pack = await Pack.create(actor_id=mover.id, name="heron" if mover is ann else "p")
            await PackMember.create(pack_id=pack.id, actor_id=target.id)
            album = await Album.create(owner_id=mover.id, title="heron" if mover is ann else "a")
            await AlbumAuthor.create(album_id=album.id, actor_id=target.id, accepted_at=now())
            shown = post if mover is ann else theirs
            await AlbumImage.create(album_id=album.id, entry_id=shown["postId"], actor_id=target.id)
            place = "heron" if mover is ann else ""
            await Image.create(id=shown["postId"], entry_id=shown["postId"], author_id=mover.id, place=place)
            await Move.create(actor_id=mover.id, target_id=target.id)
            asked = {"author_id": mover.id, "actor_id": target.id, "quoting_uri": f"https://x.test/{place}"}
            await QuoteAsked.create(quoted_id=shown["postId"], **asked)
            # What one wrote waits for the other's word.
            waits = {"author_id": target.id, "visibility": "public", "uri": f"https://x.test/{place}"}
            wrote, answered = (post, theirs) if mover is ann else (theirs, post)
            await ReplyRequest.create(entry_id=wrote["postId"], parent_id=answered["postId"], **waits)
            await DismissedSuggestion.create(actor_id=mover.id, target_id=target.id)
        for owner, member in ((ann, bob), (bob, ann)):
            circle = await Circle.create(actor_id=owner.id, name=f"heron of {owner.name}" if owner is ann else "c")
            await CircleMember.create(circle_id=circle.id, actor_id=member.id)
        blob = await alpha.instance.storage.put(b"heron", "image/webp")
        for owner, helper in ((ann, bob), (bob, ann)):
            alt = "heron" if owner is ann else ""
            file = await File.create(owner_id=owner.id, type="image", media_type="image/webp", alt=alt)
            words = {"alt": "heron", "used": "heron"}
            await AltSuggestion.create(file_id=file.id, author_id=owner.id, actor_id=helper.id, **words)
        await ProfilePicture.create(actor_id=ann.id, role="avatar", blob_id=blob.id, width=1, height=1)
        await hold(blob.id)
        entry = await Entry.get(id=post["postId"])
        about = {"kind": "reply", "target_id": entry.id, "interacting_uri": "u"}
        await Stamp.create(uri="https://x.test/1", actor_id=ann.id, **about)
        await ImportedPost.create(id=entry.id, entry_id=entry.id, author_id=ann.id, uri="https://x.test/heron")
        await Received.create(uri="https://x.test/2", actor_uri="x", verb="Like", body="heron", inbox_owner=ann.id)
        await Outgoing.create(sender_id=ann.id, verb="create", body="heron")
        await own_keys(ann.actor)
    eve, fay = await alpha.users("eve", "fay")
    for act in ("block", "mute"):
        await ann.post(f"/users/{eve.id}/{act}")
        await fay.post(f"/users/{ann.id}/{act}")
    await ann.post("/domain-blocks", {"domain": "heron.test"})
    made = await ann.post("/lists", {"title": "heron friends", "exclusive": True})
    await ann.post(f"/lists/{made['listId']}/members", {"userIds": [bob.id]})
    await ann.post("/tags/heron/follow")
    await ann.post("/filters", {"title": "heron", "words": [{"text": "heron"}]})
    await bob.post("/filters", {"title": "her", "people": [ann.id]})
    await ann.post(f"/posts/{theirs['postId']}/mute-thread")
    await ann.put("/markers", {"home": {"lastReadId": post["postId"]}})
    await ann.post(f"/posts/{post['postId']}/pin")
    await ann.post("/drafts", {"content": "a heron in the making"})
    await ann.post("/reports", {"targetType": "user", "targetId": bob.id, "reason": "heron"})
    report = await bob.post("/reports", {"targetType": "post", "targetId": post["postId"], "reason": "spam"})
    with alpha.inside():
        await Report.filter(id=report["reportId"]).update(resolved_by_id=ann.id)
    gail = await alpha.user("gail")
    await gail.follow(ann)  # and sees what Ann shares of Bob's
    return {"post": post, "lonely": lonely, "private": private, "theirs": theirs, "answer": answer}


async def without_trace_of(alpha: TestInstance, ann: Person) -> set[str]:
    """The columns that refer to people and hold nothing of Ann's: what a full life has to do as well."""
    untouched = set()
    for app in alpha.instance.database._context.apps.values():  # type: ignore[union-attr]
        for model in app.values():
            for field in model._meta.fields_map.values():
                people = isinstance(field, ForeignKeyFieldInstance) and field.model_name in PEOPLE
                column = field.source_field
                if people and not await rows(
                    f"SELECT 1 AS one FROM {model._meta.db_table} WHERE {column} = $1 LIMIT 1", ann.id
                ):
                    untouched.add(f"{model._meta.db_table}.{column}")
    return untouched


async def test_no_table_of_any_app_holds_anything_of_an_erased_account(
    alpha: TestInstance, ann: Person, bob: Person
) -> None:
    life = await a_full_life(alpha, ann, bob)
    await settle(alpha)
    traces = (ann.id, ann.email, ADDRESS, "heron")
    with alpha.inside():
        assert await without_trace_of(alpha, ann) == set()
        before = await where_found(traces)
        await administration.remove(await Actor.get(id=ann.id))
    assert len(before) >= 20, before.keys()
    await settle(alpha)
    with alpha.inside():
        # A month on, other servers have been told, and what that was signed with is not needed any more.
        month_ago = now() - timedelta(days=31)
        await Actor.filter(id=ann.id).update(removed_at=month_ago)
        await Outgoing.all().update(created_at=month_ago)
        await forget_keys()
        await forget_outgoing()
        found = await where_found(traces, but=KEPT)
        # Lines that say what was done to the account, and the empty place on which Bob's answer hangs.
        assert all("account_deleted" in line or "account_erased" in line for line in found.pop("core_security_event"))
        (place,) = found.pop("core_entry")
        assert life["post"]["postId"] in place
        assert found == {}
        assert await where_found((ann.email, ADDRESS, "heron"), but=["core_former_name"]) == {}
        assert await value("SELECT references_count FROM core_blob") == 0
        actor = await Actor.get(id=ann.id)
        assert (actor.username, actor.name, actor.summary, actor.posts_count) == ("ann", "ann", "", 0)
        assert (await Account.get(id=bob.id)).invite_id is None


async def test_what_others_did_is_counted_right_after_an_erasure(alpha: TestInstance, ann: Person, bob: Person) -> None:
    life = await a_full_life(alpha, ann, bob)
    with alpha.inside():
        await administration.remove(await Actor.get(id=ann.id))
    await settle(alpha)
    for reader in (bob, alpha.anon):
        assert (await reader.get(f"/posts/{life['theirs']['postId']}"))["commentsCount"] == 0
    left = await bob.get(f"/posts/{life['theirs']['postId']}")
    assert (left["likesCount"], left["sharesCount"], left["commentsCount"]) == (0, 0, 0)
    me = await bob.get("/users/me")
    assert (me["followersCount"], me["followingCount"]) == (0, 0)
    assert (await bob.get("/bookmarks"))["posts"] == []
    assert {post["user"]["username"] for post in await bob.feed()} == {"bob"}


async def test_who_had_a_shared_post_for_another_reason_too_keeps_it(alpha: TestInstance) -> None:
    ann, bob, cleo, dora = await alpha.users("ann", "bob", "cleo", "dora")
    for sharer in (ann, bob):
        await dora.follow(sharer)
    post = await cleo.publish("worth sharing")
    other = await cleo.publish("shared by one")
    await ann.post(f"/posts/{post['postId']}/share")
    await ann.post(f"/posts/{other['postId']}/share")
    await bob.post(f"/posts/{post['postId']}/share")
    await settle(alpha)
    assert [one["sharedBy"]["username"] for one in await dora.feed()] == ["ann", "ann"]
    with alpha.inside():
        await administration.remove(await Actor.get(id=ann.id))
    await settle(alpha)
    assert [(one["postId"], one["sharedBy"]["username"]) for one in await dora.feed()] == [(post["postId"], "bob")]


async def test_erasing_goes_on_where_it_was_interrupted(
    alpha: TestInstance, ann: Person, bob: Person, monkeypatch: Any
) -> None:
    monkeypatch.setattr(erasing, "BATCH", 2)
    posts = [await ann.publish(f"heron {number}") for number in range(7)]
    for post in posts:
        await bob.post(f"/posts/{post['postId']}/like")

    async def dies(actor: Actor) -> bool:
        raise KeyboardInterrupt

    with alpha.inside():
        await administration.remove(await Actor.get(id=ann.id))
        actor = await Actor.get(id=ann.id)
        await erasing._entries(actor)
        with monkeypatch.context() as broken:
            broken.setattr(erasing, "_STEPS", (erasing._entries, dies))
            try:
                await erase(actor_id=ann.id)
            except KeyboardInterrupt:
                pass
        assert await Account.exists(id=ann.id)
        await erase(actor_id=ann.id)
        assert not await Account.exists(id=ann.id)
        assert not await Entry.exists(author_id=ann.id)
        await erase(actor_id=ann.id)  # once more does no harm


async def test_erasing_much_takes_little_memory_and_few_statements(alpha: TestInstance, ann: Person) -> None:
    many_entries, batches = 3000, 3000 // erasing.BATCH
    with alpha.inside():
        await write_many(ann, many_entries)
        await administration.remove(await Actor.get(id=ann.id))
        tracemalloc.start()
        with recorded() as statements:
            await erase(actor_id=ann.id)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert not await Entry.exists(author_id=ann.id)
        assert not await TimelineItem.exists()
    assert peak < 12_000_000, peak
    assert len(statements) < 40 * batches + 100, len(statements)


async def test_other_servers_are_told_once_and_get_a_tombstone_for_what_was_public(
    alpha: TestInstance, ann: Person, foreign: Foreign
) -> None:
    reader = foreign.person("rita")
    await reader.send(alpha, reader.activity("Follow", ann.uri))
    await settle(alpha)
    post = await ann.publish("a public heron")
    hidden = await ann.publish("a hidden heron", visibility="followers")
    await settle(alpha)
    with alpha.inside():
        await administration.remove(await Actor.get(id=ann.id))
    await settle(alpha)
    headers = {"accept": "application/activity+json"}
    gone = await alpha.client.get(post["uri"], headers=headers)
    assert (gone.status_code, gone.json()["type"]) == (410, "Tombstone")
    assert (await alpha.client.get(hidden["uri"], headers=headers)).status_code == 404
    assert (await alpha.client.get(ann.uri, headers=headers)).status_code == 410
    with alpha.inside():
        assert await value("SELECT COUNT(*) FROM core_tombstone") == 1
    (told,) = foreign.activities("Delete")
    assert (told["actor"], told["object"]) == (ann.uri, ann.uri)
