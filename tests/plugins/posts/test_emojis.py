"""Small pictures in texts: shown on pages and told to apps, looked after by those trusted with it."""

from __future__ import annotations

import io
from urllib.parse import quote

import pytest
from PIL import Image

from core.purging.service import purge
from core.testing import counted_queries, settle, world
from tests.emoji_pictures import add, moving, picture

SHOWN = 'alt=":blobcat:" title=":blobcat:"'


@pytest.fixture
async def place():
    """A server with an admin, Ann and Bob, and `:blobcat:`."""
    async with world("alpha.test") as (alpha,):
        root = await alpha.user("carol", role="admin")
        ann, bob = await alpha.users("ann", "bob")
        cat = await add(root, "blobcat", category="Cats")
        yield alpha, root, ann, bob, cat


async def test_apps_are_told_which_pictures_there_are(place):
    alpha, root, *_ = place
    await add(root, "party", picture("blue"))
    party, blobcat = (await alpha.anon.get("/emojis"))["emojis"]
    assert (party["shortcode"], party["category"]) == ("party", None)
    assert (blobcat["shortcode"], blobcat["category"]) == ("blobcat", "Cats")
    answer = await alpha.anon.page(blobcat["url"])
    with Image.open(io.BytesIO(answer.content)) as shown:
        assert (shown.format, shown.size) == ("WEBP", (128, 128))


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
async def test_what_moves_goes_on_moving(place, form):
    alpha, root, *_ = place
    party = await add(root, "party", moving(form))
    with Image.open(io.BytesIO((await alpha.anon.page(party["url"])).content)) as shown:
        assert (shown.format, shown.n_frames) == ("WEBP", 3)


async def test_a_shortcode_is_a_picture_wherever_people_write(place):
    alpha, _, ann, bob, cat = place
    poll = {"options": ["Tea :blobcat:", "Milk"], "expiresIn": 3600}
    post = await ann.publish("Hello :blobcat: and `:blobcat:`", contentWarning="A :blobcat:", poll=poll)
    assert post["emojis"] == [{"shortcode": "blobcat", "url": cat["url"]}]
    page = (await bob.page(f"/@ann/{post['postId']}")).text
    assert page.count(SHOWN) == 3
    assert "<code>:blobcat:</code>" in page


async def test_a_shortcode_is_a_picture_in_names_texts_and_lines(place):
    alpha, _, ann, bob, cat = place
    lines = [{"name": "Pet :blobcat:", "value": "is :blobcat:"}]
    await ann.put("/users/me", {"fullName": "Ann :blobcat:", "bio": "I like :blobcat:", "fields": lines})
    post = await ann.publish("Hello")
    assert post["user"]["emojis"] == (await bob.get(f"/users/{ann.id}"))["emojis"]
    assert post["user"]["emojis"] == [{"shortcode": "blobcat", "url": cat["url"]}]
    assert (await bob.page("/@ann")).text.count(SHOWN) == 5  # the name twice, text, line and its word


@pytest.mark.parametrize("text", ["12:blobcat:30", "std::blobcat::x", ":nothing:", "https://a.example/:blobcat:/"])
async def test_not_everything_between_colons_is_a_picture(place, text):
    _, _, ann, bob, _ = place
    post = await ann.publish(text)
    assert SHOWN not in (await bob.page(f"/@ann/{post['postId']}")).text


async def test_markup_in_a_name_beside_a_picture_is_text(place):
    _, _, ann, bob, _ = place
    await ann.put("/users/me", {"fullName": "<b>:blobcat:</b>"})
    page = (await bob.page("/@ann")).text
    assert "&lt;b&gt;<img" in page
    assert "<b><img" not in page


async def test_a_picture_is_added_later_called_otherwise_and_taken_away(place):
    alpha, root, ann, bob, _ = place
    await ann.put("/users/me", {"fullName": "Ann :party:"})
    post = await ann.publish("A :party:")
    assert (post["emojis"], post["user"]["emojis"]) == ([], [])
    party = await add(root, "party", picture("blue"))
    await settle(alpha)
    post = await bob.get(f"/posts/{post['postId']}")
    assert [one["shortcode"] for one in post["emojis"] + post["user"]["emojis"]] == ["party", "party"]
    await root.put(f"/admin/emojis/{party['emojiId']}", {"shortcode": "feast"})
    await settle(alpha)
    post = await bob.get(f"/posts/{post['postId']}")
    assert (post["emojis"], post["user"]["emojis"]) == ([], [])
    await ann.publish("A :feast:")
    await root.delete(f"/admin/emojis/{party['emojiId']}")
    assert [one["emojis"] for one in await bob.feed("local")] == [[], []]


