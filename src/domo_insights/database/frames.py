"""Where rows become frames."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Executable

Columns = Mapping[str, str]
"""Column name to pandas dtype, in order."""


def read_frame(conn: Connection, statement: Executable, columns: Columns) -> pd.DataFrame:
    """Run `statement` and return exactly `columns`, typed even when no row came back."""
    result = conn.execute(statement)
    if list(result.keys()) != list(columns):
        raise AssertionError(f"The statement gives {list(result.keys())}, not {list(columns)}.")
    rows = result.all()
    values = zip(*rows, strict=True) if rows else repeat((), len(columns))
    # Column by column: a frame of rows, cast afterwards, takes twice as long.
    return pd.DataFrame(
        {
            name: _column(list(own), kind)
            for (name, kind), own in zip(columns.items(), values, strict=True)
        }
    )


def _column(values: Sequence[Any], kind: str) -> pd.Series:
    """Missing numbers among objects are NaN, as pandas reads them."""
    return pd.Series(values).astype(object) if kind == "object" else pd.Series(values, dtype=kind)
