"""Where rows become frames."""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, Final

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Executable, Row

Columns = Mapping[str, str]
"""Column name to pandas dtype, in order."""
_NUMPY: Final = frozenset({"int64", "float64", "bool", "datetime64[us]"})


def read_frame(conn: Connection, statement: Executable, columns: Columns) -> pd.DataFrame:
    """Run `statement` and return exactly `columns`, typed even when no row came back."""
    rows = read_rows(conn, statement, list(columns))
    values = zip(*rows, strict=True) if rows else repeat((), len(columns))
    return frame_of(dict(zip(columns, map(list, values), strict=True)), columns)


def read_rows(
    conn: Connection, statement: Executable, names: Sequence[str]
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Run `statement`, whose columns are exactly `names`, in that order."""
    result = conn.execute(statement)
    if list(result.keys()) != list(names):
        raise AssertionError(f"The statement gives {list(result.keys())}, not {list(names)}.")
    return result.all()


def frame_of(values: Mapping[str, Sequence[Any]], columns: Columns) -> pd.DataFrame:
    """The frame of `columns` with these values."""
    # Typed column by column, and as arrays: a frame of rows, cast afterwards, takes several times
    # as long, and pages are made of dozens.
    return pd.DataFrame({name: _column(values[name], kind) for name, kind in columns.items()})


def _column(values: Sequence[Any], kind: str) -> Any:
    """Missing numbers among objects are NaN, as pandas reads them."""
    if kind in _NUMPY:
        return np.array(values, dtype=kind)
    return pd.Series(values).astype(object) if kind == "object" else pd.Series(values, dtype=kind)
