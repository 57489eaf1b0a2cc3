"""Every setting of a running server: one frozen dataclass per section of `config.toml`, each key with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar, cast

T = TypeVar("T")


def setting(default: T, *, minimum: float | None = None, maximum: float | None = None, secret: bool = False) -> T:
    """Declare a setting that has bounds (both inclusive) or must not be shown.

    A plugin declares its own settings the same way: a frozen dataclass whose fields are `str`, `int`, `float`, `bool`,
    `tuple[str, ...]` or a `Literal` of words, each with a default.
    """
    metadata = {"minimum": minimum, "maximum": maximum, "secret": secret}
    declared: Any = field(default=default, repr=not secret, metadata=metadata)
    return cast(T, declared)


@dataclass(frozen=True)
class Server:
    """Where the server stands and what it says of itself; `load` fills in what is empty or "auto"."""

    environment: Literal["auto", "development", "production"] = "auto"
    base_url: str = ""
    domain: str = ""
    host: str = "127.0.0.1"
    port: int = setting(8080, minimum=1, maximum=65535)
    workers: int = setting(1, minimum=1, maximum=256)
    engine: Literal["hypercorn", "granian", "uvicorn"] = "hypercorn"
    trusted_proxies: tuple[str, ...] = ()
    name: str = "Kith"
    description: str = ""
    rules: tuple[str, ...] = ()
    contact: str = ""
    languages: tuple[str, ...] = ("en",)
    accent_hue: int = setting(255, minimum=0, maximum=359)
    ai_crawlers: Literal["refuse", "allow"] = "refuse"


@dataclass(frozen=True)
class Database:
    """The database; an empty URL means SQLite in the instance folder."""

    url: str = setting("", secret=True)
    pool_size: int = setting(10, minimum=1, maximum=1000)


@dataclass(frozen=True)
class Redis:
    """Redis; an empty URL means cache, bus and job queue of this one process."""

    url: str = setting("", secret=True)


@dataclass(frozen=True)
class Accounts:
    """Who may sign up, and how."""

    registration: Literal["open", "approval", "invite", "closed"] = "open"
    require_verified_email: bool = False
    unverified_days: int = setting(7, minimum=1, maximum=365)
    invites_by: Literal["nobody", "admin", "moderator", "user"] = "moderator"
    open_invites_at_most: int = setting(5, minimum=1, maximum=10_000)
    reserved_names: tuple[str, ...] = ()
    seconds_to_sign_up: int = setting(3, minimum=0, maximum=60)


@dataclass(frozen=True)
class Security:
    """How long a sign-in lasts and what guessing a password costs (`argon2_memory_cost` in KiB)."""

    access_token_minutes: int = setting(15, minimum=1, maximum=1440)
    refresh_token_days: int = setting(30, minimum=1, maximum=400)
    argon2_time_cost: int = setting(2, minimum=1, maximum=20)
    argon2_memory_cost: int = setting(19456, minimum=8, maximum=1048576)
    metrics_token: str = setting("", secret=True)


@dataclass(frozen=True)
class Oidc:
    """An OpenID Connect provider by which people may sign in; without an issuer there is none."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = setting("", secret=True)
    name: str = ""
    allow_sign_up: bool = True
    link_by_verified_email: bool = False
    allow_private_address: bool = False


@dataclass(frozen=True)
class RateLimits:
    """How often somebody may ask."""

    enabled: bool = True
    user_per_hour: int = setting(1000, minimum=1)
    signed_out_per_five_minutes: int = setting(300, minimum=1)
    register_per_hour: int = setting(3, minimum=1)
    look_ups_per_hour: int = setting(60, minimum=1)
    import_look_ups_per_minute: int = setting(60, minimum=1)
    open_streams: int = setting(20, minimum=1)
    apps_per_hour: int = setting(20, minimum=1)
    login_failures_per_account: int = setting(5, minimum=1)
    login_failures_per_address: int = setting(20, minimum=1)
    mailed_links_per_hour: int = setting(3, minimum=1)


@dataclass(frozen=True)
class Limits:
    """How much of something there may be."""

    post_characters: int = setting(5000, minimum=1, maximum=100_000)
    biography_characters: int = setting(1000, minimum=1, maximum=20_000)
    profile_fields: int = setting(8, minimum=0, maximum=50)
    poll_options: int = setting(10, minimum=2, maximum=100)
    poll_option_characters: int = setting(100, minimum=10, maximum=500)
    files_per_post: int = setting(10, minimum=1, maximum=100)
    request_bytes: int = setting(1_048_576, minimum=16_384)
    image_bytes: int = setting(10_485_760, minimum=1)
    video_bytes: int = setting(41_943_040, minimum=1)
    import_bytes: int = setting(67_108_864, minimum=1)


