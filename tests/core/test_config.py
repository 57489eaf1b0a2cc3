"""Settings: the layers in their order, every fault named, nothing unsafe in production, no secret shown."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pytest

from core.config import ConfigError, Settings, describe, ensure_instance, load, setting
from core.settings import SECTIONS

ROOT = Path(__file__).parents[2]
PUBLIC = {"KITH_SERVER__BASE_URL": "https://kith.example", "SMTP_URL": "smtp://mail.example:587"}


@dataclass(frozen=True)
class Recipes:
    portions: int = setting(4, minimum=1, maximum=20)
    units: tuple[str, ...] = ("metric",)
    api_key: str = setting("", secret=True)


def faults_of(folder: Path, environ: Mapping[str, str] | None = None, **more: Any) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        load(folder, environ or {}, **more)
    assert str(refused.value).splitlines() == list(refused.value.faults)
    return list(refused.value.faults)


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text)
    return path


def test_without_any_configuration_a_server_starts_on_this_machine(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.server.base_url == "http://localhost:8080"
    assert settings.server.domain == "localhost:8080"
    assert settings.database.url == f"sqlite:///{tmp_path}/kith.db"
    assert (settings.server.environment, settings.production) == ("development", False)
    assert (settings.mail.backend, settings.mail.sender, settings.log.format) == (
        "console", "noreply@localhost", "text",
    )  # fmt: skip


def test_each_layer_wins_over_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "instance").mkdir()
    root = written(tmp_path, "[server]\nname = 'root'\nport = 1001\ncontact = 'root'\nhost = '::1'\n")
    written(tmp_path / "instance", "[server]\nname = 'instance'\nport = 1002\ncontact = 'instance'\n")
    environ = {"KITH_SERVER__NAME": "environment", "PORT": "1003"}
    settings = load(tmp_path / "instance", environ, root, overrides={"server.port": 1004})
    server = settings.server
    assert (server.host, server.contact, server.name, server.port) == ("::1", "instance", "environment", 1004)
    assert server.base_url == "http://localhost:1004"
    sources = {key: source for key, _, source in describe(settings)}
    assert sources["server.host"] == str(root)
    assert sources["server.contact"] == str(tmp_path / "instance" / "config.toml")
    assert sources["server.name"] == "environment KITH_SERVER__NAME"
    assert sources["server.port"] == "command line"
    assert sources["server.workers"] == "default"


def test_the_variables_every_host_sets_are_understood_and_the_precise_ones_win(tmp_path: Path) -> None:
    environ = {
        "DATABASE_URL": "postgres://kith:pw@db/kith", "REDIS_URL": "redis://cache/1", "SMTP_URL": "smtps://mail",
        "SECRET_KEY": "k" * 40, "PORT": "9000", "KITH_SERVER__PORT": "9001",
    }  # fmt: skip
    settings = load(tmp_path, environ)
    assert settings.database.url == "postgres://kith:pw@db/kith"
    assert settings.redis.url == "redis://cache/1"
    assert (settings.mail.url, settings.mail.backend) == ("smtps://mail", "smtp")
    assert settings.secret_key == "k" * 40
    assert settings.server.port == 9001


def test_an_empty_variable_of_the_host_is_as_good_as_none(tmp_path: Path) -> None:
    environ = dict.fromkeys(("DATABASE_URL", "REDIS_URL", "SMTP_URL", "SECRET_KEY", "PORT"), "")
    assert load(tmp_path, environ) == load(tmp_path, {})


def test_text_from_the_environment_becomes_what_the_key_holds(tmp_path: Path) -> None:
    environ = {
        "KITH_RATE_LIMITS__ENABLED": "off", "KITH_FEDERATION__ALLOW_HTTP": "TRUE", "KITH_LOG__ACCESS_SAMPLE": "0.25",
        "KITH_SERVER__LANGUAGES": "en, de", "KITH_SERVER__RULES": '["Be kind, always", "No adverts"]',
        "KITH_INSTANCE": "/somewhere", "KITH_TEST_DB": "sqlite",
    }  # fmt: skip
    settings = load(tmp_path, environ)
    assert settings.rate_limits.enabled is False
    assert settings.federation.allow_http is True
    assert settings.log.access_sample == 0.25
    assert settings.server.languages == ("en", "de")
    assert settings.server.rules == ("Be kind, always", "No adverts")


def test_every_fault_is_told_at_once_with_its_key_its_place_and_the_nearest_known_one(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "naem = 'x'\n[sever]\nport = 1\n[server]\nprot = 1\nworkers = true\nregistration = 'open'\nport = 70000\n"
        "[accounts]\nregistration = 'opne'\n[log]\naccess_sample = nan\n",
    )
    environ = {"KITH_SERVER__PROT": "1", "KITH_DATABASE_URL": "x", "KITH_FEDERATION__ENABLED": "perhaps"}
    assert faults_of(tmp_path, environ) == [
        f"naem ({path}): unknown; the nearest known one is oidc.name",
        f"sever ({path}): is no section; the nearest known one is [server]",
        f"server.prot ({path}): unknown; the nearest known one is server.port",
        f"server.workers ({path}): must be a whole number",
        f"server.registration ({path}): unknown; the nearest known one is accounts.registration",
        f"server.port ({path}): must be at most 65535",
        f"accounts.registration ({path}): must be one of open, approval, invite, closed; did you mean open?",
        f"log.access_sample ({path}): must be at least 0",
        "database_url (environment KITH_DATABASE_URL): unknown; the nearest known one is KITH_DATABASE__URL",
        "federation.enabled (environment KITH_FEDERATION__ENABLED): must be true or false",
        "server.prot (environment KITH_SERVER__PROT): unknown; the nearest known one is KITH_SERVER__PORT",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[server]\nport = '80'", "must be a whole number"),
        ("[server]\nport = 80.0", "must be a whole number"),
        ("[server]\nname = 5", "must be a text in quotes"),
        ("[server]\nrules = 'one'", "must be a list of texts"),
        ("[server]\nrules = [1]", "must be a list of texts"),
        ("[log]\naccess_sample = true", "must be a number"),
        ("[federation]\nenabled = 'true'", "must be true or false"),
        ("[federation]\nmode = ['open']", "must be one of open, allowlist"),
        ("[server.port]\nx = 1", "must be a whole number"),
        ("[plugins]\nenabled = ['Posts']", "'Posts' is no plugin's name: small letters, digits and _ only"),
        ("[plugins]\nenabled = ['posts', 'posts']", "'posts' stands there more than once"),
        ("[server]\ntrusted_proxies = ['proxy']", "'proxy' is no address or network like 10.0.0.0/8"),
        ("[server]\nlanguages = []", "needs at least one language"),
        ("[server]\nlanguages = ['e n']", "'e n' is no language tag like en or pt-BR"),
        ("[server]\nlanguages = ['en', 'xx']", "'xx' is no language known here"),
        ("[server]\nworkers = 2", "more than one web process needs redis.url"),
        ("[mail]\nbackend = 'smtp'", "smtp needs mail.url"),
        ("[mail]\nsender = 'nobody'", "must be an e-mail address, or a name and an address in angle brackets"),
        ("[mail]\nsender = 'a@b.example, c@d.example'",
         "must be an e-mail address, or a name and an address in angle brackets"),
        ("[mail]\nurl = 'http://mail'", "must begin with smtp:// or smtps://"),
        ("[mail]\nurl = 'smtp://'", "must name a host and nothing behind it, like smtp://user:password@mail.example:587"),
        ("[mail]\nurl = 'smtp://me:p/w@mail'",
         "is no address: a port is a number, and signs in a password are written like %40"),
        ("[mail]\nurl = 'smtp://me@mail'", "needs both a user and a password, or neither"),
        ("[mail]\nurl = 'smtp://me:pw@mail?tls=none'", "would send the password readably with ?tls=none"),
        ("[mail]\nurl = 'smtps://mail?tls=none'", "smtps:// is TLS; ?tls=none belongs to smtp://"),
        ("[mail]\nurl = 'smtp://mail?verify=no'", "knows one option only, ?tls=none"),
        ("[database]\nurl = 'mysql://x'", "must begin with sqlite:// or postgres:// or postgresql://"),
        ("[redis]\nurl = 'cache:6379'", "must begin with redis:// or rediss:// or unix://"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    written(tmp_path, text)
    (fault,) = faults_of(tmp_path)
    assert fault.endswith(f": {sentence}")


@pytest.mark.parametrize(
    "base_url",
    ["kith.example", "ftp://kith.example", "https://", "https://kith.example/path", "https://me@kith.example",
     "https://kith.example:x", "https://küche.example", "https://kith example", "https://[::1", "https://a?b"],
)  # fmt: skip
def test_a_base_url_that_is_no_bare_address_is_refused(tmp_path: Path, base_url: str) -> None:
    assert any(line.startswith("server.base_url (command line): must be a scheme and a host") for line in faults_of(
        tmp_path, overrides={"server.base_url": base_url, "server.environment": "development"}
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("base_url", "domain", "environment"),
    [
        ("http://127.0.0.1:4001", "127.0.0.1:4001", "development"),
        ("http://[::1]:4001", "[::1]:4001", "development"),
        ("http://beta.localhost/", "beta.localhost", "development"),
        ("https://Kith.Example", "kith.example", "production"),
    ],
)
def test_the_domain_and_the_environment_follow_from_the_base_url(
    tmp_path: Path, base_url: str, domain: str, environment: str
) -> None:
    server = load(tmp_path, PUBLIC | {"KITH_SERVER__BASE_URL": base_url}).server
    assert (server.domain, server.environment) == (domain, environment)


def test_a_public_domain_alone_means_https_and_production(tmp_path: Path) -> None:
    settings = load(tmp_path, {"KITH_SERVER__DOMAIN": "Kith.Example", "SMTP_URL": "smtp://mail"})
    assert settings.server.base_url == "https://kith.example"
    assert settings.production
    assert settings.mail.sender == "noreply@kith.example"


def test_a_short_name_may_stand_before_a_longer_address(tmp_path: Path) -> None:
    server = load(tmp_path, PUBLIC | {"KITH_SERVER__DOMAIN": "example.org"}).server
    assert (server.domain, server.base_url) == ("example.org", "https://kith.example")


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("KITH_SERVER__BASE_URL", "http://kith.example", "server.base_url"),
        ("KITH_SERVER__BASE_URL", "https://192.0.2.7", "server.domain"),
        ("KITH_SERVER__DOMAIN", "kith.example:8443", "server.domain"),
        ("KITH_SERVER__TRUSTED_PROXIES", "0.0.0.0/0", "server.trusted_proxies"),
        ("KITH_FEDERATION__ALLOW_HTTP", "true", "federation.allow_http"),
        ("KITH_FEDERATION__ALLOW_PRIVATE_ADDRESSES", "true", "federation.allow_private_addresses"),
        ("KITH_RATE_LIMITS__ENABLED", "false", "rate_limits.enabled"),
        ("KITH_MAIL__BACKEND", "console", "mail.backend"),
        ("KITH_SECURITY__ARGON2_TIME_COST", "1", "security.argon2_time_cost"),
        ("KITH_SECURITY__ARGON2_MEMORY_COST", "8", "security.argon2_memory_cost"),
        ("KITH_SECURITY__METRICS_TOKEN", "short", "security.metrics_token"),
        ("SECRET_KEY", "changeme", "SECRET_KEY"),
    ],
)
def test_what_is_unsafe_in_production_stops_the_start_there_alone(
    tmp_path: Path, variable: str, value: str, key: str
) -> None:
    (fault,) = faults_of(tmp_path, PUBLIC | {variable: value})
    source = "default" if key == "server.domain" and variable.endswith("URL") else f"environment {variable}"
    assert fault.startswith(f"{key} ({source}): ")
    load(tmp_path, PUBLIC | {variable: value, "KITH_SERVER__ENVIRONMENT": "development"})


def test_production_without_a_mail_server_keeps_mail_out_of_the_log(tmp_path: Path) -> None:
    settings = load(tmp_path, {"KITH_SERVER__BASE_URL": "https://kith.example"})
    assert (settings.mail.backend, settings.log.format) == ("file", "json")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"[server\n", "is not TOML: "), (b"name = '\xff'", "is not UTF-8 text")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    (fault,) = faults_of(tmp_path)
    assert fault.startswith(f"{path}: {sentence}")


def test_the_secret_key_has_no_place_in_a_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[security]\nsecret_key = 'x'\n")
    (fault,) = faults_of(tmp_path)
    assert fault.startswith(f"security.secret_key ({path}): unknown")


def test_a_plugins_own_settings_are_checked_like_all_others(tmp_path: Path) -> None:
    written(tmp_path, "[plugins.recipes]\nportions = 6\n")
    environ = {"KITH_PLUGINS__RECIPES__UNITS": "metric,imperial"}
    found = load(tmp_path, environ, extra={"recipes": Recipes}).plugin("recipes", Recipes)
    assert found == Recipes(portions=6, units=("metric", "imperial"))
    assert load(tmp_path / "other", {}, extra={"recipes": Recipes}).plugin("recipes", Recipes) == Recipes()
    wrong = {"KITH_PLUGINS__RECIPES__PORTIONS": "21", "KITH_PLUGINS__RECIPES__PORTION": "2"}
    assert faults_of(tmp_path, wrong, extra={"recipes": Recipes}) == [
        "plugins.recipes.portion (environment KITH_PLUGINS__RECIPES__PORTION): unknown; the nearest known one is "
        "KITH_PLUGINS__RECIPES__PORTIONS",
        "plugins.recipes.portions (environment KITH_PLUGINS__RECIPES__PORTIONS): must be at most 20",
    ]


def test_settings_of_a_plugin_nobody_knows_are_a_fault_and_of_one_switched_off_are_not(tmp_path: Path) -> None:
    path = written(tmp_path, "[plugins.recipe]\nportions = 6\n[plugins.games]\nrounds = 'many'\n")
    assert load(tmp_path, {}).plugins.settings == {}
    assert faults_of(tmp_path, extra={"recipes": Recipes, "games": None}) == [
        f"plugins.recipe.portions ({path}): unknown; the nearest known one is plugins.recipes.portions"
    ]


def test_asking_for_settings_that_were_not_loaded_says_so(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="no settings of the plugin recipes"):
        load(tmp_path, {}).plugin("recipes", Recipes)


def test_no_secret_is_shown(tmp_path: Path) -> None:
    environ = {
        "DATABASE_URL": "postgres://kith:hunter2@db/kith?password=hunter2", "REDIS_URL": "redis://:hunter2@cache/1",
        "SMTP_URL": "smtp://me:hunter2@mail:587", "SECRET_KEY": "hunter2" * 6,
        "KITH_SECURITY__METRICS_TOKEN": "hunter2hunter2hunter2", "KITH_PLUGINS__RECIPES__API_KEY": "hunter2",
    }  # fmt: skip
    settings = load(tmp_path, environ, extra={"recipes": Recipes})
    shown = {key: value for key, value, _ in describe(settings)}
    assert "hunter2" not in str(shown)
    assert "hunter2" not in repr(settings)
    assert shown["database.url"] == '"postgres://kith:***@db/kith?***"'
    assert shown["plugins.recipes.api_key"] == '"***"'
    assert shown["security.metrics_token"] == '"***"'


def test_a_wrong_secret_is_not_repeated_in_the_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, {"DATABASE_URL": "hunter2"})
    assert fault.startswith("database.url (environment DATABASE_URL): ")
    assert "hunter2" not in fault


def test_the_instance_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "instance"
    ensure_instance(folder)
    ensure_instance(folder)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "secrets")] == [0o700, 0o700]
    (folder / "secrets").chmod(0o755)
    ensure_instance(folder)
    assert stat.S_IMODE((folder / "secrets").stat().st_mode) == 0o700


def test_an_instance_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="file"):
        ensure_instance(tmp_path / "file" / "instance")


def test_the_shipped_file_lists_every_key_with_its_default_and_a_comment(tmp_path: Path) -> None:
    lines = (ROOT / "config.toml").read_text().splitlines()
    key_line = re.compile(r"#? ?([a-z0-9_]+) = (.*)")
    for before, line in zip(lines, lines[1:], strict=False):
        if key_line.fullmatch(line):
            assert before.startswith("# ") and before.endswith("."), f"{line} has no line of comment before it"
    uncommented = "\n".join(line.removeprefix("# ") if key_line.fullmatch(line) else line for line in lines)
    listed = tomllib.loads(uncommented)
    known = {
        section: {
            field.name: list(field.default) if isinstance(field.default, tuple) else field.default
            for field in fields(schema) if field.name != "settings"
        }
        for section, schema in SECTIONS.items()
    }  # fmt: skip
    assert listed == known
    assert [list(section) for section in listed.values()] == [list(section) for section in known.values()]


def test_the_shipped_file_changes_nothing(tmp_path: Path) -> None:
    shipped, bare = load(tmp_path, {}, ROOT / "config.toml"), load(tmp_path, {})
    assert shipped == bare


def test_every_section_is_a_part_of_the_settings() -> None:
    parts = {field.name for field in fields(Settings)} - {"instance", "secret_key", "sources"}
    assert parts == set(SECTIONS)
