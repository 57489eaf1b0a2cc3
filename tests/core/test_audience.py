"""Who may see what: the SQL predicate and the yes or no are two readings of one set of rules."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audience import READABLE, STRANGER, VISIBLE, WANTED, Sight, Viewer, look, may_see, visible_sql
from core.database import execute, now, rows
from core.entries import Draft, publishing
from core.graph_models import DomainBlock
from core.instance import inside
from core.models import ACCEPTED, REQUESTED, VISIBILITIES, Actor, Block, Entry, Follow, Mute
from core.quote_models import AGREED, GONE, PENDING, REFUSED, ReplyRequest
from core.testing import TestInstance

STATES = (PENDING, PENDING, PENDING, REFUSED, GONE, AGREED)
AGREE = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


async def listed(viewer: Viewer, rule: object = VISIBLE) -> set[str]:
    """The ids of the entries a list shows to this viewer."""
    found = await rows(
        "SELECT e.id FROM core_entry e JOIN core_actor a ON a.id = e.author_id"
        f" WHERE {visible_sql(viewer, 1, rule=rule)}",
        viewer.parameter,
    )
    return {each["id"] for each in found}


async def crowd() -> list[Actor]:
    """Four people here and two elsewhere."""
    people = []
    for number in range(6):
        domain = "" if number < 4 else "far.test"
        name = f"p{number}"
        people.append(
            await Actor.create(
                uri=f"https://{domain or 'alpha.test'}/{name}", username=name, username_key=name, domain=domain
            )
        )
    return people


async def tangle(people: list[Actor], dice: random.Random) -> list[Entry]:
    """Random ties between them, and entries of every kind of audience."""
    for one in people:
        for other in people:
            if one.id == other.id:
                continue
            if dice.random() < 0.45:
                state = ACCEPTED if dice.random() < 0.8 else REQUESTED
                await Follow.create(follower_id=one.id, target_id=other.id, state=state)
            if dice.random() < 0.12:
                await Block.create(actor_id=one.id, target_id=other.id)
            if dice.random() < 0.12:
                await Mute.create(actor_id=one.id, target_id=other.id)
        if not one.domain and dice.random() < 0.3:  # people elsewhere do that there
            await DomainBlock.create(actor_id=one.id, domain=dice.choice(["far.test", "far.test", "other.test"]))
    entries = []
    for author in people:
        for visibility in VISIBILITIES:
            draft = Draft("post", author, content="x", visibility=visibility, local_only=dice.random() < 0.2)
            others = [p for p in people if p.id != author.id]
            draft.mentions = dice.sample(others, k=dice.choice([0, 0, 1, 2]))
            if visibility == "circle":
                draft.silent_mentions = dice.sample(others, k=dice.choice([1, 2, 3]))
            if author.domain:
                draft.uri = f"{author.uri}/{visibility}"
            async with publishing(draft) as entry:
                pass
            if dice.random() < 0.1:
                await execute("UPDATE core_entry SET deleted_at = $1 WHERE id = $2", now(), entry.id)
            entries.append(entry)
    for entry in entries:
        if entry.visibility == "private" and entry.deleted_at is None and dice.random() < 0.8:
            asked, state = dice.choice([one for one in people if one.id != entry.author_id]), dice.choice(STATES)
            other = next(one for one in entries if one.author_id == asked.id)
            await ReplyRequest.create(
                entry_id=entry.id,
                parent_id=other.id,
                author_id=None if asked.domain else asked.id,
                visibility="public",
                state=state,
            )
    for person in people:
        if dice.random() < 0.15:
            await execute("UPDATE core_actor SET suspended_at = $1 WHERE id = $2", now(), person.id)
    return await Entry.all()


async def clean() -> None:
    for table in (
        "core_reply_request",
        "core_timeline",
        "core_mention",
        "core_entry",
        "core_follow",
        "core_block",
        "core_mute",
        "core_domain_block",
        "core_actor",
    ):
        await execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("seed", range(12))
async def test_lists_and_single_things_agree_on_who_may_see_what(alpha: TestInstance, seed: int) -> None:
    """For random ties between people, each viewer sees in a list exactly what they may see one by one."""
    dice = random.Random(seed)
    with inside(alpha.instance):
        people = await crowd()
        entries = await tangle(people, dice)
        viewers = [STRANGER, *(Viewer(actor_id=person.id) for person in people), Viewer(host="far.test")]
        for viewer in viewers:
            for rule in (VISIBLE, WANTED, READABLE):
                one_by_one = {entry.id for entry in entries if rule.holds(await look(viewer, entry))}
                assert await listed(viewer, rule) == one_by_one, (viewer, rule is WANTED)
            readable = await listed(viewer, READABLE)
            assert {entry.id for entry in entries if await may_see(viewer, entry)} == readable
            # What is only readable waits for just this viewer, and is by somebody they have to do with.
            waits = {one.entry_id for one in await ReplyRequest.filter(author_id=viewer.actor_id, state=PENDING)}
            assert readable - await listed(viewer) <= (waits if viewer.actor_id else set())


@pytest.mark.parametrize("seed", range(12, 20))
async def test_a_server_that_asks_sees_what_any_of_its_people_may_see_and_no_more(
    alpha: TestInstance, seed: int
) -> None:
    """A block hides from the one it is about, and two who may not see something do not make one who may."""
    dice = random.Random(seed)
    with inside(alpha.instance):
        people = await crowd()
        entries = await tangle(people, dice)
        anybody = {entry.id for entry in entries if not entry.local_only} & await listed(STRANGER)
        its_people = [Viewer(actor_id=person.id) for person in people if person.domain == "far.test"]
        theirs = set[str]().union(*[await listed(viewer) for viewer in its_people])
        assert await listed(Viewer(host="far.test")) == anybody | theirs


APART = {"blocks", "blocked", "of_blocked_server"}
TIES = ("author", "elsewhere", "follows", "friend", "mentioned", "named", "muted", "asked", *sorted(APART))


@AGREE
@given(
    visibility=st.sampled_from(VISIBILITIES),
    ties=st.sets(st.sampled_from(TIES)),
    local_only=st.booleans(),
    is_here=st.booleans(),
)
def test_no_tie_opens_what_is_private_and_blocks_close_everything(
    visibility: str, ties: set[str], local_only: bool, is_here: bool
) -> None:
    """What holds for every combination of facts, whatever the rules look like."""
    entry = Entry(visibility=visibility, local_only=local_only, author_id="a", deleted_at=None)
    sight = Sight(Viewer(actor_id="v"), entry, is_here, frozenset(ties))
    seen = VISIBLE.holds(sight)
    if not is_here or ties & APART:
        assert not seen
    if visibility == "private" and "author" not in ties:
        assert not seen
    if visibility in ("circle", "direct") and not ties & {"author", "mentioned"}:
        assert not seen
    if local_only and "elsewhere" in ties:
        assert not seen
    if visibility == "friends" and not ties & {"author", "named", "friend"}:
        assert not seen
    if WANTED.holds(sight):
        assert seen and "muted" not in ties
    waits = visibility == "private" and "asked" in ties and is_here and not ties & APART
    assert READABLE.holds(sight) == (seen or (waits and not (local_only and "elsewhere" in ties)))


async def test_a_mention_widens_followers_and_friends_but_never_private(alpha: TestInstance) -> None:
    with inside(alpha.instance):
        ann, bob, *_ = await crowd()
        for visibility, expected in (
            ("followers", True),
            ("friends", True),
            ("circle", True),
            ("direct", True),
            ("private", False),
        ):
            draft = Draft("post", ann, content="psst", visibility=visibility, mentions=[bob])
            async with publishing(draft) as entry:
                pass
            assert await may_see(Viewer(actor_id=bob.id), entry) is expected
            assert (entry.id in await listed(Viewer(actor_id=bob.id))) is expected
