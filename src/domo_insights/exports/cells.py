"""Rows as text for spreadsheets and programs: words become no formulas, numbers stay numbers."""

import csv
import io
import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import pandas as pd

_FORMULA: Final = ("=", "+", "-", "@")
_DAY: Final = "day"
"""A column of this name holds days, not moments."""


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values: ISO times, numbers as numbers, None where something is missing."""
    return [
        {str(name): _value(value, str(name)) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def as_json(frame: pd.DataFrame) -> str:
    """A list of objects."""
    return json.dumps(records(frame), ensure_ascii=False, indent=1, allow_nan=False)


def as_csv(frame: pd.DataFrame) -> str:
    """A header and rows. Text that a spreadsheet would take for a formula gets a quote before."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(frame.columns)
    for row in records(frame):
        writer.writerow([cell(value) for value in row.values()])
    return written.getvalue()


def _value(value: Any, name: str) -> Any:
    match value:
        case None:
            return None
        case UUID():
            return str(value)
        case datetime():
            if pd.isna(value):
                return None
            return value.date().isoformat() if name == _DAY else value.isoformat()
        case bool() | str() | int() | list():
            return value
        case _ if pd.isna(value):
            return None
    return value.item() if hasattr(value, "item") else value


def cell(value: Any) -> Any:
    """A value as a CSV cell."""
    if isinstance(value, list):
        return json.dumps(value)
    if isinstance(value, str) and (
        value.lstrip().startswith(_FORMULA) or value.startswith(("\t", "\r", "\n"))
    ):
        return f"'{value}"
    return "" if value is None else value
