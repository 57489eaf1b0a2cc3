"""Reads the settings: defaults, then `config.toml`, then the instance's own, then the environment, each key checked."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from difflib import SequenceMatcher, get_close_matches
from pathlib import Path
from typing import Any, get_type_hints

from core.config_checks import faults, is_loopback, split_netloc
from core.config_values import converted
from core.settings import SECTIONS, Settings, setting

__all__ = ["ConfigError", "Settings", "describe", "ensure_instance", "load", "setting"]

_ALIASES = {
    "DATABASE_URL": "database.url", "REDIS_URL": "redis.url", "SMTP_URL": "mail.url", "PORT": "server.port",
}
_OTHER_VARIABLES = ("KITH_INSTANCE", "KITH_TEST_")


class ConfigError(Exception):
    """The settings cannot be started with; `faults` has one line for each thing to mend."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass
class _Layers:
    """What the layers said so far: `values` by dotted key, `sources` of each, and every fault met."""

    schemas: Mapping[str, type]
    unread_plugins: frozenset[str] | None
    values: dict[str, object] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hints: dict[str, object] = {}
        self.fields: dict[str, Field[Any]] = {}
        for section, schema in self.schemas.items():
            hints = get_type_hints(schema)
            for known in fields(schema):
                if (section, known.name) == ("plugins", "settings"):
                    continue
                if known.default is MISSING:
                    raise ConfigError(f"{section}.{known.name}: the plugin declares this setting without a default")
                self.hints[f"{section}.{known.name}"] = hints[known.name]
                self.fields[f"{section}.{known.name}"] = known

    def take(self, key: str, value: object, where: str, *, is_text: bool = False) -> None:
        """Keep a value that fits, or note why it does not."""
        section, _, name = key.rpartition(".")
        if section.startswith("plugins.") and section not in self.schemas and self._unread(section[8:]):
            return
        if key not in self.fields:
            self.faults.append(f"{key} ({where}): unknown{self._nearest(section, name, is_text)}")
            return
        try:
            self.values[key] = converted(value, self.hints[key], self.fields[key].metadata, is_text)
            self.sources[key] = where
        except ValueError as wrong:
            self.faults.append(f"{key} ({where}): {wrong}")

    def _unread(self, plugin: str) -> bool:
        return self.unread_plugins is None or plugin in self.unread_plugins

    def _nearest(self, section: str, name: str, is_text: bool) -> str:
        def likeness(key: str) -> tuple[float, float]:
            whole = SequenceMatcher(None, f"{section}.{name}".strip("."), key).ratio()
            return max(whole, SequenceMatcher(None, name, key.rpartition(".")[2]).ratio()), whole

        key = max(self.fields, key=likeness)
        return f"; the nearest known one is {_variable(key) if is_text else key}"


