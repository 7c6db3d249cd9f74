"""How wide the first column of a table is, in pixels."""

from typing import Final

import streamlit as st

_ON_A_PHONE: Final = 150


def first_column(wanted: int) -> int:
    """`wanted`, on a phone less: a first column that takes most of a table does not stay in view.
    The browser says whether it is on one, for a table is a canvas, which no style sheet reaches."""
    phone = "Mobi" in st.context.headers.get("User-Agent", "")
    return min(wanted, _ON_A_PHONE) if phone else wanted
