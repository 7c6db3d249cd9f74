"""Frames as text for people; for spreadsheets and programs see `exports.cells`."""

import json
import unicodedata
from typing import Any

import pandas as pd

from domo_insights.exports.cells import records


def as_table(frame: pd.DataFrame) -> str:
    """Aligned columns, one line a row."""
    rows = [list(map(str, frame.columns))]
    rows += [[_line(value) for value in row.values()] for row in records(frame)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in rows]  # fmt: skip
    return "\n".join(lines)


def _line(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:.1f}"
    text = json.dumps(value) if isinstance(value, list) else "" if value is None else str(value)
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