async def test_answers_by_a_picture_go_by_its_new_name_and_outlive_it(place):
    alpha, root, ann, bob, cat = place
    post = await ann.publish("Hello")
    await bob.put(f"/posts/{post['postId']}/reactions/{quote(':blobcat:')}")
    await root.put(f"/admin/emojis/{cat['emojiId']}", {"shortcode": "cat"})
    (answer,) = (await bob.get(f"/posts/{post['postId']}"))["reactions"]
    assert (answer["emoji"], answer["url"], answer["isMine"]) == (":cat:", cat["url"], True)
    await root.delete(f"/admin/emojis/{cat['emojiId']}")
    (answer,) = (await bob.get(f"/posts/{post['postId']}"))["reactions"]
    assert (answer["emoji"], answer["url"]) == (":cat:", None)


async def test_what_is_hidden_is_not_offered_and_still_shown(place):
    alpha, root, ann, bob, cat = place
    await root.put(f"/admin/emojis/{cat['emojiId']}", {"isHidden": True})
    assert (await alpha.anon.get("/emojis"))["emojis"] == []
    assert [one["isHidden"] for one in (await root.get("/admin/emojis"))["emojis"]] == [True]
    assert (await ann.publish(":blobcat:"))["emojis"]
    post = await ann.publish("Hello")
    assert ":blobcat:" not in (await bob.page(f"/posts/{post['postId']}/react")).text


@pytest.mark.parametrize(
    ("sent", "content", "wrong"),
    [
        ({"shortcode": "no spaces"}, picture(), "shortcode"),
        ({"shortcode": "x"}, picture(), "shortcode"),
        ({"shortcode": "fine", "category": "x" * 101}, picture(), "category"),
        ({"shortcode": "fine"}, picture()[:200], "image"),
        ({"shortcode": "fine"}, picture() + bytes(1_048_577), "image"),
    ],
)
async def test_what_is_wrong_with_a_picture_is_told_and_nothing_kept(place, sent, content, wrong):
    alpha, root, *_ = place
    answer = await root.call("POST", "/admin/emojis", files={"image": ("a.png", content, "image/png")}, data=sent)
    assert (answer.status_code, [one["field"] for one in answer.json()["errors"]]) == (422, [wrong])
    assert [one["shortcode"] for one in (await alpha.anon.get("/emojis"))["emojis"]] == ["blobcat"]


async def test_a_name_is_given_once_and_only_by_those_trusted_with_it(place):
    alpha, root, ann, _, cat = place
    file = {"image": ("a.png", picture(), "image/png")}
    for person, status in ((root, 409), (ann, 403), (alpha.anon, 401)):
        answer = await person.call("POST", "/admin/emojis", files=file, data={"shortcode": "blobcat"})
        assert answer.status_code == status
    await ann.refused(403, "DELETE", f"/admin/emojis/{cat['emojiId']}")
    await ann.refused(403, "PUT", f"/admin/emojis/{cat['emojiId']}", {"isHidden": True})


async def test_a_page_of_posts_costs_no_more_with_pictures(place):
    alpha, _, ann, bob, _ = place
    for number in range(5):
        await ann.publish(f"{number} :blobcat:")
    await bob.feed("local")
    with counted_queries(alpha) as asked:
        await bob.feed("local")
    assert len(asked) <= 5


async def test_the_bytes_of_a_picture_go_with_it(place):
    alpha, root, _, _, cat = place
    digest = cat["url"].rpartition("/")[2].partition(".")[0]
    with alpha.inside():
        assert (await purge(digest))["emojis"] == 1
    assert (await root.get("/admin/emojis"))["emojis"] == []
    assert (await alpha.anon.page(cat["url"])).status_code == 404

