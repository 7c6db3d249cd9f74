"""A part of what a chart shows, as an address can name it."""

from dataclasses import dataclass, fields
from datetime import datetime
from types import UnionType
from typing import Any, Final, Self, get_args, get_type_hints
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from domo_insights.errors import WrongUseError

_MOST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """The base of selections. Its fields, str, int, UUID or datetime, narrow nothing if None."""

    def __str__(self) -> str:
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode(
            {
                name: value.isoformat() if isinstance(value, datetime) else value
                for name, value in said.items()
                if value is not None
            }
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """What `str` of one says. Raises: WrongUseError."""
        known = get_type_hints(cls)
        try:
            pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text))
            return cls(**{name: _value(value, known[name]) for name, value in pairs})
        except (KeyError, ValueError) as problem:
            raise WrongUseError("The address selects something that no chart shows.") from problem


def _value(text: str, annotation: Any) -> Any:
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    if datetime in kinds:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment
    if UUID in kinds:
        return UUID(text)
    if int in kinds:
        number = int(text)
        if not 0 <= number <= _MOST:
            raise ValueError(text)
        return number
    if "\x00" in text:
        raise ValueError(text)
    return text
