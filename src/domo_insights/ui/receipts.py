"""The receipt of a number: what it means, what was asked, and how many rows it rests on."""

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st
from sqlalchemy import Connection

from domo_insights.database.engine import engine_for
from domo_insights.database.hearing import Said, heard
from domo_insights.database.reads import read
from domo_insights.metrics import Kind, Metric
from domo_insights.queries import Query
from domo_insights.settings import current
from domo_insights.ui import spoken
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.session import current_viewer

_OF: Final[Mapping[str, tuple[str, str]]] = {
    "known_durations": ("conversations", "conversations whose start or end is unknown"),
    "labelled": ("user_messages", "user messages without sentiment"),
}
"""The column that `cases` is a part of, and what the rest is."""
_WITHOUT: Final = {"replies": ("replies_without_time", "replies without a time of their own")}


def receipt(words: str, metric: Metric, query: Query, asked: Asked) -> None:
    """The last line of a card, which opens its receipt. The database is asked when it is open."""
    opened = st.popover(
        spoken.label(words, f"receipt of {metric.label}"), icon=":material/receipt_long:",
        type="tertiary", on_change="rerun", key=f"receipt_{metric.key}",
    )  # fmt: skip
    if not opened.open:
        return
    with opened:
        st.markdown(f"**{metric.label}**")
        st.write(metric.meaning)
        _rows(metric, query, asked)
        period = asked.period
        st.caption(
            f"As of {period.as_of.astimezone(period.tz):%d %b %Y, %H:%M}, {period.zone}."
            f" {period.text}. Source: {metric.source}."
        )
        for said in _asked(query, asked):
            st.code(said.sql, language="sql", wrap_lines=True)
            st.code(said.parameters, language="json", wrap_lines=True)


def _rows(metric: Metric, query: Query, asked: Asked) -> None:
    row: dict[Any, Any] = load(query, *asked).iloc[0].to_dict()
    counted = _count(metric, row)
    lines = [f"Counted: {counted:,}"]
    if metric.cases in _OF:
        whole, what = _OF[metric.cases]
        lines.append(f"Left out: {int(row[whole]) - counted:,} {what}")
    if metric.cases in _WITHOUT:
        column, what = _WITHOUT[metric.cases]
        lines.append(f"Left out: {int(row[column]):,} {what}")
    if not asked.include_test:
        every = load(query, asked.period, asked.demo_id, True).iloc[0].to_dict()
        lines.append(f"Left out: {_count(metric, every) - counted:,} of test conversations")
    st.markdown("\n".join(f"- {line}" for line in lines))


def _count(metric: Metric, row: Mapping[Any, Any]) -> int:
    value = row[metric.key if metric.kind is Kind.COUNT else metric.cases]
    return 0 if value != value else int(value)


def _asked(query: Query, asked: Asked) -> list[Said]:
    def ask(conn: Connection) -> list[Said]:
        with heard(conn) as said:
            query(conn, *asked)
        return said

    return read(engine_for(current().secret("database_url")), current_viewer(), ask)
