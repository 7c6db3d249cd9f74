"""Every setting, with its default and what it is for."""

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from cryptography.fernet import Fernet, MultiFernet
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from domo_insights.errors import ConfigError
from domo_insights.secrets_file import SecretsFile

HIGH_INTENT: Final = (
    "price",
    "pricing",
    "buy",
    "purchase",
    "book",
    "booking",
    "reserve",
    "trial",
    "demo",
    "integration",
    "contact",
    "sales",
)
Words = Annotated[tuple[str, ...], NoDecode]


def default_data_dir() -> Path:
    """Where the embedded database lives when nobody says otherwise.

    Root's home is closed to the system user that Postgres must run as, so root gets /var/lib.
    """
    if os.geteuid() == 0:
        return Path("/var/lib/domo-insights")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(base) / "domo-insights"


class Settings(BaseSettings):
    """The settings in force. Each is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    supabase_url: str = Field("", description="The project's address, https://<ref>.supabase.co.")
    supabase_publishable_key: str = Field(
        "", description="The project's publishable (anon) key, sent with every sign-in."
    )
    supabase_jwt_issuer: str = Field(
        "", description="Issuer of access tokens. Default: SUPABASE_URL followed by /auth/v1."
    )
    supabase_jwt_secret: SecretStr | None = Field(
        None, description="Only for projects that still sign tokens with HS256."
    )
    database_url: SecretStr | None = Field(
        None, description="Postgres address of the login role domo_insights; the web process's one."
    )
    database_listen_url: SecretStr | None = Field(
        None,
        description="Direct or session-mode address for LISTEN. Default: DATABASE_URL, unless that"
        " is a transaction-mode pooler (port 6543); then one row is asked for every second.",
    )
    database_read_url: SecretStr | None = Field(
        None,
        description="Address of a streaming replica, same login role. Pages and exports read there;"
        " sessions, writes and whoever has just written stay with DATABASE_URL.",
    )
    database_admin_url: SecretStr | None = Field(
        None, description="Postgres address of the owner. Command line only, never the web process."
    )
    tavus_webhook_secret: SecretStr | None = Field(
        None,
        description="Keys of webhook addresses and signatures, comma separated; the first makes new"
        " addresses, all of them open. Unset: no webhook is accepted.",
    )
    insights_session_keys: SecretStr | None = Field(
        None, description="Fernet keys, comma separated; the first signs, all of them read."
    )
    insights_public_url: str = Field(
        "", description="The address people open, for webhook addresses and the Origin check."
    )
    insights_data_dir: Path = Field(
        default_factory=default_data_dir, description="Folder of the embedded database."
    )
    insights_high_intent: Words = Field(
        HIGH_INTENT, description="Words that make an intent a high one, comma separated."
    )
    insights_handler_p95_ms: int = Field(
        2000, gt=0, description="Handler time p95, in ms, above which a demo needs attention."
    )
    insights_replica_lag_s: int = Field(
        60, gt=0, description="Seconds behind above which the replica is not read from."
    )
    insights_webhooks_per_minute: int = Field(
        12_000, ge=0, description="Callbacks that one address takes per process; 0: any number."
    )
    insights_exports_per_minute: int = Field(
        120, ge=0, description="Downloads that one user gets per process; 0: any number."
    )
    insights_label_locally: bool = Field(
        False,
        description="Give visitors' messages that arrive without labels a sentiment (by a lexicon)"
        " and an intent (by the nearest labelled example), marked as labelled here.",
    )
    insights_rollup_zones: Words = Field(
        ("UTC",), description="Zones whose days are kept ready, comma separated."
    )

    insights_embedding_model: str = Field(
        "local",
        description="Model of new chunks: local (all-MiniLM-L6-v2, no network),"
        " text-embedding-3-small or text-embedding-ada-002.",
    )
    openai_api_key: SecretStr | None = Field(
        None, description="Only for the models of OpenAI. Sent to OPENAI_BASE_URL and never shown."
    )
    openai_base_url: str = Field(
        "https://api.openai.com/v1", description="Where the models of OpenAI are asked."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is said in code, then the environment, then secrets.toml."""
        return init_settings, env_settings, SecretsFile(settings_cls)

    @field_validator("insights_rollup_zones")
    @classmethod
    def _known_zones(cls, zones: Words) -> Words:
        if unknown := sorted(set(zones) - available_timezones()):
            raise ValueError(f"no time zone is called {unknown[0]}; write it like Europe/Paris")
        return zones

    @field_validator("insights_high_intent", "insights_rollup_zones", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

    @field_validator("supabase_url", "insights_public_url", "openai_base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return value.rstrip("/")

    @property
    def hosted(self) -> bool:
        """Whether a database of our own making is not wanted."""
        return bool(self.supabase_url or self.database_url)

    @property
    def issuer(self) -> str:
        return self.supabase_jwt_issuer or f"{self.supabase_url}/auth/v1"

    @property
    def prefix(self) -> str:
        """The path below which the public address lies, such as "/insights"; usually ""."""
        return urlsplit(self.insights_public_url).path.rstrip("/")

    def secret(self, name: str) -> str:
        """The value of a setting that must be there. Raises: ConfigError."""
        value = getattr(self, name)
        if not value:
            raise ConfigError(
                f"{name.upper()} is not set.", hint="docs/settings.md says what it is for."
            )
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    @cached_property
    def session_cipher(self) -> MultiFernet:
        """Encrypts what the server keeps of a browser session. Raises: ConfigError."""
        keys = [k.strip() for k in self.secret("insights_session_keys").split(",") if k.strip()]
        try:
            return MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise ConfigError(
                "INSIGHTS_SESSION_KEYS holds something that is not a Fernet key.",
                hint="A Fernet key is 32 random bytes as URL-safe base64.",
            ) from error


_active: Settings | None = None


def current() -> Settings:
    """The settings in force. Raises: ConfigError, naming the variable and not its value."""
    global _active
    if _active is None:
        try:
            _active = Settings()
        except ValidationError as error:
            faults = "; ".join(f"{e['loc'][0]!s}".upper() + f": {e['msg']}" for e in error.errors())
            raise ConfigError(f"A setting is malformed. {faults}") from None
    return _active


def activate(settings: Settings | None) -> None:
    """Put `settings` in force in this process; None goes back to the environment."""
    global _active
    _active = settings
