"""The `kith` command, run as people run it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.kith_process import Kith, kith_in

TEA = '''
"""Makes tea."""
import click

from core.commands.running import in_instance
from core.instance import here
from core.plugins import hookimpl

API = ">=1.0,<2"


@click.command("brew")
@in_instance
async def brew():
    """Brew tea."""
    print("tea at", here().domain)


@hookimpl
def commands():
    return [brew]


'''


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path) as found:
        yield found


def test_help_lists_the_commands_without_importing_the_server(kith: Kith) -> None:
    done = kith.run_afresh("--help", PYTHONPROFILEIMPORTTIME="1", PYTHONUNBUFFERED="1")
    assert all(name in done.stdout for name in ("serve", "worker", "migrate", "account", "plugin", "config", "shell"))
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "core.cli" in imported
    assert not imported & {"quart", "tortoise", "core.app", "redis"}
    assert not kith.folder.exists()


def test_wrong_usage_ends_with_2(kith: Kith) -> None:
    assert "No such command 'serv'" in kith.run("serv", code=2).stderr
    kith.run("account", "role", "ann", "king", code=2)
    kith.run("account", "create", "ann", code=2)


def test_an_unknown_setting_is_told_in_one_line_with_the_nearest_known_one(kith: Kith) -> None:
    told = kith.run_afresh("serve", code=1, KITH_SERVER__PROT="1").stderr
    where = "server.prot (environment KITH_SERVER__PROT)"
    assert told == f"kith: {where}: unknown; the nearest known one is KITH_SERVER__PORT\n"


def test_the_instance_may_be_named_before_or_behind_the_command(kith: Kith, tmp_path: Path) -> None:
    kith.run("--instance", str(tmp_path / "one"), "config", "check")
    kith.run("config", "check", f"--instance={tmp_path / 'two'}")
    assert {"one", "two"} <= {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "one" / "secrets").stat().st_mode & 0o777 == 0o700


def test_migrate_says_what_it_will_do_and_what_it_did(kith: Kith) -> None:
    planned = kith.run("migrate", "--plan").stdout.splitlines()
    assert "core.0001_initial" in planned
    assert kith.run("migrate").stdout.splitlines() == planned
    assert kith.run("migrate").stdout == "Everything is up to date.\n"
    assert "as the last migration left them" in kith.run("migrate", "--make", "core").stdout
    assert "There is no app “cores”" in kith.run("migrate", "--make", "cores", code=1).stderr


def test_an_account_is_made_listed_changed_and_deleted(kith: Kith) -> None:
    made = kith.run("account", "create", "ann", "--email", "ann@example.org", "--role", "moderator", "--verified")
    assert made.stdout.startswith("ann has an account")
    password = made.stdout.splitlines()[1].removeprefix("Password: ")
    assert len(password) >= 16
    again = kith.run("account", "create", "ANN", "--email", "x@example.org", "--password", password, code=1)
    assert again.stderr == "kith: This name is taken.\n"
    bad = kith.run("account", "create", "a b", "--email", "nowhere", "--password", "short", code=1).stderr
    assert [line.split(":")[1].strip() for line in bad.splitlines()] == ["username", "email", "password"]
    kith.run("account", "role", "ann", "admin")
    kith.run("account", "suspend", "ann")
    listed = json.loads(kith.run("account", "list", "--json").stdout)
    assert [(one["username"], one["role"], one["state"]) for one in listed] == [("ann", "admin", "suspended")]
    assert listed[0]["emailVerified"] is True
    kith.run("account", "unsuspend", "@ann")
    assert "active" in kith.run("account", "show", "ann").stdout
    assert "--yes" in kith.run("account", "delete", "ann", code=1).stderr
    kith.run("account", "delete", "ann", "--yes")
    assert json.loads(kith.run("account", "list", "--json").stdout) == []
    assert "nobody called bob" in kith.run("account", "show", "bob", code=1).stderr


def test_config_show_tells_where_a_value_comes_from_and_masks_secrets(kith: Kith) -> None:
    shown = kith.run("config", "show", "--json", KITH_SERVER__NAME="Corner", SMTP_URL="smtp://ann:hunter2@mail").stdout
    by_key = {line["key"]: line for line in json.loads(shown)}
    assert by_key["server.name"] == {
        "key": "server.name",
        "value": '"Corner"',
        "source": "environment KITH_SERVER__NAME",
    }
    assert "hunter2" not in shown


def test_the_shell_awaits_inside_the_instance(kith: Kith) -> None:
    script = "print(await Actor.all().count(), await value('SELECT 1'), here().domain)"
    assert kith.run("shell", stdin=script, KITH_SERVER__PORT="8099").stdout == "0 1 localhost:8099\n"


def test_a_newer_database_is_refused_in_one_line(kith: Kith) -> None:
    kith.run("migrate")
    future = "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('core', '9999_future', $1)"
    kith.run("shell", stdin=f'await execute("{future}", now())')
    for command in (["migrate"], ["account", "list"], ["serve"]):
        told = kith.run(*command, code=1).stderr
        assert told.startswith("kith: This database belongs to a newer version: it has core.9999_future")
        assert len(told.splitlines()) == 1


def test_a_plugin_is_switched_off_and_on_in_the_instances_own_file(kith: Kith) -> None:
    kith.folder.mkdir()
    own = kith.folder / "config.toml"
    own.write_text('[server]\nname = "Corner"  # ours\n\n[plugins]\nenabled = [\n    "posts",  # words\n]\n')
    added = kith.folder / "plugins" / "tea"
    added.mkdir(parents=True)
    (added / "__init__.py").write_text(TEA)
    assert "No such command" in kith.run("brew", code=2).stderr
    kith.run("plugin", "enable", "tea")
    assert '    "posts",  # words\n    "tea",\n' in own.read_text()
    assert kith.run("brew").stdout == "tea at localhost:8080\n"
    listed = {one["name"]: one for one in json.loads(kith.run("plugin", "list", "--json").stdout)}
    assert (listed["tea"]["state"], listed["tea"]["commands"], listed["federation"]["state"]) == ("on", ["brew"], "off")
    (added / "__init__.py").write_text(TEA + "raise RuntimeError('no water')\n")
    assert "no water" in kith.run("plugin", "check", "tea", code=1).stdout
    kith.run("plugin", "disable", "tea")
    assert own.read_text().count('"') == 4
    assert "There is no plugin “coffee”" in kith.run("plugin", "enable", "coffee", code=1).stderr
    assert "environment" in kith.run("plugin", "enable", "tea", code=1, KITH_PLUGINS__ENABLED="posts").stderr
