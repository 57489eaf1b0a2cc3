"""Each audience × everybody who looks × every door: who finds a post of Ann's, and who does not.

The columns are those whom a post is for. In a cell stands who finds it behind the door: `a` is Ann, `f` a follower,
`r` a friend, `c` a friend in the circle, `n` somebody the post names, `t` who follows its hashtag, `s` a stranger, `m`
a follower who muted Ann, `b` a follower Ann blocked, `k` a follower who blocked Ann, `o` who has not signed in.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.testing import world
from tests.federation.onlookers import AUDIENCES, DOORS_ELSEWHERE, DOORS_HERE, Found, Square, square

EXPECTED_HERE = """
post          afrcntsmo  afrcntsmo  afrcnm     arcn       acn        a          an         afrcntsmo  as
history       afrcntsmo  afrcntsmo  afrcnm     arcn       acn        a          an         afrcntsmo  as
answer        afrcntsmo  afrcntsmo  afrcnsm    arcns      -          a          ans        afrcntsmo  as
page          afrcntsmo  afrcntsmo  afrcnm     arcn       acn        a          an         afrcntsmo  as
thread        afrcntso   afrcntso   afrcns     arcns      -          a          ans        afrcntso   a
comments      afrcntso   afrcntso   afrcns     arcns      -          a          ans        afrcntso   -
thread page   afrcntso   afrcntso   afrcns     arcns      -          a          ans        afrcntso   a
quotes        afrcntso   afrcntso   afrcn      arcn       acn        a          an         afrcntso   a
quotes page   afrcntso   afrcntso   afrcn      arcn       acn        a          an         afrcntso   a
home          afrct      afrc       afrc       arc        ac         a          a          afrct      a
home page     afrct      afrc       afrc       arc        ac         a          a          afrct      a
friends       arc        arc        arc        arc        ac         a          -          arc        -
list          frc        frc        frc        rc         c          -          -          frc        -
local         afrcntso   -          -          -          -          -          -          afrcntso   -
local page    afrcntso   -          -          -          -          -          -          afrcntso   -
global        afrcntso   -          -          -          -          -          -          afrcntso   -
profile       afrcntsmo  afrcntsmo  afrcnm     arcn       acn        a          -          afrcntsmo  -
profile page  afrcntsmo  afrcntsmo  afrcnm     arcn       acn        a          -          afrcntsmo  -
replies       afrcntsmo  afrcntsmo  afrcnsm    arcns      -          a          -          afrcntsmo  a
tag           afrcntso   -          -          -          -          -          -          afrcntso   -
tag page      afrcntso   -          -          -          -          -          -          afrcntso   -
search        afrcntso   an         an         an         an         a          an         afrcntso   a
RSS           afrcntsmbko -          -          -          -          -          -          afrcntsmbko -
Atom          afrcntsmbko -          -          -          -          -          -          afrcntsmbko -
tag RSS       afrcntsmbko -          -          -          -          -          -          afrcntsmbko -
embed         afrcntsmbko afrcntsmbko -          -          -          -          -          afrcntsmbko -
oEmbed        afrcntsmbko afrcntsmbko -          -          -          -          -          afrcntsmbko -
home stream   frct       frc        frc        rc         c          -          -          frct       -
local stream  afrcnts    -          -          -          -          -          -          afrcnts    -
"""
#             public     unlisted   followers  friends    circle     private    direct     local      waiting
# Which servers get it: `f` that of a follower, `n` that of somebody it names, `z` any other, `o` one that does not
# sign; `p` is a follower on another Kith, who looks there.
EXPECTED_ELSEWHERE = """
document      fnoz       fnoz       fn         n          n          -          n          -          -
outbox        fnoz       fnoz       -          -          -          -          -          -          -
answers       fnoz       fnoz       -          -          -          -          -          -          -
delivery      fnp        fnp        fnp        n          n          -          n          -          -
"""


def table(text: str) -> dict[str, Found]:
    """The rows of a table by their doors; a cell that is empty is a dash."""
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        door, *cells = line.rsplit(None, len(AUDIENCES))
        found[door] = {audience: set(cell) - {"-"} for audience, cell in zip(AUDIENCES, cells, strict=True)}
    return found


def line_of(door: str, found: Found) -> str:
    """The row of a table for what was found."""
    order = "afrcntsmbkopz"
    cells = ["".join(sorted(found[audience], key=order.index)) or "-" for audience in AUDIENCES]
    return f"{door:<13} " + " ".join(f"{cell:<10}" for cell in cells).rstrip()


@pytest.fixture(scope="module")
async def at() -> AsyncIterator[Square]:
    async with world("alpha.test", "beta.test") as (alpha, beta), square(alpha, beta) as at:
        yield at


def test_there_is_a_row_for_each_door() -> None:
    assert list(table(EXPECTED_HERE)) == [*DOORS_HERE, "home stream", "local stream"]
    assert list(table(EXPECTED_ELSEWHERE)) == list(DOORS_ELSEWHERE)


@pytest.mark.parametrize("door", DOORS_HERE)
async def test_nobody_finds_more_behind_a_door_than_is_for_them(at: Square, door: str) -> None:
    found = await DOORS_HERE[door](at)
    assert found == table(EXPECTED_HERE)[door], f"now it is:\n{line_of(door, found)}"


@pytest.mark.parametrize("channel", ["home", "local"])
async def test_nobody_hears_of_more_than_is_for_them(at: Square, channel: str) -> None:
    found = at.heard[channel]
    assert found == table(EXPECTED_HERE)[f"{channel} stream"], f"now it is:\n{line_of(f'{channel} stream', found)}"


@pytest.mark.parametrize("door", DOORS_ELSEWHERE)
async def test_no_server_gets_more_than_is_for_its_people(at: Square, door: str) -> None:
    found = await DOORS_ELSEWHERE[door](at)
    assert found == table(EXPECTED_ELSEWHERE)[door], f"now it is:\n{line_of(door, found)}"
