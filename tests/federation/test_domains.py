"""What admins decide about other servers, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import actors
from core.database import now
from core.errors import Invalid
from core.federation import domain_lists
from core.federation.domains import decide, decision_on, decisions, is_refused, load_policies
from core.federation.fetching import fetch_document
from core.federation.keys_store import find_key
from core.federation.looking_up import look_up
from core.federation.remote_actors import actor_by_uri, store_actor
from core.fetch import Refused
from core.models import Actor, Follow
from core.testing import Foreign, settle, world
from tests.core.kith_process import kith_in
from tests.federation.odd_server import actor


@pytest.mark.parametrize(
    ("host", "refused"),
    [("bad.test", True), ("a.b.bad.test", True), ("BAD.test", True), ("bad.test:8080", True), ("notbad.test", False),
     ("bad.test.example", False), ("test", False), ("fine.bad.test", False), ("x.fine.bad.test", False), ("", False)],
)  # fmt: skip
async def test_a_block_counts_for_everything_under_a_domain_until_something_nearer_is_decided(alpha, host, refused):
    with alpha.inside():
        await decide("bad.test", "block")
        await decide("fine.bad.test", "allow")
        assert is_refused(host) is refused


async def test_with_an_allowlist_only_those_on_it_are_talked_with():
    async with world("shut.test", federation__mode="allowlist") as (shut,):
        friend, stranger = Foreign("friend.test").join(shut), Foreign("stranger.test").join(shut)
        one, other = friend.person("one"), stranger.person("other")
        with shut.inside():
            assert is_refused("friend.test")
            await decide("friend.test", "allow")
            assert (await actor_by_uri(one.id)) is not None
            assert await actor_by_uri(other.id) is None
    assert stranger.asked == []


async def test_a_blocked_server_is_asked_for_nothing_and_believed_nothing(alpha, foreign):
    bob = foreign.person("bob")
    with alpha.inside():
        await decide("foreign.test", "block")
        assert await look_up(bob.address) is None
        assert await look_up(bob.id) is None
        assert await actor_by_uri(bob.id) is None
        assert await find_key(bob.key_id) is None
        with pytest.raises(Refused):
            await fetch_document(bob.id)
        with pytest.raises(Refused):
            await store_actor(bob.document(), bob.id)
    assert foreign.asked == []


async def test_a_blocked_server_is_not_reached_through_a_redirect_or_another_name(alpha, odd, victim):
    victim.answer("/x", {"id": "https://victim.test/x"})
    odd.answer("/go", status=302, location="https://victim.test/x")
    address = odd.answer("/users/mallory", actor(odd))
    odd.finger("mallory", address, subject="mallory@victim.test")
    victim.finger("mallory", address)
    with alpha.inside():
        await decide("victim.test", "block")
        with pytest.raises(Refused):
            await fetch_document("https://odd.test/go")
        assert await actor_by_uri(address) is None


async def test_people_of_a_blocked_server_vanish_and_follows_end_both_ways(alpha, ann, bob, foreign):
    carol = foreign.person("carol")
    with alpha.inside():
        stored = await actor_by_uri(carol.id)
        assert stored is not None
        await actors.follow(stored, ann.actor)
        await actors.follow(bob.actor, stored)
        await decide("foreign.test", "block", "spam")
    await settle(alpha)
    with alpha.inside():
        assert await Follow.all().count() == 0
        assert (await Actor.get(id=ann.id)).followers_count == 0
    await ann.refused(404, "GET", f"/users/{stored.id}")
    with alpha.inside():
        await decide("foreign.test", "")
        assert (await Actor.get(id=stored.id)).suspended_at is None
        assert decision_on("foreign.test") is None
    assert (await ann.get(f"/users/{stored.id}"))["acct"] == "carol@foreign.test"


async def test_lifting_a_block_does_not_bring_back_whom_a_moderator_suspended(alpha, foreign):
    carol, dora = foreign.person("carol"), foreign.person("dora")
    with alpha.inside():
        for person in (carol, dora):
            assert await actor_by_uri(person.id)
        await Actor.filter(uri=dora.id).update(suspended_at=now())
        await decide("foreign.test", "block")
        await decide("foreign.test", "")
        assert (await Actor.get(uri=carol.id)).suspended_at is None
        assert (await Actor.get(uri=dora.id)).suspended_at is not None


async def test_people_of_a_silenced_server_are_silenced_those_who_come_later_too(alpha):
    foreign = Foreign("pub.wild.example").join(alpha)
    carol, dora = foreign.person("carol"), foreign.person("dora")
    with alpha.inside():
        assert await actor_by_uri(carol.id)
        await decide("pub.wild.example", "silence")
        later = await actor_by_uri(dora.id)
        assert later is not None and later.silenced_at is not None
        assert (await Actor.get(uri=carol.id)).silenced_at is not None
        await decide("wild.example", "block")
        assert not is_refused("pub.wild.example")
        await decide("pub.wild.example", "")
        assert is_refused("pub.wild.example")
        for person in (carol, dora):
            stored = await Actor.get(uri=person.id)
            assert stored.silenced_at is None and stored.suspended_at is not None
        await decide("wild.example", "")
        assert await Actor.filter(suspended_at__isnull=False).count() == 0


async def test_what_another_process_decided_is_heeded_when_it_is_read_again(alpha, foreign):
    with alpha.inside():
        await decide("foreign.test", "block")
        found = await decisions()
        await alpha.instance.database.engine.settle()
        await load_policies()
        assert found.keys() == {"foreign.test"} and is_refused("foreign.test")


@pytest.mark.parametrize(
    "domain",
    ["", "x y", "https://bad.test", "bad.test/", "a@b.test", "alpha.test", "test", "*.", "-", "a..b", "é" * 300],
)
async def test_a_domain_that_is_none_or_our_own_is_refused_by_name(alpha, domain):
    with alpha.inside():
        with pytest.raises(Invalid) as fault:
            await decide(domain, "block")
        assert "domain" in fault.value.errors
        assert await decisions() == {}


async def test_names_are_stored_in_one_spelling(alpha):
    with alpha.inside():
        await decide(" *.Bücher.Test. ", "block")
        assert list(await decisions()) == ["xn--bcher-kva.test"]
        assert is_refused("www.xn--bcher-kva.test")


async def test_a_wrong_policy_or_an_endless_note_is_refused_by_name(alpha):
    with alpha.inside():
        with pytest.raises(Invalid) as fault:
            await decide("bad.test", "destroy")  # type: ignore[arg-type]
        assert "policy" in fault.value.errors
        with pytest.raises(Invalid) as fault:
            await decide("bad.test", "block", "x" * 5000)
        assert "note" in fault.value.errors


# -- Lists ------------------------------------------------------------------------------------------------------------


async def test_a_list_of_mastodon_is_read_and_written_the_same(alpha):
    text = (
        "#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate\n"
        'bad.test,suspend,false,false,"spam, and worse",false\n'
        "loud.test,silence,false,false,,false\n"
    )
    with alpha.inside():
        imported = await domain_lists.take_in("\ufeff" + text)
        assert (imported.decided, imported.left_out) == (2, [])
        assert is_refused("bad.test") and not is_refused("loud.test")
        assert await domain_lists.exported() == text


async def test_a_plain_list_without_a_header_blocks(alpha):
    with alpha.inside():
        imported = await domain_lists.take_in("bad.test\r\n\r\n*.worse.test\r\n")
        assert imported.decided == 2 and is_refused("x.worse.test")


async def test_lines_that_cannot_be_understood_are_left_out_and_named(alpha):
    text = (
        "#domain,#severity\nok.test,suspend\nb**d.test,suspend\nodd.test,vanish\nfine.test,noop\nalpha.test,suspend\n"
    )
    with alpha.inside():
        imported = await domain_lists.take_in(text)
        assert imported.decided == 1
        assert [(number, name) for number, name, _ in imported.left_out] == [
            (3, "b**d.test"), (4, "odd.test"), (6, "alpha.test"),
        ]  # fmt: skip
        assert list(await decisions()) == ["ok.test"]


async def test_lists_of_allowed_domains_are_read_and_written(alpha):
    with alpha.inside():
        await domain_lists.take_in("#domain\ngood.test\n", "allow")
        assert await domain_lists.exported_allowed() == "#domain\ngood.test\n"
        assert (await domain_lists.exported()).count("\n") == 1


@pytest.mark.parametrize("text", ['"' + "x" * 200_000, "a.test\n" * 20_001])
async def test_a_list_that_is_none_or_endless_is_refused(alpha, text):
    with alpha.inside():
        with pytest.raises(Invalid) as fault:
            await domain_lists.take_in(text)
        assert "file" in fault.value.errors
        assert await decisions() == {}


async def test_a_long_list_is_taken_in_at_once(alpha, odd):
    with alpha.inside():
        await store_actor(actor(odd), odd.url)
        imported = await domain_lists.take_in("\n".join(["odd.test", *(f"s{n}.bad.test" for n in range(3000))]))
        assert imported.decided == 3001
        assert await Actor.filter(suspended_at__isnull=False).count() == 1


# -- By hand ----------------------------------------------------------------------------------------------------------


async def test_domains_are_decided_about_on_the_command_line(tmp_path: Path):
    (tmp_path / "list.csv").write_text("#domain,#severity\nloud.test,silence\nx y,suspend\n")
    async with kith_in(tmp_path) as kith:
        kith.run("domain", "block", "bad.test", "worse.test", "--note", "spam")
        assert "line 3: x y is left out" in kith.run("domain", "import", str(tmp_path / "list.csv")).stdout
        assert '"policy": "silence"' in kith.run("domain", "list", "--json").stdout
        kith.run("domain", "clear", "bad.test")
        exported = kith.run("domain", "export").stdout
        assert "worse.test,suspend,false,false,spam,false\n" in exported and "bad.test" not in exported
        assert "domain: This is not a domain" in kith.run("domain", "block", "x y", code=1).stderr
