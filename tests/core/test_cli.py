"""The `kith` command, run as people run it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.kith_process import Kith, free_port, kith_in

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
    kith.run("account", "suspend", "ann")
    listed = json.loads(kith.run("account", "list", "--json").stdout)
    assert [(one["username"], one["role"], one["state"]) for one in listed] == [("ann", "moderator", "suspended")]
    assert listed[0]["emailVerified"] is True
    kith.run("account", "unsuspend", "@ann")
    assert "active" in kith.run("account", "show", "ann").stdout
    assert "--yes" in kith.run("account", "delete", "ann", code=1).stderr
    kith.run("account", "delete", "ann", "--now", "--yes")
    assert json.loads(kith.run("account", "list", "--json").stdout) == []
    assert "nobody called bob" in kith.run("account", "show", "bob", code=1).stderr


def test_requests_to_join_are_answered_and_invites_made(kith: Kith) -> None:
    kith.run("account", "create", "bob", "--email", "bob@example.org")
    for answer in ("approve", "reject"):
        assert "do not ask" in kith.run("account", answer, "bob", code=1).stderr
    link = kith.run("invite", "create", "--uses", "0", "--note", "for the fair").stdout.strip()
    kith.run("account", "role", "bob", "admin")
    his = json.loads(kith.run("invite", "create", "--by", "bob", "--json").stdout)
    assert (his["madeBy"], his["usesAtMost"], his["state"]) == ("bob", 1, "open")
    kith.run("invite", "revoke", link)
    kith.run("invite", "revoke", his["inviteId"])
    listed = json.loads(kith.run("invite", "list", "--json").stdout)
    assert [(one["note"], one["state"]) for one in listed] == [("", "revoked"), ("for the fair", "revoked")]
    assert "for the fair" in kith.run("invite", "list").stdout
    assert "no such invite" in kith.run("invite", "revoke", link, code=1).stderr
    assert "nobody called zoe" in kith.run("invite", "create", "--by", "zoe", code=1).stderr


def test_an_account_is_made_with_a_link_to_choose_a_password(kith: Kith) -> None:
    made = kith.run("account", "create", "ann", "--email", "ann@example.org", "--mail-link").stdout
    assert "a mail to choose a password" in made and "Password:" not in made


def test_a_token_is_made_for_an_account(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "ann@example.org")
    made = kith.run("account", "token", "ann", "--scopes", "read:posts write:posts", "--expires=9", "--label=Cron")
    assert made.stdout.startswith("kith_pat_")
    assert "scopes" in kith.run("account", "token", "ann", "--scopes", "read everything", code=1).stderr
    assert "nobody called bob" in kith.run("account", "token", "bob", "--scopes", "read", code=1).stderr
    kept = kith.run("shell", stdin="print(await rows('SELECT name, scopes, hash FROM core_app_token'))").stdout
    assert "'Cron'" in kept and "read:posts write:posts" in kept and made.stdout.strip() not in kept


def test_the_last_admin_stays_and_the_log_says_what_commands_did(kith: Kith) -> None:
    for name in ("ann", "bob"):
        kith.run("account", "create", name, "--email", f"{name}@example.org", "--password", "a-long-Sentence-7")
    kith.run("account", "role", "ann", "admin")
    for act in ("role ann user", "suspend ann", "delete ann --yes", "delete ann --now --yes"):
        assert "needs an admin" in kith.run("account", *act.split(), code=1).stderr
    kith.run("account", "role", "bob", "admin")
    kith.run("account", "role", "ann", "user")
    assert "nothing but their password" in kith.run("account", "reset-second-factor", "ann", code=1).stderr
    log = json.loads(kith.run("account", "log", "ann", "--event", "role_changed", "--json").stdout)
    assert [(line["user"]["acct"], line["byCommandLine"], line["by"], line["details"]) for line in log] == [
        ("ann", True, None, {"before": "admin", "role": "user"}),
        ("ann", True, None, {"before": "user", "role": "admin"}),
    ]
    shown = kith.run("account", "log").stdout
    assert "role_changed" in shown and "command line" in shown and "bob" in shown


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
    for command in (["migrate"], ["account", "list"], ["serve", "--port", str(free_port())]):
        told = kith.run(*command, code=1).stderr
        assert told.startswith("kith: This database belongs to a newer version: it has core.9999_future")
        assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "plugin"), [("domain", "federation"), ("federation", "federation"), ("search", "search")]
)
def test_a_command_of_a_plugin_that_is_off_says_so_and_what_to_do(kith: Kith, command: str, plugin: str) -> None:
    kith.folder.mkdir()
    (kith.folder / "config.toml").write_text('[plugins]\nenabled = ["posts"]\n')
    told = kith.run(command, "--help", code=1).stderr
    assert f"is a command of the plugin “{plugin}”, which is switched off" in told and len(told.splitlines()) == 1
    assert f"`kith plugin enable {plugin}`" in told
    kith.run("plugin", "enable", plugin)
    assert "Usage: kith" in kith.run(command, "--help").stdout


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
    assert "no water (tea/__init__.py, line 24)" in kith.run("plugin", "check", "tea", code=1).stdout
    assert "no water" in kith.run("config", "check", code=1).stderr
    told = kith.run("plugin", "list")
    assert "no water" in told.stdout.splitlines()[-1] and told.stderr == ""
    listed = {one["name"]: one for one in json.loads(kith.run("plugin", "list", "--json").stdout)}
    assert listed["tea"]["state"] == "failed" and "no water" in listed["tea"]["error"]
    assert json.loads(kith.run("config", "show", "--json").stdout)
    assert json.loads(kith.run("account", "list", "--json").stdout) == []
    kith.run("plugin", "disable", "tea")
    assert own.read_text().count('"') == 4
    assert "There is no plugin “coffee”" in kith.run("plugin", "enable", "coffee", code=1).stderr
    assert "environment" in kith.run("plugin", "enable", "tea", code=1, KITH_PLUGINS__ENABLED="posts").stderr


def test_plugins_that_stop_the_start_are_named_before_they_are_switched_on_and_can_be_switched_off_one_by_one(
    kith: Kith,
) -> None:
    head = "from core import hookimpl\nAPI = '>=1.0'\n"
    page = "from quart import Blueprint\npages = Blueprint('{0}', '{0}')\n@pages.get('/{0}')\nasync def it(): ...\n"
    brings = "@hookimpl\ndef blueprints(): return [pages]\n"
    written = {
        "login": head + page.format("login") + brings,
        "twin": head + page.format("twin") + brings.replace("[pages]", "[pages, pages]"),
        "typo": head + "@hookimpl\ndef knids(): return []\n",
        "newer": head.replace("1.0", "7.0"),
    }
    for name, text in written.items():
        (kith.folder / "plugins" / name).mkdir(parents=True)
        (kith.folder / "plugins" / name / "__init__.py").write_text(text)
    complaints = {
        "login": "Both the core and the plugin “login” answer GET /login",
        "twin": "The plugin “twin”: “twin” does not fit: The name 'twin' is already registered",
        "typo": "there is no hook “knids”; did you mean “kinds”?",
        "newer": "The plugin “newer” needs the plugin API >=7.0; this server has 1.0",
    }
    for name, complaint in complaints.items():
        assert complaint in kith.run("plugin", "enable", name, code=1).stderr
    assert complaints["login"] in kith.run("plugin", "check", "login", code=1).stderr
    names = ["posts", *written]
    (kith.folder / "config.toml").write_text(f"[plugins]\nenabled = {json.dumps(names)}\n")
    for name in ("newer", "typo", "twin"):
        assert "There is more to mend before the server starts" in kith.run("plugin", "disable", name).stdout
    assert "more to mend" not in kith.run("plugin", "disable", "login").stdout
    assert kith.run("plugin", "check").stdout == "posts: fine\n"


BROKEN = """
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("tides", "0001_initial")]
    operations = [ops.RunSQL("CREATE TABLE tides_half (a int)"), ops.RunSQL("DELETE FROM nowhere")]
