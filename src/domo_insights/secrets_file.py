"""Settings from .streamlit/secrets.toml, where Streamlit's hosts put secrets."""

import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import PydanticBaseSettingsSource

from domo_insights.errors import ConfigError

PATH: Final = Path(__file__).resolve().parents[2] / ".streamlit/secrets.toml"


class SecretsFile(PydanticBaseSettingsSource):
    """Its top-level values; names in any case. No file is no values."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Raises: ConfigError, with nothing of what the file holds."""
        known = self.settings_cls.model_fields
        said = {name.lower(): value for name, value in values().items()}
        return {name: value for name, value in said.items() if name in known and value != ""}


def values() -> dict[str, Any]:
    """What the file says. Raises: ConfigError."""
    try:
        with PATH.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise ConfigError(
            f"{PATH} cannot be read.", hint='It holds lines of the form NAME = "value".'
        ) from None


def is_open_to_others() -> bool:
    """Whether other accounts of this machine can read the file."""
    return PATH.exists() and bool(PATH.stat().st_mode & 0o077)
