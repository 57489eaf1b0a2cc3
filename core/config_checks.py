"""What settings must be beyond their type: usable addresses, keys that need each other, safe values in production."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from babel import Locale, UnknownLocaleError

from core.email_addresses import sender_address
from core.settings import Mail, Settings, Storage
from core.smtp_url import read_smtp_url

Fault = tuple[str, str]

_PLUGIN_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})?(\.[a-z0-9_]([a-z0-9_-]{0,62})?)*")
_SCHEMES = {
    "database.url": ("sqlite", "postgres", "postgresql"),
    "redis.url": ("redis", "rediss", "unix"),
}


def split_netloc(netloc: str) -> SplitResult | None:
    """A `host` or `host:port` taken apart, or None where it is neither (letters outside ASCII need the xn-- form)."""
    try:
        parts = urlsplit(f"//{netloc}")
        parts.port  # noqa: B018 - raises for a port that is none
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.netloc != netloc or "@" in netloc or not (_HOST_NAME.fullmatch(host) or _address(host)):
        return None
    return parts


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and nobody else."""
    found = _address(host)
    return found.is_loopback if found else host == "localhost" or host.endswith(".localhost")


def faults(settings: Settings) -> Iterator[Fault]:
    """Every (key, what is wrong with it); nothing where the settings can be started with."""
    yield from _addresses(settings)
    yield from _lists(settings)
    yield from _companions(settings)
    if settings.production:
        yield from _unsafe(settings)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _addresses(settings: Settings) -> Iterator[Fault]:
    server = settings.server
    scheme, _, netloc = server.base_url.partition("://")
    if scheme not in ("http", "https") or split_netloc(netloc) is None:
        yield "server.base_url", "must be a scheme and a host, like https://kith.example, and nothing after it"
    if "server.domain" in settings.sources and split_netloc(server.domain) is None:
        yield "server.domain", "must be a host name like kith.example"
    for key, schemes in _SCHEMES.items():
        section, name = key.split(".")
        value = getattr(getattr(settings, section), name)
        if value and value.partition("://")[0] not in schemes:
            yield key, f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}"
    yield from _mail(settings.mail)
    scheme, _, rest = settings.oidc.issuer.partition("://")
    if settings.oidc.issuer and (scheme not in ("http", "https") or not split_netloc(rest.partition("/")[0])):
        yield "oidc.issuer", "must be an https address, as the provider's metadata name it"


def _mail(mail: Mail) -> Iterator[Fault]:
    try:
        if mail.url:
            read_smtp_url(mail.url)
    except ValueError as wrong:
        yield "mail.url", str(wrong)
    try:
        sender_address(mail.sender)
    except ValueError as wrong:
        yield "mail.sender", str(wrong)


def _lists(settings: Settings) -> Iterator[Fault]:
    for network in settings.server.trusted_proxies:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            yield "server.trusted_proxies", f"{network!r} is no address or network like 10.0.0.0/8"
    if not settings.server.languages:
        yield "server.languages", "needs at least one language"
    for language in settings.server.languages:
        if not _LANGUAGE.fullmatch(language):
            yield "server.languages", f"{language!r} is no language tag like en or pt-BR"
        elif not _is_known(language):
            yield "server.languages", f"{language!r} is no language known here"
    enabled = settings.plugins.enabled
    for name in dict.fromkeys(enabled):
        if not _PLUGIN_NAME.fullmatch(name):
            yield "plugins.enabled", f"{name!r} is no plugin's name: small letters, digits and _ only"
        if enabled.count(name) > 1:
            yield "plugins.enabled", f"{name!r} stands there more than once"


def _is_known(language: str) -> bool:
    """Whether pages can be in it: their dates and numbers come from Babel, and their direction."""
    try:
        Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return False
    return True


def _companions(settings: Settings) -> Iterator[Fault]:
    if settings.server.workers > 1 and not settings.redis.url:
        yield "server.workers", "more than one web process needs redis.url"
    if settings.mail.backend == "smtp" and not settings.mail.url:
        yield "mail.backend", "smtp needs mail.url"
    yield from _bucket(settings.storage)
    oidc = settings.oidc
    if oidc.issuer and not oidc.client_id:
        yield "oidc.client_id", "oidc.issuer needs it"


def _bucket(storage: Storage) -> Iterator[Fault]:
    if storage.backend == "s3":
        if not storage.bucket:
            yield "storage.bucket", "storage.backend s3 needs it"
        if bool(storage.access_key) != bool(storage.secret_key):
            yield "storage.secret_key", "access_key and secret_key need each other"
        if storage.front_server != "none":
            yield "storage.front_server", "serves a local folder only"
    elif storage.addresses == "signed":
        yield "storage.addresses", "signed needs storage.backend s3"
    if storage.public_url and storage.addresses == "signed":
        yield "storage.public_url", "has no use where addresses are signed"
    for name in ("endpoint", "public_url"):
        scheme, _, rest = getattr(storage, name).partition("://")
        if getattr(storage, name) and (scheme not in ("http", "https") or not split_netloc(rest.partition("/")[0])):
            yield f"storage.{name}", "must be an address like https://files.example"


def _unsafe(settings: Settings) -> Iterator[Fault]:
    server, security = settings.server, settings.security
    if not server.base_url.startswith("https://"):
        yield "server.base_url", "must begin with https:// in production"
    domain = split_netloc(server.domain)
    if domain and settings.federation.enabled and (domain.port or _address(domain.hostname or "")):
        yield "server.domain", "must be a name without a port in production: other servers refuse anything else"
    for network in server.trusted_proxies:
        if network.endswith("/0"):
            yield "server.trusted_proxies", f"{network} lets anybody forge an address: unsafe in production"
    for name in ("allow_http", "allow_private_addresses"):
        if getattr(settings.federation, name):
            yield f"federation.{name}", "true is unsafe in production"
    if settings.oidc.issuer.startswith("http://"):
        yield "oidc.issuer", "must begin with https:// in production"
    if settings.storage.public_url.startswith("http://"):
        yield "storage.public_url", "must begin with https:// in production"
    if not settings.rate_limits.enabled:
        yield "rate_limits.enabled", "false is unsafe in production"
    if settings.mail.backend == "console":
        yield "mail.backend", "console would print people's mail into the log: unsafe in production"
    if security.argon2_time_cost < 2:
        yield "security.argon2_time_cost", "below 2 is unsafe in production"
    if security.argon2_memory_cost < 19456:
        yield "security.argon2_memory_cost", "below 19456 KiB is unsafe in production"
    if 0 < len(security.metrics_token) < 16:
        yield "security.metrics_token", "shorter than 16 characters is unsafe in production"
    if 0 < len(settings.secret_key) < 32:
        yield "SECRET_KEY", "shorter than 32 characters is unsafe in production"
