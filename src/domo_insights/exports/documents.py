"""Answers as files that say what was asked, of which time, and when."""

import json
import re
from typing import Any, Final

import pandas as pd

from domo_insights.exports.asked import Asked
from domo_insights.exports.cells import as_csv, records

_NO_WORD: Final = re.compile(r"[^\w .\-]+")


def as_csv_document(query: str, asked: Asked, demo: str, frame: pd.DataFrame) -> str:
    """`frame` as CSV; what was asked stands in lines before it that begin with #."""
    lines = [f"# {name}: {value}" for name, value in _about(query, asked, demo).items()]
    return "\n".join([*lines, as_csv(frame)])


def as_json_document(query: str, asked: Asked, demo: str, frame: pd.DataFrame) -> str:
    """What was asked, and `rows`."""
    about: dict[str, Any] = dict(_about(query, asked, demo))
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
