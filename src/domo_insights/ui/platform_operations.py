"""The state of the database, for the product team."""

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import pandas as pd
import streamlit as st

from domo_insights.database.queue import is_working
from domo_insights.metrics import THIN
from domo_insights.queries import Query
from domo_insights.ui import blocks, exports, live
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain

_UNITS: Final = ("B", "kB", "MB", "GB", "TB")


def operations(asked: Asked, health: Query, tables: Query, indexes: Query, slow: Query) -> None:
    """Each part loads and fails on its own; of `asked` only files say something."""
    with blocks.card(
        "Operations",
        "Of the database and of this process.",
        key="operations",
        export=exports.of(health, asked),
    ):
        _health(load(health).iloc[0])
    left, right = st.columns(2)
    with left:
        _sizes(asked, tables)
    with right:
        _spare_indexes(asked, indexes)
    _slowest(asked, slow)


def _sizes(asked: Asked, query: Query) -> None:
    export = exports.of(query, asked)
    with blocks.card("Tables", "With their indexes.", key="table_sizes", export=export):
        frame = load(query)
        _table(frame.assign(bytes=frame["bytes"].map(size)), "Tables by size", "table")


def _spare_indexes(asked: Asked, query: Query) -> None:
    with blocks.card(
        "Indexes nobody needs",
        "Never read since statistics began, or served by another one as well.",
        key="spare_indexes",
        export=exports.of(query, asked),
    ):
        frame = load(query)
        if frame.empty:
            st.write("None.")
        else:
            shown = frame.assign(bytes=frame["bytes"].map(size))
            _table(shown, "Indexes that were never read or are redundant", "index")


def _slowest(asked: Asked, query: Query) -> None:
    with blocks.card(
        "Slowest statements",
        "By mean time. Constants are cut out before they are kept.",
        key="slow_statements",
        export=exports.of(query, asked),
    ):
        frame = load(query)
        if frame.empty:
            st.write("pg_stat_statements is not there, or has seen nothing yet.")
        else:
            shown = frame.assign(query=frame["query"].map(lambda sql: " ".join(plain(sql).split())))
            _table(shown, "The slowest statements by mean time", "query")


def size(count: float) -> str:
    """Bytes as people read them."""
    step = 0
    while count >= 1024 and step < len(_UNITS) - 1:
        count, step = count / 1024, step + 1
    return f"{count:.0f}{THIN}{_UNITS[step]}" if step == 0 else f"{count:.1f}{THIN}{_UNITS[step]}"


def _health(row: pd.Series) -> None:
    numbers = {
        "Database": size(float(row["database_bytes"])),
        "Cache hit ratio": f"{row['cache_hit_ratio']:.1%}".replace("%", f"{THIN}%"),
        "Connections": f"{row['connections']} of {row['max_connections']}",
        "Refresh lag": lag(row["oldest_queued_at"]),
        "Queued changes": str(row["queued"]),
        "Deadlocks": str(row["deadlocks"]),
    }
    with st.grid(len(numbers), min_column_width=150, key="health") as grid:
        for name, value in numbers.items():
            with grid.cell(), st.container(border=True, height="stretch"):
                st.metric(name, value, help=_MEANING[name])
    drained = row["drained_at"]
    worked = f"{drained:%d %b %Y %H:%M:%S} UTC" if not pd.isna(drained) else "never"
    st.caption(
        f"Postgres {plain(row['server_version'])}, up since {row['started_at']:%d %b %Y %H:%M} UTC."
        f" Domo Insights {version('domo-insights')}, Streamlit {st.__version__}."
        f" {row['migrations']} migrations, the last {plain(row['latest_migration'])}."
        f" Queue last worked off: {worked}. The worker of this process"
        f" {'works' if is_working() else 'does not work'}; changes are"
        f" {'heard of' if live.is_live() else 'not heard of'}."
    )


_MEANING: Final = {
    "Database": "Size of the whole database.",
    "Cache hit ratio": "Blocks that were read from memory, of all blocks that were read.",
    "Connections": "To this database now, of those the server allows.",
    "Refresh lag": "Age of the oldest change that the worker has not worked off.",
    "Queued changes": "Changes that the worker has not worked off: demo and hour.",
    "Deadlocks": "Since statistics began.",
}


def lag(oldest: pd.Timestamp) -> str:
    """How long the oldest queued change has waited."""
    if pd.isna(oldest):
        return f"0{THIN}s"
    waited = (datetime.now(UTC) - oldest).total_seconds()
    return f"{max(0.0, waited):.0f}{THIN}s"


def _table(frame: pd.DataFrame, alt: str, first: str) -> None:
    st.dataframe(
        frame,
        hide_index=True,
        height=316 if len(frame) > 8 else "content",
        alt=alt,
        column_config={
            first: st.column_config.TextColumn(first.capitalize(), pinned=first != "query"),
            "bytes": st.column_config.TextColumn("Size"),
            **({"table": st.column_config.TextColumn("Table")} if first != "table" else {}),
            "estimated_rows": st.column_config.NumberColumn("Rows, about", format="localized"),
            "scans": st.column_config.NumberColumn("Reads", format="localized"),
            "served_by": st.column_config.TextColumn("Served by"),
            "calls": st.column_config.NumberColumn("Calls", format="localized"),
            "total_ms": st.column_config.NumberColumn("Total", format="%.0f ms"),
            "mean_ms": st.column_config.NumberColumn("Mean", format="%.1f ms"),
            "result_rows": st.column_config.NumberColumn("Rows", format="localized"),
        },
    )
