"""Answers as files that say what was asked, of which time, and when."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import pandas as pd

from domo_insights.exports.asked import Asked
from domo_insights.exports.cells import as_csv, records

_NO_WORD: Final = re.compile(r"[^\w .\-]+")
_UNSAFE: Final = re.compile(r"[^\w .:\-]")
Arguments = Mapping[str, str | int | bool]


def as_csv_document(
    query: str, asked: Asked, demo: str, given: Arguments, frame: pd.DataFrame
) -> str:
    """`frame` as CSV; what was asked stands in lines before it that begin with #. Characters of
    `given` that a spreadsheet may act on are spelt as in an address."""
    about = _about(query, asked, demo)
    about |= {f"argument {name}": _spelt(value) for name, value in given.items()}
    return "\n".join([*(f"# {name}: {value}" for name, value in about.items()), as_csv(frame)])


def as_json_document(
    query: str, asked: Asked, demo: str, given: Arguments, frame: pd.DataFrame
) -> str:
    """What was asked, and `rows`."""
    about: dict[str, Any] = {**_about(query, asked, demo), "arguments": dict(given)}
    about |= {"columns": list(map(str, frame.columns)), "rows": records(frame)}
    return json.dumps(about, ensure_ascii=False, indent=1, allow_nan=False)


def file_name(query: str, asked: Asked, form: str) -> str:
    """What a browser should call it."""
    period = asked.period
    return f"domo-insights_{query}_{period.first_day}_{period.last_day}.{form}"


def _about(query: str, asked: Asked, demo: str) -> dict[str, str]:
    period = asked.period
    return {
        "query": query,
        "period": f"{period.start.isoformat()} to before {period.end.isoformat()}",
        "zone": period.zone,
        "demo": _harmless(f"{demo} {asked.demo_id}") if demo else "all",
        "test conversations": "included" if asked.include_test else "left out",
        "as of": period.as_of.isoformat(),
    }


def _harmless(name: str) -> str:
    """`name` in which a spreadsheet finds no second cell and no formula."""
    return " ".join(_NO_WORD.sub(" ", name).split())


def _spelt(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _UNSAFE.sub(lambda found: quote(found[0], safe=""), str(value))
