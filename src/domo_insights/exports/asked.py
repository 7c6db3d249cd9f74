"""What an address of an export asks, and the address of what is asked. Both ways are here."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import Any, Final, get_args
from urllib.parse import urlencode
from uuid import UUID

from domo_insights.errors import PeriodError, WrongUseError
from domo_insights.period import Period
from domo_insights.queries import Query
from domo_insights.queries.selection import Selection

SHARED: Final = ("period", "demo_id", "include_test")
_YES: Final = frozenset({"1", "true", "yes"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What all exports share. `as_of` of the period is the moment that the page was asked."""

    period: Period
    demo_id: UUID | None = None
    include_test: bool = False

    @property
    def parameters(self) -> dict[str, str]:
        """What an address says of it."""
        period, said = self.period, {}
        if period.rolling:
            hours = (period.end - period.start) // timedelta(hours=1)
            said["period"] = f"{hours}h"
        else:
            said["period"] = f"{period.first_day}..{period.last_day + timedelta(days=1)}"
        said |= {"zone": period.zone, "as_of": period.as_of.isoformat()}
        if self.demo_id:
            said["demo"] = str(self.demo_id)
        return said | ({"tests": "1"} if self.include_test else {})


def read(said: Mapping[str, str], now: datetime) -> Asked:
    """What an address says. Raises: WrongUseError, in words."""
    try:
        as_of = datetime.fromisoformat(said["as_of"]) if said.get("as_of") else now
        if as_of.tzinfo is None or not datetime(1970, 1, 2, tzinfo=UTC) <= as_of <= now + _AHEAD:
            raise PeriodError("The as-of time is out of range.")
        period = Period.parse(said.get("period") or "30d", as_of, said.get("zone") or "UTC")
        demo_id = UUID(said["demo"]) if said.get("demo") else None
    except PeriodError as problem:
        raise WrongUseError(str(problem), hint=problem.hint) from problem
    except (ValueError, OverflowError) as problem:
        raise WrongUseError("The address holds something that is no moment or no id.") from problem
    return Asked(period, demo_id, said.get("tests", "").lower() in _YES)


def arguments(question: Query, asked: Asked, said: Mapping[str, str]) -> dict[str, Any]:
    """What `question` takes, from what was said. Raises: WrongUseError."""
    shared = dict(zip(SHARED, (asked.period, asked.demo_id, asked.include_test), strict=True))
    given: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(question).parameters.items())[1:]:
        if name in shared:
            given[name] = shared[name]
        elif name in said:
            given[name] = _value(name, said[name], parameter.annotation)
        if given.get(name) is None and parameter.default is inspect.Parameter.empty:
            raise WrongUseError(f"The address must say {'demo' if name == 'demo_id' else name}.")
    return given


def narrowed(question: Query, given: Mapping[str, Any]) -> dict[str, str | int | bool]:
    """What else `question` was given, its defaults included, by name; a selection by its fields."""
    said: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(question).parameters.items())[1:]:
        value = given.get(name, parameter.default)
        if isinstance(value, Selection):
            of = {field.name: getattr(value, field.name) for field in fields(value)}
            said |= {f"{name} {part}": of[part] for part in of}
        elif name not in SHARED:
            said[name] = value
    return {name: _said(value) for name, value in said.items() if value is not None}


def address(query: str, form: str, asked: Asked, **more: object) -> str:
    """Where `query` is exported as `form`; `more` are arguments of its own."""
    said = {name: str(value) for name, value in more.items() if value is not None}
    return f"/export/{query}.{form}?{urlencode(asked.parameters | said)}"


def transcript_address(conversation_id: str, form: str) -> str:
    """Where one conversation is exported, word for word."""
    return f"/export/transcript.{form}?{urlencode({'conversation': conversation_id})}"


def everything_address(*, vectors: bool = False) -> str:
    """Where all that the viewer has is one file."""
    return "/export/everything.zip" + ("?vectors=1" if vectors else "")


def summary_address(demo_id: UUID, asked: Asked) -> str:
    """Where the one-page summary of a demo is."""
    said = {name: value for name, value in asked.parameters.items() if name != "demo"}
    return f"/summary/{demo_id}?{urlencode(said)}"


def video_address(demo_id: UUID, number: int) -> str:
    """Where a demo's video leads to its file."""
    return f"/video/{demo_id}/{number}"


_AHEAD: Final = timedelta(days=1)


def _said(value: Any) -> str | int | bool:
    if isinstance(value, str | int):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _value(name: str, text: str, annotation: Any) -> Any:
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    selections = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Selection)]
    if selections:
        return selections[0].parse(text)
    text = text.replace("\x00", "")
    try:
        if bool in kinds:
            return text.lower() in _YES
        if int in kinds:
            number = int(text)
            if not 0 <= number <= 1_000_000:
                raise ValueError
            return number
        if UUID in kinds:
            return UUID(text)
    except ValueError as problem:
        raise WrongUseError(f"{name} is not what it must be.") from problem
    if str in kinds:
        return text
    raise WrongUseError(f"An address cannot say {name}.")
