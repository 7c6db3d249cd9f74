"""The messages behind marks, confident misses and missed moments: rows that open a transcript."""

from collections.abc import Callable
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from domo_insights import metrics
from domo_insights.errors import WrongUseError
from domo_insights.metrics import NOTHING, THIN, Metric
from domo_insights.queries import misses, misses_rows, visitor_messages
from domo_insights.queries.scope import ANONYMOUS
from domo_insights.queries.turns import LAST
from domo_insights.queries.visitor_messages import Mark
from domo_insights.ui import blocks, conversation_rows, detail, exports, filters, transcripts
from domo_insights.ui.clock import local
from domo_insights.ui.data import load
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain
from domo_insights.ui.session import current_viewer
from domo_insights.ui.table_sizes import first_column, height

MARK: Final = "mark"
MOST: Final = 100
_ROWS: Final = 8
_CONFIDENT: Final = {
    "next_negative": "then unhappy",
    "repeated": "asked again",
    "broke_off": "no word after it",
}
_MOMENT: Final = {
    "low_confidence": "low confidence",
    "unanswered": "no reply",
    "next_negative": "then unhappy",
}


def can_open() -> bool:
    """Whether the viewer may read what was said."""
    return not current_viewer().product_team


def opening(key: str, marked: Callable[[int, int | None], Mark | None]) -> blocks.Pick | None:
    """What the chart `key` does when a mark is selected: name it in the URL, which `behind` reads.
    None where nobody may read what was said."""

    def picked(number: int, curve: int | None) -> None:
        if mark := marked(number, curve):
            st.query_params[MARK] = f"{key}?{mark}"

    return picked if can_open() else None


def behind(asked: Asked, *charts: str) -> None:
    """The messages behind the mark that is selected, if it is one of `charts`, and below them the
    conversation that was opened from these."""
    key, _, said = str(st.query_params.get(MARK, "")).partition("?")
    if key not in charts or not can_open():
        return
    try:
        mark = Mark.parse(said)
    except WrongUseError:
        return
    export = exports.of(visitor_messages.listing, asked, mark=mark, limit=MOST)
    with blocks.card("Behind the selected mark", key=f"behind_{key}", export=export):
        frame = load(visitor_messages.listing, *asked, mark=mark, limit=MOST)
        newest = f" The newest {MOST}." if len(frame) == MOST else ""
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.text(
                f"{len(frame)} message{'s' * (len(frame) != 1)} {_words(mark, asked)}.{newest}",
                width="stretch",
            )
            st.button("Close", key=f"close_{key}", type="tertiary", icon=":material/close:",
                      on_click=_close)  # fmt: skip
        if len(frame):
            _rows(frame, asked, f"behind_{key}", "Messages behind the selected mark")
    transcripts.below(f"behind_{key}")


def _close() -> None:
    st.query_params.pop(MARK, None)


def _words(mark: Mark, asked: Asked) -> str:
    """What a mark stands for."""
    said = []
    if mark.sentiment is not None:
        said.append(f"labelled {mark.sentiment}" if mark.sentiment else "without sentiment")
    if mark.intent is not None:
        said.append(f"of the intent {plain(mark.intent)}")
    if mark.turn is not None:
        said.append(f"in turn {mark.turn}{' or later' * (mark.turn >= LAST)}")
    if mark.step is not None:
        said.append(f"with a confidence of {mark.step / 10:.1f} to {(mark.step + 1) / 10:.1f}")
    if mark.demo_id is not None:
        said.append(f"of {filters.name_of(mark.demo_id) or 'a demo'}")
    if mark.since is not None:
        since = mark.since.astimezone(asked.period.tz)
        said.append(f"from {since:%d %b, %H:%M} on")
    return ", ".join(said)


def confident(asked: Asked) -> None:
    """Where a sure label was followed by trouble."""
    _went_wrong(asked, metrics.CONFIDENT_MISSES, misses_rows.confident, _CONFIDENT)


def moments(asked: Asked) -> None:
    """Where somebody wanted something and was not helped."""
    _went_wrong(asked, metrics.MISSED_MOMENTS, misses_rows.moments, _MOMENT)


def _went_wrong(
    asked: Asked, metric: Metric, query: Callable[..., pd.DataFrame], seen: dict[str, str]
) -> None:
    about = "Newest first. Select one to read its conversation." if can_open() else ""
    export = exports.of(query if can_open() else misses.over_time, asked)
    with blocks.card(metric.label, about, key=metric.key, meaning=metric.meaning, export=export):
        count = int(load(misses.kpis, *asked)[metric.key].iloc[0])
        if not count:
            st.write("None in this period.")
            return
        if not can_open():
            st.write(f"{metric.text(count)} in this period. The words are for the demo's owner.")
            return
        frame = load(query, *asked, limit=MOST)
        if len(frame):
            _missed(frame, asked, metric, seen)
        st.caption(f"{metric.text(count)} in this period.{_left_out(frame, count, asked)}")
    transcripts.below(metric.key)


def _missed(frame: pd.DataFrame, asked: Asked, metric: Metric, seen: dict[str, str]) -> None:
    frame["low_confidence"] = frame["confidence"] < misses_rows.UNSURE
    frame["seen"] = [
        ", ".join(words for name, words in seen.items() if row[name])
        for row in frame.to_dict("records")
    ]
    _rows(frame, asked, metric.key, f"{metric.label}, newest first")


def _left_out(frame: pd.DataFrame, count: int, asked: Asked) -> str:
    """Why the list has fewer than were counted, or no words of some."""
    said = ""
    if len(frame) == MOST < count:
        said = f" The newest {MOST} are shown."
    elif len(frame) < count and detail.lost(asked):
        many = f"{count - len(frame):,}".replace(",", THIN)
        said = f" {many} of them in conversations that were deleted when old: they still count."
    if frame["conversation_id"].str.startswith(ANONYMOUS).any():
        said += " Words of old ones were deleted."
    return said


def _shown(frame: pd.DataFrame, asked: Asked) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "content": frame["content"].map(plain),
            "seen": frame.get("seen", ""),
            "intent": frame["intent"].map(plain),
            "confidence": frame["confidence"],
            "sentiment": frame["sentiment"].map(plain),
            "demo": frame["demo"].map(plain),
            "occurred_at": local(frame["occurred_at"], asked.period.zone),
        }
    )


def _rows(frame: pd.DataFrame, asked: Asked, key: str, alt: str) -> None:
    shown = _shown(frame, asked)
    ids = frame["conversation_id"].tolist()
    st.dataframe(
        shown,
        key=f"{key}_rows",
        hide_index=True,
        height=height(len(shown), _ROWS),
        on_select=partial(conversation_rows.selected, f"{key}_rows", ids, key),
        selection_mode="single-row",
        placeholder=NOTHING,
        alt=alt,
        column_order=[str(name) for name in shown if name != "seen" or "seen" in frame],
        column_config={
            "content": st.column_config.TextColumn("Message", pinned=True, width=first_column(320)),
            "seen": st.column_config.TextColumn("What was seen"),
            "intent": st.column_config.TextColumn("Intent"),
            "confidence": st.column_config.NumberColumn(
                "Confidence", format="%.2f", help=metrics.AVERAGE_CONFIDENCE.meaning
            ),
            "sentiment": st.column_config.TextColumn("Sentiment"),
            "demo": st.column_config.TextColumn("Demo"),
            "occurred_at": st.column_config.DatetimeColumn("Said", format="D MMM YYYY, HH:mm"),
        },
    )
