"""Tables of words. They wrap, and where there is no room beside each other the cells of a row stand
below its name: a table of Streamlit's is a canvas, which cuts what is longer than its column."""

import re
from collections.abc import Collection, Mapping
from html import escape
from types import MappingProxyType
from typing import Any, Final

import pandas as pd
import streamlit as st

from domo_insights.metrics import THIN, Metric
from domo_insights.ui.plain import plain

_LINE: Final = "1px solid color-mix(in srgb, currentColor 14%, transparent)"
_STYLE: Final = f"""<style>
.words {{ container-type: inline-size }}
.words table {{ border-collapse: collapse; width: 100%; font-size: .875rem; line-height: 1.45 }}
.words caption {{ position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
  overflow: hidden; white-space: nowrap }}
.words :is(th, td) {{ text-align: left; vertical-align: top; padding: .4rem .75rem .4rem 0;
  font-weight: 400; border: 0; border-bottom: {_LINE} }}
.words :is(th, td):last-child {{ padding-right: 0 }}
.words tbody tr:last-child > * {{ border-bottom: 0 }}
.words thead th {{ font-size: .8rem; opacity: .75 }}
.words tbody th {{ font-weight: 500 }}
.words .whole {{ white-space: nowrap }}
.words .number {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap;
  padding-right: 1.5rem }}
</style>"""
_STACKED: Final = f"""<style>
@container (max-width: LEASTrem) {{
  .NAME :is(table, tbody, tr, th) {{ display: block }}
  .NAME thead {{ position: absolute; clip-path: inset(50%); width: 1px; height: 1px;
    overflow: hidden }}
  .NAME tr {{ padding: .5rem 0; border-bottom: {_LINE} }}
  .NAME tbody tr:last-child {{ border-bottom: 0 }}
  .NAME tbody :is(th, td, .number) {{ border: 0; padding: 0; text-align: left;
    white-space: normal }}
  .NAME td {{ display: inline-block; margin-right: 1rem }}
  .NAME td:empty {{ display: none }}
  .NAME td::before {{ content: attr(data-label) ": "; opacity: .75 }}
}}
</style>"""
"""Narrow is the table's own width, whatever the window's and whatever browser it is in."""
_FEW: Final = 3
_NAME_OF, _LEAST_OF = {True: "few", False: "many"}, {True: 24, False: 38}
_BREAKS: Final = re.compile(r"(?<=[_.])(?=\S)|(?<=[^\s_.]{20})(?=\S)")


def table(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    *,
    about: str,
    meanings: Mapping[str, str] = MappingProxyType({}),
    metrics: Collection[Metric] = (),
) -> None:
    """The rows of `frame`, the first of `columns` (column to heading) naming each; `about` is read
    aloud before them, `meanings` of columns are one hover away. Numbers stand to the right, moments
    are in one piece; columns of `metrics` say their own heading, meaning and unit."""
    shown = frame.assign(**{one.key: frame[one.key].map(one.text) for one in metrics})
    known = {one.key for one in metrics}
    classes = {name: ' class="number"' if name in known else _class(frame[name]) for name in frame}
    columns = {**columns, **{one.key: one.label for one in metrics}}
    meanings = {**{one.key: one.meaning for one in metrics}, **meanings}
    few = len(columns) <= _FEW
    name, least = _NAME_OF[few], str(_LEAST_OF[few])
    heads = "".join(
        f'<th scope="col" title="{escape(meanings.get(column, ""))}"{classes[column]}>'
        f"{escape(label)}</th>"
        for column, label in columns.items()
    )
    rows = "".join(_row(row, classes, columns) for row in shown.to_dict("records"))
    st.html(
        f"{_STYLE}{_STACKED.replace('NAME', f'words.{name}').replace('LEAST', least)}"
        f'<div class="words {name}"><table><caption>{escape(about)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(row: Mapping[Any, Any], classes: Mapping[Any, str], columns: Mapping[str, str]) -> str:
    first, *others = columns
    name = f'<th scope="row"{classes[first]}>{_text(row[first])}</th>'
    cells = (
        f'<td data-label="{escape(columns[column])}"{classes[column]}>{_text(row[column])}</td>'
        for column in others
    )
    return f"<tr>{name}{''.join(cells)}</tr>"


def _class(column: pd.Series) -> str:
    if pd.api.types.is_datetime64_any_dtype(column):
        return ' class="whole"'
    return ' class="number"' if pd.api.types.is_numeric_dtype(column) else ""


def _text(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return escape(f"{value.day} {value:%b %Y, %H:%M}")
    if isinstance(value, int):
        return f"{value:,}".replace(",", THIN)
    return "<wbr>".join(escape(part) for part in _BREAKS.split(plain(value)))
