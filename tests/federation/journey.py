"""Everything a person here does that other servers learn of, with people of three makes of servers who get it all."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from core.database import execute, now
from core.models import Entry
from core.testing import Foreign, ForeignActor, Person, TestInstance, settle
from core.testing.foreign import PUBLIC
from tests.core.api.test_changing_names import PASSWORD
from tests.core.storage.uploading import uploaded
from tests.emoji_pictures import add, picture
from tests.federation.arrivals import arrive
from tests.plugins.images.sharing import WHARF, photo, shared

BREAD = {"options": ["Rye", "Wheat"], "multiple": True, "expiresIn": 3600}
OPTIONS = [{"type": "Note", "name": name, "replies": {"totalItems": 0}} for name in ("Rye", "Wheat")]
ASKS = {"type": "Question", "anyOf": OPTIONS, "endTime": "2099-01-01T00:00:00Z"}


def describe(server: Foreign, name: str, *features: str) -> None:
    """Have a server say by NodeInfo what it is."""
    link = {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": f"https://{server.host}/nodeinfo/2.0"}
    server.documents["/.well-known/nodeinfo"] = {"links": [link]}
    server.documents["/nodeinfo/2.0"] = {"software": {"name": name}, "metadata": {"features": list(features)}}


class Journey:
    """Ann, whom Zoe of three servers follows and who follows her back."""

    def __init__(self, alpha: TestInstance, ann: Person) -> None:
        self.alpha, self.ann = alpha, ann
        self.servers = [Foreign(f"{name}.test").join(alpha) for name in ("mastodon", "misskey", "akkoma")]
        for server, features in zip(self.servers, ([], [], ["pleroma_emoji_reactions"]), strict=True):
            describe(server, server.host.partition(".")[0], *features)
        self.people = [server.person("zoe", alsoKnownAs=[ann.uri]) for server in self.servers]
        self.posts: list[str] = []

    async def all(self, keeper: Person) -> list[dict[str, Any]]:
        """Do everything; all activities that were sent, also those that came to several."""
        await add(keeper, "blobcat")
        for part in (self.meet, self.write, self.answer, self.quote, self.reply, self.ask, self.take_back, self.leave):
            await part()
            await settle(self.alpha)
        return [activity for server in self.servers for activity in server.activities()]

    async def meet(self) -> None:
        for zoe in self.people:
            await arrive(self.alpha, zoe, zoe.activity("Follow", self.ann.uri))
            await self.ann.post(f"/users/{zoe.address}/follow")
            self.posts.append(await self.known(zoe, **ASKS))
        await settle(self.alpha)
        for zoe in self.people:
            (follow,) = zoe.server.activities("Follow")
            await arrive(self.alpha, zoe, zoe.activity("Accept", follow))

    async def known(self, who: ForeignActor, **more: Any) -> str:
        """A note of somebody's that is known here; its id here."""
        note = who.note("<p>Which?</p>", **more)
        assert await arrive(self.alpha, who, who.activity("Create", note, to=[PUBLIC])) == "done"
        with self.alpha.inside():
            return str((await Entry.get(uri=note["id"])).id)

    async def write(self) -> None:
        ann, zoe = self.ann, self.people[0]
        await ann.publish("Just **words** & <b>\n\n> said\n\n- `once`\n- [twice](https://example.org/a?b=c&d=e)")
        await ann.publish("Attention", contentWarning="Spoiler :blobcat:", language="pt-BR")
        await ann.publish(f"Hello {zoe.address} and #Bäcker")
        await ann.publish("Only here", localOnly=True)
        for visibility in ("unlisted", "followers", "friends", "direct"):
            await ann.publish(f"For {zoe.address}: {visibility}", visibility=visibility)
        circle = await ann.post("/circles", {"name": "Secret", "userIds": [one.address for one in self.people]})
        await ann.publish("For you", circleId=circle["circleId"])
        file = await uploaded(ann, picture(size=(90, 60)), alt="Red", focus="0.5,-0.25")
        await ann.publish("A picture", fileIds=[file["fileId"]], sensitive=True)
        photos = [photo(width=80 + number) for number in range(5)]
        await shared(ann, *photos, caption="A gallery", tags=["boats"], location=WHARF)
        self.edited = await ann.publish("Befor")
        await settle(self.alpha)
        await ann.put(f"/posts/{self.edited['postId']}", {"content": "Before"})

    async def answer(self) -> None:
        for post_id in self.posts:
            await self.ann.publish("An answer", inReplyTo=post_id)
            await self.ann.post(f"/posts/{post_id}/vote", {"choices": [0, 1]})
            await self.ann.post(f"/posts/{post_id}/like")
            await self.ann.post(f"/posts/{post_id}/share")
            for sign in ("🎉", ":blobcat:"):
                await self.ann.put(f"/posts/{post_id}/reactions/{quote(sign)}")
                await settle(self.alpha)

    async def quote(self) -> None:
        """Ask to quote, be told so, and be asked: once it is fine, once it is not."""
        for zoe, post_id in zip(self.people, self.posts, strict=True):
            post = await self.ann.publish("Look :blobcat:", quote=post_id)
            await settle(self.alpha)
            asked = next(one for one in zoe.server.activities("QuoteRequest") if one["instrument"]["id"] == post["uri"])
            stamp = {"id": f"{zoe.server.base_url}/stamps/1", "type": "QuoteAuthorization", "attributedTo": zoe.id}
            stamp |= {"interactionTarget": asked["object"], "interactingObject": post["uri"]}
            zoe.server.documents["/stamps/1"] = stamp
            assert await arrive(self.alpha, zoe, zoe.activity("Accept", asked, result=stamp["id"])) == "done"
        for policy in ("everyone", "nobody"):
            post, zoe = await self.ann.publish("Quote me", quotePolicy=policy), self.people[0]
            note = zoe.note("<p>I do</p>", quote=post["uri"])
            await arrive(self.alpha, zoe, zoe.activity("QuoteRequest", post["uri"], instrument=note))
            if policy == "everyone":
                self.stamped, self.quoting = post, note

    async def reply(self) -> None:
        """Ask to answer, be told so, and be asked: once it is fine, once it is not."""
        zoe = self.people[0]
        careful = {"canReply": {"automaticApproval": [zoe.id], "manualApproval": [PUBLIC]}}
        post = await self.ann.publish("May I?", inReplyTo=await self.known(zoe, interactionPolicy=careful))
        await settle(self.alpha)
        (asked,) = zoe.server.activities("ReplyRequest")
        stamp = {"id": f"{zoe.server.base_url}/stamps/2", "type": "ReplyAuthorization", "attributedTo": zoe.id}
        stamp |= {"interactionTarget": asked["object"], "interactingObject": post["uri"]}
        zoe.server.documents["/stamps/2"] = stamp
        assert await arrive(self.alpha, zoe, zoe.activity("Accept", asked, result=stamp["id"])) == "done"
        for policy in ("everyone", "nobody"):
            post = await self.ann.publish("Answer me", replyPolicy=policy)
            note = zoe.note("<p>I do</p>", inReplyTo=post["uri"])
            await arrive(self.alpha, zoe, zoe.activity("ReplyRequest", post["uri"], instrument=note))

    async def ask(self) -> None:
        self.asked = await self.ann.publish("Which bread? :blobcat:", poll=BREAD)
        await settle(self.alpha)
        for zoe in self.people:
            vote = {"id": f"{zoe.id}/votes/1", "type": "Note", "name": "Rye", "inReplyTo": self.asked["uri"]}
            vote |= {"attributedTo": zoe.id, "to": [self.ann.uri]}
            await arrive(self.alpha, zoe, zoe.activity("Create", vote, to=[self.ann.uri]))
        with self.alpha.inside():
            await execute("UPDATE core_job SET due_at = $1 WHERE name LIKE 'core.polls.%'", now())

    async def take_back(self) -> None:
        ann, zoe = self.ann, self.people[0]
        (stamp,) = [one["result"] for one in zoe.server.activities("Accept") if "quote_auth" in one.get("result", "")]
        accepted = zoe.note("<p>I do</p>", quote=self.stamped["uri"], quoteAuthorization=stamp)
        accepted |= {"id": self.quoting["id"]}
        await arrive(self.alpha, zoe, zoe.activity("Create", accepted, to=[PUBLIC]))
        with self.alpha.inside():
            quoting = (await Entry.get(uri=accepted["id"])).id
        await ann.delete(f"/posts/{self.stamped['postId']}/quotes/{quoting}")
        await ann.post(f"/posts/{self.asked['postId']}/pin")
        await ann.delete(f"/posts/{self.asked['postId']}/pin")
        for post_id in self.posts:
            await ann.delete(f"/posts/{post_id}/like")
            await ann.delete(f"/posts/{post_id}/share")
            await ann.delete(f"/posts/{post_id}/reactions/{quote('🎉')}")
            report = {"targetType": "post", "targetId": post_id, "reason": "spam", "description": "An advert"}
            await ann.post("/reports", {**report, "forward": True})
        await ann.delete(f"/posts/{self.edited['postId']}")

    async def leave(self) -> None:
        ann, (first, second, third) = self.ann, self.people
        await ann.put("/users/me", {"fullName": "Ann Other :blobcat:"})
        await ann.delete(f"/users/{third.address}/follower")
        await ann.delete(f"/users/{second.address}/follow")
        await settle(self.alpha)
        await ann.post("/users/me/move", {"address": first.address, "password": PASSWORD})
