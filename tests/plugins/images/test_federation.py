"""Pictures between servers: what others are told, and what is made of theirs."""

from __future__ import annotations

from core.testing import settle, world
from plugins.images.federation import recognises
from plugins.images.models import Image
from tests.plugins.images.sharing import WHARF, photo, shared


async def test_pictures_reach_another_server_with_their_place_and_go_there_too() -> None:
    async with world("alpha.test", "beta.test") as (alpha, beta):
        ann, zoe = await alpha.user("ann"), await beta.user("zoe")
        await zoe.follow(ann.address)
        await settle(alpha, beta)
        photos = [photo(width=80 + number) for number in range(5)]
        image = await shared(ann, *photos, caption="Fog", tags=["boats"], location=WHARF)
        await settle(alpha, beta)
        (post,) = (await zoe.get("/feed"))["posts"]
        assert (post["kind"], len(post["attachments"]), post["tags"]) == ("image", 5, ["boats"])
        seen = await zoe.get(f"/images/{post['postId']}")
        assert seen["location"] == {"name": "Wharf", "latitude": -41.29, "longitude": 174.78}
        assert f"https://alpha.test/@ann/{image}" in post["content"]
        await ann.put(f"/posts/{image}", {"content": "Rain"})
        await settle(alpha, beta)
        assert "Rain" in (await zoe.get(f"/images/{post['postId']}"))["caption"]
        await ann.delete(f"/posts/{image}")
        await settle(alpha, beta)
        await zoe.refused(404, "GET", f"/images/{post['postId']}")
        with beta.inside():
            assert await Image.all().count() == 0


def test_only_what_is_shared_as_pictures_is_taken_as_pictures() -> None:
    picture = {"type": "Document", "mediaType": "image/jpeg", "url": "https://b.test/1.jpg"}
    film = {"type": "Document", "mediaType": "video/mp4", "url": "https://b.test/1.mp4"}
    note = {"type": "Note", "attachment": [picture], "capabilities": {}, "commentsEnabled": True}
    assert recognises(note)
    assert not recognises({**note, "inReplyTo": "https://b.test/2"})
    assert not recognises({**note, "attachment": [picture, film]})
    assert not recognises({**note, "attachment": []})
    assert not recognises({"type": "Note", "attachment": [picture]})