@dataclass(frozen=True)
class Storage:
    """Where files lie, and how long one stays that nothing refers to any more; `load` fills in an empty path.

    `remote_megabytes` is the room for pictures, films and sounds from elsewhere, which can be fetched again;
    `remote_film_megabytes` is the largest film that is kept there. `person_megabytes` and `all_megabytes` are what one
    person and everybody may upload (0: as much as the disk holds). The percents say what is given up as the disk fills.
    """

    backend: Literal["local", "s3"] = "local"
    path: str = ""
    bucket: str = ""
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = setting("", secret=True)
    secret_key: str = setting("", secret=True)
    addresses: Literal["here", "signed"] = "here"
    public_url: str = ""
    front_server: Literal["none", "nginx", "sendfile"] = "none"
    unused_hours: int = setting(24, minimum=1, maximum=8760)
    remote_megabytes: int = setting(2048, minimum=0, maximum=10_000_000)
    remote_film_megabytes: int = setting(128, minimum=0, maximum=100_000)
    person_megabytes: int = setting(5000, minimum=0)
    all_megabytes: int = setting(0, minimum=0)
    warn_percent: float = setting(85.0, minimum=1, maximum=100)
    cache_nothing_percent: float = setting(92.0, minimum=1, maximum=100)
    read_only_percent: float = setting(97.0, minimum=1, maximum=100)

    @property
    def origins(self) -> tuple[str, ...]:
        """Which other hosts pages load files from."""
        address = self.public_url
        if self.addresses == "signed":
            address = self.endpoint or f"https://{self.bucket}.s3.{self.region}.amazonaws.com"
        return ("/".join(address.split("/")[:3]),) if address else ()


@dataclass(frozen=True)
class Mail:
    """How mail leaves the house."""

    backend: Literal["auto", "console", "file", "smtp"] = "auto"
    url: str = setting("", secret=True)
    sender: str = ""
    timeout_seconds: int = setting(20, minimum=1, maximum=120)
    connections: int = setting(4, minimum=1, maximum=20)


@dataclass(frozen=True)
class Retention:
    """How long, in days, what nobody needs any more is kept; 0 is for ever."""

    received_activity_days: int = setting(30, minimum=7)
    failed_job_days: int = setting(7, minimum=1)
    security_event_days: int = setting(400, minimum=0)
    security_address_days: int = setting(90, minimum=0)


@dataclass(frozen=True)
class LinkPreviews:
    """Whether the pages that posts link to are fetched, to show what they are about."""

    enabled: bool = True


@dataclass(frozen=True)
class Federation:
    """How this server talks with others."""

    enabled: bool = True
    mode: Literal["open", "allowlist"] = "open"
    allow_http: bool = False
    allow_private_addresses: bool = False
    authorized_fetch: bool = False
    unasked_posts: bool = False
    signature_window_seconds: int = setting(3600, minimum=60, maximum=86_400)
    delivery_concurrency: int = setting(100, minimum=1, maximum=10_000)
    delivery_attempts: int = setting(16, minimum=1, maximum=50)
    request_timeout_seconds: int = setting(10, minimum=1, maximum=120)
    document_bytes: int = setting(1_048_576, minimum=65_536)
    fetches_per_activity: int = setting(100, minimum=1, maximum=10_000)


@dataclass(frozen=True)
class Log:
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text"] = "auto"
    access_sample: float = setting(1.0, minimum=0, maximum=1)


@dataclass(frozen=True)
class Plugins:
    """The plugins switched on, in order, and the checked settings of each that has some."""

    enabled: tuple[str, ...] = ("federation", "posts", "search", "moderation", "packs", "images")
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """All settings of one instance. `sources` says where each key's value came from."""

    instance: Path
    server: Server = field(default_factory=Server)
    database: Database = field(default_factory=Database)
    redis: Redis = field(default_factory=Redis)
    accounts: Accounts = field(default_factory=Accounts)
    security: Security = field(default_factory=Security)
    oidc: Oidc = field(default_factory=Oidc)
    rate_limits: RateLimits = field(default_factory=RateLimits)
    limits: Limits = field(default_factory=Limits)
    storage: Storage = field(default_factory=Storage)
    mail: Mail = field(default_factory=Mail)
    retention: Retention = field(default_factory=Retention)
    link_previews: LinkPreviews = field(default_factory=LinkPreviews)
    federation: Federation = field(default_factory=Federation)
    log: Log = field(default_factory=Log)
    plugins: Plugins = field(default_factory=Plugins)
    secret_key: str = field(default="", repr=False)
    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def production(self) -> bool:
        """Whether this server is meant for the world."""
        return self.server.environment == "production"

    def plugin(self, name: str, schema: type[T]) -> T:
        """The checked settings of the plugin called `name`; raises LookupError where none were loaded."""
        found = self.plugins.settings.get(name)
        if not isinstance(found, schema):
            raise LookupError(f"no settings of the plugin {name} were loaded as {schema.__name__}")
        return found


SECTIONS: Mapping[str, type] = MappingProxyType(
    {
        "server": Server,
        "database": Database,
        "redis": Redis,
        "accounts": Accounts,
        "security": Security,
        "oidc": Oidc,
        "rate_limits": RateLimits,
        "limits": Limits,
        "storage": Storage,
        "mail": Mail,
        "retention": Retention,
        "link_previews": LinkPreviews,
        "federation": Federation,
        "log": Log,
        "plugins": Plugins,
    }
)
