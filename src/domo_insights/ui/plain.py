"""The one way to show text from the database: as text. Nothing in it is Markdown, HTML, an icon
name or a formula, and nothing in it is fetched."""

import re
import unicodedata
from typing import Final

import streamlit as st

_TURNING: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_KEPT: Final = "\n\t"


def plain(text: object) -> str:
    """`text` without what could act on the text around it: control characters and marks that
    turn the direction of reading."""
    written = "" if text is None or text != text else str(text)
    written = _TURNING.sub("", written.replace("\r\n", "\n"))
    return "".join(c for c in written if c in _KEPT or unicodedata.category(c) != "Cc")


def show(text: object) -> None:
    """Show words that somebody else wrote."""
    st.text(plain(text), width="stretch")
