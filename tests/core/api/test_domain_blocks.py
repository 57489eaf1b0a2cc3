"""Which servers somebody blocks: said by their domain, for them alone, and so many at most."""

from __future__ import annotations

import pytest

from core import domain_blocks
from core.testing import Person, TestInstance, Visitor, settle
from core.testing.people import fields_of


async def blocked(person: Person) -> list[str]:
    return [one["domain"] for one in (await person.get("/domain-blocks"))["domainBlocks"]]


TYPED = {
    "far.test": "far.test",
    "  FAR.Test. ": "far.test",
    "bücher.example": "xn--bcher-kva.example",
    "XN--BCHER-KVA.example": "xn--bcher-kva.example",
    "far.test:443": "far.test",
    "far.test:8443": "far.test:8443",
    "sub.alpha.test": "sub.alpha.test",
}
REFUSED: list[object] = [
    "", " ", ".", "alpha.test", "ALPHA.test.", "two words", "https://far.test", "far.test/about", "@zoe@far.test",
    "zoe@far.test", "far.test:0", "far.test:99999", "far.test:x", "*.far.test", "far..test", "-far.test", "a\0b.test",
    "x" * 64 + ".test", "x." * 200 + "test", "0x7f.1", "far.test,", f"{('a' * 63 + '.') * 3}{'b' * 61}:8443",
    None, 5, ["far.test"],
]  # fmt: skip


async def test_a_domain_is_known_however_it_is_typed(ann: Person) -> None:
    for typed, stored in TYPED.items():
        assert await ann.post("/domain-blocks", {"domain": typed}) == {"domain": stored, "isDomainBlocked": True}
        problem = await ann.refused(409, "POST", "/domain-blocks", {"domain": typed})
        assert problem["code"] == "already_blocked"
        assert await blocked(ann) == [stored]
        assert await ann.delete(f"/domain-blocks/{typed.strip()}") == {"domain": stored, "isDomainBlocked": False}
        await ann.refused(404, "DELETE", f"/domain-blocks/{stored}")
        assert await blocked(ann) == []


async def test_what_is_no_other_server_is_refused_by_its_field(ann: Person) -> None:
    for typed in REFUSED:
        problem = await ann.refused(422, "POST", "/domain-blocks", {"domain": typed})
        assert fields_of(problem) == ["domain"], typed
    assert await blocked(ann) == []


async def test_nobody_else_sees_or_changes_which_servers_somebody_blocks(
    ann: Person, eve: Person, anon: Visitor
) -> None:
    await ann.post("/domain-blocks", {"domain": "far.test"})
    assert await blocked(eve) == []
    await eve.refused(404, "DELETE", "/domain-blocks/far.test")
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/far.test")):
        await anon.refused(401, method, f"/domain-blocks{path}", {"domain": "far.test"} if method == "POST" else None)
    assert await blocked(ann) == ["far.test"]


async def test_there_can_be_so_many_and_they_come_in_pages(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_blocks, "DOMAINS_AT_MOST", 5)
    for number in range(5):
        await ann.post("/domain-blocks", {"domain": f"s{number}.test"})
    problem = await ann.refused(422, "POST", "/domain-blocks", {"domain": "one.more.test"})
    assert "as many as there can be" in problem["errors"][0]["message"]
    await ann.refused(409, "POST", "/domain-blocks", {"domain": "s1.test"})
    first = await ann.get("/domain-blocks", limit=3)
    second = await ann.get("/domain-blocks", limit=3, cursor=first["pagination"]["nextCursor"])
    found = [one["domain"] for page in (first, second) for one in page["domainBlocks"]]
    assert found == [f"s{number}.test" for number in range(4, -1, -1)]
    assert second["pagination"] == {"nextCursor": None, "hasMore": False}


async def test_blocking_a_server_nobody_knows_changes_nothing_for_people_here(
    alpha: TestInstance, ann: Person, eve: Person
) -> None:
    await ann.follow(eve)
    await eve.follow(ann)
    await ann.post("/domain-blocks", {"domain": "far.test"})
    await settle(alpha)
    user = await ann.get("/users/eve")
    assert user["isFriend"] is True and user["isDomainBlocked"] is False
    assert await ann.sees((await eve.publish())["postId"])
