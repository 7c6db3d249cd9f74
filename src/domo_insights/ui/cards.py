"""The row of numbers at the top of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from uuid import UUID

import pandas as pd
import streamlit as st
from sqlalchemy import Connection

from domo_insights.change import Change, Measured, Tone, change, measured
from domo_insights.metrics import THIN, Metric
from domo_insights.period import Period
from domo_insights.queries import availability
from domo_insights.ui import behind, blocks, filters, places, reading, receipts
from domo_insights.ui.data import load, so_far
from domo_insights.ui.filters import Asked

_COLOURS: Final[dict[Tone, Any]] = {Tone.GOOD: "green", Tone.BAD: "red", Tone.NEUTRAL: "gray"}
_ARROWS: Final[dict[int, Any]] = {-1: "down", 0: "off", 1: "up"}
_NARROWEST: Final = 160
_HEIGHT: Final = 212
_LINK_HEIGHT: Final = 30
_ARROW: Final = ":material/arrow_forward:"
_JUMP: Final = """<a href="#{block}" style="display: flex; align-items: center; gap: .5rem;
 font-size: .875rem; color: inherit; text-decoration: none"><span
 aria-hidden="true" translate="no" style="font-family: 'Material Symbols Rounded'; font-size:
 1rem; line-height: 1; margin-left: 2px">arrow_forward</span>{label}</a>"""
_EVEN: Final = """<style>
@media (min-width: 600px) and (max-width: 1399px) {
  .st-key-kpis { grid-template-columns: repeat(3, minmax(0, 1fr)) }
}
.st-key-kpis [class*="st-key-card_"] { padding-left: 11px; padding-right: 9px }
.st-key-kpis [data-testid="stPageLink-NavLink"] { padding-left: 0 }
.st-key-kpis [class*="st-key-card_"] > :nth-child(2) { margin-top: auto }
.st-key-kpis [class*="st-key-card_"] > :nth-child(3) :is(a, button) {
  height: 2rem; min-height: 2rem; padding-top: 0; padding-bottom: 0
}
</style>"""
"""Where six cards do not fit into one line they are two times three, never four and two. What a
card leads to stands at its foot, however little is above."""
_FOUR: Final = """<style>
@media (min-width: 600px) and (max-width: 1399px) {
  .st-key-kpis { grid-template-columns: repeat(4, minmax(0, 1fr)) }
}
@media (max-width: 1000px) {
  .st-key-kpis { grid-template-columns: repeat(2, minmax(0, 1fr)) }
}
.st-key-kpis [data-testid="stLayoutWrapper"]:has([class*="st-key-card_"]) { flex: 1 1 auto }
</style>"""
"""Four are one line, or two times two, those of a line as high as the highest."""


class _Question(Protocol):
    def __call__(
        self, conn: Connection, period: Period, demo_id: UUID | None, include_test: bool, /
    ) -> pd.DataFrame: ...


class Subject(Protocol):
    """A module of queries that knows the headline numbers of its subject; one without `over_time`
    knows what is, and nothing of before."""

    @property
    def kpis(self) -> _Question: ...


def row(asked: Asked, wanted: Mapping[Metric, Subject]) -> None:
    """One card per metric, each loaded and compared by itself."""
    leads = any(behind.of(metric.key) for metric in wanted)
    height = _HEIGHT + leads * _LINK_HEIGHT
    st.html(_EVEN)
    with st.grid(len(wanted), min_column_width=_NARROWEST, gap="xsmall", key="kpis") as grid:
        for metric, subject in wanted.items():
            with grid.cell(), blocks.alone(f"kpi_{metric.key}", height=150):
                draw = _card if hasattr(subject, "over_time") else _state
                box = f"card_{metric.key}"
                with st.container(border=True, gap=None, height=height, key=box):
                    draw(metric, subject, asked)
                    _link(metric.key, metric.label)


@dataclass(frozen=True, slots=True)
class Fact:
    """A card whose value is known already: `notes` stand below it, what is behind it is found by
    `key`."""

    key: str
    label: str
    value: str
    meaning: str
    notes: Sequence[str]


def facts(shown: Sequence[Fact]) -> None:
    """One card per fact, four of them."""
    st.html(_EVEN + _FOUR)
    with st.grid(len(shown), min_column_width=_NARROWEST, gap="xsmall", key="kpis") as grid:
        for fact in shown:
            box = f"card_{fact.key}"
            with grid.cell(), st.container(border=True, gap=None, height="stretch", key=box):
                st.metric(fact.label, fact.value, help=fact.meaning)
                with st.container(gap=None):
                    for note in fact.notes:
                        st.caption(note)
                _link(fact.key, fact.label)


def _card(metric: Metric, subject: Any, asked: Asked) -> None:
    now = measured(metric, _row(subject, asked))
    before = measured(metric, _row(subject, asked.before))
    moved = change(metric, now, before if _known_before(before, asked) else None)
    trend = so_far(load(subject.over_time, *asked), asked.period)[metric.key].dropna()
    st.metric(
        metric.label,
        metric.text(now.value),
        moved.text,
        delta_color=_COLOURS[moved.tone],
        delta_arrow=_ARROWS[moved.direction],
        help=_about(metric, now, moved),
        chart_data=trend.tolist() if len(trend) > 1 else None,
        chart_type="area",
    )
    receipts.receipt(moved.was or "none before", metric, subject.kpis, asked)


def _state(metric: Metric, subject: Subject, asked: Asked) -> None:
    """A card of what is, whatever the period: nothing says what it was before."""
    row = _row(subject, asked)
    now = measured(metric, row)
    st.metric(metric.label, metric.text(now.value), help=metric.meaning)
    receipts.receipt(_of_all(metric, row), metric, subject.kpis, asked)


def _row(subject: Subject, asked: Asked) -> dict[Any, Any]:
    found: dict[Any, Any] = load(subject.kpis, *asked).to_dict("records")[0]
    return found


def _of_all(metric: Metric, row: Mapping[Any, Any]) -> str:
    if not metric.cases:
        return "now"
    count = int(row[metric.cases])
    return f"of {count:,} {metric.cases.removesuffix('s' * (count == 1))}".replace(",", THIN)


def _link(key: str, name: str) -> None:
    """A link to another page; to rows of this one a button: the shared controls stay in the URL."""
    way = behind.of(key)
    if way is None:
        return
    about = f"{name}: what is behind it, in {way.place.title}"
    here = way.place.title == filters.page()
    if here and way.block and not (way.place is places.CONVERSATIONS and reading.reads()):
        st.html(_JUMP.format(block=way.block, label=way.label))
    elif here:
        st.button(way.label, icon=_ARROW, type="tertiary", help=about, key=f"behind_{key}",
                  on_click=reading.show, args=(way.rows,))  # fmt: skip
    else:
        st.page_link(
            way.place.path, label=way.label, icon=_ARROW, help=about, query_params=way.rows
        )


def _known_before(before: Measured, asked: Asked) -> bool:
    """Whether there was anything so early: a quiet time before is not the same as none."""
    if before.count:
        return True
    return bool(load(availability.earlier, asked.period, asked.demo_id).iloc[0, 0])


def _about(metric: Metric, now: Measured, moved: Change) -> str:
    words = [metric.meaning]
    if metric.cases:
        words.append(f"Rests on {now.count:,} cases.")
    if moved.basis:
        words.append(f"Compared with the period before: {moved.was}, {moved.basis}.")
    return "\n\n".join(words)
