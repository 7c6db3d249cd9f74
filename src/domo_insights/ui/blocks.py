"""The pieces every page is built from. Each stands alone: one that fails takes no other along."""

import logging
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from domo_insights.errors import BusyError, DatabaseError, DomoInsightsError, NotSignedInError
from domo_insights.settings import current
from domo_insights.ui import exports, late, live, spoken
from domo_insights.ui.exports import Export

_log = logging.getLogger(__name__)
_CONFIG: Final = {"displayModeBar": False}


@contextmanager
def alone(key: str, *, height: int = 200) -> Iterator[None]:
    """A part of a page: a skeleton of `height` pixels if it takes a while, its own error when it
    cannot be shown."""
    part = st.empty()
    try:
        with late.skeleton(height), part.container():
            yield
    except DomoInsightsError as problem:
        live.missed(problem)
        with part.container():
            error(problem, key)
    except Exception as fault:
        # A fault's message may hold what visitors said; where it happened does not.
        where = "".join(traceback.format_tb(fault.__traceback__))
        _log.error("The block %s failed: %s\n%s", key, type(fault).__name__, where)
        with part.container():
            error(DomoInsightsError("This part cannot be shown."), key)


@contextmanager
def card(
    title: str,
    about: str = "",
    *,
    key: str,
    meaning: str | None = None,
    export: Export | None = None,
) -> Iterator[None]:
    """A titled box with a border that stands alone; `meaning` is one hover away, `export` what its
    menu gives as a file."""
    with st.container(border=True, key=key, gap="xsmall"):
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.subheader(title, anchor=key, help=meaning, width="content")
            if export:
                exports.menu(export, key, title)
        if about:
            st.caption(about)
        with alone(key):
            yield


Pick = Callable[[int, int | None], None]
"""What a selected mark does: takes its number, that of its row, and of the curve it is on."""


def chart(
    figure: go.Figure,
    numbers: pd.DataFrame | Callable[[], pd.DataFrame],
    *,
    key: str,
    alt: str,
    pick: Pick | None = None,
) -> None:
    """A figure, with its `numbers` one click away (what makes them is called then). With `pick` its
    marks, and without a mouse the rows of its numbers, can be selected; a row belongs to no curve.
    """
    drawn, rows = f"{key}_figure", f"{key}_rows"
    st.plotly_chart(
        figure,
        key=drawn,
        alt=alt,
        config=_CONFIG,
        on_select=partial(_picked_mark, drawn, pick) if pick else "ignore",
        selection_mode="points",
    )
    what = re.split("[.:] ", alt)[0]
    opened = st.expander(
        spoken.label("Numbers", what),
        icon=":material/table:",
        key=f"{key}_numbers",
        on_change="rerun",
    )
    if opened.open:  # a page has half a dozen tables that nobody has asked for
        opened.dataframe(
            numbers() if callable(numbers) else numbers,
            key=rows,
            hide_index=True,
            height=240,
            alt=f"{alt} As a table.",
            on_select=partial(_picked_row, rows, pick) if pick else "ignore",
            selection_mode="single-row",
        )


def _picked_mark(key: str, pick: Pick) -> None:
    points = st.session_state[key]["selection"]["points"]
    if points:
        pick(int(points[0]["point_index"]), int(points[0]["curve_number"]))


def _picked_row(key: str, pick: Pick) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows:
        pick(int(rows[0]), None)


def error(problem: DomoInsightsError, key: str) -> None:
    """A problem in words, and a way out."""
    st.error(str(problem), icon=":material/error:")
    if problem.hint:
        st.caption(problem.hint)
    if isinstance(problem, NotSignedInError):
        sign_in()
    elif isinstance(problem, (DatabaseError, BusyError)) or type(problem) is DomoInsightsError:
        label = spoken.label("Try again", key.replace("_", " "))
        st.button(label, key=f"again_{key}", icon=":material/refresh:")


def sign_in() -> None:
    """The way back for somebody whose session is over."""
    st.html(f'<p><a href="{current().prefix}/sign-in">Go to the sign-in page</a></p>')
