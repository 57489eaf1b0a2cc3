"""Joining: by a request that somebody answers, with an invite, after proving an address; and who is kept out."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest

from core.accounts import requests
from core.accounts.models import Account, Invite
from core.accounts.names import check_username
from core.database import execute, now
from core.models import Actor
from core.testing import PASSWORD, Person, TestInstance, Visitor, data_of, fields_of, problem_of, settle, world

REASON = {"reason": "I walk the Mill valley every Sunday."}


async def ask(at: TestInstance, name: str, **more: Any) -> httpx.Response:
    """Ask for an account, as an app does it."""
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **more}
    return await at.anon.call("POST", "/auth/register", json=body)


def wrong_in(answer: httpx.Response) -> Sequence[str]:
    """The fields a refusal names."""
    return fields_of(problem_of(answer, 422))


async def log_in(at: TestInstance, name: str) -> httpx.Response:
    return await at.anon.call("POST", "/auth/login", json={"username": name, "password": PASSWORD})


@pytest.fixture
async def careful() -> AsyncIterator[TestInstance]:
    """An instance where somebody looks at each request."""
    async with world("careful.test", accounts__registration="approval") as (instance,):
        yield instance


@pytest.fixture
async def private() -> AsyncIterator[TestInstance]:
    """An instance that takes those who are invited, and lets everybody invite."""
    async with world("private.test", accounts__registration="invite", accounts__invites_by="user") as (instance,):
        yield instance


def written_to(at: TestInstance, name: str) -> str:
    """The text of all mails that somebody got."""
    bodies = [mail.get_body(("plain",)) for mail in at.mails(f"{name}@example.org")]
    return "\n".join(body.get_content() for body in bodies if body)


# -- Asking to be let in -------------------------------------------------------
async def test_who_asks_waits_unseen_until_somebody_lets_them_in(careful: TestInstance) -> None:
    keeper = await careful.user("keeper", role="moderator")
    told = data_of(await ask(careful, "carl", **REASON))
    assert told == {"userId": told["userId"], "nextStep": "await_approval"}
    assert problem_of(await log_in(careful, "carl"), 403)["code"] == "awaiting_approval"
    await keeper.refused(404, "GET", "/users/carl")
    waiting = (await keeper.get("/admin/users", state="waiting"))["users"]
    assert [(user["username"], user["reason"]) for user in waiting] == [("carl", REASON["reason"])]
    await keeper.post("/admin/users/carl/approve", {"sentence": "See you at the mill."})
    await settle(careful)
    assert "See you at the mill." in written_to(careful, "carl")
    data_of(await log_in(careful, "carl"))
    assert (await keeper.get("/users/carl"))["username"] == "carl"
    await keeper.refused(409, "POST", "/admin/users/carl/approve")


async def test_who_is_turned_down_is_told_and_erased_and_the_name_is_free(careful: TestInstance) -> None:
    keeper = await careful.user("keeper", role="admin")
    data_of(await ask(careful, "carl", **REASON))
    await keeper.post("/admin/users/carl/reject", {"sentence": "We are full."})
    await settle(careful)
    assert "We are full." in written_to(careful, "carl")
    problem_of(await log_in(careful, "carl"), 401)
    with careful.inside():
        assert not await Actor.exists(username_key="carl") and not await Account.exists(email_key="carl@example.org")
    data_of(await ask(careful, "carl", **REASON))


async def test_of_two_answers_at_once_one_counts(careful: TestInstance) -> None:
    keeper, other = await careful.user("keeper", role="admin"), await careful.user("minder", role="moderator")
    data_of(await ask(careful, "carl", **REASON))
    answers = await asyncio.gather(
        keeper.call("POST", "/admin/users/carl/approve"), other.call("POST", "/admin/users/carl/reject")
    )
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert sorted(answer.status_code for answer in answers)[1] in (404, 409)


async def test_nobody_answers_requests_but_those_in_charge(careful: TestInstance) -> None:
    ann = await careful.user("ann")
    data_of(await ask(careful, "carl", **REASON))
    for act in ("approve", "reject"):
        await ann.refused(403, "POST", f"/admin/users/carl/{act}")
        problem_of(await careful.anon.call("POST", f"/admin/users/carl/{act}"), 401)
    problem_of(await log_in(careful, "carl"), 403)


@pytest.mark.parametrize("reason", [{}, {"reason": "  "}, {"reason": "x" * 1001}])
async def test_a_request_says_why_and_not_at_length(careful: TestInstance, reason: dict[str, str]) -> None:
    assert wrong_in(await ask(careful, "carl", **reason)) == ["reason"]
    with careful.inside():
        assert not await Actor.exists(username_key="carl")


async def test_those_in_charge_are_told_once_however_many_ask(careful: TestInstance) -> None:
    await careful.user("keeper", role="admin")
    await careful.user("minder", role="moderator")
    await careful.user("ann")
    for name in ("carl", "dora", "emil"):
        data_of(await ask(careful, name, **REASON))
        await settle(careful)
    assert [len(careful.mails(name)) for name in ("keeper@", "minder@", "ann@")] == [1, 1, 0]
    assert REASON["reason"] not in careful.mails("keeper@")[0].as_string()


async def test_a_wrong_password_is_not_told_that_somebody_waits(careful: TestInstance) -> None:
    data_of(await ask(careful, "carl", **REASON))
    answer = await careful.anon.call("POST", "/auth/login", json={"username": "carl", "password": "Wrong-Harbour-1"})
    assert problem_of(answer, 401)["code"] == "bad_credentials"


async def test_who_waits_is_not_let_in_by_lifting_a_suspension(careful: TestInstance) -> None:
    keeper = await careful.user("keeper", role="admin")
    data_of(await ask(careful, "carl", **REASON))
    await keeper.refused(409, "POST", "/admin/users/carl/unsuspend")
    problem_of(await log_in(careful, "carl"), 403)


# -- Invites -------------------------------------------------------------------
async def test_without_an_invite_nobody_joins_where_one_is_needed(private: TestInstance) -> None:
    assert wrong_in(await ask(private, "carl")) == ["inviteCode"]
    ann = await private.user("ann")
    invite = await ann.post("/invites", {"note": "for Carl", "uses": 1, "days": 3})
    assert (invite["state"], invite["url"]) == ("open", f"https://private.test/invite/{invite['code']}")
    assert len(invite["code"]) == 22
    got = data_of(await ask(private, "carl", inviteCode=invite["url"]))
    assert got["accessToken"] and "nextStep" not in got
    assert wrong_in(await ask(private, "dora", inviteCode=invite["code"])) == ["inviteCode"]
    listed = (await ann.get("/invites"))["invites"]
    assert [(one["state"], one["uses"], one["joined"]) for one in listed] == [("used", 1, ["carl"])]
    carl = {"Authorization": f"Bearer {got['accessToken']}"}
    mine = data_of(await private.anon.call("GET", "/invites", headers=carl))
    assert mine["invitedBy"]["username"] == "ann"
    keeper = await private.user("keeper", role="admin")
    assert (await keeper.get("/admin/users/carl"))["invitedBy"] == "ann"


async def test_an_invite_for_one_makes_one_account_however_many_come_at_once(private: TestInstance) -> None:
    ann = await private.user("ann")
    code = (await ann.post("/invites", {"uses": 1}))["code"]
    answers = await asyncio.gather(*(ask(private, f"guest{number}", inviteCode=code) for number in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201, *[422] * 7]
    with private.inside():
        assert (await Invite.get(code=code)).uses == 1
        assert await Account.filter(invite_id__isnull=False).count() == 1


async def test_an_account_that_is_not_made_uses_up_no_invite(private: TestInstance) -> None:
    ann = await private.user("ann")
    code = (await ann.post("/invites", {"uses": 1}))["code"]
    problem_of(await ask(private, "ann", inviteCode=code), 409)
    problem_of(await ask(private, "carl", inviteCode=code, password="short"), 422)
    data_of(await ask(private, "carl", inviteCode=code))


async def test_codes_that_ran_out_are_revoked_or_made_up_look_alike(private: TestInstance) -> None:
    ann, bob = await private.users("ann", "bob")
    codes = [(await ann.post("/invites", {}))["code"] for _ in range(3)]
    revoked = (await ann.get("/invites"))["invites"][0]
    await bob.refused(404, "DELETE", f"/invites/{revoked['inviteId']}")
    await ann.delete(f"/invites/{revoked['inviteId']}")
    with private.inside():
        await execute("UPDATE core_invite SET expires_at = $1 WHERE code = $2", now(), codes[0])
        await execute("UPDATE core_actor SET suspended_at = $1 WHERE id = $2", now(), bob.id)
        await Invite.filter(code=codes[1]).update(account_id=bob.id)
    said = []
    for code in (*codes, "A" * 22, "'; --", "x" * 400):
        said.append(problem_of(await ask(private, "carl", inviteCode=code), 422)["errors"])
        page = await private.anon.page(f"/invite/{code[:40]}")
        assert page.status_code == 404
    assert all(one == said[0] for one in said)


async def test_an_invite_skips_the_queue(careful: TestInstance) -> None:
    keeper = await careful.user("keeper", role="moderator")
    code = (await keeper.post("/invites", {}))["code"]
    assert data_of(await ask(careful, "carl", inviteCode=code))["accessToken"]


async def test_members_have_a_few_open_invites_and_none_without_end() -> None:
    async with world("few.test", accounts__invites_by="user", accounts__open_invites_at_most=2) as (few,):
        ann, keeper = await few.user("ann"), await few.user("keeper", role="moderator")
        for wrong, field in (
            ({"uses": None}, "uses"), ({"uses": 21}, "uses"), ({"days": None}, "days"), ({"days": 0}, "days"),
            ({"note": "x" * 201}, "note"),
        ):  # fmt: skip
            assert wrong_in(await ann.call("POST", "/invites", json=wrong)) == [field]
        answers = await asyncio.gather(*(ann.call("POST", "/invites", json={}) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [201, 201, *[409] * 4]
        await ann.delete(f"/invites/{(await ann.get('/invites'))['invites'][0]['inviteId']}")
        await ann.post("/invites", {})
        for _ in range(3):
            assert (await keeper.post("/invites", {"uses": None, "days": None}))["expiresAt"] is None


@pytest.mark.parametrize(
    ("by", "may"), [("nobody", set()), ("admin", {"keeper"}), ("moderator", {"keeper", "minder"}),
                    ("user", {"keeper", "minder", "ann"})],
)  # fmt: skip
async def test_who_may_invite_is_the_admins_to_say(by: str, may: set[str]) -> None:
    async with world("invites.test", accounts__invites_by=by) as (at,):
        people = [
            await at.user("ann"),
            await at.user("minder", role="moderator"),
            await at.user("keeper", role="admin"),
        ]
        for person in people:
            answer = await person.call("POST", "/invites", json={})
            assert answer.status_code == (201 if person.name in may else 403)
            assert (await person.get("/invites"))["mayInvite"] is (person.name in may)


async def test_those_in_charge_see_and_revoke_everybodys_invites(private: TestInstance) -> None:
    ann, keeper = await private.user("ann"), await private.user("keeper", role="moderator")
    invite = await ann.post("/invites", {"note": "for Carl"})
    listed = (await keeper.get("/admin/invites"))["invites"]
    assert [(one["madeBy"], one["note"]) for one in listed] == [("ann", "for Carl")]
    await ann.refused(403, "GET", "/admin/invites")
    await keeper.delete(f"/admin/invites/{invite['inviteId']}")
    assert (await ann.get("/invites"))["invites"][0]["state"] == "revoked"
    await keeper.refused(404, "DELETE", f"/admin/invites/{invite['inviteId']}")
    await keeper.refused(404, "DELETE", "/invites/nonsense")


async def test_guessing_codes_is_limited_for_each_address() -> None:
    async with world("guess.test", rate_limits__enabled=True, accounts__registration="invite") as (at,):
        keeper = await at.user("keeper", role="admin")
        code = (await keeper.post("/invites", {}))["code"]
        for _ in range(10):
            assert (await at.anon.page("/invite/wrong")).status_code == 404
        assert (await at.anon.page("/invite/wrong")).status_code == 429
        assert (await at.anon.page(f"/invite/{code}")).status_code == 429


# -- Limits --------------------------------------------------------------------
async def test_a_slip_of_the_finger_costs_none_of_the_accounts_of_an_address() -> None:
    async with world("slips.test", rate_limits__enabled=True) as (at,):
        for _ in range(5):
            problem_of(await ask(at, "c a r l"), 422)
        for number in range(3):
            data_of(await ask(at, f"carl{number}"))
        problem_of(await ask(at, "dora"), 429)


# -- Made by others ------------------------------------------------------------
async def test_who_is_made_without_a_password_chooses_one_by_mail(alpha: TestInstance, admin: Person) -> None:
    made = await admin.post("/users", {"username": "carl", "email": "carl@example.org"})
    assert made["username"] == "carl"
    problem_of(await log_in(alpha, "carl"), 401)
    await settle(alpha)
    found = re.search(r"/reset\?token=([\w-]+)", written_to(alpha, "carl"))
    assert found
    body = {"token": found[1], "newPassword": PASSWORD}
    data_of(await alpha.anon.call("POST", "/auth/reset-password", json=body))
    data_of(await log_in(alpha, "carl"))
    with alpha.inside():
        assert (await Account.get(email_key="carl@example.org")).email_verified_at


async def test_who_lost_the_link_to_a_first_password_gets_another(alpha: TestInstance, admin: Person) -> None:
    await admin.post("/users", {"username": "carl", "email": "carl@example.org"})
    await alpha.anon.call("POST", "/auth/forgot-password", json={"email": "carl@example.org"})
    await settle(alpha)
    assert len(set(re.findall(r"/reset\?token=([\w-]+)", written_to(alpha, "carl")))) == 2


async def test_nobody_makes_accounts_but_those_in_charge(alpha: TestInstance, ann: Person) -> None:
    await ann.refused(403, "POST", "/users", json={"username": "carl", "email": "carl@example.org"})
    with alpha.inside():
        assert not await Actor.exists(username_key="carl")


# -- Unseen --------------------------------------------------------------------
async def test_nobody_elsewhere_hears_of_somebody_who_waits(careful: TestInstance) -> None:
    waits = data_of(await ask(careful, "carl", **REASON))["userId"]
    activity = {"Accept": "application/activity+json"}
    finger = "/.well-known/webfinger?resource=acct:carl@careful.test"
    async with careful.browser() as browser:
        for path in (finger, "/@carl", f"/actors/{waits}/outbox"):
            assert (await browser.get(path, headers=activity)).status_code in (404, 410), path
    assert (await careful.anon.get("/users", limit=50))["users"] == []
    assert (await careful.anon.get("/instance"))["counts"]["users"] == 0
    await (await careful.user("ann")).refused(404, "POST", f"/users/{waits}/follow")


# -- Names ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("taken", "role", "wanted", "is_free"),
    [
        ("ann", "user", "a_n.n", False),
        ("ann.lee", "user", "AnnLee", False),
        ("bob", "user", "b0b", False),
        ("Alice", "user", "AIice", False),
        ("paul", "user", "PAU1", False),
        ("morton", "user", "rnorton", False),
        ("karl", "user", "kari", True),
        ("bill", "moderator", "biII", False),
        ("bill", "admin", "b1l1", False),
        ("morton", "admin", "rnort0n", False),
        ("wendy", "moderator", "vvendy", False),
        ("wendy", "moderator", "w.e.n.d.y", False),
        ("wendy", "moderator", "wanda", True),
    ],
)
async def test_nobody_bears_a_name_that_could_pass_for_anothers(
    alpha: TestInstance, taken: str, role: str, wanted: str, is_free: bool
) -> None:
    await alpha.user(taken, role=role)
    answer = await ask(alpha, wanted)
    if is_free:
        data_of(answer)
    else:
        assert problem_of(answer, 409)["code"] == "username_taken"


@pytest.mark.parametrize("name", ["admin", "Adm1n", "a-d-m-i-n", "m0derator", "rnoderator", "vvelcome", "h_master"])
async def test_names_of_the_server_itself_and_the_admins_own_are_kept(name: str) -> None:
    async with world("kept.test", accounts__reserved_names=("hmaster",)) as (at,):
        assert wrong_in(await ask(at, name)) == ["username"]


async def test_every_path_of_this_server_is_a_name_nobody_has(alpha: TestInstance) -> None:
    first = {rule.rule.split("/")[1].lstrip(".") for rule in alpha.instance.app.url_map.iter_rules()}
    paths = {part.partition(".")[0] for part in first if part and not part.startswith(("<", "@"))}
    assert {"search", "lists", "robots", "well-known"} <= paths
    with alpha.inside():
        assert [path for path in paths if check_username(path) is None] == []


async def test_the_first_moment_decides_between_names_that_look_alike(alpha: TestInstance) -> None:
    answers = await asyncio.gather(
        *(ask(alpha, name, email=f"{n}@example.org") for n, name in enumerate(["ann", "a_nn"]))
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


# -- Those who never came ------------------------------------------------------
async def test_who_never_proves_an_address_is_erased_after_some_days() -> None:
    async with world("proof.test", accounts__require_verified_email=True, accounts__unverified_days=3) as (at,):
        assert data_of(await ask(at, "carl"))["nextStep"] == "verify_email"
        assert data_of(await ask(at, "dora"))["nextStep"] == "verify_email"
        await at.user("emil", verified=False)
        assert problem_of(await log_in(at, "carl"), 403)["code"] == "email_not_verified"
        with at.inside():
            long_ago = now() - timedelta(days=4)
            await Account.exclude(email_key="dora@example.org").update(created_at=long_ago)
            await requests.erase_the_unverified()
            left = {actor.username for actor in await Actor.filter(type="person")}
        assert left == {"dora", "emil"}
        data_of(await ask(at, "carl"))


async def test_a_closed_server_takes_nobody_even_with_an_invite(anon: Visitor, admin: Person) -> None:
    code = (await admin.post("/invites", {}))["code"]
    async with world("shut.test", accounts__registration="closed") as (shut,):
        assert problem_of(await ask(shut, "carl", inviteCode=code), 403)["code"] == "registration_closed"
        keeper = await shut.user("keeper", role="admin")
        await keeper.refused(403, "POST", "/invites", json={})
