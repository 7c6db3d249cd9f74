"""One demo beside itself in the period before, and beside its owner's other demos."""

from typing import Any, Final
from uuid import UUID

import pandas as pd
from sqlalchemy import Connection

from domo_insights import metrics
from domo_insights.change import change, measured
from domo_insights.database.frames import Columns
from domo_insights.metrics import Kind, Metric
from domo_insights.period import Period
from domo_insights.queries import conversations, demos_others, messages

COMPARED: Final[Columns] = {
    "number": "str",
    "now": "float64",
    "before": "float64",
    "change": "str",
    "other_demos": "float64",
}
ROWS: Final = (
    metrics.CONVERSATIONS,
    metrics.ACTIVE_SHARE,
    metrics.MEDIAN_LENGTH,
    metrics.MEDIAN_DURATION,
    metrics.MESSAGES,
    metrics.NEGATIVE_SHARE,
)
Row = dict[Any, Any]


def compared(
    conn: Connection, period: Period, demo_id: UUID | None = None, include_test: bool = False
) -> pd.DataFrame:
    """A row per number of ROWS, in its own unit.

    Columns: number (its key), now, before, change (in words), other_demos: counts are the mean of
    one of them, the rest is over all their conversations; missing where there is none.
    Source: insights.conversations, conversation_messages. Raises: DatabaseError.
    """
    now, before = (
        _first(conversations.kpis(conn, when, demo_id, include_test))
        | _first(messages.kpis(conn, when, demo_id, include_test))
        for when in (period, period.previous())
    )
    return beside(now, before, _first(demos_others.others(conn, period, demo_id, include_test)))


def beside(now: Row, before: Row, others: Row) -> pd.DataFrame:
    """`compared` of rows that are known: those of conversations.kpis and messages.kpis together,
    and that of demos_others.others."""
    rows = [_row(metric, now, before, others) for metric in ROWS]
    return pd.DataFrame(rows, columns=list(COMPARED)).astype(dict(COMPARED))


def _row(metric: Metric, now: Row, before: Row, others: Row) -> tuple[str, Any, Any, str, Any]:
    found, earlier = measured(metric, now), measured(metric, before)
    moved = change(metric, found, earlier if earlier.count else None)
    other = others[metric.key] if others["demos"] else None
    if other is not None and metric.kind is Kind.COUNT:
        other = other / others["demos"]
    return metric.key, found.value, earlier.value, moved.text, other


def _first(frame: pd.DataFrame) -> Row:
    return dict(frame.iloc[0].to_dict())
