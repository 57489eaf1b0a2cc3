"""The keys of an instance: copied out, changed while everybody stays signed in, dropped when nothing needs them."""

from __future__ import annotations

import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.database import execute, rows, value
from core.instance import here
from core.sealing import keys_in_use, seal_anew, sealed_columns
from core.secrets import Secrets, key_id_of
from core.testing import Person, TestInstance
from tests.core.kith_process import Kith, kith_in

ROOT = Path(__file__).parents[2]
# Sealed for as long as a mail waits, a form is open or a test runs: in no column that lasts.
PASSING = {
    "core/accounts/asking.py",
    "core/accounts/waiting_room.py",
    "core/mail/outgoing.py",
    "core/oidc/flow.py",
    "core/sealing.py",
}


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path) as kith:
        yield kith


async def test_every_place_that_seals_something_lasting_is_known_to_those_who_change_keys(alpha: TestInstance) -> None:
    with alpha.inside():
        contexts = [column.context for column in sealed_columns()]
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]:
        source, name = path.read_text(), str(path.relative_to(ROOT))
        if "secrets.seal(" in source and name not in PASSING:
            assert any(context.partition("{")[0] in source for context in contexts), f"{name} seals for ever"


async def sealed_keys(at: TestInstance, person: Person) -> list[dict[str, Any]]:
    """The keys with which a person's server signs for them, made when their document is first read."""
    await at.anon.page(f"/@{person.name}", headers={"Accept": "application/activity+json"})
    found = await rows("SELECT uri, private_sealed FROM federation_key WHERE private_sealed <> '' ORDER BY uri")
    assert found
    return found


async def test_everything_sealed_is_sealed_with_the_new_key_and_opens_as_before(
    alpha: TestInstance, ann: Person
) -> None:
    with alpha.inside():
        before = await sealed_keys(alpha, ann)
        old, new = here().secrets.current, here().secrets.rotate()
        told = [batch async for batch in seal_anew()]
        after = await sealed_keys(alpha, ann)
        assert {key_id_of(one["private_sealed"]) for one in after} == {new}
        assert sum(number for _, number in told) == len(before)
        context = next(one for one in sealed_columns() if one.table == "federation_key").context
        opened = {one["uri"]: here().secrets.open(one["private_sealed"], context.format_map(one)) for one in after}
        assert opened == {
            one["uri"]: here().secrets.open(one["private_sealed"], context.format_map(one)) for one in before
        }
        assert await keys_in_use() == {new}
        here().secrets.forget([old])
        assert here().secrets.ids == [new]
    assert (await ann.get("/users/me"))["username"] == "ann"


async def test_sealing_anew_twice_changes_nothing(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await sealed_keys(alpha, ann)
        here().secrets.rotate()
        assert [one async for one in seal_anew()]
        assert sum([number async for _, number in seal_anew()]) == 0


async def test_what_was_altered_is_told_and_left_as_it_is(alpha: TestInstance, ann: Person) -> None:
    with alpha.inside():
        await sealed_keys(alpha, ann)
        here().secrets.rotate()
        sealed = str(await value("SELECT private_sealed FROM federation_key WHERE private_sealed <> '' LIMIT 1"))
        altered = sealed[:-8] + "AAAAAAAA"
        await execute("UPDATE federation_key SET private_sealed = $1 WHERE private_sealed = $2", altered, sealed)
        with pytest.raises(Exception, match="altered"):
            [one async for one in seal_anew()]
        assert await value("SELECT 1 FROM federation_key WHERE private_sealed = $1", altered)


def test_a_server_that_runs_seals_with_the_key_that_another_process_made(tmp_path: Path) -> None:
    server, command = Secrets(tmp_path), Secrets(tmp_path)
    first = server.seal(b"x", "c")
    new = command.rotate()
    assert key_id_of(server.seal(b"x", "c")) == new
    assert server.open(first, "c") == b"x"


def test_the_key_in_use_is_never_dropped(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    sealed = secrets.seal(b"x", "c")
    secrets.forget([secrets.current])
    assert Secrets(tmp_path).open(sealed, "c") == b"x"


async def test_keys_are_copied_out_for_their_owner_only_and_overwrite_nothing(kith: Kith, tmp_path: Path) -> None:
    copy = tmp_path / "keys.json"
    kith.run("keys", "export", str(copy))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert json.loads(copy.read_text()) == json.loads((kith.folder / "secrets" / "keys.json").read_text())
    refused = kith.run("keys", "export", str(copy), code=1)
    assert "exists already" in refused.stderr


async def test_keys_change_beside_a_server_that_runs(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "ann@example.org", "--password", "Quiet-Harbour-47")
    serving = kith.serve()
    token = serving.sign_in("ann", "Quiet-Harbour-47")
    said = kith.run("keys", "rotate", "--forget").stdout
    assert "Sealed" in said and "Dropped 1 old keys" in said
    assert serving.get("/api/v1/users/me", {"Authorization": f"Bearer {token}"}).status_code == 200
    assert serving.get("/@ann", {"Accept": "application/activity+json"}).status_code == 200


async def test_a_key_that_comes_from_the_environment_is_not_changed_here(kith: Kith) -> None:
    refused = kith.run("keys", "rotate", code=1, SECRET_KEY="an operator's secret of at least 32 characters")
    assert "SECRET_KEY" in refused.stderr
