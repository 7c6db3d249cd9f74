"""How wide and how high tables are, in pixels."""

from typing import Any, Final

import streamlit as st

_ON_A_PHONE: Final = 150
_ROW: Final = 35
_FRAME: Final = 3


def first_column(wanted: int) -> int:
    """`wanted`, on a phone less: a first column that takes most of a table does not stay in view.
    The browser says whether it is on one, for a table is a canvas, which no style sheet reaches."""
    phone = "Mobi" in st.context.headers.get("User-Agent", "")
    return min(wanted, _ON_A_PHONE) if phone else wanted


def height(rows: int, most: int) -> Any:
    """For `most` rows and the head; no higher than the table needs."""
    return "content" if rows <= most else (most + 1) * _ROW


def height_within(rows: int, pixels: int) -> int:
    """For all rows and the head, `pixels` at the most."""
    return min(_FRAME + _ROW * (rows + 1), pixels)
