"""Where rows become frames."""

from collections.abc import Mapping

import pandas as pd
from sqlalchemy import Connection, Executable

Columns = Mapping[str, str]
"""Column name to pandas dtype, in order."""


def read_frame(conn: Connection, statement: Executable, columns: Columns) -> pd.DataFrame:
    """Run `statement` and return exactly `columns`, typed even when no row came back."""
    result = conn.execute(statement)
    if list(result.keys()) != list(columns):
        raise AssertionError(f"The statement gives {list(result.keys())}, not {list(columns)}.")
    return pd.DataFrame(result.all(), columns=list(columns)).astype(dict(columns))