"""


def test_migrations_that_were_forgotten_or_fail_are_told_and_nothing_is_half_done(kith: Kith) -> None:
    kith.run("plugin", "new", "tides")
    models = kith.folder / "plugins" / "tides" / "models.py"
    with_more = models.read_text().replace("    class Meta", "    depth = fields.IntField(default=0)\n\n    class Meta")
    models.write_text(with_more)
    kith.run("plugin", "enable", "tides")
    assert "kith migrate --make tides" in kith.run("plugin", "check", "tides", code=1).stdout
    broken = kith.folder / "plugins" / "tides" / "migrations" / "0002_broken.py"
    broken.write_text(BROKEN)
    for _ in range(2):  # the second time it would meet what the first one left
        told = kith.run("migrate", code=1).stderr
        assert "The migration tides.0002_broken failed, and nothing of it was done: OperationalError" in told
        assert "nowhere" in told
    broken.unlink()
    kith.run("migrate", "--make", "tides", "--name", "depth")
    assert kith.run("plugin", "check", "tides").stdout == "tides: fine\n"


def test_a_command_that_two_bring_is_told_and_harms_no_other(kith: Kith) -> None:
    for name, more in (("tea", ""), ("mate", '\nbrew.name = "brew"\n'), ("boss", '\nbrew.name = "serve"\n')):
        (kith.folder / "plugins" / name).mkdir(parents=True)
        text = TEA.replace("return [brew]", f"return [brew, click.Command('{name}', callback=lambda: print('{name}'))]")
        (kith.folder / "plugins" / name / "__init__.py").write_text(text + more)
    environ = {"KITH_PLUGINS__ENABLED": "tea,mate,boss"}
    assert "“tea” and “mate” both bring the command “brew”" in kith.run("brew", code=1, **environ).stderr
    assert kith.run("mate", **environ).stdout == "mate\n"
    told = kith.run("plugin", "check", code=1, **environ).stdout
    assert "tea: the command “brew” is also brought by mate" in told
    assert "boss: the command “serve” is also brought by the server" in told


def test_an_account_is_exported_to_a_file_and_imported_from_one(kith: Kith, tmp_path: Path) -> None:
    for name in ("ann", "bob", "cleo"):
        kith.run("account", "create", name, "--email", f"{name}@example.org")
    follows = tmp_path / "follows.csv"
    follows.write_text("Account address,Show boosts\nbob@localhost:8080,true\nnobody,true\n")
    brought = kith.run("account", "import", "ann", str(follows), "--type", "follows").stdout
    assert "1 brought in, 0 there already, 1 failed." in brought
    assert "nobody: There is no such person" in brought
    archive = tmp_path / "ann.zip"
    assert "100 %" in kith.run("account", "export", "ann", str(archive)).stdout
    assert archive.stat().st_mode & 0o777 == 0o600
    assert b"bob@" in zipfile.ZipFile(archive).read("following_accounts.csv")
    assert "is there already" in kith.run("account", "export", "ann", str(archive), code=1).stderr
    assert "1 brought in" in kith.run("account", "import", "cleo", str(archive)).stdout
    refused = kith.run("account", "import", "cleo", str(follows), code=1).stderr
    assert "file: This is no zip archive." in refused
    assert "nobody called dora" in kith.run("account", "export", "dora", str(tmp_path / "x"), code=1).stderr


def test_an_address_is_confirmed_and_changed_and_a_name_too(kith: Kith) -> None:
    kith.run("account", "create", "ann", "--email", "ann@example.org")
    assert json.loads(kith.run("account", "show", "ann", "--json").stdout)["emailVerified"] is False
    kith.run("account", "verify", "ann")
    kith.run("account", "email", "ann", "ann@new.example")
    shown = json.loads(kith.run("account", "show", "ann", "--json").stdout)
    assert (shown["email"], shown["emailVerified"]) == ("ann@new.example", True)
    kith.run("account", "email", "ann", "ann@third.example", "--unverified")
    assert json.loads(kith.run("account", "show", "ann", "--json").stdout)["emailVerified"] is False
    kith.run("account", "create", "bob", "--email", "bob@example.org")
    assert "another account" in kith.run("account", "email", "bob", "ANN@third.example", code=1).stderr
    assert "not an e-mail address" in kith.run("account", "email", "bob", "nowhere", code=1).stderr
    for name in ("anna", "annette"):
        kith.run("account", "rename", "ann", name)
    assert json.loads(kith.run("account", "show", "ann", "--json").stdout)["username"] == "annette"
    assert "taken" in kith.run("account", "rename", "bob", "anna", code=1).stderr


GONE = "smtp://kith:hunter2@127.0.0.1:9"


def test_a_mail_is_sent_to_see_whether_mail_leaves(kith: Kith) -> None:
    assert "It lies in" in kith.run("mail", "test", "ann@example.org", KITH_MAIL__BACKEND="file").stdout
    (mail,) = (kith.folder / "mail").glob("*.eml")
    assert b"To: ann@example.org" in mail.read_bytes()
    assert mail.stat().st_mode & 0o077 == 0
    assert "Mail leaves" in kith.run("mail", "test", "ann@example.org", KITH_MAIL__BACKEND="console").stdout
    assert "no e-mail address" in kith.run("mail", "test", "nowhere", code=1).stderr
    away = kith.run("mail", "test", "ann@example.org", code=1, KITH_MAIL__BACKEND="smtp", SMTP_URL=GONE)
    assert "cannot be used" in away.stderr
    assert "hunter2" not in away.stderr + away.stdout
