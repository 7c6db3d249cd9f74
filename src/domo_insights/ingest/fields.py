"""Single values out of JSON that somebody else wrote, each with the reason it is refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from domo_insights.errors import PayloadError

MAX_NAME: Final = 255
"""Characters of an id: two of them and a role must fit one B-tree entry (2,704 bytes)."""
MAX_TEXT: Final = 255
YEARS: Final = range(2000, 2101)
_CENT: Final = Decimal("0.01")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of one JSON object; `prefix` is how a refusal names it."""

    values: Mapping[str, Any]
    prefix: str = ""

    def name(self, key: str) -> str:
        """A text that identifies something. Raises: PayloadError."""
        if self.values.get(key) is None:
            raise PayloadError(f"{self.prefix}{key} is missing.")
        found = self.name_or_none(key)
        if found is None:
            raise PayloadError(f"{self.prefix}{key} is empty.")
        return found

    def name_or_none(self, key: str) -> str | None:
        """The same where it may be missing, null or empty. Raises: PayloadError."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise PayloadError(f"{self.prefix}{key} is not text.")
        if len(value) > MAX_NAME:
            raise PayloadError(f"{self.prefix}{key} is longer than {MAX_NAME} characters.")
        if not value.isprintable() or value != value.strip():
            raise PayloadError(f"{self.prefix}{key} holds white space or control characters.")
        return value

    def text_or_none(self, key: str, longest: int = MAX_TEXT) -> str | None:
        """Trimmed text; None where it is missing, null or empty. Raises: PayloadError."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, str):
            raise PayloadError(f"{self.prefix}{key} is not text.")
        if len(value) > longest:
            raise PayloadError(f"{self.prefix}{key} is longer than {longest} characters.")
        return value.strip() or None

    def mapping(self, key: str, older: str) -> Mapping[str, Any]:
        """The object under `key`, or under the name older senders use. Raises: PayloadError."""
        used = key if self.values.get(key) is not None else older
        value = self.values.get(used)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise PayloadError(f"{self.prefix}{used} is not an object.")
        return value


def moment(value: object) -> datetime | None:
    """An ISO 8601 time as an aware instant in UTC; one without a zone is taken as UTC.

    Raises: PayloadError for anything else, and for years nobody can have meant.
    """
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 64 or not _MOMENT.match(value):
        raise PayloadError("timestamp is not an ISO 8601 time.")
    try:
        read = datetime.fromisoformat(value)
        instant = (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PayloadError("timestamp is not an ISO 8601 time.") from None
    if instant.year not in YEARS:
        raise PayloadError(f"timestamp lies outside {YEARS[0]} to {YEARS[-1]}.")
    return instant


def number_or_none(value: object, where: str) -> Decimal | None:
    """A confidence from 0 to 1, rounded to the two decimals that are stored.

    Raises: PayloadError.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PayloadError(f"{where} is not a number.")
    if not 0 <= value <= 1:
        raise PayloadError(f"{where} is not between 0 and 1.")
    return Decimal(str(value)).quantize(_CENT, ROUND_HALF_UP)