def load(
    instance_dir: Path,
    environ: Mapping[str, str],
    root_config: Path | None = None,
    *,
    extra: Mapping[str, type | None] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Read and check the settings of the instance in `instance_dir`.

    Later wins: defaults, `root_config`, `<instance_dir>/config.toml`, `environ`, `overrides` (dotted keys, from the
    command line or a test). `extra` maps each found plugin's name to the dataclass of its settings, None where it is
    switched off; without `extra` the sections `[plugins.<name>]` are left unread, which serves to learn the list of
    plugins first. Raises ConfigError with every fault.
    """
    schemas = dict(SECTIONS) | {f"plugins.{name}": schema for name, schema in (extra or {}).items() if schema}
    unread = None if extra is None else frozenset(name for name, schema in extra.items() if schema is None)
    layers = _Layers(schemas, unread)
    for path in (root_config, instance_dir / "config.toml"):
        if path is not None:
            _take_file(layers, path)
    for key, text, where in _from_environment(environ):
        layers.take(key, text, where, is_text=True)
    for key, value in (overrides or {}).items():
        layers.take(key, value, "command line")
    settings = _derived(_assembled(layers, instance_dir, environ.get("SECRET_KEY", "")))
    broken = {line.partition(" ")[0] for line in layers.faults}
    for key, sentence in faults(settings):
        if key not in broken:
            layers.faults.append(f"{key} ({settings.sources.get(key, 'default')}): {sentence}")
    if layers.faults:
        raise ConfigError(*layers.faults)
    return settings


def describe(settings: Settings) -> list[tuple[str, str, str]]:
    """Every (key, value as it would stand in config.toml, where it came from), with secrets masked."""
    lines = []
    sections: dict[str, object] = {name: getattr(settings, name) for name in SECTIONS}
    sections |= {f"plugins.{name}": section for name, section in settings.plugins.settings.items()}
    for section_name, section in sections.items():
        for known in fields(section):  # type: ignore[arg-type]
            key = f"{section_name}.{known.name}"
            if key == "plugins.settings":
                continue
            value = getattr(section, known.name)
            if known.metadata.get("secret"):
                value = _masked(value)
            source = settings.sources.get(key, "default")
            lines.append((key, json.dumps(value, ensure_ascii=False), source))
    if settings.secret_key:
        lines.append(("SECRET_KEY", json.dumps(_masked(settings.secret_key)), settings.sources["SECRET_KEY"]))
    return lines


def ensure_instance(instance_dir: Path) -> None:
    """Make the instance folder and its `secrets/`, open to their owner alone; raises ConfigError where it cannot."""
    secrets = instance_dir / "secrets"
    try:
        if not instance_dir.is_dir():
            instance_dir.mkdir(mode=0o700, parents=True)
        secrets.mkdir(mode=0o700, exist_ok=True)
        if secrets.stat().st_mode & 0o077:
            secrets.chmod(0o700)
    except OSError as refused:
        raise ConfigError(f"{refused.filename or instance_dir}: {refused.strerror}") from refused
    if not os.access(instance_dir, os.W_OK | os.X_OK):
        raise ConfigError(f"{instance_dir}: this user may not write there")


def _take_file(layers: _Layers, path: Path) -> None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except OSError as refused:
        layers.faults.append(f"{path}: {refused.strerror}")
        return
    except UnicodeDecodeError:
        layers.faults.append(f"{path}: is not UTF-8 text")
        return
    except tomllib.TOMLDecodeError as wrong:
        layers.faults.append(f"{path}: is not TOML: {wrong}")
        return
    for key, value in _entries(document):
        if "." not in key and isinstance(value, dict):
            nearest = get_close_matches(key, SECTIONS, n=1, cutoff=0.0)[0]
            layers.faults.append(f"{key} ({path}): is no section; the nearest known one is [{nearest}]")
        else:
            layers.take(key, value, str(path))


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """The dotted keys of a file; a name without a dot is no section of ours, or stands outside of all."""
    for section, content in document.items():
        if section not in SECTIONS or not isinstance(content, dict):
            yield section, content
            continue
        for name, value in content.items():
            if section == "plugins" and isinstance(value, dict):
                yield from ((f"plugins.{name}.{key}", inner) for key, inner in value.items())
            else:
                yield f"{section}.{name}", value


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for variable, key in _ALIASES.items():
        if environ.get(variable):
            yield key, environ[variable], f"environment {variable}"
    for variable in sorted(environ):
        if variable.startswith("KITH_") and not variable.startswith(_OTHER_VARIABLES):
            key = variable.removeprefix("KITH_").lower().replace("__", ".")
            yield key, environ[variable], f"environment {variable}"


def _variable(key: str) -> str:
    return "KITH_" + key.upper().replace(".", "__")


def _assembled(layers: _Layers, instance_dir: Path, secret_key: str) -> Settings:
    built: dict[str, Any] = {}
    for section, schema in layers.schemas.items():
        given = {known.name: layers.values.get(f"{section}.{known.name}", MISSING) for known in fields(schema)}
        built[section] = schema(**{name: value for name, value in given.items() if value is not MISSING})
    own = {name.removeprefix("plugins."): built.pop(name) for name in list(built) if name.startswith("plugins.")}
    built["plugins"] = replace(built["plugins"], settings=own)
    sources = layers.sources | ({"SECRET_KEY": "environment SECRET_KEY"} if secret_key else {})
    return Settings(instance_dir.absolute(), **built, secret_key=secret_key, sources=sources)


def _derived(settings: Settings) -> Settings:
    """Fill in what depends on something else, so that nobody else has to know the rules."""
    server, mail, log = settings.server, settings.mail, settings.log
    base_url = server.base_url.strip().rstrip("/").lower()
    if not base_url:
        named = split_netloc(server.domain.lower()) if server.domain else None
        is_public = named is not None and not is_loopback(named.hostname or "")
        base_url = f"https://{server.domain.lower()}" if is_public else f"http://localhost:{server.port}"
    address = split_netloc(base_url.partition("://")[2])
    domain = server.domain.lower() or base_url.partition("://")[2]
    environment = server.environment
    if environment == "auto":
        environment = "development" if address and is_loopback(address.hostname or "") else "production"
    backend = mail.backend
    if backend == "auto":
        backend = "smtp" if mail.url else "file" if environment == "production" else "console"
    log_format = log.format if log.format != "auto" else "json" if environment == "production" else "text"
    place = split_netloc(domain)
    host_name = (place and place.hostname) or "localhost"
    if ":" in host_name:
        host_name = "localhost"
    return replace(
        settings,
        server=replace(server, base_url=base_url, domain=domain, environment=environment),
        database=replace(settings.database, url=settings.database.url or f"sqlite:///{settings.instance}/kith.db"),
        storage=replace(settings.storage, path=settings.storage.path or str(settings.instance / "files")),
        mail=replace(mail, backend=backend, sender=mail.sender or f"noreply@{host_name}"),
        log=replace(log, format=log_format),
    )


def _masked(secret: str) -> str:
    """A secret as it may be shown: an address without its password and options, anything else not at all."""
    scheme, separator, rest = secret.partition("://")
    if not secret or not separator:
        return "***" if secret else ""
    place = rest.partition("?")[0]
    credentials, at, host = place.rpartition("@")
    user, colon, _ = credentials.partition(":")
    return f"{scheme}://{user}{':***' if colon else ''}{at}{host}" + ("?***" if "?" in rest else "")
