"""The instance's keys: made once, never lost, opening only what they sealed where it belongs."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from core.secrets import Secrets, SecretsError

SECRET_KEY = b"an operator's secret of at least 32 characters"


def test_what_was_sealed_opens_and_looks_different_each_time(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path / "secrets")
    one, other = (secrets.seal(b"a private key", "core_actor.key:1") for _ in range(2))
    assert one != other and "private" not in one
    assert secrets.open(one, "core_actor.key:1") == secrets.open(other, "core_actor.key:1") == b"a private key"


@pytest.mark.parametrize("plain", [b"", b"\0", bytes(range(256)) * 4_000])
def test_anything_can_be_sealed(tmp_path: Path, plain: bytes) -> None:
    secrets = Secrets(tmp_path)
    assert secrets.open(secrets.seal(plain, "x"), "x") == plain


def test_keys_are_made_at_first_use_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "instance" / "secrets"
    secrets = Secrets(folder)
    assert not folder.exists()
    secrets.derive("csrf")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "keys.json").stat().st_mode) == 0o600
    assert {path.name for path in folder.iterdir()} == {"keys.json", ".lock"}


def test_keys_survive_a_restart(tmp_path: Path) -> None:
    sealed, derived = Secrets(tmp_path).seal(b"x", "c"), Secrets(tmp_path).derive("tokens")
    again = Secrets(tmp_path)
    assert again.open(sealed, "c") == b"x" and again.derive("tokens") == derived


def test_what_was_sealed_for_one_place_does_not_open_in_another(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    with pytest.raises(SecretsError):
        secrets.open(secrets.seal(b"ann's", "account:ann"), "account:eve")


def test_keys_of_another_instance_do_not_open_it(tmp_path: Path) -> None:
    sealed = Secrets(tmp_path / "a").seal(b"x", "c")
    with pytest.raises(SecretsError, match="not among"):
        Secrets(tmp_path / "b").open(sealed, "c")


def test_a_borrowed_key_id_does_not_help(tmp_path: Path) -> None:
    mine, theirs = Secrets(tmp_path / "a"), Secrets(tmp_path / "b")
    own_id = mine.seal(b"", "c").split(".")[1]
    version, _, rest = theirs.seal(b"x", "c").split(".")
    with pytest.raises(SecretsError):
        mine.open(f"{version}.{own_id}.{rest}", "c")


@pytest.mark.parametrize("place", [0, 4, 14, 30, -1])
def test_anything_altered_does_not_open(tmp_path: Path, place: int) -> None:
    secrets = Secrets(tmp_path)
    sealed = list(secrets.seal(b"a secret of some length", "c"))
    sealed[place] = "A" if sealed[place] != "A" else "B"
    with pytest.raises(SecretsError):
        secrets.open("".join(sealed), "c")


@pytest.mark.parametrize("text", ["", "v1", "v1.", "v1..", "v1.abc.", "v2.a.b", "plain text", "v1.ü.ü"])
def test_what_was_never_sealed_does_not_open(tmp_path: Path, text: str) -> None:
    with pytest.raises(SecretsError):
        Secrets(tmp_path).open(text, "c")


def test_a_shortened_text_does_not_open(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    head, _, rest = secrets.seal(b"x", "c").rpartition(".")
    for length in range(0, len(rest), 4):
        with pytest.raises(SecretsError):
            secrets.open(f"{head}.{rest[:length]}", "c")


def test_after_a_rotation_old_things_open_and_new_ones_use_the_new_key(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    old = secrets.seal(b"old", "c")
    derived = secrets.derive("tokens")
    key_id = secrets.rotate()
    new = secrets.seal(b"new", "c")
    assert new.split(".")[1] == key_id != old.split(".")[1]
    again = Secrets(tmp_path)
    assert again.open(old, "c") == b"old" and again.open(new, "c") == b"new"
    assert again.derive("tokens") == derived


def test_a_running_process_opens_what_another_sealed_after_a_rotation(tmp_path: Path) -> None:
    running, other = Secrets(tmp_path), Secrets(tmp_path)
    running.seal(b"", "c")
    other.rotate()
    assert running.open(other.seal(b"x", "c"), "c") == b"x"


def test_each_purpose_has_a_key_of_its_own(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path)
    keys = {secrets.derive(purpose) for purpose in ("tokens", "csrf", "cursors")}
    assert len(keys) == 3 and {len(key) for key in keys} == {32}
    assert len(secrets.derive("long", 64)) == 64


def test_an_operators_secret_is_used_instead_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    one, other = Secrets(folder, SECRET_KEY), Secrets(tmp_path / "elsewhere", SECRET_KEY)
    assert one.derive("tokens") == other.derive("tokens") != Secrets(folder, SECRET_KEY + b"!").derive("tokens")
    assert other.open(one.seal(b"x", "c"), "c") == b"x"
    assert not folder.exists()
    with pytest.raises(SecretsError, match="SECRET_KEY"):
        one.rotate()


def test_what_the_folders_keys_sealed_opens_beside_an_operators_secret(tmp_path: Path) -> None:
    sealed = Secrets(tmp_path).seal(b"x", "c")
    assert Secrets(tmp_path, SECRET_KEY).open(sealed, "c") == b"x"


def test_a_short_operators_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="SECRET_KEY"):
        Secrets(tmp_path, b"short")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "not json", '{"signing": "AAAA", "sealing": {}, "current": "x"}', "\xff"]
)
def test_damaged_keys_are_reported_and_never_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SecretsError, match=r"keys\.json is damaged"):
        Secrets(tmp_path).derive("tokens")
    assert (tmp_path / "keys.json").read_bytes() == text.encode("latin-1")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SecretsError, match="file/secrets"):
        Secrets(tmp_path / "file" / "secrets").derive("tokens")


def test_processes_that_start_at_once_end_with_the_same_keys(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from core.secrets import Secrets; sys.stdin.readline();"
        "s = Secrets(Path(sys.argv[1])); print(s.derive('x').hex(), s.seal(b'x', 'c'))"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    folder = str(tmp_path / "secrets")
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0].split() for process in started]
    secrets = Secrets(tmp_path / "secrets")
    assert {derived for derived, _ in answers} == {secrets.derive("x").hex()}
    assert {secrets.open(sealed, "c") for _, sealed in answers} == {b"x"}
    assert len(json.loads((tmp_path / "secrets" / "keys.json").read_text())["sealing"]) == 1
