"""A place where something is in every list, and the pages that show it: for the eyes, and for axe."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from core.accounts import recovery_codes
from core.accounts.models import Account
from core.accounts.proof_models import Passkey
from core.database import now
from core.testing import PASSWORD, Person, TestInstance, settle
from tests import emoji_pictures
from tests.core.storage.photos import quarters, saved
from tests.core.storage.uploading import uploaded
from tests.federation.crowd import Crowd, Post

LONG_NAME = "Professor Doctor Maximiliana Wolkenstein-Trostburg von und zu Hohenfels"
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LONG_HOST = "a-server-with-a-name-that-is-really-much-too-long-for-a-phone.example.test"
WORDS = "The river was high and the ferry did not run, so we walked the long way round. "
MEMBERS = ("mara", "tobias", "ines", "jonas", "lea", "emil")


@dataclass
class House:
    """Who is in charge here and has something of everything, a member who has nothing yet, and the pages."""

    keeper: Person
    newcomer: Person
    pages: list[str]
    empty_pages: list[str]
    strangers_pages: list[str]


def _answer(post: Post) -> int:
    return {"no.test": 403, "ill.test": 503, LONG_HOST: 410}.get(post.host, 202)


async def filled(instance: TestInstance) -> House:
    """Fill an empty instance."""
    keeper = await instance.user("keeper", role="admin")
    long = await instance.user("a_name_as_long_as_is_allowed_")
    await long.put("/users/me", {"fullName": LONG_NAME, "bio": WORDS * 3})
    members = [*await instance.users(*MEMBERS), long]
    await keeper.put("/users/me", {"fullName": "Kim Keeper", "bio": "Looks after this place."})
    for one in members:
        await keeper.follow(one)
        await one.publish(f"{WORDS} #river #{LONG_WORD[:60]}")
    for one in members[:3]:
        await one.follow(keeper)
    pages = [
        *await _posts(keeper, members),
        *await _choices(keeper, members),
        *await _in_charge(keeper, members),
        *await _delivered(instance, keeper),
        *await _own(instance, keeper),
        *_FOUND,
    ]
    newcomer = await instance.user("newcomer")
    return House(keeper, newcomer, pages, list(_EMPTY), list(_STRANGERS))


async def _posts(keeper: Person, members: list[Person]) -> list[str]:
    """Drafts, posts that wait for their time, quotes and replies that wait for a word, likes, bookmarks."""
    asked = await keeper.publish("Ask me before you quote this, or reply.", quotePolicy="ask", replyPolicy="ask")
    liked = await members[1].publish(WORDS * 4 + "#river", contentWarning="About water, and a great deal of it")
    for verb in ("like", "bookmark", "share"):
        await keeper.post(f"/posts/{liked['postId']}/{verb}")
    for one in members[:3]:
        await one.publish(f"See what Kim says. {WORDS}", quote=asked["postId"])
        await one.publish(f"I would say so too. {WORDS}", inReplyTo=asked["postId"])
    files = [await uploaded(members[2], saved(quarters(side, 300), "JPEG"), alt="A field") for side in (300, 500, 700)]
    silent = await members[2].publish("", fileIds=[one["fileId"] for one in files])
    quoting = await keeper.publish("Look at these.", quote=silent["postId"])
    await keeper.publish(LONG_WORD * 2, quote=liked["postId"])
    for content in (WORDS * 5, LONG_WORD * 3):
        await keeper.post("/drafts", {"content": content, "contentWarning": "Not done"})
        await keeper.publish(content, publishAt=(now() + timedelta(days=3)).isoformat())
    poll = {"options": ["By boat", "On foot"], "expiresIn": 3600}
    await keeper.publish("A question", publishAt=(now() + timedelta(hours=3)).isoformat(), poll=poll)
    edited = await keeper.publish(WORDS)
    await keeper.put(f"/posts/{edited['postId']}", {"content": WORDS + "And back."})
    pages = [f"/@keeper/{quoting['postId']}", f"/@keeper/{asked['postId']}/quotes"]
    pages += ["/requests/quotes", "/requests/replies", f"/@keeper/{asked['postId']}/likes"]
    pages += [f"/@keeper/{edited['postId']}/history", f"/posts/{liked['postId']}/react", "/drafts", "/scheduled"]
    return [*pages, "/bookmarks", "/likes", "/compose"]


async def _choices(keeper: Person, members: list[Person]) -> list[str]:
    """Lists, filters, circles, tags, packs, servers and people one does not want to see."""
    ids = [one.id for one in members]
    lists = [await keeper.post("/lists", {"title": title}) for title in ("Neighbours", f"{LONG_WORD[:70]}")]
    for one in lists:
        await keeper.post(f"/lists/{one['listId']}/members", {"userIds": ids})
    words = [{"text": LONG_WORD}, {"text": "spoiler"}, {"text": "a whole sentence of words", "wholeWord": False}]
    made = await keeper.post("/filters", {"title": "Spoilers", "words": words, "action": "warn"})
    until = (now() + timedelta(days=2)).isoformat()
    body = {"title": LONG_WORD[:60], "people": ids[3:4], "languages": ["fr"], "action": "hide", "expiresAt": until}
    await keeper.post("/filters", body)
    circles = [await keeper.post("/circles", {"name": name, "userIds": ids[:3]}) for name in ("Choir", LONG_WORD[:50])]
    for tag in ("river", LONG_WORD[:60]):
        await keeper.post(f"/tags/{tag}/follow")
    pack = {"name": f"Rowers and walkers of {LONG_WORD[:50]}", "description": WORDS * 4, "userIds": ids}
    packs = [await keeper.post("/packs", pack), await members[0].post("/packs", {"name": "Singers", "userIds": ids})]
    for host in ("spam.test", LONG_HOST[2:]):
        await keeper.post("/domain-blocks", {"domain": host})
    await keeper.post(f"/users/{ids[5]}/mute", {})
    await keeper.post(f"/users/{ids[4]}/block")
    await keeper.put("/users/me", {"isLocked": True})
    for one in members[3:4] + members[6:]:
        await one.follow(keeper)
    mine = packs[0]["packId"]
    pages = [f"/lists/{lists[1]['listId']}", f"/lists/{lists[1]['listId']}/edit", "/lists", "/settings/filters"]
    pages += ["/settings/filters/new", f"/settings/filters/{made['filterId']}", "/circles", "/settings/tags"]
    pages += [f"/circles/{circles[1]['circleId']}", "/packs", f"/packs/{mine}", f"/packs/{mine}/edit", "/packs/new"]
    pages += [f"/packs/{packs[1]['packId']}", "/settings/blocked-servers", "/settings/blocks", "/settings/mutes"]
    return [*pages, "/requests", "/requests/sent", f"/@{members[0].name}/choices", "/suggestions", "/friends"]


async def _in_charge(keeper: Person, members: list[Person]) -> list[str]:
    """Reports, custom emoji, people, invitations, and what was done by whom."""
    post = await members[1].publish(f"Buy now! {WORDS} {LONG_WORD}")
    for one, reason in ((members[2], "An advert"), (members[6], f"{WORDS * 4}{LONG_WORD * 2}")):
        await one.post("/reports", {"targetType": "post", "targetId": post["postId"], "reason": reason})
    done = await members[2].post("/reports", {"targetType": "user", "targetId": members[1].id, "reason": "Rude"})
    await keeper.post(f"/admin/reports/{done['reportId']}/resolve", {"note": f"We talked. {WORDS}"})
    for name, category in (("cat", "Animals"), ("a_long_name_for_a_small_picture", LONG_WORD[:40]), ("star", "")):
        await emoji_pictures.add(keeper, name, category=category)
    await keeper.post("/invites", {"uses": 5})
    await keeper.post("/invites", {})
    await keeper.post(f"/admin/users/{members[3].id}/suspend", {"reason": WORDS})
    await keeper.put(f"/admin/users/{members[4].id}/role", {"role": "moderator"})
    picture = (await uploaded(members[1], saved(quarters(640, 300), "JPEG"), alt="A field"))["fileId"]
    pages = ["/admin/reports", "/admin/reports?state=resolved", f"/report?post={post['postId']}", "/admin/emojis"]
    pages += ["/admin/users", f"/admin/users/{members[3].id}", "/admin/invites", "/admin/audit", "/admin/purge"]
    return [*pages, f"/admin/purge?file={picture}", "/settings/invites"]


async def _delivered(instance: TestInstance, keeper: Person) -> list[str]:
    """A post that reached one server, waits for one, and was turned down by two."""
    crowd = Crowd(instance)
    crowd.answer = _answer
    for host in ("one.test", "no.test", "ill.test", LONG_HOST):
        await crowd.follower(keeper, host)
    sent = await keeper.publish("To all of you")
    await settle(instance)
    return [f"/@keeper/{sent['postId']}#delivery"]


async def _own(instance: TestInstance, keeper: Person) -> list[str]:
    """Settings, a second factor, files of one's own."""
    with instance.inside():
        account = await Account.get(actor_id=keeper.id)
        await recovery_codes.make(account.id)
        for name in ("My phone", f"The key I carry with me {LONG_WORD[:40]}"):
            await Passkey.create(account_id=account.id, credential=secrets.token_hex(8), public_key="", name=name)
    await keeper.post("/auth/tokens", {"name": f"Backup {LONG_WORD[:40]}", "scopes": ["read"], "password": PASSWORD})
    names = ("", "/profile", "/privacy", "/account", "/apps", "/security", "/sessions", "/data", "/moving", "/delete")
    more = ("/security/totp", "/security/passkeys/new", "/security/codes", "/security/log")
    return [f"/settings{name}" for name in names + more] + ["/welcome"]


_FOUND = (
    "/explore",
    "/trends",
    "/tags/river",
    f"/tags/{LONG_WORD[:60]}",
    "/search?q=river",
    "/search?q=river&in=posts",
    "/search?q=nothingatall",
)
_EMPTY = (
    "/",
    "/drafts",
    "/scheduled",
    "/lists",
    "/circles",
    "/settings/filters",
    "/settings/tags",
    "/settings/blocked-servers",
    "/settings/blocks",
    "/requests",
    "/requests/quotes",
    "/requests/replies",
    "/friends",
    "/likes",
    "/tags/nobodywroteofthis",
    "/images/descriptions",
    "/@newcomer",
    "/admin/users",
)
_STRANGERS = (
    "/",
    "/login",
    "/signup",
    "/forgot",
    "/explore",
    "/tags/river",
    "/packs",
    "/about",
    "/@a_name_as_long_as_is_allowed_",
)
